"""The losses as parts of a user's own loss or metric: the same formulas on symbolic tensors."""

from __future__ import annotations

from typing import Any

from .. import ops

EPSILON = 1e-7


def same_rank(first: Any, second: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Drops or adds a last axis of one element where the ranks differ by one."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        if second.ndim == 1 and expand_rank_1:
            return first, ops.expand_dims(second, -1)
        return ops.squeeze(first, -1), second
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        if first.ndim == 1 and expand_rank_1:
            return ops.expand_dims(first, -1), second
        return first, ops.squeeze(second, -1)
    return first, second


def reduced(values: Any, sample_weight: Any, reduction: str | None) -> Any:
    """A batch's loss from its values and sample weights."""
    if sample_weight is not None:
        values, sample_weight = same_rank(values, sample_weight)
        values = values * sample_weight
    if reduction is None or reduction == "none" or not values.shape:
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(sample_weight))
    return ops.mean(values)


def _mean_last(values: Any) -> Any:
    return ops.mean(values, axis=-1)


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return _mean_last(ops.square(true - pred))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return _mean_last(ops.absolute(true - pred))


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return 100.0 * _mean_last(ops.absolute((true - pred) / ops.maximum(ops.absolute(true), EPSILON)))


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    difference = ops.log(ops.maximum(pred, EPSILON) + 1.0) - ops.log(ops.maximum(true, EPSILON) + 1.0)
    return _mean_last(ops.square(difference))


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return -ops.sum(ops.normalize(true, axis=axis) * ops.normalize(pred, axis=axis), axis=axis)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    true, pred = same_rank(y_true, y_pred)
    error = ops.absolute(pred - true)
    return _mean_last(ops.where(error <= delta, 0.5 * ops.square(error), delta * error - 0.5 * delta * delta))


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    error = pred - true
    return _mean_last(error + ops.softplus(-2.0 * error) - 0.6931471805599453)


def poisson(y_true: Any, y_pred: Any) -> Any:
    return _mean_last(y_pred - y_true * ops.log(y_pred + EPSILON))


def _hinge_labels(true: Any) -> Any:
    """Labels of 0 and 1 stand for -1 and 1 where the whole batch has no others."""
    others = ops.sum(1.0 - ops.logical_or(ops.equal(true, 0.0), ops.equal(true, 1.0)))
    return ops.where(ops.equal(others, 0.0), 2.0 * true - 1.0, true)


def hinge(y_true: Any, y_pred: Any) -> Any:
    return _mean_last(ops.maximum(1.0 - _hinge_labels(y_true) * y_pred, 0.0))


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    return _mean_last(ops.square(ops.maximum(1.0 - _hinge_labels(y_true) * y_pred, 0.0)))


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    hits = ops.sum(y_true * y_pred, axis=-1)
    return ops.maximum(ops.max((1.0 - y_true) * y_pred, axis=-1) - hits + 1.0, 0.0)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    true, pred = ops.clip(y_true, EPSILON, 1), ops.clip(y_pred, EPSILON, 1)
    return ops.sum(true * ops.log(true / pred), axis=-1)


def _smoothed(true: Any, smoothing: float, classes: Any) -> Any:
    return true * (1.0 - smoothing) + smoothing / classes if smoothing else true


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    true = _smoothed(y_true, label_smoothing, 2)
    return ops.mean(ops.binary_crossentropy(true, y_pred, from_logits=from_logits), axis=axis)


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
    true = _smoothed(y_true, label_smoothing, 2)
    pred = ops.sigmoid(y_pred) if from_logits else y_pred
    shares = true * pred + (1.0 - true) * (1.0 - pred)
    values = ops.power(1.0 - shares, gamma) * ops.binary_crossentropy(true, pred)
    if apply_class_balancing:
        values = (true * alpha + (1.0 - true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    return ops.categorical_crossentropy(true, y_pred, from_logits=from_logits, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    true = _smoothed(y_true, label_smoothing, y_true.shape[-1])
    pred = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    shares = ops.clip(pred / ops.sum(pred, axis=axis, keepdims=True), EPSILON, 1.0 - EPSILON)
    return ops.sum(alpha * ops.power(1.0 - shares, gamma) * (-true * ops.log(shares)), axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    true = ops.squeeze(y_true, -1) if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1 else y_true
    valid = ops.not_equal(true, float(ignore_class))
    values = ops.sparse_categorical_crossentropy(true * valid, y_pred, from_logits=from_logits, axis=axis)
    return values * valid


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    shares = ops.sum(y_pred * ops.one_hot(y_true, y_pred.shape[-1]), axis=-1)
    return (1.0 - ops.power(shares, q)) / q


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1.0 - 2.0 * both / (ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + EPSILON)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum((1.0 - y_pred) * y_true, axis=axis)
    wrong = ops.sum(y_pred * (1.0 - y_true), axis=axis)
    return 1.0 - both / (both + missed * alpha + wrong * beta + EPSILON)


def accuracy(y_true: Any, y_pred: Any) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return ops.equal(true, pred)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    true, pred = same_rank(y_true, y_pred)
    return ops.equal(true, ops.greater(pred, threshold))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    return ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    true = ops.squeeze(y_true, -1) if y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1 else y_true
    return ops.equal(true, ops.argmax(y_pred, axis=-1))
