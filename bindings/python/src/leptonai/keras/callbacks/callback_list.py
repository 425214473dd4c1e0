"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import bad_argument
from .callback import Callback, Logs
from .history import History
from .progbar_logger import ProgbarLogger

if TYPE_CHECKING:
    from ..models.model import Model


Kind = TypeVar("Kind", bound=Callback)


class CallbackList(Callback):
    """Calls the hooks of several callbacks, in order.

    Args:
        callbacks: Callbacks, or nests of lists of them.
        add_history: Whether a `History` is appended when there is none.
        add_progbar: Whether a `ProgbarLogger` is appended when there is none.
        model: The model that they are told of.
        params: Told to each: "verbose", "epochs" and "steps".
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Model | None = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = _flat(callbacks)
        self._history = next((item for item in self.callbacks if isinstance(item, History)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and not any(isinstance(item, ProgbarLogger) for item in self.callbacks):
            self.callbacks.append(ProgbarLogger())
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def set_model(self, model: Model) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def take(self, kind: type[Kind]) -> Kind | None:
        """Removes the callbacks of a class and returns the last of them."""
        taken = [callback for callback in self.callbacks if isinstance(callback, kind)]
        self.callbacks = [callback for callback in self.callbacks if callback not in taken]
        return taken[-1] if taken else None

    def overrides(self, *hooks: str) -> bool:
        """Whether a callback overrides one of these hooks."""
        return any(
            getattr(getattr(callback, hook), "__func__", None) is not getattr(Callback, hook)
            for callback in self.callbacks
            for hook in hooks
        )

    def call(self, hook: str, *arguments: Any) -> None:
        """Calls a hook of each."""
        for callback in self.callbacks:
            getattr(callback, hook)(*arguments)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_batch_begin", batch, logs)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_batch_end", batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.call("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.call("on_predict_batch_end", batch, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.call("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self.call("on_train_end", logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self.call("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self.call("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self.call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self.call("on_predict_end", logs)


def _flat(callbacks: Any) -> list[Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    if isinstance(callbacks, Callback):
        return [callbacks]
    if not isinstance(callbacks, Iterable):
        raise bad_argument("callbacks", "callbacks of keras.callbacks.Callback", callbacks)
    flat: list[Callback] = []
    for callback in callbacks:
        if isinstance(callback, list | tuple | Callback):
            flat += _flat(callback)
        else:
            raise bad_argument("callbacks", "instances of keras.callbacks.Callback", callback)
    return flat
