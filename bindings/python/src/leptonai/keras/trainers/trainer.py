"""compile, fit, evaluate and predict."""

from __future__ import annotations

import json
import threading
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ...allocation import Checkpoint
from ...errors import (
    InvalidStateError,
    bad_argument,
    refuse_unless_default,
)
from .. import losses, optimizers
from ..callbacks import CallbackList, History, ProgbarLogger
from ..metrics import Metric
from ..objectives import OwnObjectives
from ..utils.progbar import resolve_verbose
from .arguments import Nonfinite, Verbose, fraction, nonfinite_policy, whole
from .arrays import adjust_rank, refuse_nonfinite, to_class_weight, to_inputs, to_sample_weight
from .dispatch import FitDispatcher, RunDispatcher
from .lists import read_history
from .on_batch import BatchMethods
from .per_output import (
    chosen_losses,
    chosen_metrics,
    described,
    flat_metrics,
    loss_texts,
    metric_texts,
    own_among,
    text_of,
    weights_config,
    written,
)
from .sources import is_source, is_streamed

if TYPE_CHECKING:
    from ..._core import HistoryHandle, ModelHandle
    from ...client import Allocation, CancelToken, LeptonClient
    from ..models.model import Model

Array = NDArray[Any]
_FLOAT32 = np.dtype(np.float32)
_DEFAULT_BATCH = 32
_NO_ARRAYS: tuple[Array, ...] = ()
_NO_CHECKPOINT = Checkpoint()


