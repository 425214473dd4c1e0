"""Losses that want a margin between predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..saving import public, public_function
from .loss import FunctionLoss
from .numerics import Floats, mean_last, pair

_MODULE = "keras.losses"


def _signed(true: Floats) -> Floats:
    """-1 and 1 for labels that are all 0 or 1; others stay."""
    is_binary = bool(np.all((true == 0) | (true == 1)))
    return 2 * true - 1 if is_binary else true


@public_function
def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)) over the last axis; labels of 0 and 1 stand for -1 and 1."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    return mean_last(np.maximum(1 - _signed(true) * pred, 0))


@public_function
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true y_pred, 0)^2) over the last axis; labels of 0 and 1 stand for -1 and 1."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    return mean_last(np.square(np.maximum(1 - _signed(true) * pred, 0)))


@public_function
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0) over the last axis."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    positive = (true * pred).sum(axis=-1)
    negative = ((1 - true) * pred).max(axis=-1)
    return np.maximum(negative - positive + 1, np.float32(0))


@public(_MODULE)
class Hinge(FunctionLoss):
    """mean(max(1 - y_true y_pred, 0)), labels -1 and 1, or 0 and 1."""

    function = staticmethod(hinge)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class SquaredHinge(FunctionLoss):
    """mean(max(1 - y_true y_pred, 0)^2), labels -1 and 1, or 0 and 1."""

    function = staticmethod(squared_hinge)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


@public(_MODULE)
class CategoricalHinge(FunctionLoss):
    """max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0), labels one-hot."""

    function = staticmethod(categorical_hinge)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)
