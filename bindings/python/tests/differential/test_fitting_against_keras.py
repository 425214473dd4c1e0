"""Weights, batches and validation, compared with Keras's."""

from typing import Any

import numpy as np
import pytest
from judge import Case, classification, compare, regression, sgd

WEIGHTS = np.random.default_rng(40).uniform(0, 3, size=61)


@pytest.mark.parametrize("batch_size", [1, 7, 32, 61, 100])
def test_batch_sizes(batch_size: int) -> None:
    build, x, y = regression(41)
    compare(Case(build, x, y, sgd, {"batch_size": batch_size}))


@pytest.mark.parametrize(
    "fit",
    [
        {"sample_weight": WEIGHTS},
        {"sample_weight": WEIGHTS, "validation_split": 0.25},
        {"validation_split": 0.25},
        {"validation_split": 0.1, "validation_batch_size": 4},
        {"initial_epoch": 1},
        {"epochs": 1, "batch_size": None},
    ],
    ids=",".join,
)
def test_ways_to_fit(fit: dict[str, Any]) -> None:
    build, x, y = regression(42)
    compare(Case(build, x, y, sgd, fit))


@pytest.mark.parametrize("weighted", [False, True])
def test_validation_data(weighted: bool) -> None:
    build, x, y = regression(43)
    _, other_x, other_y = regression(44, rows=29)
    data: tuple[np.ndarray, ...] = (other_x, other_y)
    if weighted:
        data = (*data, np.linspace(0, 1, 29))
    compare(Case(build, x, y, sgd, {"validation_data": data, "validation_batch_size": 8}))


@pytest.mark.parametrize("kind", ["binary", "categorical", "sparse"])
def test_class_weight(kind: str) -> None:
    build, x, y = classification(45, kind, False)
    loss = {"binary": "binary_crossentropy", "categorical": "categorical_crossentropy"}.get(
        kind, "sparse_categorical_crossentropy"
    )
    fit = {"class_weight": {0: 0.5, 1: 2.5}, "validation_split": 0.2}
    compare(Case(build, x, y, lambda k: {"optimizer": "adam", "loss": loss, "weighted_metrics": ["accuracy"]}, fit))


def test_all_weights_zero() -> None:
    build, x, y = regression(46)
    compare(Case(build, x, y, sgd, {"sample_weight": np.zeros(61)}))
