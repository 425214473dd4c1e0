"""Layers and activations, compared with Keras's."""

import math
from typing import Any

import numpy as np
import pytest
from judge import PASS, Case, agree, compare, keras, ours, regression, sgd

ACTIVATIONS = ["linear", "relu", "sigmoid", "tanh", "softmax", None]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dense_with_every_activation(activation: str | None, seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    features, units, rows = (int(n) for n in rng.integers(1, 40, size=3))
    use_bias = bool(seed % 2)
    x = rng.normal(size=(rows + 5, features)).astype("float32")
    y = rng.normal(size=(rows + 5, units)).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((features,)), k.layers.Dense(units, activation=activation, use_bias=use_bias)])

    compare(Case(build, x, y, sgd))


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a])
def test_activation_layer(activation: str) -> None:
    _, x, y = regression(3, outputs=5)

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((7,)), k.layers.Dense(5), k.layers.Activation(activation)])

    compare(Case(build, x, y, sgd))


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a])
def test_activation_functions(activation: str) -> None:
    x = np.random.default_rng(0).normal(scale=5, size=(50, 9)).astype("float32")
    expected = np.asarray(keras.activations.get(activation)(x))
    agree(ours.activations.get(activation)(x), expected, PASS)


@pytest.mark.parametrize("activation", ["softmax", "tanh", "relu"])
def test_dense_on_more_axes_and_flatten(activation: str) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(23, 4, 3)).astype("float32")
    y = rng.normal(size=(23, 2)).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential(
            [k.Input((4, 3)), k.layers.Dense(6, activation=activation), k.layers.Flatten(), k.layers.Dense(2)]
        )

    compare(Case(build, x, y, sgd))


def test_flatten_first() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(23, 4, 3, 2)).astype("float32")
    y = rng.normal(size=(23, 1)).astype("float32")
    compare(Case(lambda k: k.Sequential([k.Input((4, 3, 2)), k.layers.Flatten(), k.layers.Dense(1)]), x, y, sgd))


def test_outputs_with_more_axes() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(23, 4, 3)).astype("float32")
    y = rng.normal(size=(23, 4, 2)).astype("float32")
    compare(Case(lambda k: k.Sequential([k.Input((4, 3)), k.layers.Dense(2)]), x, y, sgd))


def test_late_building() -> None:
    _, x, y = regression(8)
    theirs = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(2)])
    mine = ours.Sequential([ours.layers.Dense(4, activation="relu"), ours.layers.Dense(2)])
    theirs.build((None, 7))
    mine.build((None, 7))
    mine.set_weights(theirs.get_weights())
    agree(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_keeps_scales_and_drops(rate: float) -> None:
    """One SGD step of rate 1/2 on one row writes the mask itself into the weights of a linear unit: with x = 1, y = 1
    and weights 0 the gradient is -2 times the scaled mask."""
    n = 20_000
    x, y = np.ones((1, n), "float32"), np.ones((1, 1), "float32")
    masks = []
    for k in (keras, ours):
        dense = k.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = k.Sequential([k.Input((n,)), k.layers.Dropout(rate), dense])
        model.compile(optimizer=k.optimizers.SGD(0.5), loss="mse")
        assert model.predict(x, verbose=0)[0, 0] == 0
        model.fit(x, y, verbose=0)
        masks.append(model.get_weights()[0].ravel())
    scale = 1 / (1 - rate)
    for mask in masks:
        assert all(min(abs(value), abs(value - scale)) < 1e-5 * scale for value in np.unique(mask))
        # Five standard deviations of a binomial share.
        assert abs((mask == 0).mean() - rate) <= 5 * math.sqrt(rate * (1 - rate) / n)


def test_dropout_of_rate_0_trains_like_none() -> None:
    _, x, y = regression(9)

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((7,)), k.layers.Dropout(0.0), k.layers.Dense(2)])

    compare(Case(build, x, y, sgd))
