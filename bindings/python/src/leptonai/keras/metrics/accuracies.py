"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.numerics import Floats, floats, pair
from ..saving import public, public_function
from .reductions import FunctionMean

_MODULE = "keras.metrics"


def accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where y_true equals y_pred, else 0."""
    true, pred = pair(y_true, y_pred)
    return (true == pred).astype(np.float32)


@public_function
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """1 where y_true equals y_pred > threshold, else 0."""
    true, pred = pair(y_true, y_pred)
    return (true == (pred > np.float32(threshold))).astype(np.float32)


@public_function
def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest of y_true is where the largest of y_pred is, else 0."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    return (true.argmax(axis=-1) == pred.argmax(axis=-1)).astype(np.float32)


def _class_numbers(true: Floats, pred: Floats) -> Floats:
    return true[..., 0] if true.ndim == pred.ndim and true.shape[-1] == 1 else true


@public_function
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where y_true is the number of the largest of y_pred, else 0."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    return (_class_numbers(true, pred) == pred.argmax(axis=-1)).astype(np.float32)


def _in_top(number: Any, pred: Floats, k: int) -> Any:
    inside = (number >= 0) & (number < pred.shape[-1])
    own = np.take_along_axis(pred, np.where(inside, number, 0).astype(np.int64)[..., np.newaxis], -1)
    own = np.where(np.isnan(own), -np.inf, own)
    return (inside & ((pred > own).sum(axis=-1) < k)).astype(np.float32)


@public_function
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where fewer than k of y_pred are greater than that of the largest of y_true, else 0."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    return _in_top(true.argmax(axis=-1), pred, k)


@public_function
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Any:
    """1 where fewer than k of y_pred are greater than that of class y_true, else 0."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    true = _class_numbers(true, pred)
    if from_sorted_ids:
        return (true[..., np.newaxis] == pred[..., :k]).any(axis=-1).astype(np.float32)
    return _in_top(true, pred, k)


@public(_MODULE)
class Accuracy(FunctionMean):
    """How often predictions equal labels."""

    function = staticmethod(accuracy)

    def __init__(self, name: str = "accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class BinaryAccuracy(FunctionMean):
    """How often predictions, rounded at `threshold`, equal labels of 0 and 1."""

    function = staticmethod(binary_accuracy)
    arguments = ("threshold",)

    def __init__(self, name: str = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold


@public(_MODULE)
class CategoricalAccuracy(FunctionMean):
    """How often the largest prediction is where the one-hot label's is."""

    function = staticmethod(categorical_accuracy)

    def __init__(self, name: str = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class SparseCategoricalAccuracy(FunctionMean):
    """How often the largest prediction is at the class number."""

    function = staticmethod(sparse_categorical_accuracy)

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)


@public(_MODULE)
class TopKCategoricalAccuracy(FunctionMean):
    """How often the one-hot label is among the k largest predictions."""

    function = staticmethod(top_k_categorical_accuracy)
    arguments = ("k",)

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)
        self.k = k


@public(_MODULE)
class SparseTopKCategoricalAccuracy(FunctionMean):
    """How often the class number is among the k largest predictions, or the first k with `from_sorted_ids`."""

    function = staticmethod(sparse_top_k_categorical_accuracy)
    arguments = ("k", "from_sorted_ids")

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = k
        self.from_sorted_ids = bool(from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if not self.from_sorted_ids:
            del config["from_sorted_ids"]
        return config
