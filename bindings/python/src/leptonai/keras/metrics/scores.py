"""F scores and the coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...errors import ShapeMismatchError, bad_argument
from ..losses.numerics import EPSILON, Floats, floats, pair
from ..saving import public
from .metric import Metric
from .variable import MetricVariable

_MODULE = "keras.metrics"


def _check_matrix(owner: str, true: Floats, pred: Floats) -> None:
    if true.ndim != 2 or pred.ndim != 2:
        raise bad_argument(
            "y_pred",
            f"2D inputs with shape (batch_size, output_dim) for {owner}",
            f"y_pred.shape={pred.shape} and y_true.shape={true.shape}",
            ShapeMismatchError,
        )


@public(_MODULE)
class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall) of one-hot or multi-hot labels.

    Args:
        average: None for a value for each class, "micro" over all elements, "macro" the mean over classes,
            "weighted" the mean with the classes' numbers of labels as weights.
        beta: The weight of recall.
        threshold: Predictions above count as 1; None takes each row's maximum.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(dtype, name)
        if average not in (None, "micro", "macro", "weighted"):
            raise bad_argument("average", "one of None, 'micro', 'macro', 'weighted'", average)
        if not isinstance(beta, float) or not beta > 0:
            raise bad_argument("beta", "a Python float > 0", beta)
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            raise bad_argument("threshold", "a Python float with 0 < threshold <= 1", threshold)
        self.average = average
        self.beta = beta
        self.threshold = threshold
        self.true_positives: MetricVariable
        self.false_positives: MetricVariable
        self.false_negatives: MetricVariable
        self.intermediate_weights: MetricVariable

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(shape, name=name))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
        _check_matrix(type(self).__name__, true, pred)
        if not self._variables:
            self._build(pred.shape[1])
        if self.threshold is None:
            is_positive = (pred >= pred.max(axis=-1, keepdims=True)) & (np.abs(pred) > 1e-9)
        else:
            is_positive = pred > np.float32(self.threshold)
        positive = is_positive.astype(np.float32)
        weight = np.ones((1, 1), np.float32)
        if sample_weight is not None:
            weight = floats("sample_weight", sample_weight)[:, np.newaxis]
        axis = None if self.average == "micro" else 0
        self.true_positives.assign_add((weight * positive * true).sum(axis=axis))
        self.false_positives.assign_add((weight * positive * (1 - true)).sum(axis=axis))
        self.false_negatives.assign_add((weight * (1 - positive) * true).sum(axis=axis))
        self.intermediate_weights.assign_add((weight * true).sum(axis=axis))

    def result(self) -> Any:
        hits = self.true_positives.numpy()
        precision = hits / (hits + self.false_positives + EPSILON)
        recall = hits / (hits + self.false_negatives + EPSILON)
        square = np.float32(self.beta**2)
        scores = precision * recall / (square * precision + recall + EPSILON) * (1 + square)
        if self.average == "weighted":
            weights = self.intermediate_weights.numpy()
            return (scores * weights / (weights.sum() + EPSILON)).sum()
        return scores if self.average is None else np.mean(scores)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


@public(_MODULE)
class F1Score(FBetaScore):
    """2 precision recall / (precision + recall); arguments as for FBetaScore."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config


@public(_MODULE)
class R2Score(Metric):
    """1 - the mean squared error over the variance of the targets.

    Args:
        class_aggregation: "uniform_average" or "variance_weighted_average" over columns, None for a value for each.
        num_regressors: Above 0 the score is adjusted for so many independent variables.
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise bad_argument(
                "class_aggregation", "None, 'uniform_average' or 'variance_weighted_average'", class_aggregation
            )
        if num_regressors < 0:
            raise bad_argument("num_regressors", "a value >= 0", num_regressors)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), name="num_samples")
        self._is_built = False

    def _build(self, columns: int) -> None:
        self.squared_sum = self.add_variable((columns,), name="squared_sum")
        self.sum = self.add_variable((columns,), name="sum")
        self.total_mse = self.add_variable((columns,), name="residual")
        self.count = self.add_variable((columns,), name="count")
        self._is_built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        true, pred = pair(y_true, y_pred)
        _check_matrix("R2Score", true, pred)
        if not self._is_built:
            self._build(pred.shape[1])
        weight = floats("sample_weight", 1 if sample_weight is None else sample_weight)
        weight = np.broadcast_to(weight[:, np.newaxis] if weight.ndim == 1 else weight, true.shape)
        self.sum.assign_add((true * weight).sum(axis=0))
        self.squared_sum.assign_add((true * true * weight).sum(axis=0))
        self.total_mse.assign_add((np.square(true - pred) * weight).sum(axis=0))
        self.count.assign_add(weight.sum(axis=0))
        self.num_samples.assign_add(true.size)

    def result(self) -> Any:
        if not self._is_built:
            return np.float32(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            total = self.squared_sum - self.sum * (self.sum / self.count)
            scores = 1 - self.total_mse / total
            scores = np.where(np.isinf(scores), np.float32(0), scores)
            score: Any = scores
            if self.class_aggregation == "uniform_average":
                score = scores.mean()
            elif self.class_aggregation == "variance_weighted_average":
                score = (total * scores).sum() / total.sum()
        if self.num_regressors == 0:
            return score
        left = float(np.asarray(self.num_samples)) - 1 - self.num_regressors
        if left <= 0:
            reason = "More independent predictors than datapoints in" if left < 0 else "Division by zero in"
            warnings.warn(f"{reason} adjusted R2 score. Falling back to standard R2 score.", stacklevel=2)
            return score
        return np.float32(1) - (1 - score) * np.float32(left + self.num_regressors) / np.float32(left)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
