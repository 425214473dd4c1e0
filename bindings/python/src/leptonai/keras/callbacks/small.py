"""TerminateOnNaN and LambdaCallback."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..utils.progbar import print_message
from .callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Ends the training when the loss is NaN or infinite.

    Args:
        raise_error: Whether fit then raises RuntimeError, so that `on_train_end` is not called; otherwise the training
            ends as if it were done.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training immediately."
            )
        print_message(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class LambdaCallback(Callback):
    """A callback from functions.

    Args:
        on_epoch_begin, on_epoch_end: Called with the epoch and logs.
        on_train_begin, on_train_end: Called with logs.
        on_train_batch_begin, on_train_batch_end: Called with the batch and logs.
        kwargs: Functions for other hooks, by the hooks' names.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        self.__dict__.update(kwargs)
        self.__dict__.update({name: function for name, function in hooks.items() if function is not None})
