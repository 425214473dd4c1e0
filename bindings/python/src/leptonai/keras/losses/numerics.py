"""What the loss and metric functions on arrays have in common. They compute in float32, as Keras does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ShapeMismatchError, TypeMismatchError, bad_argument

Floats = NDArray[np.float32]

EPSILON = np.float32(1e-7)
"""Keras's `backend.epsilon()`."""


def floats(argument: str, value: Any) -> Floats:
    """`value` as float32."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise bad_argument(argument, "a rectangular nest of numbers", str(error), ShapeMismatchError) from error
    if array.dtype.kind not in "fiub":
        raise bad_argument(argument, "numbers", f"elements of type {array.dtype}", TypeMismatchError)
    return array.astype(np.float32, copy=False)


def same_rank(first: Floats, second: Floats, expand_rank_1: bool = True) -> tuple[Floats, Floats]:
    """Drops or adds a last axis of one element where the ranks differ by one."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        if second.ndim == 1 and expand_rank_1:
            return first, second[:, np.newaxis]
        return first[..., 0], second
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        if first.ndim == 1 and expand_rank_1:
            return first[:, np.newaxis], second
        return first, second[..., 0]
    return first, second


def pair(y_true: Any, y_pred: Any, squeeze: bool = True) -> tuple[Floats, Floats]:
    """Targets and predictions of shapes that go together."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    if squeeze:
        true, pred = same_rank(true, pred)
    try:
        np.broadcast_shapes(true.shape, pred.shape)
    except ValueError:
        raise _mismatch(true, pred) from None
    return true, pred


def equal_pair(y_true: Any, y_pred: Any) -> tuple[Floats, Floats]:
    """Targets and predictions of the same shape."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    if true.shape != pred.shape:
        raise _mismatch(true, pred)
    return true, pred


def _mismatch(true: Floats, pred: Floats) -> Exception:
    return bad_argument(
        "y_true", f"a shape that fits y_pred.shape={pred.shape}", f"y_true.shape={true.shape}", ShapeMismatchError
    )


def mean_last(values: Floats) -> Any:
    """The mean over the last axis; of a scalar, itself."""
    return values.mean(axis=-1, dtype=np.float32) if values.ndim else values


def normalized(x: Floats, axis: int) -> Floats:
    """x / |x| along an axis; 1/|x| is at most 1/epsilon."""
    with np.errstate(divide="ignore"):
        inverse = 1 / np.sqrt(np.square(x).sum(axis=axis, keepdims=True))
    result: Floats = x * np.minimum(inverse, 1 / EPSILON)
    return result


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    e = np.exp(-np.abs(x))
    result: Floats = np.where(x < 0, e, np.float32(1)) / (1 + e)
    return result


def softmax(x: Floats, axis: int) -> Floats:
    """exp(x) / sum(exp(x)) along an axis."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    result: Floats = e / e.sum(axis=axis, keepdims=True)
    return result


def softplus(x: Floats) -> Floats:
    """log(1 + exp(x))."""
    result: Floats = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def quotient(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0."""
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 0, np.float32(0), a / np.where(b == 0, np.float32(1), b))
