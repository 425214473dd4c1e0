"""The progress display as a callback."""

from __future__ import annotations

from typing import Any

from ..utils.progbar import Progbar, print_message
from .callback import Callback, Logs


class ProgbarLogger(Callback):
    """Shows the progress of fit, evaluate and predict, and their loss and metrics. They add one by themselves unless
    verbose is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target: int | None = None
        self.seen = 0
        self.progbar: Progbar | None = None
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        # The validation of a fit is not shown.
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._start()
        if self.verbose and self.epochs > 1:
            print_message(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.update(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self.update(batch + 1, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self.finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._start()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.update(batch + 1, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self.finish(logs)

    def _start(self) -> None:
        self.seen = 0
        self.progbar = Progbar(self.target, self.verbose)

    def update(self, done: int, logs: Logs | None) -> None:
        """`done` steps are done."""
        if self.progbar is None:
            self._start()
        self.seen = done
        if self.progbar is not None and self.verbose == 1:
            self.progbar.update(done, logs, finalize=False)

    def finish(self, logs: Logs | None) -> None:
        """All steps are done; how many there are may show only now."""
        if self.progbar is None:
            self._start()
        if self.target is None:
            self.target = self.seen
        if self.progbar is not None:
            self.progbar.target = self.target
            self.progbar.update(self.target, logs, finalize=True)
