"""Positives and negatives at thresholds: what AUC, precision and their relatives count."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import bad_argument
from ..losses.numerics import Floats, floats, same_rank

NEGATIVE_INFINITY = -1e10


def parse_thresholds(thresholds: Any, standard: float = 0.5) -> list[float]:
    """Thresholds as a list."""
    if thresholds is None:
        return [standard]
    given = list(thresholds) if isinstance(thresholds, list | tuple) else [thresholds]
    if any(value is None or not 0 <= value <= 1 for value in given):
        raise bad_argument("thresholds", "threshold values in [0, 1]", thresholds)
    return given


def are_even(thresholds: Any) -> bool:
    """Whether thresholds are 0 to 1 in equal steps."""
    count = len(thresholds)
    if count < 3:
        return False
    return bool(np.allclose(thresholds, np.arange(count, dtype=np.float32) / (count - 1), atol=1e-7))


class Counts:
    """Weighted counts, one for each threshold, and for each label where labels are kept apart."""

    def __init__(self, true_positives: Any, false_positives: Any, true_negatives: Any, false_negatives: Any) -> None:
        self.true_positives = true_positives
        self.false_positives = false_positives
        self.true_negatives = true_negatives
        self.false_negatives = false_negatives


class Thresholds:
    """How predictions are compared.

    Args:
        values: The thresholds.
        even: Whether they are 0 to 1 in equal steps (the first and the last may be a little beyond).
        top_k: Only the k greatest predictions of a row keep their value.
        class_id: The only column that counts.
        multi_label: Columns are kept apart.
    """

    def __init__(
        self,
        values: list[float],
        even: bool,
        top_k: int | None = None,
        class_id: int | None = None,
        multi_label: bool = False,
    ) -> None:
        self.values = values
        self.even = even
        self.top_k = top_k
        self.class_id = class_id
        self.multi_label = multi_label

    def count(self, y_true: Any, y_pred: Any, sample_weight: Any, label_weights: Floats | None = None) -> Counts:
        """The counts of a batch."""
        true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
        pred, true = same_rank(pred, true)
        if true.shape != pred.shape:
            raise bad_argument("y_true", f"the shape of y_pred, {pred.shape}", f"shape {true.shape}")
        weight: Floats = np.ones(pred.shape, np.float32)
        if sample_weight is not None:
            given = floats("sample_weight", sample_weight)[..., np.newaxis]
            _, given = same_rank(true, given, expand_rank_1=False)
            try:
                weight = weight * np.broadcast_to(given, pred.shape)
            except ValueError:
                raise bad_argument(
                    "sample_weight", f"a shape that fits {pred.shape[:-1]}", f"shape {np.shape(sample_weight)}"
                ) from None
        if self.top_k is not None:
            pred = _only_top(pred, self.top_k)
        if self.class_id is not None:
            if pred.ndim == 1:
                raise bad_argument("y_pred", "shape (num_samples, num_classes) with class_id", f"shape {pred.shape}")
            if not -pred.shape[-1] <= self.class_id < pred.shape[-1]:
                raise bad_argument("class_id", f"a class below {pred.shape[-1]}", self.class_id)
            true, pred = true[..., self.class_id, None], pred[..., self.class_id, None]
            weight = weight[..., self.class_id, None]
        if label_weights is not None and not self.multi_label:
            weight = weight * label_weights
        if not self.multi_label:
            true, pred, weight = true.reshape(-1, 1), pred.reshape(-1, 1), weight.reshape(-1, 1)
        counts = self._compare(true != 0, pred, weight)
        if self.multi_label:
            return counts
        return Counts(*(np.asarray(values)[:, 0] for values in vars(counts).values()))

    def _compare(self, is_true: Any, pred: Floats, weight: Floats) -> Counts:
        size = len(self.values)
        hits, alarms = np.empty((size, pred.shape[1]), np.float32), np.empty((size, pred.shape[1]), np.float32)
        for label in range(pred.shape[1]):
            above = self._above(pred[:, label])
            own = weight[:, label].astype(np.float64)
            hits[:, label] = above(np.where(is_true[:, label], own, 0))
            alarms[:, label] = above(np.where(is_true[:, label], 0, own))
        positives = (weight * is_true).sum(axis=0)
        negatives = (weight * ~is_true).sum(axis=0)
        return Counts(hits, alarms, negatives - alarms, positives - hits)

    def _above(self, pred: Floats) -> Any:
        """A function of weights: at each threshold, the weights of the predictions above it."""
        size = len(self.values)
        if not self.even:
            is_above = pred[np.newaxis] > np.asarray(self.values, np.float32)[:, np.newaxis]
            return lambda weights: is_above @ weights
        bins = np.ceil(np.clip(np.nan_to_num(pred), 0, 1) * np.float32(size - 1)).astype(np.int64)
        if self.values[0] < 0:
            bins = np.maximum(bins, 1)
        return lambda weights: np.bincount(bins, weights, size + 1)[::-1].cumsum()[::-1][1:]


def _only_top(pred: Floats, k: int) -> Floats:
    if not 0 <= k <= pred.shape[-1]:
        raise bad_argument("top_k", f"at most {pred.shape[-1]}, the number of classes", k)
    rank = np.argsort(np.argsort(-pred, axis=-1, kind="stable"), axis=-1, kind="stable")
    result: Floats = np.where(rank < k, pred, np.float32(NEGATIVE_INFINITY))
    return result
