"""Changing the learning rate between epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import bad_argument
from ..utils.progbar import print_message
from .callback import Callback, Logs
from .monitor import MonitorCallback


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: Called with the epoch, from 0, and the present rate; returns the rate, a float.
        verbose: 1 says what it sets.
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise bad_argument("schedule", "a function of the epoch and the learning rate", schedule)
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:
            # As in Keras, functions of the epoch alone are still taken.
            rate = self.schedule(epoch)
        if not isinstance(rate, float | np.floating):
            raise bad_argument("schedule", "a function that returns a float", rate)
        optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a number has stopped improving.

    Args:
        monitor: The number's name in the logs.
        factor: What the rate is multiplied by, below 1.
        patience: Epochs without improvement after which the rate is lowered.
        verbose: 1 says when it acts.
        mode: "min", "max", or "auto" to tell from the name.
        min_delta: By how much a value must be better to count as an improvement.
        cooldown: Epochs to wait after a reduction before watching again.
        min_lr: The rate is not lowered below this.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise bad_argument("factor", "a number below 1", factor)
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether it waits after a reduction."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._set_monitor_op()
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = float(self.model.optimizer.learning_rate)
        if rate <= self.min_lr:
            return
        lower = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = lower
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {lower}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0
