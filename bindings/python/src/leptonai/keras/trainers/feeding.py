"""From a source to the function that the library calls for batches."""

from __future__ import annotations

import queue
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from .arrays import Array
from .sources import END, Batch, Source, unpacked

Arrays = tuple[Array, ...]
_AHEAD = 2
"""Batches that are made while the library works on one."""


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


class Prefetcher:
    """Makes the batches of a pass in a thread of its own, a few ahead.

    Args:
        limit: Batches after which it stops by itself, so that no more is taken from an iterator than is used; None for
            none.
    """

    def __init__(self, batches: Iterator[Any], limit: int | None) -> None:
        self._batches = batches
        self._limit = limit
        self._queue: queue.Queue[Any] = queue.Queue(_AHEAD)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lepton-prefetch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        made = 0
        try:
            while self._limit is None or made < self._limit:
                if self._stopping.is_set():
                    return
                batch = next(self._batches, END)
                self._put(batch)
                if batch is END:
                    return
                made += 1
        except BaseException as error:
            self._put(_Failure(error))

    def _put(self, item: Any) -> None:
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def take(self) -> Any:
        """The next batch, or END; what making it raised comes out here."""
        item = self._queue.get()
        if isinstance(item, _Failure):
            raise item.error
        return item

    def stop(self) -> None:
        """Ends the thread, unless it waits for a batch that does not come."""
        self._stopping.set()
        self._thread.join(timeout=1.0)


class Feed:
    """What the library calls for the batches of a fit, a validation or an evaluation.

    Args:
        source: Where they come from.
        convert: Turns x, y and sample weights into tuples of arrays.
        steps: Batches in an epoch; None for a pass.
        epochs: Epochs that are to come.
        is_due: Says for each epoch, counted from 0, whether it has any; None for all.
        restarts: Whether every epoch begins a pass, also when the one before was not at its end.
        on_batch: Called with the number of each batch but the first of an epoch, before it is used.
    """

    def __init__(
        self,
        source: Source,
        convert: Callable[[Any, Any, Any], tuple[Arrays, Arrays, Arrays]],
        *,
        steps: int | None,
        epochs: int,
        argument: str,
        is_due: Callable[[int], bool] | None = None,
        restarts: bool = False,
        on_batch: Callable[[int], None] | None = None,
    ) -> None:
        self._source = source
        self._convert = convert
        self._steps = steps
        self._epochs = epochs
        self._argument = argument
        self._is_due = is_due
        self._restarts = restarts
        self._on_batch = on_batch
        self._prefetcher: Prefetcher | None = None
        self._epoch = 0
        self._step = 0
        self._first: Any = None
        self._passes = 0

    @property
    def batches(self) -> int | None:
        """Batches in an epoch, when that is known."""
        return self._steps or self._source.batches

    def first(self) -> tuple[Arrays, Arrays, Arrays] | None:
        """The first batch, which the next call gives again: a model may have to be built by it."""
        self._source.epoch_begin()
        self._first = self._next()
        return None if self._first is END else self._converted(self._first)

    def __call__(self) -> tuple[Arrays, Arrays, Arrays] | None:
        if self._step == 0 and self._is_due is not None and not self._is_due(self._epoch):
            self._epoch += 1
            return None
        if self._steps is not None and self._step == self._steps:
            self._end_epoch()
            if self._restarts:
                self._end_pass()
            if self._is_due is not None and not self._is_due(self._epoch):
                self._epoch += 1
                return None
        batch, self._first = self._first, None
        if batch is None:
            if self._step == 0:
                self._source.epoch_begin()
            batch = self._next()
        if batch is END:
            is_short = self._step > 0 and self._steps is not None
            is_empty = self._step == 0 and self._passes > 1 and self._epoch < self._epochs
            if is_short or is_empty:
                self._warn()
            if self._step:
                self._end_epoch()
            return None
        if self._step and self._on_batch is not None:
            self._on_batch(self._step)
        self._step += 1
        return self._converted(batch)

    def _converted(self, batch: Any) -> tuple[Arrays, Arrays, Arrays]:
        if isinstance(batch, Batch):
            xs, ys, weights = batch.parts
            return xs, ys, weights
        return self._convert(*unpacked(self._argument, batch))

    def _next(self) -> Any:
        """The next batch of the pass, or of a new one at the beginning of an epoch."""
        began = self._prefetcher is None
        if self._prefetcher is None:
            left = None
            if self._steps is not None:
                left = self._steps * (1 if self._restarts else max(self._epochs - self._epoch, 1))
            self._prefetcher = Prefetcher(self._source.begin_pass(), left)
            self._passes += 1
        batch = self._prefetcher.take()
        if batch is END:
            self._end_pass()
            if self._step == 0 and not began:
                return self._next()
        return batch

    def _end_epoch(self) -> None:
        self._source.epoch_end()
        self._epoch += 1
        self._step = 0

    def _end_pass(self) -> None:
        if self._prefetcher is not None:
            self._prefetcher.stop()
            self._prefetcher = None

    def _warn(self) -> None:
        warnings.warn(
            "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate "
            "at least `steps_per_epoch * epochs` batches.",
            stacklevel=2,
        )

    def close(self) -> None:
        """Ends the thread that makes batches, and the epoch that has not been ended yet."""
        self._end_pass()
        if self._step:
            self._end_epoch()
