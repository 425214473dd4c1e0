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

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import leptonai  # noqa: E402
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


# ------------------------------------------------------------------------------- layers and activations

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


# ---------------------------------------------------------------------------------------------- losses


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


# ------------------------------------------------------------------------------------------ optimizers


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"learning_rate": 0.2},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.05, "momentum": 0.5, "nesterov": True},
        {"learning_rate": 0.0},
        {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 0.05},
    ],
    ids=str,
)
def test_sgd(arguments: dict[str, Any]) -> None:
    build, x, y = regression(21)
    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.SGD(**arguments), "loss": "mse"}))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"learning_rate": 0.05},
        {"beta_1": 0.5, "beta_2": 0.9},
        {"beta_1": 0.0},
        {"epsilon": 1e-3},
        {"learning_rate": 0.05, "amsgrad": True},
        {"learning_rate": 0.05, "weight_decay": 0.1},
    ],
    ids=str,
)
def test_adam(arguments: dict[str, Any]) -> None:
    build, x, y = regression(22)
    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(**arguments), "loss": "mse"}))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("AdamW", {}),
        ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.1, "amsgrad": True}),
        ("RMSprop", {}),
        ("RMSprop", {"learning_rate": 0.02, "rho": 0.5}),
        ("RMSprop", {"learning_rate": 0.02, "momentum": 0.9}),
        ("RMSprop", {"learning_rate": 0.02, "centered": True, "epsilon": 1e-3}),
        ("RMSprop", {"learning_rate": 0.02, "centered": True, "momentum": 0.5, "epsilon": 1e-3, "weight_decay": 0.1}),
        ("Adagrad", {}),
        ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 1e-3}),
        ("Adadelta", {}),
        ("Adadelta", {"learning_rate": 1.0, "rho": 0.9}),
        ("Adamax", {}),
        ("Adamax", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9}),
        ("Nadam", {}),
        ("Nadam", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9}),
        ("Lion", {"learning_rate": 1e-4}),
        ("Lion", {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.7, "weight_decay": 0.1}),
    ],
    ids=str,
)
def test_adaptive_optimizers(name: str, arguments: dict[str, Any]) -> None:
    build, x, y = regression(25)
    compare(Case(build, x, y, lambda k: {"optimizer": getattr(k.optimizers, name)(**arguments), "loss": "mse"}))


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Lion"])
def test_configs_of_optimizers_are_keras_s(name: str) -> None:
    theirs, mine = getattr(keras.optimizers, name)(), getattr(ours.optimizers, name)()
    expected = theirs.get_config()
    config = mine.get_config()
    assert config.keys() == expected.keys()
    # Names count the optimizers made before.
    for key in expected.keys() - {"name"}:
        assert config[key] == pytest.approx(expected[key]), key
    keras.optimizers.deserialize(ours.optimizers.serialize(mine))
    ours.optimizers.deserialize(keras.optimizers.serialize(theirs))


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "SGD", "Adam", "rmsprop", "adamw", "nadam"])
def test_optimizers_by_name(optimizer: str) -> None:
    build, x, y = regression(23)
    compare(Case(build, x, y, lambda k: {"optimizer": optimizer, "loss": "mse"}))


def test_a_changed_learning_rate() -> None:
    build, x, y = regression(24)
    theirs, mine = pair(build)
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(optimizer=k.optimizers.Adam(0.01), loss="mse")
        model.fit(x, y, shuffle=False, verbose=0)
        model.optimizer.learning_rate = 0.1
        model.fit(x, y, shuffle=False, verbose=0)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)


# --------------------------------------------------------------------------------------------- metrics


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


# ------------------------------------------------------------------------------- weights and validation

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


# ------------------------------------------------------------------------------------------- configs


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


