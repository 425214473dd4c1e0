"""Activation functions and layers, compared with Keras's."""

from typing import Any

import numpy as np
import pytest
from judge import PASS, Case, agree, compare, keras, ours, sgd

NAMES = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu6",
    "selu",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
]

# Corners of the functions among them.
GRID = np.arange(-8, 8.25, 0.25, dtype="float32")


@pytest.mark.parametrize("name", [*NAMES, "glu", "swish", "hard_swish"])
def test_functions(name: str) -> None:
    x = np.concatenate([np.random.default_rng(0).normal(scale=3, size=(30, 8)), GRID[:64].reshape(8, 8)])
    x = x.astype("float32")
    agree(ours.activations.get(name)(x), np.asarray(keras.activations.get(name)(x)), PASS)


@pytest.mark.parametrize(
    "call",
    [
        lambda a, x: a.relu(x, 0.1),
        lambda a, x: a.relu(x, 0.0, 6),
        lambda a, x: a.relu(x, 0.0, 2.5),
        lambda a, x: a.relu(x, 0.1, 2.5, 1.0),
        lambda a, x: a.relu(x, threshold=-1.0),
        lambda a, x: a.leaky_relu(x, 0.3),
        lambda a, x: a.elu(x, 0.3),
        lambda a, x: a.celu(x, 0.3),
        lambda a, x: a.squareplus(x, 1),
        lambda a, x: a.soft_shrink(x, 1.0),
        lambda a, x: a.hard_shrink(x, 1.0),
        lambda a, x: a.threshold(x, 0.5, -3.0),
        lambda a, x: a.gelu(x, approximate=True),
        lambda a, x: a.log_softmax(x, axis=0),
        lambda a, x: a.sparsemax(x, axis=0),
        lambda a, x: a.glu(x, axis=0),
    ],
)
def test_parameters_of_functions(call: Any) -> None:
    x = GRID[:64].reshape(8, 8)
    agree(call(ours.activations, x), np.asarray(call(keras.activations, x)), PASS)


def test_sparsemax_is_the_projection_that_its_paper_defines() -> None:
    """Keras 3.15 adds up cumulative sums where the last of them is meant, so that its rows do not sum to 1."""
    x = np.random.default_rng(0).normal(size=(40, 7)).astype("float32")
    y = ours.activations.sparsemax(x)
    np.testing.assert_allclose(y.sum(-1), 1, rtol=1e-6)
    # Nothing on the simplex is nearer to x than y is: moving towards any corner leads away.
    for corner in np.eye(7):
        assert ((x - y) * (corner - y)).sum(-1).max() < 1e-5
    model = ours.Sequential([ours.Input((7,)), ours.layers.Activation("sparsemax")])
    agree(model.predict(x, verbose=0), y, PASS)


@pytest.mark.parametrize("first", range(0, len(NAMES), 4))
def test_training_through_every_activation(first: int) -> None:
    rng = np.random.default_rng(first)
    x = rng.normal(scale=2, size=(29, 6)).astype("float32")
    y = rng.normal(size=(29, 1)).astype("float32")

    def build(k: Any) -> Any:
        layers = [k.Input((6,))]
        for name in NAMES[first : first + 4]:
            layers += [k.layers.Dense(6), k.layers.Activation(name)]
        return k.Sequential([*layers, k.layers.Dense(1)])

    compare(Case(build, x, y, sgd, fit={"epochs": 1}))


def test_as_an_argument_of_dense() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(29, 6)).astype("float32")
    y = rng.normal(size=(29, 1)).astype("float32")

    def build(k: Any) -> Any:
        dense = [k.layers.Dense(5, activation=a) for a in ("gelu", k.activations.swish, "mish", "log_softmax")]
        return k.Sequential([k.Input((6,)), *dense, k.layers.Dense(1)])

    compare(Case(build, x, y, sgd))