class Trainer(BatchMethods):
    """What a model can do with data. `Model` is the class that users see."""

    _handle: ModelHandle
    _input_shapes: tuple[tuple[int, ...], ...] | None
    _output_tails: tuple[tuple[int, ...], ...]
    _input_names: tuple[str, ...]
    _output_names: tuple[str, ...]

    def __init__(self) -> None:
        self.stop_training = False
        self._initial_epoch: int | None = None
        self.history: History | None = None
        self.compiled = False
        self.optimizer: Any = None
        self.loss: Any = None
        self._compiled_metrics: tuple[str | Metric, ...] = ()
        self._own: OwnObjectives | None = None
        self._fit_lock = threading.Lock()

    @abstractmethod
    def _ensure_built(self, sample_shapes: Sequence[Sequence[int]]) -> None:
        """Builds a model that waits for its inputs' shapes; nothing when it is built."""

    # ------------------------------------------------------------------ compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how the model is trained; the optimizer's state starts anew.

        Args:
            optimizer: A name or an optimizer of keras.optimizers.
            loss: A name, a loss of keras.losses, or one's own: a function of targets and predictions or a subclass of
                keras.losses.Loss, written with keras.ops.
            metrics: Names or metrics of keras.metrics, or one's own, not weighted by sample weights.
            weighted_metrics: Metrics that are weighted by sample and class weights.
            jit_compile, auto_scale_loss: Accepted; there is nothing to choose.

        Raises:
            ValueError: An unknown name (the message has the nearest known one), or a value out of range.
            NotSupportedError: Something that this version does not do.
        """
        remedies = {
            "run_eagerly": "leave it at False; callbacks may look at the model after every step",
            "steps_per_execution": "leave it at 1: steps are not slower one by one",
        }
        refuse_unless_default(
            "compile",
            remedies,
            run_eagerly=(bool(run_eagerly), False),
            steps_per_execution=(steps_per_execution, 1),
        )
        chosen = optimizers.get(optimizer)
        objects = chosen_losses(loss)
        weights = weights_config(loss_weights)
        plain = chosen_metrics("metrics", metrics)
        weighted = chosen_metrics("weighted_metrics", weighted_metrics)
        _core.model_compile(
            self._handle,
            text_of(described(chosen)),
            loss_texts(objects),
            metric_texts(plain),
            metric_texts(weighted),
            None if weights is None else json.dumps(weights),
        )
        self._set_compiled(chosen, loss, (*flat_metrics(plain), *flat_metrics(weighted)))
        self._own = own_among(objects, weights, plain, weighted)

    def _set_compiled(self, optimizer: Any, loss: Any, chosen: tuple[str | Metric, ...]) -> None:
        self.compiled = True
        self.optimizer = optimizer
        self.loss = loss
        self._compiled_metrics = chosen
        self._batch_names = ()
        self._own = None
        self._attach_optimizer()

    def _read_compiled(self) -> None:
        """Takes over how the library's model is compiled."""
        config = self._library_compile_config()
        if config is not None:
            chosen = [
                metric
                for kind in ("metrics", "weighted_metrics")
                for metric in flat_metrics(chosen_metrics(kind, config[kind]))
            ]
            loss = config["loss"]
            is_one = not isinstance(loss, list) and (not isinstance(loss, dict) or "class_name" in loss)
            self._set_compiled(optimizers.get(config["optimizer"]), losses.get(loss) if is_one else loss, tuple(chosen))

    def get_compile_config(self) -> dict[str, Any] | None:
        """Optimizer, loss and metrics as a dict that JSON can hold; None when the model is not compiled."""
        config = self._library_compile_config() if self.compiled else None
        return config if config is None or self._own is None else {**config, **self._own.written(written)}

    def _library_compile_config(self) -> dict[str, Any] | None:
        try:
            text = _core.model_get_compile_config(self._handle)
        except InvalidStateError:
            return None
        config: dict[str, Any] = json.loads(text)
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles as `get_compile_config`, Keras's or ours, described.

        Raises:
            ValueError: Not such a dict, or an unknown name in it.
        """
        if not isinstance(config, dict) or "optimizer" not in config:
            raise bad_argument("config", "a dict from get_compile_config", config)
        names = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
        self.compile(**{name: config[name] for name in names if name in config})

    def _attach_optimizer(self) -> None:
        if isinstance(self.optimizer, optimizers.Optimizer):
            self.optimizer._attach(self._handle)

    @property
    def metrics_names(self) -> list[str]:
        """ "loss" and the metrics' names, in the order in which evaluate returns them; empty before compile."""
        return ["loss", *map(_name, self._compiled_metrics)] if self.compiled else []

    @property
    def metrics(self) -> list[str | Metric]:
        """The compiled metrics. A name such as "accuracy", whose meaning depends on the data, stays a name."""
        return list(self._compiled_metrics)

    # ---------------------------------------------------------------------- fit

    def _fit(
        self,
        client: LeptonClient,
        x: Any,
        y: Any,
        *,
        allocation: Allocation | None = None,
        store: str | None = None,
        checkpoint: Checkpoint = _NO_CHECKPOINT,
        autoscale: bool = False,
        cancel: CancelToken | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Verbose = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> History:
        self._assert_compiled("fit")
        batch = whole("batch_size", _DEFAULT_BATCH if batch_size is None else batch_size, 1)
        epochs = whole("epochs", epochs, 1)
        initial_epoch = whole("initial_epoch", initial_epoch, 0)
        if sample_weight is not None and class_weight is not None:
            raise bad_argument("class_weight", "either class_weight or sample_weight", "both")
        shown = resolve_verbose(verbose)
        frequency = None if validation_freq == 1 else validation_freq
        if (
            is_streamed(x, steps_per_epoch, validation_steps, frequency)
            or is_source(validation_data)
            or (isinstance(validation_data, tuple) and len(validation_data) == 1)
        ):
            from . import streaming

            streaming.refuse_what_needs_arrays(store, checkpoint, autoscale)
            handle, stopped_by, dispatcher, user_callbacks, history, initial_epoch = streaming.fit(
                self,
                client,
                (x, y, sample_weight),
                verbose=shown,
                batch_size=None if batch_size is None else batch,
                epochs=epochs,
                callbacks=callbacks,
                prepare_callbacks=_callbacks,
                validation_split=fraction("validation_split", validation_split),
                validation_data=validation_data,
                shuffle=bool(shuffle),
                class_weight=class_weight,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                validation_steps=validation_steps,
                validation_batch_size=validation_batch_size,
                validation_freq=validation_freq,
                nonfinite=nonfinite,
                allocation=allocation,
                cancel=cancel,
            )
            self._after_fit(handle, stopped_by, dispatcher, initial_epoch)
            user_callbacks.call("on_train_end", dispatcher.logs)
            return history
        xs, ys = self._data(x, y)
        validation = self._validation(validation_data)
        split = fraction("validation_split", validation_split) if validation_data is None else 0.0
        rows = xs[0].shape[0] if xs[0].ndim else 0
        steps = -(-(int(rows * (1 - split)) if split else rows) // batch)

        params = {"verbose": shown, "epochs": epochs, "steps": steps}
        user_callbacks, bar = _callbacks(callbacks, self._model, params)
        history = user_callbacks.take(History) or History()
        history.set_params(params)
        history.set_model(self._model)
        dispatcher = FitDispatcher(self._model, user_callbacks, history, bar)

        if not self._fit_lock.acquire(blocking=False):
            raise InvalidStateError("fit: another fit of this model is running; wait for it to end")
        try:
            self.stop_training = False
            history.on_train_begin()
            self.history = history
            self._initial_epoch = None
            dispatcher.before_fit()
            # What a callback brought back may have been trained for longer than is asked for.
            initial_epoch = min(self._initial_epoch or initial_epoch, epochs)
            dispatcher.initial_epoch = initial_epoch
            handle, stopped_by = _core.client_fit(
                client=client._native(),
                model=self._handle,
                x=xs,
                y=ys,
                batch_size=batch,
                epochs=epochs,
                initial_epoch=initial_epoch,
                shuffle=bool(shuffle),
                validation_split=split,
                validation_x=validation[0],
                validation_y=validation[1],
                validation_sample_weight=validation[2],
                validation_batch_size=(
                    0 if validation_batch_size is None else whole("validation_batch_size", validation_batch_size, 1)
                ),
                nonfinite=nonfinite_policy(nonfinite),
                sample_weight=self._sample_weight("sample_weight", sample_weight),
                class_weight=to_class_weight(class_weight),
                allocation=None if allocation is None else allocation._native(),
                store_name=store,
                progress=dispatcher if dispatcher.events else None,
                events=dispatcher.events,
                batch_interval=dispatcher.batch_interval,
                cancel=None if cancel is None else cancel._handle,
                checkpoint_name=checkpoint.name,
                checkpoint_steps=checkpoint.steps,
                checkpoint_seconds=checkpoint.seconds,
                autoscale=autoscale,
            )
        finally:
            self._fit_lock.release()
        self._after_fit(handle, stopped_by, dispatcher, initial_epoch)
        user_callbacks.call("on_train_end", dispatcher.logs)
        return history

    def _after_fit(
        self,
        handle: HistoryHandle | None,
        stopped_by: BaseException | None,
        dispatcher: FitDispatcher,
        initial_epoch: int,
    ) -> None:
        """Brings the history up to what was done, and raises what stopped the training."""
        done = {} if handle is None else read_history(handle)
        if dispatcher.resumed:
            # The epochs before a resumption are the library's alone, and come first.
            dispatcher.restore_history(initial_epoch, done)
        for number in range(dispatcher.ended + dispatcher.resumed, len(done.get("loss", ()))):
            logs = {name: values[number] for name, values in done.items() if number < len(values)}
            if stopped_by is None:
                dispatcher.epoch_end(initial_epoch + number, logs)
            elif self.history is not None:
                self.history.on_epoch_end(initial_epoch + number, logs)
        if stopped_by is not None:
            raise stopped_by

    def _validation(self, data: Any) -> tuple[tuple[Array, ...], tuple[Array, ...], Array | tuple[Array, ...] | None]:
        if data is None:
            return _NO_ARRAYS, _NO_ARRAYS, None
        if not isinstance(data, tuple | list) or len(data) not in (2, 3):
            raise bad_argument(
                "validation_data",
                "(x, y) or (x, y, sample_weight)",
                f"a {type(data).__name__}" + (f" of {len(data)}" if isinstance(data, tuple | list) else ""),
            )
        xs, ys = self._data(data[0], data[1], "validation_data x", "validation_data y")
        weight = self._sample_weight("validation_data sample_weight", data[2] if len(data) == 3 else None)
        return xs, ys, weight

    # ----------------------------------------------------------------- evaluate

    def _evaluate(
        self,
        client: LeptonClient,
        x: Any,
        y: Any,
        *,
        allocation: Allocation | None = None,
        cancel: CancelToken | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> float | list[float] | dict[str, float]:
        self._assert_compiled("evaluate")
        batch = whole("batch_size", _DEFAULT_BATCH if batch_size is None else batch_size, 1)
        shown = resolve_verbose(verbose)
        if is_streamed(x, steps):
            from . import streaming

            handle, stopped_by, user_callbacks, bar = streaming.evaluate(
                self,
                client,
                (x, y, sample_weight),
                verbose=shown,
                batch_size=None if batch_size is None else batch,
                callbacks=callbacks,
                prepare_callbacks=_callbacks,
                steps=steps,
                nonfinite=nonfinite,
                allocation=allocation,
                cancel=cancel,
            )
            return self._after_evaluate(handle, stopped_by, user_callbacks, bar, return_dict)
        xs, ys = self._data(x, y)
        count = -(-(xs[0].shape[0] if xs[0].ndim else 0) // batch)
        params = {"verbose": shown, "epochs": 1, "steps": count}
        user_callbacks, bar = _callbacks(callbacks, self._model, params)
        dispatcher = RunDispatcher("test", user_callbacks, bar)
        user_callbacks.call("on_test_begin", {})
        dispatcher.begin()
        handle, stopped_by = _core.client_evaluate(
            client=client._native(),
            model=self._handle,
            x=xs,
            y=ys,
            batch_size=batch,
            nonfinite=nonfinite_policy(nonfinite),
            sample_weight=self._sample_weight("sample_weight", sample_weight),
            allocation=None if allocation is None else allocation._native(),
            progress=dispatcher if dispatcher.events else None,
            events=dispatcher.events,
            batch_interval=dispatcher.batch_interval,
            cancel=None if cancel is None else cancel._handle,
        )
        return self._after_evaluate(handle, stopped_by, user_callbacks, bar, return_dict)

    def _after_evaluate(
        self,
        handle: HistoryHandle | None,
        stopped_by: BaseException | None,
        user_callbacks: CallbackList,
        bar: ProgbarLogger | None,
        return_dict: bool,
    ) -> float | list[float] | dict[str, float]:
        if stopped_by is not None:
            raise stopped_by
        logs = {} if handle is None else {name: values[-1] for name, values in read_history(handle).items()}
        if bar is not None:
            bar.finish(logs)
        user_callbacks.call("on_test_end", logs)
        if return_dict:
            return logs
        values = [logs[name] for name in self._in_compiled_order(logs)]
        return values[0] if len(values) == 1 else values

    # ------------------------------------------------------------------ predict

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        *,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        """The model's outputs for `x`.

        Up to one batch of rows is computed on the calling thread, at once and without a charge; more rows run on the
        current client's nodes, or on the calling thread when none is free. All give the same numbers.

        Args:
            x: Inputs: an array, a table, or a nest of lists.
            batch_size: Rows at a time; 32 by default. Does not change the result.
            verbose: 1 shows progress, 2 writes a line, 0 nothing; "auto" shows a bar on terminals when there is more
                than one batch.
            callbacks: Their `on_predict_` hooks are called.
            nonfinite: "error" refuses NaN and infinity in x; "allow" computes with them as Keras does.
            max_queue_size, workers, use_multiprocessing: Accepted; the client's nodes are what they mean.

        Returns:
            A float32 array of shape (rows, ...).
        """
        if (
            type(x) is np.ndarray
            and x.dtype is _FLOAT32
            and self._input_shapes is not None
            and x.ndim == len(self._input_shapes[0])
            and x.shape[0] <= _DEFAULT_BATCH
            and x.flags.c_contiguous
            and x.flags.aligned
            and verbose in ("auto", 0)
            and batch_size is steps is callbacks is None
            and len(self._output_tails) == 1
            and -1 not in self._output_tails[0]
        ):
            if nonfinite != "allow":
                refuse_nonfinite(x, nonfinite)
            output = np.empty((x.shape[0], *self._output_tails[0]), _FLOAT32)
            _core.model_predict(self._handle, (x,), (output,))
            return output
        return self._predict(
            None, x, batch_size=batch_size, verbose=verbose, steps=steps, callbacks=callbacks, nonfinite=nonfinite
        )

    def _predict(
        self,
        client: LeptonClient | None,
        x: Any,
        *,
        allocation: Allocation | None = None,
        cancel: CancelToken | None = None,
        batch_size: int | None = None,
        verbose: Verbose = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        nonfinite: Nonfinite = "error",
        max_queue_size: int = 10,
        workers: int = 1,
        use_multiprocessing: bool = False,
    ) -> Any:
        batch = whole("batch_size", _DEFAULT_BATCH if batch_size is None else batch_size, 1)
        policy = nonfinite_policy(nonfinite)
        shown = resolve_verbose(verbose)
        if is_streamed(x, steps) or CallbackList(callbacks).overrides("on_predict_batch_begin", "on_predict_batch_end"):
            from . import streaming

            return streaming.predict(
                self,
                x,
                verbose=shown,
                batch_size=None if batch_size is None else batch,
                callbacks=callbacks,
                prepare_callbacks=_callbacks,
                steps=steps,
                predict_batch=lambda arrays: self._predict_batch(client, arrays, policy, allocation, cancel),
            )
        xs = self._inputs("x", x)
        rows = xs[0].shape[0] if xs[0].ndim else 0
        count = -(-rows // batch)
        if verbose == "auto" and (shown == 2 or count < 2):
            shown = 0
        outputs = self._room(xs)
        if client is None and rows <= batch and not callbacks and not shown:
            return self._predict_here(xs, outputs, nonfinite)
        params = {"verbose": shown, "epochs": 1, "steps": count}
        user_callbacks, bar = _callbacks(callbacks, self._model, params)
        dispatcher = RunDispatcher("predict", user_callbacks, bar)
        user_callbacks.call("on_predict_begin", {})
        dispatcher.begin()
        stopped_by = _core.client_predict(
            client=(client or _current_client())._native(),
            model=self._handle,
            x=xs,
            outputs=outputs,
            batch_size=batch,
            nonfinite=policy,
            allocation=None if allocation is None else allocation._native(),
            progress=dispatcher if dispatcher.events else None,
            events=dispatcher.events,
            batch_interval=dispatcher.batch_interval,
            cancel=None if cancel is None else cancel._handle,
        )
        if stopped_by is not None:
            raise stopped_by
        if bar is not None:
            bar.finish({})
        user_callbacks.call("on_predict_end", {})
        return self._structured(list(outputs))

    def _predict_batch(
        self,
        client: LeptonClient | None,
        xs: tuple[Array, ...],
        policy: int,
        allocation: Allocation | None,
        cancel: CancelToken | None,
    ) -> list[Array]:
        """The outputs for one batch of several."""
        outputs = self._room(xs)
        stopped_by = _core.client_predict(
            client=(client or _current_client())._native(),
            model=self._handle,
            x=xs,
            outputs=outputs,
            batch_size=max(xs[0].shape[0], 1),
            nonfinite=policy,
            allocation=None if allocation is None else allocation._native(),
            progress=None,
            events=0,
            batch_interval=0.0,
            cancel=None if cancel is None else cancel._handle,
        )
        if stopped_by is not None:
            raise stopped_by
        return list(outputs)

    def _predict_here(self, xs: tuple[Array, ...], outputs: tuple[Array, ...], nonfinite: Nonfinite) -> Any:
        """Predicts on the calling thread."""
        if nonfinite != "allow":
            for array in xs:
                refuse_nonfinite(array, nonfinite)
        _core.model_predict(self._handle, xs, outputs)
        return self._structured(list(outputs))

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for `x`, all rows at once, on the calling thread, without a charge."""
        return self._call_on_arrays(x)

    def _call_on_arrays(self, inputs: Any, training: bool | None = None, mask: None = None) -> Any:
        refuse_unless_default(
            "call",
            {"training": "training runs through fit; a call is inference", "mask": "leave it out"},
            training=(bool(training), False),
            mask=(mask, None),
        )
        xs = self._inputs("inputs", inputs)
        outputs = self._room(xs)
        _core.model_predict(self._handle, xs, outputs)
        return self._structured(list(outputs))

    # ------------------------------------------------------------------ helpers

    def _room(self, xs: tuple[Array, ...]) -> tuple[Array, ...]:
        """Arrays for what the model makes of `xs`."""
        if any(-1 in tail for tail in self._output_tails):
            count = range(len(self._output_tails))
            return tuple(np.empty(_core.model_output_shape_for(self._handle, xs, index), _FLOAT32) for index in count)
        rows = xs[0].shape[0] if xs[0].ndim else 0
        return tuple(np.empty((rows, *tail), _FLOAT32) for tail in self._output_tails)

    @abstractmethod
    def _structured(self, outputs: list[Any]) -> Any:
        """Outputs nested as the model gives them."""

    @property
    def _model(self) -> Model:
        return self  # type: ignore[return-value]

    def _in_compiled_order(self, names: Iterable[str]) -> list[str]:
        """Loss, metrics, weighted metrics, losses of outputs: Keras's order of what evaluate returns as a list."""
        known = list(names)
        wanted = [*self.metrics_names, *(f"{output}_loss" for output in self._output_names)]
        first = [name for name in wanted if name in known]
        return first + sorted(name for name in known if name not in first)

    def _assert_compiled(self, call: str) -> None:
        if not self.compiled:
            raise InvalidStateError(f"you must call `compile()` before calling `{call}()`")

    def _inputs(self, argument: str, x: Any) -> tuple[Array, ...]:
        """x as the model takes it; builds a model that waits for its first data."""
        shapes = self._input_shapes
        if shapes is None:
            self._ensure_built(
                [array.shape[1:] for array in to_inputs(argument, x, None, self._input_names, text=True)]
            )
            shapes = self._input_shapes or ()
        arrays = to_inputs(argument, x, tuple(len(shape) for shape in shapes), self._input_names, text=True)
        return tuple(adjust_rank(array, shape) for array, shape in zip(arrays, shapes, strict=True))

    def _data(
        self, x: Any, y: Any, x_name: str = "x", y_name: str = "y"
    ) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
        xs = self._inputs(x_name, x)
        ys = to_inputs(y_name, y, tuple(len(tail) + 1 for tail in self._output_tails), self._output_names)
        if self._own is not None:
            targets = [array.shape[1:] for array in ys]
            self._own.read(self._handle, self._output_names, self._output_tails, targets, described)
        return xs, ys

    def _sample_weight(self, argument: str, value: Any) -> Array | tuple[Array, ...] | None:
        """One weight per row, or one array of weights for each output."""
        names = self._output_names
        if isinstance(value, dict):
            unknown = [name for name in value if name not in names]
            if unknown:
                raise bad_argument(argument, f"names of outputs ({', '.join(names)})", ", ".join(unknown))
            value = [value.get(name) for name in names]
        if isinstance(value, list | tuple) and len(value) == len(names) > 1:
            given = [to_sample_weight(f"{argument}[{place}]", item) for place, item in enumerate(value)]
            rows = next((len(array) for array in given if array is not None), 0)
            return tuple(np.ones(rows, np.float32) if array is None else array for array in given)
        return to_sample_weight(argument, value)


def _callbacks(callbacks: Any, model: Model, params: dict[str, Any]) -> tuple[CallbackList, ProgbarLogger | None]:
    """The user's callbacks, and the progress display: the user's own, or one by default. It comes after the others."""
    user = CallbackList(callbacks, model=model)
    user.set_params(params)
    bar = user.take(ProgbarLogger)
    if bar is None and params["verbose"]:
        bar = ProgbarLogger()
        bar.set_params(params)
    return user, bar


def _current_client() -> LeptonClient:
    from ...client import current_client

    return current_client()


def _name(metric: str | Metric) -> str:
    return metric if isinstance(metric, str) else metric.name