def test_keras_reads_our_config() -> None:
    mine = everything(ours)
    for theirs in (
        keras.Sequential.from_config(json.loads(json.dumps(mine.get_config()))),
        keras.models.model_from_json(mine.to_json()),
    ):
        theirs.set_weights(mine.get_weights())
        x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")
        agree(mine.predict(x), theirs.predict(x, verbose=0), PASS)
        again = ours.Sequential.from_config(theirs.get_config())
        assert json.dumps(again.get_config()) == json.dumps(mine.get_config())


def test_we_read_keras_config() -> None:
    theirs = everything(keras)
    for mine in (
        ours.Sequential.from_config(theirs.get_config()),
        ours.models.model_from_json(theirs.to_json()),
    ):
        mine.set_weights(theirs.get_weights())
        x = np.random.default_rng(0).normal(size=(5, 4, 3)).astype("float32")
        agree(mine.predict(x), theirs.predict(x, verbose=0), PASS)
        assert mine.name == "everything"


def test_configs_are_the_same_dicts() -> None:
    keras.backend.clear_session()
    ours.backend.clear_session()
    theirs, mine = (everything(k) for k in (keras, ours))
    for layer, other in zip(mine.layers, theirs.layers, strict=True):
        expected = json.loads(json.dumps(keras.saving.serialize_keras_object(other)["config"]))
        assert json.loads(json.dumps(layer.get_config())) == expected


def test_late_built_configs_cross_over() -> None:
    theirs = keras.Sequential([keras.layers.Dense(3)])
    theirs.build((None, 4))
    assert ours.Sequential.from_config(theirs.get_config()).count_params() == 15
    mine = ours.Sequential([ours.layers.Dense(3)])
    mine.build((None, 4))
    assert keras.Sequential.from_config(mine.get_config()).count_params() == 15


# ---------------------------------------------------------------------------------------- initializers

INITIALIZERS: dict[str, Callable[[Any], Any]] = {
    **{
        name: (lambda k, name=name: getattr(k.initializers, name)())
        for name in (
            "GlorotUniform",
            "GlorotNormal",
            "HeUniform",
            "HeNormal",
            "LecunUniform",
            "LecunNormal",
            "RandomNormal",
            "RandomUniform",
            "TruncatedNormal",
            "VarianceScaling",
            "Zeros",
            "Ones",
        )
    },
    "RandomNormal(1, 2)": lambda k: k.initializers.RandomNormal(1.0, 2.0),
    "RandomUniform(0, 3)": lambda k: k.initializers.RandomUniform(0.0, 3.0),
    "TruncatedNormal(-1, 0.5)": lambda k: k.initializers.TruncatedNormal(-1.0, 0.5),
    "Constant(2.5)": lambda k: k.initializers.Constant(2.5),
    **{
        f"VarianceScaling({mode}, {distribution})": (
            lambda k, mode=mode, distribution=distribution: k.initializers.VarianceScaling(3.0, mode, distribution)
        )
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("uniform", "truncated_normal", "untruncated_normal")
    },
}


def kernel(k: Any, initializer: Any, shape: tuple[int, int] = (300, 200)) -> np.ndarray:
    model = k.Sequential([k.Input(shape[:1]), k.layers.Dense(shape[1], kernel_initializer=initializer)])
    return np.asarray(model.get_weights()[0], np.float64)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers_draw_from_the_same_distribution(name: str) -> None:
    make = INITIALIZERS[name]
    expected, actual = kernel(keras, make(keras)), kernel(ours, make(ours))
    n, sigma = expected.size, expected.std()
    # Six standard errors of a difference of means; of standard deviations at most as much again.
    assert abs(actual.mean() - expected.mean()) <= 6 * sigma * math.sqrt(2 / n)
    assert abs(actual.std() - sigma) <= 6 * sigma * math.sqrt(2 / n)
    # Quantiles tell a truncated from a plain normal distribution. Near the ends, where density is low, they wander
    # most: by less than a tenth of sigma at these sizes.
    for share in (0.01, 0.25, 0.5, 0.75, 0.99):
        assert abs(np.quantile(actual, share) - np.quantile(expected, share)) <= 0.1 * sigma + 1e-12
    bounded = "Uniform" in name or "uniform" in name or ("runcated" in name and "untruncated" not in name)
    if bounded and sigma:
        assert abs(actual.max() - expected.max()) <= 0.05 * sigma
        assert abs(actual.min() - expected.min()) <= 0.05 * sigma
    if sigma == 0:
        assert np.array_equal(actual, expected)
    else:
        assert not np.array_equal(actual, kernel(ours, make(ours)))


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (30, 30)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    for k in (keras, ours):
        matrix = kernel(k, k.initializers.Orthogonal(gain=2.0), shape)
        product = matrix @ matrix.T if shape[0] <= shape[1] else matrix.T @ matrix
        np.testing.assert_allclose(product, 4 * np.eye(min(shape)), atol=1e-5)


