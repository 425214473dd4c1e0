"""What EarlyStopping, ModelCheckpoint and ReduceLROnPlateau share: watching a number for improvement."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

from ...errors import bad_argument
from ..metrics import Metric
from .callback import Callback

_FALLING = ("crossentropy", "error", "hinge", "poisson", "divergence", "meanmetricwrapper")
_FALLING_NAMES = ("mse", "mae", "mape", "msle", "rmse", "kld", "bce", "logcosh", "log_cosh")
_WITHOUT_DIRECTION = ("Mean", "Sum", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")


def _falls(metric: str | Metric) -> bool:
    """Whether a smaller value of the metric is better."""
    name = (metric if isinstance(metric, str) else type(metric).__name__).lower()
    return name in _FALLING_NAMES or any(part in name for part in _FALLING)


class MonitorCallback(Callback):
    """Base of the callbacks that watch a number.

    Args:
        monitor: The number's name in the logs.
        mode: "min" when smaller is better, "max" when larger is, "auto" to tell from the name: the loss and errors are
            to fall, accuracies to rise.
        baseline: The value to improve on at first; None takes the first value.
        min_delta: By how much a value must be better to count as an improvement.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta: float = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None

    def _set_monitor_op(self) -> None:
        """Decides the direction; delayed until the model is compiled."""
        if self.monitor_op is not None:
            return
        if self.mode == "auto":
            self.monitor_op = self._direction()
        else:
            self.monitor_op = operator.lt if self.mode == "min" else operator.gt
        if self.monitor_op is operator.lt:
            self.min_delta *= -1

    def _direction(self) -> Callable[[Any, Any], Any]:
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return operator.lt
        for metric in getattr(self.model, "metrics", ()):
            if name == (metric if isinstance(metric, str) else metric.name):
                if type(metric).__name__ in _WITHOUT_DIRECTION:
                    break
                return operator.lt if _falls(metric) else operator.gt
        raise bad_argument(
            "mode",
            f"'max' or 'min' for monitor={self.monitor}, whose direction cannot be told from its name",
            self.mode,
        )

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        if reference is None or self.monitor_op is None:
            return True
        return bool(self.monitor_op(value - self.min_delta, reference))
