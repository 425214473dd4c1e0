"""Optimizers, compared with Keras's."""

from typing import Any

import pytest
from judge import TRAINED, Case, agree, compare, keras, ours, pair, regression


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
