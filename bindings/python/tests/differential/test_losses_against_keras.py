"""Losses, compared with Keras's."""

from typing import Any

import numpy as np
import pytest
from judge import Case, agree, classification, compare, pair, regression, sgd


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("loss", ["mse", "mean_squared_error", "MSE", "MeanSquaredError"])
def test_mean_squared_error(loss: str, seed: int) -> None:
    build, x, y = regression(seed)
    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.SGD(0.05), "loss": loss}))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("kind", ["binary", "categorical", "sparse"])
def test_crossentropies(kind: str, logits: bool, smoothing: float) -> None:
    if kind == "sparse" and smoothing:
        pytest.skip("Keras's sparse crossentropy has no label smoothing")
    build, x, y = classification(11, kind, logits)

    def compiled(k: Any) -> dict[str, Any]:
        loss = {
            "binary": lambda: k.losses.BinaryCrossentropy(from_logits=logits, label_smoothing=smoothing),
            "categorical": lambda: k.losses.CategoricalCrossentropy(from_logits=logits, label_smoothing=smoothing),
            "sparse": lambda: k.losses.SparseCategoricalCrossentropy(from_logits=logits),
        }[kind]()
        return {"optimizer": k.optimizers.SGD(0.1), "loss": loss, "metrics": ["accuracy"]}

    compare(Case(build, x, y, compiled))


@pytest.mark.parametrize("loss", ["binary_crossentropy", "bce", "BinaryCrossentropy"])
def test_names_of_binary_crossentropy(loss: str) -> None:
    build, x, y = classification(12, "binary", False)
    compare(Case(build, x, y, lambda k: {"optimizer": "sgd", "loss": loss}))


def test_crossentropies_of_certain_predictions_are_clipped_alike() -> None:
    """Predictions of exactly 0 and 1 meet Keras's clipping at 1e-7."""
    x = np.array([[-200.0], [200.0], [-3.0], [0.5]], "float32")
    for y in (np.zeros((4, 1)), np.ones((4, 1))):
        theirs, mine = pair(
            lambda k: k.Sequential([k.Input((1,)), k.layers.Dense(1, activation="sigmoid", kernel_initializer="ones")])
        )
        theirs.compile("sgd", "binary_crossentropy", jit_compile=False)
        mine.compile("sgd", "binary_crossentropy")
        agree(mine.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), {"rtol": 1e-4})


@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("kind", ["binary", "sparse"])
def test_labels_as_a_column_or_a_vector(kind: str, columns: bool) -> None:
    build, x, y = classification(13, kind, False)
    loss = "binary_crossentropy" if kind == "binary" else "sparse_categorical_crossentropy"
    target = y if columns else y.ravel()
    compare(Case(build, x, target, lambda k: {"optimizer": "adam", "loss": loss, "metrics": ["accuracy"]}))


def test_targets_as_a_vector_for_one_output() -> None:
    build, x, y = regression(14, outputs=1)
    compare(Case(build, x, y.ravel(), sgd))