LAYERS = [
    lambda k: k.layers.ReLU(),
    lambda k: k.layers.ReLU(negative_slope=0.1),
    lambda k: k.layers.ReLU(max_value=6),
    lambda k: k.layers.ReLU(max_value=1.5, negative_slope=0.2, threshold=0.25),
    lambda k: k.layers.LeakyReLU(),
    lambda k: k.layers.LeakyReLU(negative_slope=0.05),
    lambda k: k.layers.ELU(alpha=0.7),
    lambda k: k.layers.Softmax(axis=-1),
    lambda k: k.layers.PReLU(alpha_initializer=k.initializers.Constant(0.25)),
]


@pytest.mark.parametrize("first", range(0, len(LAYERS), 3))
def test_layers(first: int) -> None:
    rng = np.random.default_rng(first)
    x = rng.normal(size=(29, 6)).astype("float32")
    y = rng.normal(size=(29, 1)).astype("float32")

    def build(k: Any) -> Any:
        layers = [k.Input((6,))]
        for layer in LAYERS[first : first + 3]:
            layers += [k.layers.Dense(6), layer(k)]
        return k.Sequential([*layers, k.layers.Dense(1)])

    compare(Case(build, x, y, sgd, fit={"epochs": 1}))


@pytest.mark.parametrize(
    "layer",
    [
        lambda k: k.layers.Softmax(axis=1),
        lambda k: k.layers.Softmax(axis=[1, -1]),
        lambda k: k.layers.PReLU(alpha_initializer=k.initializers.Constant(0.3), shared_axes=[2, 3]),
        lambda k: k.layers.PReLU(alpha_initializer=k.initializers.Constant(0.3), shared_axes=[1]),
        lambda k: k.layers.PReLU(alpha_initializer=k.initializers.Constant(0.3), shared_axes=[1, 2, 3]),
    ],
)
def test_layers_on_more_axes(layer: Any) -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(14, 4, 3, 2)).astype("float32")
    y = rng.normal(size=(14, 1)).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((4, 3, 2)), k.layers.Dense(3), layer(k), k.layers.Flatten(), k.layers.Dense(1)])

    compare(Case(build, x, y, sgd, fit={"epochs": 1}))


def test_configs() -> None:
    made = [layer for layer in LAYERS if layer(keras).__class__.__name__ != "ELU"]
    for layer in [*made, lambda k: k.layers.PReLU(shared_axes=1), lambda k: k.layers.Activation("swish")]:
        theirs, mine = layer(keras), layer(ours)
        expected = keras.saving.serialize_keras_object(theirs)["config"]
        assert {**mine.get_config(), "name": 0} == {**expected, "name": 0}
        again = type(mine).from_config(mine.get_config())
        assert again.get_config() == mine.get_config()


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.ReLU(max_value=-1),
        lambda k: k.layers.ReLU(negative_slope=-1),
        lambda k: k.layers.ReLU(negative_slope=None),
        lambda k: k.layers.ReLU(threshold=-1),
        lambda k: k.layers.LeakyReLU(negative_slope=-0.1),
        lambda k: k.layers.LeakyReLU(negative_slope=None),
        lambda k: k.layers.Activation("geloo"),
        lambda k: k.activations.get("swisch"),
    ],
)
def test_refusals(call: Any) -> None:
    with pytest.raises(Exception) as theirs:
        call(keras)
    with pytest.raises(Exception) as mine:
        call(ours)
    assert isinstance(mine.value, type(theirs.value))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: ours.layers.Softmax(axis=3), "Softmax.axis"),
        (lambda: ours.layers.Softmax(axis=0), "axis of the batch"),
        (lambda: ours.layers.PReLU(shared_axes=[4]), "PReLU.shared_axes"),
        (lambda: ours.layers.Activation("glu"), "even number"),
        (lambda: ours.layers.Dense(4, activation="glu"), "Activation layer"),
        (lambda: ours.layers.Activation("threshold"), "no defaults"),
    ],
)
def test_what_does_not_fit(layer: Any, message: str) -> None:
    with pytest.raises((ValueError, NotImplementedError), match=message):
        ours.Sequential([ours.Input((3, 5)), layer()])
