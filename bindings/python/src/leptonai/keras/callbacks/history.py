"""What fit returns."""

from __future__ import annotations

from typing import Any

from .callback import Callback, Logs


class History(Callback):
    """What fit returns.

    Attributes:
        history: Lists of numbers, one per epoch: "loss", the metrics, and both with "val_". Arrays for metrics that
            have several values.
        epoch: The epochs' numbers.
        params: "verbose", "epochs" and "steps" of the fit.
        model: The model.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self
