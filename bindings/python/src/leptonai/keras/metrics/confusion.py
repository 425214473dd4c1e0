"""Counts of right and wrong predictions, precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import bad_argument
from ..losses.numerics import quotient
from ..saving import public
from .bins import NEGATIVE_INFINITY, Counts, Thresholds, are_even, parse_thresholds
from .metric import Metric

_MODULE = "keras.metrics"


class _Counting(Metric):
    counted: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(thresholds)
        self._form = Thresholds(self.thresholds, are_even(self.thresholds))
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = self._form.count(y_true, y_pred, sample_weight)
        self.accumulator.assign_add(getattr(counts, self.counted))

    def result(self) -> Any:
        return self.accumulator[0] if len(self.thresholds) == 1 else self.accumulator.numpy()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


@public(_MODULE)
class FalsePositives(_Counting):
    """The weight of predictions above a threshold whose label is 0."""

    counted = "false_positives"


@public(_MODULE)
class FalseNegatives(_Counting):
    """The weight of predictions not above a threshold whose label is not 0."""

    counted = "false_negatives"


@public(_MODULE)
class TrueNegatives(_Counting):
    """The weight of predictions not above a threshold whose label is 0."""

    counted = "true_negatives"


@public(_MODULE)
class TruePositives(_Counting):
    """The weight of predictions above a threshold whose label is not 0."""

    counted = "true_positives"


class _Share(Metric):
    """True positives among those and others."""

    others: str

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = parse_thresholds(thresholds, 0.5 if top_k is None else NEGATIVE_INFINITY)
        self._form = Thresholds(self.thresholds, are_even(self.thresholds), top_k, class_id)
        self.true_positives = self.add_variable((len(self.thresholds),), name="true_positives")
        self._others = self.add_variable((len(self.thresholds),), name=self.others)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = self._form.count(y_true, y_pred, sample_weight)
        self.true_positives.assign_add(counts.true_positives)
        self._others.assign_add(getattr(counts, self.others))

    def result(self) -> Any:
        result = quotient(self.true_positives, self.true_positives + self._others)
        return result[0] if len(self.thresholds) == 1 else result

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": self.init_thresholds,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


@public(_MODULE)
class Precision(_Share):
    """True positives among all predictions above a threshold, or among the `top_k` greatest of a row."""

    others = "false_positives"


@public(_MODULE)
class Recall(_Share):
    """True positives among all predictions whose label is not 0."""

    others = "false_negatives"


class AllCounts(Metric):
    """A metric of all four counts at many thresholds."""

    _shape: tuple[int, ...]

    def _make(self, shape: tuple[int, ...]) -> None:
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.true_negatives = self.add_variable(shape, name="true_negatives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")

    def _take(self, counts: Counts) -> None:
        for name, values in vars(counts).items():
            getattr(self, name).assign_add(values)

    def _rate(self, name: str) -> Any:
        """Precision, recall or specificity at each threshold."""
        first, second = {
            "precision": (self.true_positives, self.false_positives),
            "recall": (self.true_positives, self.false_negatives),
            "specificity": (self.true_negatives, self.false_positives),
        }[name]
        return quotient(first, first + second)


class _Best(AllCounts):
    """The best of one rate where another is at least a value."""

    argument: str
    constrained: str
    best: str

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: str | None
    ) -> None:
        super().__init__(dtype, name)
        if not 0 <= value <= 1:
            raise bad_argument(self.argument, "a number in the range [0, 1]", value)
        if num_thresholds <= 0:
            raise bad_argument("num_thresholds", "an integer > 0", num_thresholds)
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        count = num_thresholds
        self.thresholds = [0.5] if count == 1 else [index / (count - 1) for index in range(count)]
        self._form = Thresholds(self.thresholds, count > 1, None, class_id)
        self._make((len(self.thresholds),))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._take(self._form.count(y_true, y_pred, sample_weight))

    def result(self) -> Any:
        feasible = self._rate(self.constrained) >= np.float32(self.value)
        return np.max(np.where(feasible, self._rate(self.best), np.float32(0)), initial=np.float32(0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self.argument: self.value,
        }


@public(_MODULE)
class SensitivityAtSpecificity(_Best):
    """The best sensitivity where the specificity is at least `specificity`."""

    argument, constrained, best = "specificity", "specificity", "recall"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity


@public(_MODULE)
class SpecificityAtSensitivity(_Best):
    """The best specificity where the sensitivity is at least `sensitivity`."""

    argument, constrained, best = "sensitivity", "recall", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity


@public(_MODULE)
class PrecisionAtRecall(_Best):
    """The best precision where the recall is at least `recall`."""

    argument, constrained, best = "recall", "recall", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall


@public(_MODULE)
class RecallAtPrecision(_Best):
    """The best recall where the precision is at least `precision`."""

    argument, constrained, best = "precision", "precision", "recall"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision
