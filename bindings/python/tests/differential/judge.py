"""The same models in Keras and here, from the same initial weights: the numbers agree to float32 rounding.

Keras (on JAX) is the judge; `pip install '.[differential]'` brings it.

Tolerances. A float32 operation is off by at most 6e-8 of its value; a sum of n products in another order by about
sqrt(n) times that, so one step of these small models agrees to about 1e-6. Training feeds differences back: some tens
of steps, and Adam's division by the root of a small mean of squares, multiply them by 10 to 100. Hence 1e-4 relative
for what was trained (2e-5 absolute, for numbers near zero), and 1e-5 (1e-6) for a single pass. Where arithmetic that
differs from Keras's shows at all, it shows in the first digits.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from leptonai import keras as ours  # noqa: E402

PASS = {"rtol": 1e-5, "atol": 1e-6}
TRAINED = {"rtol": 1e-4, "atol": 2e-5}

Build = Callable[[Any], Any]


@dataclass
class Case:
    """One thing to compare."""

    build: Build
    """A Sequential model, given a keras module."""
    x: np.ndarray
    y: np.ndarray
    compiled: Callable[[Any], dict[str, Any]]
    """Arguments of compile, given a keras module."""
    fit: dict[str, Any] = field(default_factory=dict)


def pair(build: Build) -> tuple[Any, Any]:
    """Keras's model and ours, with Keras's weights."""
    theirs, mine = build(keras), build(ours)
    assert [w.shape for w in theirs.weights] == [w.shape for w in mine.weights]
    mine.set_weights(theirs.get_weights())
    return theirs, mine


def agree(actual: Any, expected: Any, tolerance: dict[str, float]) -> None:
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), **tolerance)


def compare(case: Case) -> None:
    theirs, mine = pair(case.build)
    agree(mine.predict(case.x, verbose=0), theirs.predict(case.x, verbose=0), PASS)
    # Operation by operation is several times faster here than compiling a program for every case.
    theirs.compile(**case.compiled(keras), jit_compile=False)
    mine.compile(**case.compiled(ours))
    arguments = {"epochs": 3, "shuffle": False, "verbose": 0, "batch_size": 13, **case.fit}
    expected = theirs.fit(case.x, case.y, **arguments).history
    actual = mine.fit(case.x, case.y, **arguments).history
    assert list(actual) == list(expected)
    for name, values in expected.items():
        agree(actual[name], values, TRAINED)
    for weight, expected_weight in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected_weight, TRAINED)
    agree(mine.predict(case.x, verbose=0), theirs.predict(case.x, verbose=0), TRAINED)
    weights = {"sample_weight": case.fit["sample_weight"]} if "sample_weight" in case.fit else {}
    expected = theirs.evaluate(case.x, case.y, verbose=0, return_dict=True, batch_size=17, **weights)
    actual = mine.evaluate(case.x, case.y, verbose=0, return_dict=True, batch_size=17, **weights)
    assert list(actual) == list(expected)
    agree(list(actual.values()), list(expected.values()), TRAINED)
    as_list = mine.evaluate(case.x, case.y, verbose=0, batch_size=17, **weights)
    agree(as_list, theirs.evaluate(case.x, case.y, verbose=0, batch_size=17, **weights), TRAINED)


def regression(
    seed: int, features: int = 7, outputs: int = 2, rows: int = 61, activation: str = "tanh"
) -> tuple[Build, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features)).astype("float32")
    y = rng.normal(size=(rows, outputs)).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((features,)), k.layers.Dense(11, activation=activation), k.layers.Dense(outputs)])

    return build, x, y


def classification(seed: int, kind: str, logits: bool, rows: int = 61) -> tuple[Build, np.ndarray, np.ndarray]:
    """`kind` is "binary", "categorical" or "sparse"."""
    rng = np.random.default_rng(seed)
    classes = 1 if kind == "binary" else int(rng.integers(3, 6))
    x = rng.normal(size=(rows, 6)).astype("float32")
    labels = rng.integers(0, max(classes, 2), size=rows)
    y = np.eye(classes, dtype="float32")[labels] if kind == "categorical" else labels.reshape(-1, 1)
    last = "linear" if logits else ("sigmoid" if kind == "binary" else "softmax")

    def build(k: Any) -> Any:
        return k.Sequential(
            [k.Input((6,)), k.layers.Dense(9, activation="relu"), k.layers.Dense(classes, activation=last)]
        )

    return build, x, y


def sgd(k: Any) -> dict[str, Any]:
    return {"optimizer": k.optimizers.SGD(0.05), "loss": "mse", "metrics": ["mae"]}


def everything(k: Any) -> Any:
    return k.Sequential(
        [
            k.Input((4, 3)),
            k.layers.Flatten(),
            k.layers.Dense(5, activation="relu", kernel_initializer=k.initializers.HeNormal(seed=3)),
            k.layers.Dropout(0.25, seed=1),
            k.layers.Activation("tanh"),
            k.layers.Dense(2, use_bias=False, bias_initializer=k.initializers.Constant(2.0)),
        ],
        name="everything",
    )
