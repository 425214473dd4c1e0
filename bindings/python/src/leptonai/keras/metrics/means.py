"""Metrics that are the mean of a loss's values, or nearly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..losses.numerics import EPSILON, normalized, pair
from ..losses.probabilities import sparse_values
from ..saving import public, public_function
from .reductions import BaseMean, FunctionMean

_MODULE = "keras.metrics"


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    true, pred = pair(y_true, y_pred)
    return (normalized(true, axis) * normalized(pred, axis)).sum(axis=axis)


@public_function
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation coefficient along an axis."""
    true, pred = pair(y_true, y_pred)
    true, pred = true - true.mean(axis=axis, keepdims=True), pred - pred.mean(axis=axis, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        true, pred = true / true.std(axis=axis, keepdims=True), pred / pred.std(axis=axis, keepdims=True)
        return (true * pred).mean(axis=axis)


@public_function
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The concordance correlation coefficient along an axis (Lin, 1989)."""
    true, pred = pair(y_true, y_pred)
    true_mean, pred_mean = true.mean(axis=axis, keepdims=True), pred.mean(axis=axis, keepdims=True)
    covariance = (true - pred_mean) * (pred - pred_mean)
    norm = true.var(axis=axis, keepdims=True) + pred.var(axis=axis, keepdims=True) + np.square(true_mean - pred_mean)
    return (2 * covariance / (norm + EPSILON)).mean(axis=axis)


@public(_MODULE)
class RootMeanSquaredError(BaseMean):
    """The root of mean((y_true - y_pred)^2)."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = pair(y_true, y_pred)
        self._take(np.square(pred - true), sample_weight)

    def result(self) -> Any:
        return np.sqrt(super().result())


@public(_MODULE)
class CosineSimilarity(FunctionMean):
    """The cosine of the angle between y_true and y_pred, vectors along `axis`."""

    function = staticmethod(_cosine)
    arguments = ("axis",)

    def __init__(self, name: str = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.axis == -1:
            del config["axis"]
        return config


@public(_MODULE)
class PearsonCorrelation(FunctionMean):
    """Pearson's correlation coefficient along `axis`."""

    function = staticmethod(pearson_correlation)
    arguments = ("axis",)

    def __init__(self, name: str = "pearson_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis


@public(_MODULE)
class ConcordanceCorrelation(FunctionMean):
    """The concordance correlation coefficient along `axis`."""

    function = staticmethod(concordance_correlation)
    arguments = ("axis",)

    def __init__(self, name: str = "concordance_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis


@public(_MODULE)
class BinaryCrossentropy(FunctionMean):
    """Crossentropy of labels 0 and 1."""

    function = staticmethod(losses.binary_crossentropy)
    arguments = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = label_smoothing


@public(_MODULE)
class CategoricalCrossentropy(FunctionMean):
    """Crossentropy of one-hot labels."""

    function = staticmethod(losses.categorical_crossentropy)
    arguments = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.label_smoothing = label_smoothing
        self.axis = axis


@public(_MODULE)
class SparseCategoricalCrossentropy(FunctionMean):
    """Crossentropy of class numbers."""

    function = staticmethod(losses.sparse_categorical_crossentropy)
    arguments = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class
        self.axis = axis

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        values, valid = sparse_values(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)
        self._take(values, sample_weight, valid)
