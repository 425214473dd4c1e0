"""Normalisation layers, compared with Keras's."""

from typing import Any

import numpy as np
import pytest
from judge import PASS, Case, agree, compare, keras, ours, sgd

import leptonai


def model(shape: tuple[int, ...], *layers: Any, units: int = 4) -> Any:
    def build(k: Any) -> Any:
        middle = [layer(k) for layer in layers]
        return k.Sequential([k.Input(shape), k.layers.Dense(units), *middle, k.layers.Flatten(), k.layers.Dense(1)])

    return build


def data(shape: tuple[int, ...], seed: int, rows: int = 29) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, *shape), loc=0.5, scale=2).astype("float32")
    return x, rng.normal(size=(rows, 1)).astype("float32")


BATCH = [
    ((6,), {}),
    ((6,), {"momentum": 0.5, "epsilon": 0.1}),
    ((6,), {"center": False}),
    ((5, 3), {"scale": False, "momentum": 0.9}),
    ((3, 4, 2), {"axis": -1, "momentum": 0.8}),
    ((6,), {"trainable": False}),
]


@pytest.mark.parametrize(("shape", "arguments"), BATCH)
def test_batch_normalization(shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    x, y = data(shape, len(shape))

    def normalization(k: Any) -> Any:
        initial = {
            "beta_initializer": k.initializers.RandomNormal(stddev=0.5, seed=1),
            "gamma_initializer": k.initializers.RandomUniform(0.5, 2.0, seed=2),
            "moving_mean_initializer": k.initializers.RandomNormal(stddev=0.5, seed=3),
            "moving_variance_initializer": k.initializers.RandomUniform(0.5, 2.0, seed=4),
        }
        return k.layers.BatchNormalization(**initial, **arguments)

    compare(Case(model(shape, normalization), x, y, sgd, fit={"epochs": 2}))


def test_two_batch_normalizations_and_one_first() -> None:
    x, y = data((6,), 5)

    def build(k: Any) -> Any:
        return k.Sequential(
            [
                k.Input((6,)),
                k.layers.BatchNormalization(),
                k.layers.Dense(5, activation="relu"),
                k.layers.BatchNormalization(momentum=0.7),
                k.layers.Activation("tanh"),
                k.layers.Dense(1),
            ]
        )

    compare(Case(build, x, y, sgd, fit={"epochs": 2}))


def test_a_large_mean_costs_no_accuracy() -> None:
    rng = np.random.default_rng(0)
    x = (1000 + rng.normal(size=(512, 3))).astype("float32")
    net = ours.Sequential([ours.Input((3,)), ours.layers.BatchNormalization(momentum=0.0, epsilon=1e-6)])
    net.compile(optimizer=ours.optimizers.SGD(0.0), loss="mse")
    net.fit(x, x, batch_size=512, verbose=0)
    mean, variance = net.layers[0].get_weights()[2:]
    agree(mean, x.astype("float64").mean(axis=0), {"rtol": 1e-6, "atol": 0})
    agree(variance, x.astype("float64").var(axis=0), {"rtol": 1e-5, "atol": 0})


def test_the_same_bits_on_any_number_of_nodes() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(256, 64)).astype("float32")
    y = rng.normal(size=(256, 1)).astype("float32")
    results = []
    for nodes in (1, 2, 5):
        with leptonai.LeptonClient(nodes=nodes) as client, client.allocate(nodes=nodes):
            ours.utils.set_random_seed(3)
            layers = [ours.layers.Dense(96), ours.layers.BatchNormalization(), ours.layers.ReLU()]
            net = ours.Sequential([ours.Input((64,)), *layers, ours.layers.Dense(1)])
            net.compile(optimizer="adam", loss="mse")
            net.fit(x, y, batch_size=128, epochs=2, verbose=0)
            results.append([w.tobytes() for w in net.get_weights()])
    assert results[0] == results[1] == results[2]


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((4, 6), lambda k: k.layers.GroupNormalization(groups=3)),
        ((3, 2, 4), lambda k: k.layers.GroupNormalization(groups=2, axis=-1, center=False)),
        ((6, 4), lambda k: k.layers.GroupNormalization(groups=3, axis=1)),
        ((4, 6), lambda k: k.layers.GroupNormalization(groups=-1, epsilon=0.01, scale=False)),
        ((6, 3), lambda k: k.layers.BatchNormalization(axis=1, momentum=0.5)),
        ((6, 3), lambda k: k.layers.LayerNormalization(axis=1)),
    ],
)
def test_other_axes_and_groups(shape: tuple[int, ...], layer: Any) -> None:
    x, y = data(shape, 9, rows=19)
    compare(Case(model(shape, layer, units=shape[-1]), x, y, sgd, fit={"epochs": 1}))


