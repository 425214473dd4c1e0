"""Intersection over union."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...errors import bad_argument
from ..losses.numerics import EPSILON, floats
from ..saving import public
from .metric import Metric

_MODULE = "keras.metrics"


@public(_MODULE)
class IoU(Metric):
    """Of a confusion matrix, each target class's hits over all that are of the class or taken for it.

    Args:
        num_classes: How many there are.
        target_class_ids: Those whose mean is the result.
        ignore_class: A label that does not count.
        sparse_y_true, sparse_y_pred: Whether targets and predictions are class numbers rather than a score for each
            class.
        axis: Of the scores.
        dtype: "int32", which cuts sample weights to whole numbers, or "float32".
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Iterable[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(None, name)
        if dtype not in (None, "int", "int32", "int64", "float32"):
            raise bad_argument("dtype", "'int32' or 'float32'", dtype)
        self._dtype = "float32" if dtype == "float32" else "int32"
        ids = list(target_class_ids)
        if any(not 0 <= each < num_classes for each in ids):
            raise bad_argument("target_class_ids", f"classes in the range [0, {num_classes})", ids)
        self.num_classes = num_classes
        self.target_class_ids = ids
        self.ignore_class = ignore_class
        self.sparse_y_true = bool(sparse_y_true)
        self.sparse_y_pred = bool(sparse_y_pred)
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
        actual = (true if self.sparse_y_true else true.argmax(axis=self.axis)).astype(self._dtype).reshape(-1)
        predicted = (pred if self.sparse_y_pred else pred.argmax(axis=self.axis)).astype(self._dtype).reshape(-1)
        weight = floats("sample_weight", 1 if sample_weight is None else sample_weight)
        if self._dtype == "int32" and np.any(weight != np.trunc(weight)):
            warnings.warn("Sample weights are cut to whole numbers; dtype='float32' keeps them.", stacklevel=2)
        try:
            weights = np.broadcast_to(weight.astype(self._dtype).reshape(-1), actual.shape)
        except ValueError:
            raise bad_argument("sample_weight", f"{actual.size} weights", f"shape {weight.shape}") from None
        if actual.shape != predicted.shape:
            raise bad_argument("y_pred", f"{actual.size} predictions, one a target", predicted.size)
        counts = (actual >= 0) & (actual < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            counts &= actual != self.ignore_class
        place = actual[counts].astype(np.int64) * self.num_classes + predicted[counts].astype(np.int64)
        matrix = np.bincount(place, weights[counts], self.num_classes**2)
        self.total_cm.assign_add(matrix.reshape(self.num_classes, self.num_classes))

    def result(self) -> Any:
        matrix = self.total_cm.numpy()
        hits = np.diag(matrix)
        union = (matrix.sum(axis=0) + matrix.sum(axis=1) - hits)[self.target_class_ids].astype(np.float32)
        hits = hits[self.target_class_ids].astype(np.float32)
        valid = union > 1e-9
        shares = np.where(valid, hits / (union + EPSILON), np.float32(0))
        return shares.sum() / (valid.astype(np.float32).sum() + EPSILON)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _without(self, *names: str) -> dict[str, Any]:
        config = IoU.get_config(self)
        return {name: value for name, value in config.items() if name not in names}


@public(_MODULE)
class BinaryIoU(IoU):
    """IoU of classes 0 and 1; predictions from `threshold` on are class 1."""

    def __init__(
        self,
        target_class_ids: Iterable[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        pred = floats("y_pred", y_pred) >= np.float32(self.threshold)
        super().update_state(y_true, pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        left = self._without("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**left, "threshold": self.threshold}


@public(_MODULE)
class MeanIoU(IoU):
    """The mean IoU of all classes."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._without("target_class_ids")


@public(_MODULE)
class OneHotIoU(IoU):
    """IoU of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Iterable[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._without("sparse_y_true")


@public(_MODULE)
class OneHotMeanIoU(MeanIoU):
    """The mean IoU of all classes, of one-hot targets."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._without("target_class_ids", "sparse_y_true")
