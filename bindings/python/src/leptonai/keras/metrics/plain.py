"""Metrics that are the mean of a loss's values and have no arguments."""

from __future__ import annotations

from .. import losses
from ..saving import public
from .reductions import FunctionMean

_MODULE = "keras.metrics"


@public(_MODULE)
class MeanSquaredError(FunctionMean):
    """mean((y_true - y_pred)^2)."""

    function = staticmethod(losses.mean_squared_error)

    def __init__(self, name: str = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class MeanAbsoluteError(FunctionMean):
    """mean(|y_true - y_pred|)."""

    function = staticmethod(losses.mean_absolute_error)

    def __init__(self, name: str = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class MeanAbsolutePercentageError(FunctionMean):
    """100 mean(|y_true - y_pred| / |y_true|)."""

    function = staticmethod(losses.mean_absolute_percentage_error)

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class MeanSquaredLogarithmicError(FunctionMean):
    """mean((log(y_true + 1) - log(y_pred + 1))^2)."""

    function = staticmethod(losses.mean_squared_logarithmic_error)

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class LogCoshError(FunctionMean):
    """mean(log(cosh(y_pred - y_true)))."""

    function = staticmethod(losses.log_cosh)

    def __init__(self, name: str = "logcosh", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class Hinge(FunctionMean):
    """mean(max(1 - y_true y_pred, 0)), labels -1 and 1, or 0 and 1."""

    function = staticmethod(losses.hinge)

    def __init__(self, name: str = "hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class SquaredHinge(FunctionMean):
    """mean(max(1 - y_true y_pred, 0)^2), labels -1 and 1, or 0 and 1."""

    function = staticmethod(losses.squared_hinge)

    def __init__(self, name: str = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class CategoricalHinge(FunctionMean):
    """max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0), labels one-hot."""

    function = staticmethod(losses.categorical_hinge)

    def __init__(self, name: str = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class KLDivergence(FunctionMean):
    """sum(y_true log(y_true / y_pred))."""

    function = staticmethod(losses.kl_divergence)

    def __init__(self, name: str = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class Poisson(FunctionMean):
    """mean(y_pred - y_true log(y_pred))."""

    function = staticmethod(losses.poisson)

    def __init__(self, name: str = "poisson", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
