"""Losses and metrics of one's own on outputs with a mask, weighed as Keras does it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import TRAINED, agree, keras, ours, pair

from leptonai.errors import NotSupportedError

ROWS, STEPS, WIDTH = 26, 5, 3


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, STEPS, WIDTH)).astype("float32")
    x[np.arange(STEPS) >= rng.integers(1, STEPS + 1, size=(ROWS, 1))] = 0
    # A batch of which nothing counts.
    x[8:16] = 0
    weights = rng.uniform(0.2, 2, size=(ROWS, STEPS)).astype("float32")
    return x, rng.normal(size=(ROWS, STEPS, 2)).astype("float32"), weights


def build(k: Any) -> Any:
    return k.Sequential([k.Input((STEPS, WIDTH)), k.layers.Masking(), k.layers.Dense(4, "tanh"), k.layers.Dense(2)])


def positions(k: Any) -> Any:
    return lambda true, pred: k.ops.mean(k.ops.square(true - pred), axis=-1)


def elements(k: Any) -> Any:
    return lambda true, pred: k.ops.abs(true - pred)


def of_batch(k: Any) -> Any:
    return lambda true, pred: k.ops.sqrt(k.ops.mean(k.ops.square(true - pred)))


def of_class(reduction: str) -> Callable[[Any], Any]:
    def make(k: Any) -> Any:
        class Own(k.losses.Loss):  # type: ignore[misc, name-defined]
            def call(self, y_true: Any, y_pred: Any) -> Any:
                return k.ops.mean(k.ops.square(y_true - y_pred), axis=-1)

        return Own(reduction=reduction)

    return make


LOSSES: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "positions": (positions, False),
    "positions and weights": (positions, True),
    "of the batch": (of_batch, False),
    "sum": (of_class("sum"), True),
    "by weights": (of_class("mean_with_sample_weight"), False),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    make, weighted = LOSSES[name]
    x, y, weights = data()
    given = {"sample_weight": weights} if weighted else {}
    theirs, mine = pair(build)
    for model, k, extra in ((theirs, keras, {"jit_compile": False}), (mine, ours, {})):
        model.compile(k.optimizers.SGD(0.05), make(k), **extra)
    evaluated = {"verbose": 0, "batch_size": 8, **given}
    agree(mine.evaluate(x, y, **evaluated), theirs.evaluate(x, y, **evaluated), TRAINED)
    arguments = {"epochs": 2, "shuffle": False, **evaluated}
    agree(mine.fit(x, y, **arguments).history["loss"], theirs.fit(x, y, **arguments).history["loss"], TRAINED)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)


def test_a_metric_of_ones_own_that_is_no_mean_is_refused_under_a_mask() -> None:
    class Largest(ours.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="own")
            self.total = self.add_weight(shape=(), initializer="zeros", name="total")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.total.assign_add(ours.ops.sum(ours.ops.abs(y_true - y_pred)))

        def result(self) -> Any:
            return self.total + 0.0

    model = build(ours)
    with pytest.raises(ValueError, match="mask of the output"):
        model.compile("sgd", "mse", metrics=[Largest()])


def test_what_a_mask_does_not_fit_is_refused() -> None:
    x, y, weights = data()
    for make, given, error in (
        (lambda k: lambda true, pred: k.ops.mean(k.ops.abs(true - pred), axis=(1, 2)), None, ValueError),
        (of_class("mean_with_sample_weight"), weights, NotSupportedError),
    ):
        model = build(ours)
        model.compile("sgd", make(ours))
        with pytest.raises(error, match="mask"):
            model.fit(x, y, sample_weight=given, verbose=0)
    model = build(ours)
    with pytest.raises(NotSupportedError, match="mask"):
        model.compile("sgd", "mse", metrics=[positions(ours)])
