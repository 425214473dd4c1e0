"""Metrics, compared with Keras's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import Case, classification, compare, regression


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "metrics"),
    [
        ("binary", ["accuracy", "acc", "binary_accuracy", "mse", "mae"]),
        ("categorical", ["accuracy", "categorical_accuracy", "mean_squared_error", "mean_absolute_error"]),
        ("sparse", ["accuracy", "acc", "sparse_categorical_accuracy"]),
    ],
)
def test_metrics_by_name(kind: str, metrics: list[str], weighted: bool) -> None:
    build, x, y = classification(31, kind, False)
    loss = {"binary": "binary_crossentropy", "categorical": "categorical_crossentropy"}.get(
        kind, "sparse_categorical_crossentropy"
    )
    fit = {"sample_weight": np.linspace(0.1, 3, len(x))} if weighted else {}
    which = "weighted_metrics" if weighted else "metrics"
    compare(Case(build, x, y, lambda k: {"optimizer": "adam", "loss": loss, which: list(metrics)}, fit))


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("binary", lambda k: [k.metrics.BinaryAccuracy(), k.metrics.BinaryAccuracy("strict", threshold=0.6)]),
        ("categorical", lambda k: [k.metrics.CategoricalAccuracy(), k.metrics.MeanSquaredError(name="brier")]),
        ("sparse", lambda k: [k.metrics.SparseCategoricalAccuracy(name="hits")]),
        ("binary", lambda k: [k.metrics.Accuracy(), k.metrics.MeanAbsoluteError()]),
    ],
)
def test_metrics_by_object(kind: str, make: Callable[[Any], list[Any]]) -> None:
    build, x, y = classification(32, kind, False)
    loss = {"binary": "binary_crossentropy", "categorical": "categorical_crossentropy"}.get(
        kind, "sparse_categorical_crossentropy"
    )
    compare(Case(build, x, y, lambda k: {"optimizer": "adam", "loss": loss, "metrics": make(k)}))


def test_metrics_and_weighted_metrics_together() -> None:
    build, x, y = regression(33)
    fit = {"sample_weight": np.linspace(0, 2, len(x)), "validation_split": 0.3}
    compare(
        Case(
            build,
            x,
            y,
            lambda k: {"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]},
            fit,
        )
    )
