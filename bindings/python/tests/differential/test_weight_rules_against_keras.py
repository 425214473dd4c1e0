"""Regularisers and constraints, compared with Keras's.

At 0, where the size of a number has no derivative, ours is 1, as in Keras on JAX; on TensorFlow and PyTorch it is 0.
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


def rules(k: Any, *weights: str) -> dict[str, Any]:
    """A penalty and a constraint for each of a layer's weights."""
    penalties = (k.regularizers.L2(0.02), k.regularizers.L1(0.01), k.regularizers.L1L2(0.01, 0.02))
    limits = (k.constraints.MaxNorm(0.9), k.constraints.NonNeg(), k.constraints.MinMaxNorm(0.2, 0.8, 0.5))
    made: dict[str, Any] = {}
    for index, weight in enumerate(weights):
        made[f"{weight}_regularizer"] = penalties[index % 3]
        made[f"{weight}_constraint"] = limits[index % 3]
    return made


def cell(k: Any) -> dict[str, Any]:
    return rules(k, "kernel", "recurrent", "bias")


def dense(k: Any) -> dict[str, Any]:
    return rules(k, "kernel", "bias")


def scaled(k: Any) -> dict[str, Any]:
    return rules(k, "beta", "gamma")


SEQUENCES: dict[str, Make] = {
    "SimpleRNN": lambda k: k.layers.SimpleRNN(4, return_sequences=True, **cell(k)),
    "LSTM": lambda k: k.layers.LSTM(4, return_sequences=True, activity_regularizer="l2", **cell(k)),
    "GRU": lambda k: k.layers.GRU(4, return_sequences=True, **cell(k)),
    "cells": lambda k: k.layers.RNN([k.layers.LSTMCell(3, **cell(k)), k.layers.GRUCell(4)], return_sequences=True),
    "Bidirectional": lambda k: k.layers.Bidirectional(
        k.layers.GRU(3, return_sequences=True, activity_regularizer=k.regularizers.L1(0.02), **cell(k))
    ),
    "TimeDistributed": lambda k: k.layers.TimeDistributed(k.layers.Dense(4, **dense(k))),
    "EinsumDense": lambda k: k.layers.EinsumDense(
        "btf,fg->btg", (None, 4), bias_axes="g", activity_regularizer="l1", **dense(k)
    ),
    "BatchNormalization": lambda k: k.layers.BatchNormalization(**scaled(k)),
    "LayerNormalization": lambda k: k.layers.LayerNormalization(**scaled(k)),
    "GroupNormalization": lambda k: k.layers.GroupNormalization(2, **scaled(k)),
    "ActivityRegularization": lambda k: k.layers.ActivityRegularization(0.02, 0.03),
    "zeros": lambda k: k.layers.ActivityRegularization(l1=0.05),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_rules_of_sequence_layers(name: str) -> None:
    rng = np.random.default_rng(39)
    x = rng.normal(size=(29, 4, 6)).astype("float32")
    y = rng.normal(size=(29, 4, 2)).astype("float32")
    make = SEQUENCES[name]

    def build(k: Any) -> Any:
        # Without a bias, which would have no slope before a normalisation.
        first = k.layers.Dense(6, "relu" if name == "zeros" else None, use_bias=False)
        return k.Sequential([k.Input((4, 6)), first, make(k), k.layers.Dense(2)])

    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(0.02), "loss": "mse"}))
    theirs, mine = make(keras), make(ours)
    config = mine.get_config()
    rules_of_keras = {key for key in theirs.get_config() if "regularizer" in key or "constraint" in key}
    assert {key for key in config if "regularizer" in key or "constraint" in key} == rules_of_keras
    assert type(mine).from_config(config).get_config() == config


def test_rules_of_embeddings() -> None:
    rng = np.random.default_rng(40)
    x = rng.integers(0, 7, size=(29, 4)).astype("int32")
    y = rng.normal(size=(29, 4, 2)).astype("float32")

    def build(k: Any) -> Any:
        layer = k.layers.Embedding(7, 5, activity_regularizer="l2", **rules(k, "embeddings"))
        return k.Sequential([k.Input((4,)), layer, k.layers.Dense(2)])

    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(0.02), "loss": "mse"}))


def test_rules_of_attention() -> None:
    rng = np.random.default_rng(41)
    x = rng.normal(size=(29, 4, 6)).astype("float32")
    y = rng.normal(size=(29, 4, 2)).astype("float32")

    def build(k: Any) -> Any:
        limits = {"kernel_constraint": k.constraints.MaxNorm(0.5, axis=[0, 1]), "bias_constraint": "non_neg"}
        layer = k.layers.MultiHeadAttention(
            2, 3, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", **limits
        )
        inputs = k.Input((4, 6))
        return k.Model(inputs, k.layers.Dense(2)(layer(inputs, inputs)))

    compare(Case(build, x, y, lambda k: {"optimizer": k.optimizers.Adam(0.02), "loss": "mse"}))
