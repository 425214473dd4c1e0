"""Regularisers and constraints, compared with Keras's.

At 0, where the size of a number has no derivative, ours is 0, as in Keras on TensorFlow and PyTorch; on JAX it is 1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import Case, compare, keras, ours, regression

Make = Callable[[Any], Any]

LAYERS: dict[str, Make] = {
    "l2": lambda k: k.layers.Dense(
        9, "tanh", kernel_regularizer="l2", bias_regularizer=k.regularizers.L1(0.05), bias_initializer="ones"
    ),
    "l1l2": lambda k: k.layers.Dense(9, "tanh", kernel_regularizer=k.regularizers.L1L2(0.01, 0.02)),
    "orthogonal rows": lambda k: k.layers.Dense(9, kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.5)),
    "orthogonal columns": lambda k: k.layers.Dense(
        9, kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.5, "columns")
    ),
    "activity": lambda k: k.layers.Dense(9, "tanh", activity_regularizer=k.regularizers.L1L2(0.02, 0.03)),
    "activity of an activation": lambda k: k.layers.Activation("tanh", activity_regularizer="l2"),
    "frozen": lambda k: k.layers.Dense(9, kernel_regularizer="l2", kernel_constraint="non_neg", trainable=False),
    "max norm": lambda k: k.layers.Dense(9, "tanh", kernel_constraint=k.constraints.MaxNorm(0.8)),
    "max norm of rows": lambda k: k.layers.Dense(9, "tanh", kernel_constraint=k.constraints.MaxNorm(0.8, axis=1)),
    "unit norm of all": lambda k: k.layers.Dense(9, "tanh", kernel_constraint=k.constraints.UnitNorm(axis=[0, 1])),
    "unit norm": lambda k: k.layers.Dense(9, "tanh", kernel_constraint="unit_norm", bias_constraint="NonNeg"),
    "min-max norm": lambda k: k.layers.Dense(
        9, "tanh", kernel_constraint=k.constraints.MinMaxNorm(0.9, 1.1, rate=0.3, axis=0)
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_regularizers_and_constraints(name: str) -> None:
    _, x, y = regression(34, rows=45)
    make = LAYERS[name]

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((7,)), k.layers.Dense(6), make(k), k.layers.Dense(2)])

    compare(
        Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(0.02), "loss": "mse"}, {"validation_split": 0.3})
    )
    theirs, mine = make(keras), make(ours)
    expected, config = theirs.get_config(), mine.get_config()
    assert config.keys() == expected.keys()
    for key in [key for key in expected if "regularizer" in key or "constraint" in key]:
        same = [side and (side["class_name"], side["config"]) for side in (config[key], expected[key])]
        assert (same[0] is None) == (same[1] is None), key
        if same[0]:
            assert same[0][0] == same[1][0] and repr(same[0][1]) == repr(
                {k: round(v, 7) if isinstance(v, float) else v for k, v in same[1][1].items()}
            ), key
    assert type(mine).from_config(config).get_config() == config


def test_rules_of_convolutions() -> None:
    rng = np.random.default_rng(38)
    x = rng.normal(size=(19, 8, 3)).astype("float32")
    y = rng.normal(size=(19, 2)).astype("float32")

    def build(k: Any) -> Any:
        layers, rules = k.layers, k.constraints
        return k.Sequential(
            [
                k.Input((8, 3)),
                layers.Conv1D(4, 3, kernel_regularizer="l2", kernel_constraint=rules.MaxNorm(0.7, axis=[0, 1])),
                layers.DepthwiseConv1D(2, depthwise_constraint="non_neg", depthwise_regularizer="l2"),
                layers.SeparableConv1D(3, 2, pointwise_regularizer="l2", depthwise_constraint=rules.UnitNorm([0, 1])),
                layers.Flatten(),
                layers.PReLU(alpha_initializer="ones", alpha_regularizer="l1"),
                layers.Dense(2),
            ]
        )

    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(0.02), "loss": "mse"}))
