"""fit, evaluate and predict on data that comes batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _core
from ...errors import InvalidStateError, NotSupportedError, bad_argument
from ..callbacks.callback_list import CallbackList
from ..callbacks.history import History
from .arguments import nonfinite_policy, whole
from .arrays import as_tuple, to_class_weight
from .dispatch import FitDispatcher, RunDispatcher
from .feeding import Arrays, Feed
from .sources import ArraySource, Source, is_source, source_of, unpacked

if TYPE_CHECKING:
    from ...allocation import Checkpoint
    from ...client import Allocation, CancelToken, LeptonClient
    from ..callbacks.progbar_logger import ProgbarLogger
    from .trainer import Trainer

_DEFAULT_BATCH = 32
_ROWS_AT_ONCE = 8192


def _converter(model: Trainer, prefix: str = "") -> Callable[[Any, Any, Any], tuple[Arrays, Arrays, Arrays]]:
    def convert(x: Any, y: Any, weight: Any) -> tuple[Arrays, Arrays, Arrays]:
        xs, ys = model._data(x, y, f"{prefix}x", f"{prefix}y")
        return xs, ys, as_tuple(model._sample_weight(f"{prefix}sample_weight", weight))

    return convert


def _cut(parts: tuple[Arrays, ...], batch_size: int | None, steps: int | None, shuffle: bool) -> Source:
    """Arrays cut into batches: into as many as there are steps when only their number is given, as Keras does."""
    if batch_size is None:
        rows = parts[0][0].shape[0] if parts[0][0].ndim else 0
        batch_size = _DEFAULT_BATCH if steps is None else max(-(-rows // steps), 1)
    return ArraySource(parts, batch_size, shuffle)


def _source(model: Trainer, data: Any, name: str, batch_size: int | None, steps: int | None, shuffle: bool) -> Source:
    """The source that (x, y, sample_weight) are: x itself, or arrays cut into batches."""
    x, y, weight = data
    if is_source(x):
        for given, argument in ((y, "y"), (weight, "sample_weight")):
            if given is not None:
                raise bad_argument(argument, f"None: the batches of {name} have their own", "something else")
        return source_of(x, shuffle)
    convert = _converter(model, "" if name == "x" else f"{name} ")
    return _cut(convert(x, y, weight), batch_size, steps, shuffle)


def _split(source_parts: tuple[Any, Any, Any], fraction: float, model: Trainer) -> tuple[Any, Any]:
    """Cuts the last rows off arrays, for validation."""
    xs, ys, weights = _converter(model)(*source_parts)
    rows = xs[0].shape[0]
    kept = int(np.floor(rows * (1 - fraction)))
    if not 0 < kept < rows:
        raise bad_argument("validation_split", f"a fraction that leaves rows on both sides of {rows}", fraction)

    def part(rows: slice) -> tuple[Arrays, Arrays, Arrays]:
        cut = [tuple(array[rows] for array in arrays) for arrays in (xs, ys, weights)]
        return cut[0], cut[1], cut[2]

    return part(slice(0, kept)), part(slice(kept, None))


def _due(frequency: Any, initial_epoch: int) -> Callable[[int], bool]:
    """Whether an epoch, counted from the first of this fit, is validated."""
    if isinstance(frequency, Collection) and not isinstance(frequency, str):
        wanted = set(frequency)
        return lambda epoch: initial_epoch + epoch + 1 in wanted
    every = whole("validation_freq", frequency, 1)
    return lambda epoch: (initial_epoch + epoch + 1) % every == 0


def refuse_what_needs_arrays(store: str | None, checkpoint: Checkpoint, autoscale: bool) -> None:
    """What `LeptonClient.fit` does with whole arrays only."""
    if store is not None:
        raise NotSupportedError("store: data that comes in batches is not kept; give whole arrays")
    if checkpoint.name is not None:
        raise NotSupportedError(
            "checkpoint: data that comes in batches cannot be taken up in the middle; give whole arrays, or use the "
            "callback BackupAndRestore"
        )
    if autoscale:
        raise NotSupportedError(
            "autoscale: not for data that comes in batches; give whole arrays, or call resize of the allocation"
        )


def fit(
    model: Trainer,
    client: LeptonClient,
    data: tuple[Any, Any, Any],
    *,
    verbose: int,
    batch_size: int | None,
    epochs: int,
    callbacks: Any,
    prepare_callbacks: Callable[..., tuple[CallbackList, ProgbarLogger | None]],
    validation_split: float,
    validation_data: Any,
    shuffle: bool,
    class_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: Any,
    nonfinite: Any,
    allocation: Allocation | None,
    cancel: CancelToken | None,
) -> tuple[Any, BaseException | None, FitDispatcher, CallbackList, History, int]:
    """A fit from a source, up to what the library answers."""
    measured: Any = None
    if validation_data is not None:
        measured = validation_data if is_source(validation_data) else unpacked("validation_data", validation_data)
        measured = (measured, None, None) if is_source(measured) else measured
    elif validation_split:
        if is_source(data[0]):
            raise bad_argument("validation_split", "0 for data that comes in batches", validation_split)
        train_parts, held_parts = _split(data, validation_split, model)
    steps = None if steps_per_epoch is None else whole("steps_per_epoch", steps_per_epoch, 1)
    batches = None if validation_steps is None else whole("validation_steps", validation_steps, 1)
    held_size = (
        batch_size if validation_batch_size is None else whole("validation_batch_size", validation_batch_size, 1)
    )

    source: Source
    held: Source | None = None
    if validation_data is None and validation_split:
        source = _cut(train_parts, batch_size, steps, shuffle)
        held = _cut(held_parts, held_size, batches, False)
    else:
        source = _source(model, data, "x", batch_size, steps, shuffle)
        if measured is not None:
            held = _source(model, measured, "validation_data", held_size, batches, False)
    params = {"verbose": verbose, "epochs": epochs, "steps": steps or source.batches}
    user, bar = prepare_callbacks(callbacks, model, params)
    history = user.take(History) or History()
    history.set_params(params)
    history.set_model(model._model)
    dispatcher = FitDispatcher(model._model, user, history, bar, is_streamed=True)

    if not model._fit_lock.acquire(blocking=False):
        raise InvalidStateError("fit: another fit of this model is running; wait for it to end")
    feed = validation = None
    try:
        model.stop_training = False
        history.on_train_begin()
        model.history = history
        model._initial_epoch = None
        dispatcher.before_fit()
        initial_epoch = min(model._initial_epoch or initial_epoch, epochs)
        left = epochs - initial_epoch
        feed = Feed(
            source,
            _converter(model),
            steps=steps,
            epochs=left,
            argument="x",
            on_batch=dispatcher.batch_begin,
        )
        if held is not None:
            validation = Feed(
                held,
                _converter(model, "validation_data "),
                steps=batches,
                epochs=left,
                argument="validation_data",
                is_due=_due(validation_freq, initial_epoch),
                restarts=True,
                on_batch=dispatcher.validation_batch_begin,
            )
        if feed.first() is None:
            raise bad_argument("x", "at least one batch", "none")
        handle, stopped_by = _core.client_fit_source(
            client=client._native(),
            model=model._handle,
            source=feed,
            epochs=epochs,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps or 0,
            validation=validation,
            nonfinite=nonfinite_policy(nonfinite),
            class_weight=to_class_weight(class_weight),
            validation_steps=batches or 0,
            allocation=None if allocation is None else allocation._native(),
            progress=dispatcher,
            events=dispatcher.events,
            batch_interval=dispatcher.batch_interval,
            cancel=None if cancel is None else cancel._handle,
        )
    finally:
        model._fit_lock.release()
        for each in (feed, validation):
            if each is not None:
                each.close()
    return handle, stopped_by, dispatcher, user, history, initial_epoch


def evaluate(
    model: Trainer,
    client: LeptonClient,
    data: tuple[Any, Any, Any],
    *,
    verbose: int,
    batch_size: int | None,
    callbacks: Any,
    prepare_callbacks: Callable[..., tuple[CallbackList, ProgbarLogger | None]],
    steps: int | None,
    nonfinite: Any,
    allocation: Allocation | None,
    cancel: CancelToken | None,
) -> tuple[Any, BaseException | None, CallbackList, ProgbarLogger | None]:
    """An evaluation from a source, up to what the library answers."""
    count = None if steps is None else whole("steps", steps, 1)
    source = _source(model, data, "x", batch_size, count, False)
    params = {"verbose": verbose, "epochs": 1, "steps": count or source.batches}
    user, bar = prepare_callbacks(callbacks, model, params)
    dispatcher = RunDispatcher("test", user, bar, is_streamed=True)
    feed = Feed(source, _converter(model), steps=count, epochs=1, argument="x", on_batch=dispatcher.batch_begin)
    try:
        if feed.first() is None:
            raise bad_argument("x", "at least one batch", "none")
        user.call("on_test_begin", {})
        dispatcher.begin()
        handle, stopped_by = _core.client_evaluate_source(
            client=client._native(),
            model=model._handle,
            source=feed,
            steps=count or 0,
            nonfinite=nonfinite_policy(nonfinite),
            allocation=None if allocation is None else allocation._native(),
            progress=dispatcher if dispatcher.events else None,
            events=dispatcher.events,
            batch_interval=dispatcher.batch_interval,
            cancel=None if cancel is None else cancel._handle,
        )
    finally:
        feed.close()
    return handle, stopped_by, user, bar


def predict(
    model: Trainer,
    x: Any,
    *,
    verbose: int,
    batch_size: int | None,
    callbacks: Any,
    prepare_callbacks: Callable[..., tuple[CallbackList, ProgbarLogger | None]],
    steps: int | None,
    predict_batch: Callable[[Arrays], list[Any]],
) -> Any:
    """Predictions for the batches of a source, joined. `on_predict_batch_end` is given each batch's outputs."""
    count = None if steps is None else whole("steps", steps, 1)
    source = source_of(x, False) if is_source(x) else _cut((model._inputs("x", x), (), ()), batch_size, count, False)

    def convert(x: Any, y: Any, weight: Any) -> tuple[Arrays, Arrays, Arrays]:
        return model._inputs("x", x), (), ()

    params = {"verbose": verbose, "epochs": 1, "steps": count or source.batches}
    user, bar = prepare_callbacks(callbacks, model, params)
    feed = Feed(source, convert, steps=count, epochs=1, argument="x")
    results: list[list[Any]] = []
    if bar is not None:
        bar.on_predict_begin({})
    user.call("on_predict_begin", {})
    try:
        while count is None or len(results) < count:
            batch = feed()
            if batch is None:
                break
            user.call("on_predict_batch_begin", len(results), {})
            results.append(predict_batch(batch[0]))
            outputs = results[-1]
            logs = {"outputs": model._structured(outputs)}
            user.call("on_predict_batch_end", len(results) - 1, logs)
            if bar is not None:
                bar.update(len(results), None)
    finally:
        feed.close()
    if not results:
        raise bad_argument("x", "at least one batch", "none")
    joined = [np.concatenate(parts) for parts in zip(*results, strict=True)]
    if bar is not None:
        bar.finish({})
    user.call("on_predict_end", {})
    return model._structured(joined)
