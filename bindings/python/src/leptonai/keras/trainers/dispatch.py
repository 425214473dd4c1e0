"""From the library's progress events to callbacks and the progress display.

The library is asked only for the events that somebody needs: every event that reaches Python takes the GIL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..callbacks.callback_list import CallbackList
from ..callbacks.history import History
from ..callbacks.progbar_logger import ProgbarLogger
from ..utils.progbar import INTERVAL
from .lists import with_arrays

if TYPE_CHECKING:
    from ..models.model import Model

TRAIN_BEGIN, EPOCH_BEGIN, BATCH_END, EPOCH_END, _TRAIN_END, VALIDATION_BEGIN, VALIDATION_BATCH_END, VALIDATION_END = (
    range(8)
)


class FitDispatcher:
    """The progress callback of a fit.

    Attributes:
        events: Bits of the events that are needed.
        batch_interval: Seconds between two BATCH_END events that are needed.
        logs: Of the last epoch that ended.
        ended: Epochs that ended.
        initial_epoch: The first epoch that was asked for, until the first event has come.
        resumed: Epochs that a fit of another process did, whose checkpoint this one goes on from.

    Args:
        is_streamed: Whether batches come from a source, which tells of each but an epoch's first that it begins.
    """

    def __init__(
        self,
        model: Model,
        callbacks: CallbackList,
        history: History,
        bar: ProgbarLogger | None,
        is_streamed: bool = False,
    ) -> None:
        self._model = model
        self._callbacks = callbacks
        self._history = history
        self._bar = bar
        self._is_streamed = is_streamed
        self._each_batch = callbacks.overrides(
            "on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"
        )
        self.events = 0
        if (
            is_streamed
            or bar is not None
            or callbacks.overrides(
                "on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_batch_begin"
            )
        ):
            self.events = 1 << TRAIN_BEGIN | 1 << EPOCH_BEGIN | 1 << EPOCH_END
        if self._each_batch or bar is not None:
            self.events |= 1 << BATCH_END
        self._each_validation_batch = callbacks.overrides("on_test_batch_begin", "on_test_batch_end")
        if self._each_validation_batch:
            self.events |= 1 << VALIDATION_BEGIN | 1 << VALIDATION_BATCH_END
        if callbacks.overrides("on_test_begin"):
            self.events |= 1 << VALIDATION_BEGIN
        if callbacks.overrides("on_test_end"):
            self.events |= 1 << VALIDATION_END
        self.batch_interval = 0.0 if self._each_batch else INTERVAL
        self.logs: dict[str, Any] = {}
        self.ended = 0
        self.initial_epoch: int | None = None
        self.resumed = 0

    def restore_history(self, initial_epoch: int, done: dict[str, list[Any]]) -> None:
        """Makes the history that of the whole training, of which this process did the last part."""
        epochs = self.resumed + self.ended
        self._history.epoch = list(range(initial_epoch, initial_epoch + epochs))
        self._history.history = {name: list(values[:epochs]) for name, values in done.items()}

    def __call__(self, event: int, epoch: int, step: int, steps: int, logs: dict[str, Any]) -> bool:
        logs = with_arrays(logs)
        if self.initial_epoch is not None:
            # The first event tells where the library took the training up.
            self.resumed = max(epoch - self.initial_epoch, 0)
            self.initial_epoch = None
        if event in (VALIDATION_BEGIN, VALIDATION_BATCH_END, VALIDATION_END):
            self._validation(event, step, steps, logs)
            # As in Keras, a validation that has begun is completed; the end of its epoch sees `stop_training`.
            return False
        if event == BATCH_END:
            self._batch_end(step, steps, logs)
        elif event == EPOCH_BEGIN:
            if self._bar is not None:
                self._bar.on_epoch_begin(epoch)
            self._callbacks.call("on_epoch_begin", epoch, {})
            if self._each_batch:
                self._callbacks.call("on_train_batch_begin", 0, {})
        elif event == EPOCH_END:
            if self._bar is not None:
                self._bar.seen = step
            self.epoch_end(epoch, logs)
        elif event == TRAIN_BEGIN:
            self.train_begin()
        return bool(self._model.stop_training)

    def _batch_end(self, step: int, steps: int, logs: dict[str, Any]) -> None:
        if self._each_batch:
            self._callbacks.call("on_train_batch_end", step - 1, logs)
            if step < steps and not self._model.stop_training and not self._is_streamed:
                self._callbacks.call("on_train_batch_begin", step, {})
        if self._bar is not None:
            self._bar.update(step, logs)

    def _validation(self, event: int, step: int, steps: int, logs: dict[str, Any]) -> None:
        if event == VALIDATION_BEGIN:
            self._callbacks.call("on_test_begin", {})
        elif event == VALIDATION_BATCH_END:
            self._callbacks.call("on_test_batch_end", step - 1, logs)
        elif event == VALIDATION_END:
            self._callbacks.call("on_test_end", logs)
        if event == VALIDATION_END or not self._each_validation_batch:
            return
        if event == VALIDATION_BEGIN if self._is_streamed else step < steps:
            self._callbacks.call("on_test_batch_begin", step, {})

    def batch_begin(self, batch: int) -> None:
        """A batch of a source comes."""
        if self._each_batch:
            self._callbacks.call("on_train_batch_begin", batch, {})

    def validation_batch_begin(self, batch: int) -> None:
        """A batch of the validation's source comes."""
        if self._each_validation_batch:
            self._callbacks.call("on_test_batch_begin", batch, {})

    def before_fit(self) -> None:
        """Calls `on_train_begin` of those that must know it before the library begins."""
        for callback in self._callbacks.callbacks:
            if getattr(callback, "_begins_before_fit", False):
                callback.on_train_begin({})

    def train_begin(self) -> None:
        """Calls `on_train_begin` of the others."""
        if self._bar is not None:
            self._bar.on_train_begin({})
        for callback in self._callbacks.callbacks:
            if not getattr(callback, "_begins_before_fit", False):
                callback.on_train_begin({})

    def epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Tells everybody that an epoch ended. Callbacks may add to `logs`, and the display shows what they added."""
        self._callbacks.call("on_epoch_end", epoch, logs)
        self._history.on_epoch_end(epoch, logs)
        if self._bar is not None:
            self._bar.on_epoch_end(epoch, logs)
        self.logs = logs
        self.ended += 1


class RunDispatcher:
    """The progress callback of an evaluate or predict ("test" or "predict" in the hooks' names)."""

    def __init__(
        self, kind: str, callbacks: CallbackList, bar: ProgbarLogger | None, is_streamed: bool = False
    ) -> None:
        self._callbacks = callbacks
        self._is_streamed = is_streamed
        self._bar = bar
        self._begin, self._end = f"on_{kind}_batch_begin", f"on_{kind}_batch_end"
        self._each_batch = callbacks.overrides(self._begin, self._end)
        self._done = 0
        self.events = 1 << BATCH_END if self._each_batch or bar is not None else 0
        self.batch_interval = 0.0 if self._each_batch else INTERVAL

    def begin(self) -> None:
        """Before the first batch."""
        if self._each_batch:
            self._callbacks.call(self._begin, 0, {})

    def batch_begin(self, batch: int) -> None:
        """A batch of a source comes."""
        if self._each_batch:
            self._callbacks.call(self._begin, batch, {})

    def __call__(self, event: int, epoch: int, step: int, steps: int, logs: dict[str, Any]) -> bool:
        if event == BATCH_END:
            logs = with_arrays(logs)
            # Nodes work side by side, so one event may report several batches.
            for batch in range(self._done, step if self._each_batch else 0):
                self._callbacks.call(self._end, batch, logs)
                if batch + 1 < steps and not self._is_streamed:
                    self._callbacks.call(self._begin, batch + 1, {})
            self._done = step
            if self._bar is not None:
                self._bar.update(step, logs)
        return False