SAMPLES = [
    ((6,), lambda k: k.layers.LayerNormalization()),
    ((6,), lambda k: k.layers.LayerNormalization(epsilon=0.1, center=False)),
    ((5, 3), lambda k: k.layers.LayerNormalization(axis=[1, 2], scale=False)),
    ((5, 3), lambda k: k.layers.LayerNormalization(axis=[-1, -2])),
    ((6,), lambda k: k.layers.LayerNormalization(rms_scaling=True)),
    ((5, 3), lambda k: k.layers.RMSNormalization()),
    ((5, 3), lambda k: k.layers.RMSNormalization(axis=[1, 2], epsilon=0.1)),
    ((6,), lambda k: k.layers.UnitNormalization()),
    ((5, 3), lambda k: k.layers.UnitNormalization(axis=[1, 2])),
]


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
@pytest.mark.parametrize("first", range(0, len(SAMPLES), 3))
def test_normalization_of_samples(first: int) -> None:
    shape = (5, 3)
    x, y = data(shape, first)

    def build(k: Any) -> Any:
        layers = [k.Input(shape)]
        for _, layer in SAMPLES[first : first + 3]:
            layers += [k.layers.Dense(4), layer(k)]
        return k.Sequential([*layers, k.layers.Flatten(), k.layers.Dense(1)])

    compare(Case(build, x, y, sgd, fit={"epochs": 1}))


CONFIGS = [
    *[layer for _, layer in SAMPLES],
    lambda k: k.layers.BatchNormalization(momentum=0.9, axis=1),
    lambda k: k.layers.GroupNormalization(groups=2, axis=-2),
]


@pytest.mark.filterwarnings("ignore:.*rms_scaling")
@pytest.mark.parametrize("layer", CONFIGS)
def test_configs(layer: Any) -> None:
    theirs, mine = layer(keras), layer(ours)
    expected = keras.saving.serialize_keras_object(theirs)["config"]
    assert {**mine.get_config(), "name": 0} == {**expected, "name": 0}
    assert type(mine).from_config(mine.get_config()).get_config() == mine.get_config()


def test_the_statistics_of_keras_are_read() -> None:
    x, y = data((6,), 7)
    theirs, mine = (model((6,), lambda k: k.layers.BatchNormalization(momentum=0.3))(k) for k in (keras, ours))
    theirs.compile(optimizer="sgd", loss="mse", jit_compile=False)
    theirs.fit(x, y, verbose=0)
    assert [w.path.split("/")[-1] for w in theirs.weights] == [w.path.split("/")[-1] for w in mine.weights]
    assert [w.trainable for w in theirs.weights] == [w.trainable for w in mine.weights]
    mine.set_weights(theirs.get_weights())
    agree(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.GroupNormalization(groups=0),
        lambda k: k.layers.GroupNormalization(groups=-2),
        lambda k: k.layers.GroupNormalization(groups="3"),
        lambda k: k.Sequential([k.Input((6,)), k.layers.GroupNormalization(groups=4)]),
        lambda k: k.Sequential([k.Input((6,)), k.layers.GroupNormalization(groups=7)]),
        lambda k: k.layers.LayerNormalization(axis="x"),
        lambda k: k.layers.UnitNormalization(axis="x"),
        lambda k: k.layers.BatchNormalization(synchronized=True),
        lambda k: k.layers.BatchNormalization(gamma_initializer="nope"),
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
        (lambda: ours.layers.BatchNormalization(axis=3), "BatchNormalization.axis"),
        (lambda: ours.layers.BatchNormalization(axis=0), "axis of the batch"),
        (lambda: ours.layers.LayerNormalization(axis=[1, 5]), "LayerNormalization.axis"),
        (lambda: ours.layers.LayerNormalization(axis=[1, -2]), "each axis once"),
        (lambda: ours.layers.RMSNormalization(axis=1), "last axes"),
    ],
)
def test_axes_that_do_not_fit(layer: Any, message: str) -> None:
    with pytest.raises((ValueError, NotImplementedError), match=message):
        ours.Sequential([ours.Input((4, 5)), layer()])
