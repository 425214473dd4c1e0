"""Losses of probabilities, as functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeMismatchError, bad_argument
from ..saving import public_function
from .numerics import EPSILON, Floats, equal_pair, floats, pair, sigmoid, softmax

_CEILING = np.float32(1) - EPSILON


def _clipped(p: Floats) -> Floats:
    return np.clip(p, EPSILON, _CEILING)


def _check_axis(axis: Any) -> None:
    if isinstance(axis, bool):
        raise bad_argument("axis", "an integer", axis)


@public_function
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """sum(y_true log(y_true / y_pred)) over the last axis, both clipped to [1e-7, 1]."""
    true, pred = pair(y_true, y_pred, squeeze=False)
    true, pred = np.clip(true, EPSILON, 1), np.clip(pred, EPSILON, 1)
    return (true * np.log(true / pred)).sum(axis=-1)


def _binary(true: Floats, pred: Floats, from_logits: bool) -> Floats:
    if from_logits:
        result: Floats = np.maximum(pred, 0) - pred * true + np.log1p(np.exp(-np.abs(pred)))
        return result
    pred = _clipped(pred)
    return -(true * np.log(pred) + (1 - true) * np.log(1 - pred))


@public_function
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-mean(y_true log(y_pred) + (1 - y_true) log(1 - y_pred)) over an axis."""
    true, pred = equal_pair(y_true, y_pred)
    true = _smoothed(true, label_smoothing, 2)
    values = _binary(true, pred, from_logits)
    return values.mean(axis=axis) if values.ndim else values


def _smoothed(true: Floats, smoothing: float, classes: int) -> Floats:
    if not smoothing:
        return true
    result: Floats = true * np.float32(1 - smoothing) + np.float32(smoothing / classes)
    return result


@public_function
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """The binary cross-entropy times (1 - q)^gamma, q the probability of the label, as a mean over an axis."""
    true, pred = equal_pair(y_true, y_pred)
    true = _smoothed(true, label_smoothing, 2)
    if from_logits:
        pred = sigmoid(pred)
    values = np.power(1 - (true * pred + (1 - true) * (1 - pred)), np.float32(gamma)) * _binary(true, pred, False)
    if apply_class_balancing:
        values = (true * np.float32(alpha) + (1 - true) * np.float32(1 - alpha)) * values
    return values.mean(axis=axis) if values.ndim else values


def _shares(pred: Floats, from_logits: bool, axis: int) -> Floats:
    """Predictions as clipped probabilities."""
    if from_logits:
        pred = softmax(pred, axis)
    return _clipped(pred / pred.sum(axis=axis, keepdims=True))


def _log_shares(pred: Floats, from_logits: bool, axis: int) -> Floats:
    if from_logits:
        shifted = pred - pred.max(axis=axis, keepdims=True)
        result: Floats = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
        return result
    return np.log(_shares(pred, False, axis))


@public_function
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """-sum(y_true log(y_pred)) over an axis, labels one-hot."""
    _check_axis(axis)
    true, pred = equal_pair(y_true, y_pred)
    true = _smoothed(true, label_smoothing, true.shape[-1] if true.ndim else 1)
    return -(true * _log_shares(pred, from_logits, axis)).sum(axis=axis)


@public_function
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """-sum(alpha (1 - y_pred)^gamma y_true log(y_pred)) over an axis, labels one-hot."""
    _check_axis(axis)
    true, pred = pair(y_true, y_pred, squeeze=False)
    true = _smoothed(true, label_smoothing, true.shape[-1] if true.ndim else 1)
    share = _shares(pred, from_logits, axis)
    factor = np.power(1 - share, np.float32(gamma)) * np.float32(alpha)
    return (factor * -true * np.log(share)).sum(axis=axis)


def sparse_values(
    y_true: Any, y_pred: Any, from_logits: bool, ignore_class: int | None, axis: int
) -> tuple[Floats, Any]:
    """The sparse cross-entropy, and which labels are not ignored (None for all)."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    if true.ndim == pred.ndim and true.shape[axis] == 1:
        true = true.squeeze(axis)
    axis = axis % pred.ndim if pred.ndim else 0
    if pred.ndim < 1 or true.shape != pred.shape[:axis] + pred.shape[axis + 1 :]:
        raise bad_argument(
            "y_true",
            f"class numbers for y_pred.shape={pred.shape}",
            f"y_true.shape={true.shape}",
            ShapeMismatchError,
        )
    valid = None if ignore_class is None else true != ignore_class
    if valid is not None:
        true = np.where(valid, true, np.float32(0))
        pred = np.where(np.expand_dims(valid, axis), pred, np.float32(0))
    number = true.astype(np.int64)
    inside = (number >= 0) & (number < pred.shape[axis])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = _log_shares(pred, from_logits, axis)
    chosen = np.take_along_axis(logs, np.expand_dims(np.where(inside, number, 0), axis), axis).squeeze(axis)
    # A label that is no class has no one-hot form but zeros.
    values = np.where(inside, -chosen, np.float32(0))
    if valid is not None:
        values = np.where(valid, values, np.float32(0))
    return values, valid


@public_function
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """-log(y_pred) of the class that y_true numbers; 0 for labels of `ignore_class`."""
    return sparse_values(y_true, y_pred, from_logits, ignore_class, axis)[0]


@public_function
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """(1 - y_pred^q) / q of the class that y_true numbers (Zhang & Sabuncu, 2018)."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    if true.ndim == pred.ndim and true.shape[-1] == 1:
        true = true[..., 0]
    one_hot = np.arange(pred.shape[-1]) == true.astype(np.int64)[..., np.newaxis]
    p = (pred * one_hot).sum(axis=-1)
    return (1 - np.power(p, np.float32(q))) / np.float32(q)
