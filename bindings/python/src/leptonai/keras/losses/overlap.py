"""Losses of how much predicted and true regions overlap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..saving import public, public_function
from .loss import FunctionLoss
from .numerics import EPSILON, pair

_MODULE = "keras.losses"

Axes = int | tuple[int, ...] | list[int] | None


def _axes(axis: Axes) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list) else axis


@public_function
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Any:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)) over axes, or over everything."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    over = _axes(axis)
    common = (true * pred).sum(axis=over)
    return 1 - 2 * common / (true.sum(axis=over) + pred.sum(axis=over) + EPSILON)


@public_function
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None) -> Any:
    """1 - I / (I + alpha sum((1 - y_pred) y_true) + beta sum(y_pred (1 - y_true))), I = sum(y_true y_pred)."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    over = _axes(axis)
    common = (true * pred).sum(axis=over)
    missed, wrong = ((1 - pred) * true).sum(axis=over), (pred * (1 - true)).sum(axis=over)
    return 1 - common / (common + missed * np.float32(alpha) + wrong * np.float32(beta) + EPSILON)


@public(_MODULE)
class Dice(FunctionLoss):
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)) over `axis`, or over the whole batch."""

    function = staticmethod(dice)
    arguments = ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axes = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis


@public(_MODULE)
class Tversky(FunctionLoss):
    """Dice with weights of their own for what was missed (`alpha`) and wrongly found (`beta`)."""

    function = staticmethod(tversky)
    arguments = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axes = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.alpha = alpha
        self.beta = beta
        self.axis = axis
