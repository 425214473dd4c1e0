"""Losses of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..saving import public, public_function
from .loss import FunctionLoss
from .numerics import EPSILON, mean_last, normalized, pair, softplus

_MODULE = "keras.losses"


@public_function
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred)^2) over the last axis."""
    true, pred = pair(y_true, y_pred)
    return mean_last(np.square(true - pred))


@public_function
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|) over the last axis."""
    true, pred = pair(y_true, y_pred)
    return mean_last(np.abs(true - pred))


@public_function
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 mean(|y_true - y_pred| / max(|y_true|, 1e-7)) over the last axis."""
    true, pred = pair(y_true, y_pred)
    return np.float32(100) * mean_last(np.abs((true - pred) / np.maximum(np.abs(true), EPSILON)))


@public_function
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1))^2) over the last axis; numbers below 1e-7 count as that."""
    true, pred = pair(y_true, y_pred)
    return mean_last(np.square(np.log(np.maximum(pred, EPSILON) + 1) - np.log(np.maximum(true, EPSILON) + 1)))


@public_function
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between y_true and y_pred along an axis."""
    true, pred = pair(y_true, y_pred)
    return -(normalized(true, axis) * normalized(pred, axis)).sum(axis=axis)


@public_function
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """The mean of e^2 / 2 where |e| <= delta and delta |e| - delta^2 / 2 elsewhere, e = y_pred - y_true."""
    true, pred = pair(y_true, y_pred)
    limit = np.float32(delta)
    error = np.abs(pred - true)
    return mean_last(np.where(error <= limit, np.square(error) / 2, limit * error - np.square(limit) / 2))


@public_function
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis."""
    true, pred = pair(y_true, y_pred)
    error = pred - true
    return mean_last(error + softplus(-2 * error) - np.log(np.float32(2)))


@public_function
def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true log(y_pred + 1e-7)) over the last axis."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    return mean_last(pred - true * np.log(pred + EPSILON))


@public(_MODULE)
class MeanSquaredError(FunctionLoss):
    """mean((y_true - y_pred)^2)."""

    function = staticmethod(mean_squared_error)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class MeanAbsoluteError(FunctionLoss):
    """mean(|y_true - y_pred|)."""

    function = staticmethod(mean_absolute_error)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class MeanAbsolutePercentageError(FunctionLoss):
    """100 mean(|y_true - y_pred| / |y_true|)."""

    function = staticmethod(mean_absolute_percentage_error)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class MeanSquaredLogarithmicError(FunctionLoss):
    """mean((log(y_true + 1) - log(y_pred + 1))^2)."""

    function = staticmethod(mean_squared_logarithmic_error)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class CosineSimilarity(FunctionLoss):
    """Minus the cosine of the angle between y_true and y_pred, vectors along `axis`."""

    function = staticmethod(cosine_similarity)
    arguments = ("axis",)
    quiet = {"axis": -1}  # noqa: RUF012

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis


@public(_MODULE)
class Huber(FunctionLoss):
    """Squared errors up to `delta`, absolute ones beyond."""

    function = staticmethod(huber)
    arguments = ("delta",)
    quiet = {"delta": 1.0}  # noqa: RUF012

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.delta = delta


@public(_MODULE)
class LogCosh(FunctionLoss):
    """mean(log(cosh(y_pred - y_true)))."""

    function = staticmethod(log_cosh)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class Poisson(FunctionLoss):
    """mean(y_pred - y_true log(y_pred)), for counts."""

    function = staticmethod(poisson)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)
