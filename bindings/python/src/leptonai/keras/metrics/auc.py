"""Areas under curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import bad_argument
from ..losses.numerics import floats, quotient, sigmoid
from ..saving import public
from .bins import Thresholds, are_even
from .confusion import AllCounts

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMMATIONS = ("interpolation", "majoring", "minoring")


@public("keras.metrics")
class AUC(AllCounts):
    """The area under the ROC or precision-recall curve, as a sum over thresholds.

    Args:
        num_thresholds: 0 to 1 in equal steps; ignored when `thresholds` are given.
        curve: "ROC", "PR" or "PRGAIN".
        summation_method: "interpolation", "majoring" or "minoring".
        thresholds: Others, in [0, 1]; one below 0 and one above 1 are added.
        multi_label: Each column is a label with an area of its own; the result is their mean.
        num_labels: How many columns there are; found out from the first batch otherwise.
        label_weights: Of the columns.
        from_logits: The sigmoid of predictions is taken first.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        if thresholds is not None:
            inner = sorted(float(value) for value in thresholds)
            if any(not 0 <= value <= 1 for value in inner):
                raise bad_argument("thresholds", "threshold values in [0, 1]", thresholds)
            num_thresholds = len(inner) + 2
        else:
            if num_thresholds <= 1:
                raise bad_argument("num_thresholds", "an integer > 1", num_thresholds)
            inner = [(index + 1) / (num_thresholds - 1) for index in range(num_thresholds - 2)]
        self.num_thresholds = num_thresholds
        self._init_from_thresholds = thresholds is not None
        self.thresholds = [-1e-7, *inner, 1 + 1e-7]
        self.curve = _choice("curve", curve, _CURVES)
        self.summation_method = _choice("summation_method", summation_method, _SUMMATIONS)
        self.multi_label = bool(multi_label)
        if num_labels and not multi_label:
            raise bad_argument("num_labels", "None, unless multi_label is True", num_labels)
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else floats("label_weights", label_weights)
        self._from_logits = bool(from_logits)
        even = thresholds is None or are_even([0.0, *inner, 1.0])
        self._form = Thresholds(self.thresholds, even, multi_label=self.multi_label)
        if not self.multi_label:
            self._make((num_thresholds,))
        elif num_labels:
            self._make((num_thresholds, num_labels))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        pred = floats("y_pred", y_pred)
        if self.multi_label:
            if pred.ndim != 2:
                raise bad_argument("y_pred", "rank 2 with multi_label=True", f"shape {pred.shape}")
            if not self._variables:
                self._make((self.num_thresholds, pred.shape[1]))
        if self._from_logits:
            pred = sigmoid(pred)
        self._take(self._form.count(y_true, pred, sample_weight, self.label_weights))

    def result(self) -> Any:
        if not self._variables:
            return np.float32(0)
        parts = self._precision_parts() if self._interpolates_precision else self._parts()
        areas = parts.sum(axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return areas.mean()
        return quotient((areas * self.label_weights).sum(), self.label_weights.sum())[()]

    @property
    def _interpolates_precision(self) -> bool:
        return self.curve == "PR" and self.summation_method == "interpolation"

    def _precision_parts(self) -> Any:
        """True and false positives interpolated linearly between thresholds (Davis & Goadrich, 2006)."""
        hits, missed = self.true_positives.numpy(), self.false_negatives.numpy()
        positives = hits + self.false_positives.numpy()
        gained = hits[:-1] - hits[1:]
        slope = quotient(gained, np.maximum(positives[:-1] - positives[1:], 0))
        intercept = hits[1:] - slope * positives[1:]
        both = (positives[:-1] > 0) & (positives[1:] > 0)
        ratio = np.where(both, quotient(positives[:-1], np.maximum(positives[1:], 0)), np.float32(1))
        return quotient(slope * (gained + intercept * np.log(ratio)), np.maximum(hits[1:] + missed[1:], 0))

    def _points(self) -> tuple[Any, Any]:
        if self.curve == "ROC":
            return quotient(self.false_positives, self.false_positives + self.true_negatives), self._rate("recall")
        if self.curve == "PR":
            return self._rate("recall"), self._rate("precision")
        hits = self.true_positives.numpy()
        scale = quotient(hits + self.false_negatives, self.true_negatives + self.false_positives)
        recall = np.where(hits == 0, np.float32(0), 1 - scale * quotient(self.false_negatives, hits))
        precision = np.where(hits == 0, np.float32(1), 1 - scale * quotient(self.false_positives, hits))
        return np.maximum(recall, 0), precision

    def _parts(self) -> Any:
        x, y = self._points()
        height = {
            "interpolation": lambda: (y[:-1] + y[1:]) / 2,
            "majoring": lambda: np.maximum(y[:-1], y[1:]),
            "minoring": lambda: np.minimum(y[:-1], y[1:]),
        }[self.summation_method]()
        return (x[:-1] - x[1:]) * height

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
        }
        if self._init_from_thresholds:
            config["thresholds"] = self.thresholds[1:-1]
        return config


def _choice(argument: str, given: Any, known: tuple[str, ...]) -> str:
    for name in known:
        if isinstance(given, str) and given.lower() == name.lower():
            return name
    raise bad_argument(argument, f"one of {', '.join(map(repr, known))}", given)