# --------------------------------------------------------------------------------------------- summary


def summaries(build: Build, prepare: Callable[[Any, Any], None] | None = None, **arguments: Any) -> tuple[str, str]:
    texts: list[str] = []
    for k in (keras, ours):
        k.utils.clear_session()
        model = build(k)
        if prepare is not None:
            prepare(k, model)
        model.summary(print_fn=texts.append, **arguments)
    return texts[0], texts[1]


@pytest.mark.parametrize("length", [None, 60, 88, 120])
def test_summary_text(length: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Keras cuts its table off at the width of the terminal: make it wide enough for the table.
    monkeypatch.setenv("COLUMNS", "200")
    expected, actual = summaries(everything, line_length=length)
    assert actual == expected


def test_summary_of_a_model_that_is_not_built() -> None:
    expected, actual = summaries(lambda k: k.Sequential([k.layers.Dense(3), k.layers.Dense(2)]))
    assert actual == expected


def test_summary_of_long_names_and_large_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def build(k: Any) -> Any:
        return k.Sequential(
            [k.Input((2000,)), k.layers.Dense(1500, name="a_layer_whose_name_does_not_fit_into_its_column_at_all")]
        )

    expected, actual = summaries(build)
    assert actual == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_summary_of_a_trained_model(optimizer: str) -> None:
    def train(_: Any, model: Any) -> None:
        model.compile(optimizer, "mse")
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)

    expected, actual = summaries(lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(1)]), train)
    assert actual == expected


def test_summary_of_frozen_layers() -> None:
    def build(k: Any) -> Any:
        return k.Sequential([k.Input((3,)), k.layers.Dense(4, trainable=False), k.layers.Dense(1)])

    expected, actual = summaries(build)
    assert actual == expected


def test_frozen_layers_stay_as_they_are() -> None:
    _, x, y = regression(50)

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((7,)), k.layers.Dense(4, trainable=False), k.layers.Dense(2)])

    compare(Case(build, x, y, sgd))


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.Dense(0),
        lambda k: k.layers.Dense(-3),
        lambda k: k.layers.Dropout(1.5),
        lambda k: k.optimizers.SGD(momentum=1.5),
        lambda k: k.initializers.get("glorot"),
        lambda k: k.activations.get("rellu"),
        lambda k: k.Sequential([3]),
        lambda k: k.Sequential([k.layers.Dense(1, name="a"), k.layers.Dense(1, name="a")]),
        lambda k: k.Sequential([k.Input((2,)), k.Input((2,))]),
        lambda k: k.Input(),
        lambda k: k.Input((2,), batch_shape=(None, 2)),
        lambda k: k.layers.Dense(1, units_=2),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).set_weights([]),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).get_layer("no"),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).compile("nosuch", "mse"),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).predict(np.ones((3, 5)), verbose=0),
    ],
)
def test_what_keras_refuses_we_refuse_with_its_kind_of_error(call: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as theirs:
        call(keras)
    with pytest.raises(leptonai.LeptonError) as mine:
        call(ours)
    assert isinstance(mine.value, type(theirs.value))
