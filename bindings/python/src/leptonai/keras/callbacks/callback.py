"""The base class of hooks that training calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..models.model import Model

Logs = dict[str, Any]


class Callback:
    """Base class of callbacks: override the hooks you need and pass an instance to `fit(callbacks=[...])`.

    A hook may read and change the model (`self.model.set_weights`, `self.model.optimizer.learning_rate = ...`), set
    `self.model.stop_training = True` to end the training after the current step or epoch, or raise: the exception
    ends the training after the current step and comes out of fit.

    Attributes:
        params: "verbose", "epochs" and "steps" of the running fit.
        model: The model that is trained.
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Model | None = None

    @property
    def model(self) -> Any:
        """The model that is trained."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called by fit before training."""
        self.params = params

    def set_model(self, model: Model) -> None:
        """Called by fit before training."""
        self._model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Old name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Old name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation; `logs` has its loss and metrics, validation's with the prefix "val_"."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step; `logs` has the means of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `evaluate`, or of the validation of fit."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `evaluate`, or of the validation of fit; `logs` has the means so far."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `predict`."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch of fit."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch of fit; `logs` is that epoch's."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before `evaluate`, or the validation of fit."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After `evaluate`, or the validation of fit; `logs` has its loss and metrics."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After `predict`."""
