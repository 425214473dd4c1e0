"""`.keras` and `.weights.h5`: Keras loads ours and we load Keras's, and both train on to the same numbers."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours

from leptonai import NotSupportedError

pytest.importorskip("h5py")

RNG = np.random.default_rng(3)
FLAT = RNG.normal(size=(20, 6)).astype("float32")
SEQUENCE = RNG.normal(size=(20, 5, 4)).astype("float32")
IMAGE = RNG.normal(size=(12, 8, 8, 3)).astype("float32")
WORDS = RNG.integers(0, 9, size=(20, 5))

Layers = Callable[[Any], list[Any]]

# Name, data, and the layers before the last Dense. A case whose layers this version has not is skipped.
CASES: dict[str, tuple[np.ndarray, Layers]] = {
    "dense": (FLAT, lambda k: [k.layers.Dense(5, "relu"), k.layers.Dropout(0.2), k.layers.Dense(4, use_bias=False)]),
    "flatten": (SEQUENCE, lambda k: [k.layers.Flatten(), k.layers.Dense(3)]),
    "batch norm": (FLAT, lambda k: [k.layers.BatchNormalization(), k.layers.Dense(3), k.layers.BatchNormalization()]),
    "norms": (FLAT, lambda k: [k.layers.LayerNormalization(), k.layers.RMSNormalization(), k.layers.PReLU()]),
    "embedding": (WORDS, lambda k: [k.layers.Embedding(9, 4), k.layers.Flatten()]),
    "convolutions": (
        IMAGE,
        lambda k: [
            k.layers.Conv2D(4, 3),
            k.layers.SeparableConv2D(3, 2),
            k.layers.DepthwiseConv2D(2),
            k.layers.GlobalAveragePooling2D(),
        ],
    ),
    "transposed": (IMAGE, lambda k: [k.layers.Conv2DTranspose(2, 3), k.layers.Flatten()]),
    "conv1d": (SEQUENCE, lambda k: [k.layers.Conv1D(3, 2), k.layers.Conv1D(2, 2), k.layers.Flatten()]),
    "lstm": (SEQUENCE, lambda k: [k.layers.LSTM(3, return_sequences=True), k.layers.LSTM(2)]),
    "gru": (SEQUENCE, lambda k: [k.layers.GRU(3)]),
    "simple rnn": (SEQUENCE, lambda k: [k.layers.SimpleRNN(3)]),
    "bidirectional": (SEQUENCE, lambda k: [k.layers.Bidirectional(k.layers.LSTM(3)), k.layers.Dense(2)]),
    "cells": (
        SEQUENCE,
        lambda k: [k.layers.RNN(k.layers.GRUCell(3), return_sequences=True), k.layers.RNN(k.layers.LSTMCell(2))],
    ),
    "stacked cells": (SEQUENCE, lambda k: [k.layers.RNN([k.layers.LSTMCell(3), k.layers.LSTMCell(2)])]),
    "time distributed": (SEQUENCE, lambda k: [k.layers.TimeDistributed(k.layers.Dense(3)), k.layers.Flatten()]),
    "nested": (
        FLAT,
        lambda k: [
            k.Sequential([k.Input((6,)), k.layers.Dense(4), k.Sequential([k.Input((4,)), k.layers.Dense(3)])]),
            k.layers.Dense(3),
        ],
    ),
}

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda k: k.optimizers.SGD(0.05),
    "momentum": lambda k: k.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda k: k.optimizers.Adam(0.01),
    "amsgrad": lambda k: k.optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda k: k.optimizers.AdamW(0.01),
    "rmsprop": lambda k: k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda k: k.optimizers.Adagrad(0.05),
    "adadelta": lambda k: k.optimizers.Adadelta(0.5),
    "adamax": lambda k: k.optimizers.Adamax(0.01),
    "nadam": lambda k: k.optimizers.Nadam(0.01),
    "nadam, accumulating": lambda k: k.optimizers.Nadam(0.01, gradient_accumulation_steps=2),
    "lion": lambda k: k.optimizers.Lion(0.001),
    "ftrl": lambda k: k.optimizers.Ftrl(0.05),
    "lamb": lambda k: k.optimizers.Lamb(0.01),
    "adafactor": lambda k: k.optimizers.Adafactor(0.01),
    "muon": lambda k: k.optimizers.Muon(0.01),
    "schedule free": lambda k: k.optimizers.ScheduleFreeAdamW(0.01),
    "scaled": lambda k: k.optimizers.LossScaleOptimizer(k.optimizers.Adam(0.01)),
    "accumulating": lambda k: k.optimizers.SGD(0.01, momentum=0.5, gradient_accumulation_steps=2),
    "averages": lambda k: k.optimizers.Adam(0.01, use_ema=True),
    "schedule": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.05, 3, 0.9), momentum=0.5),
}


def built(k: Any, name: str, optimizer: str = "adam") -> Any:
    """A compiled model of a case, or a skip when this version has not all it needs."""
    k.utils.clear_session()
    x, layers = CASES[name]
    try:
        model = k.Sequential([k.Input(x.shape[1:]), *layers(k), k.layers.Dense(1)])
        settings = {"jit_compile": False} if k is keras else {}
        model.compile(OPTIMIZERS[optimizer](k), "mse", metrics=["mae"], **settings)
    except (NotSupportedError, AttributeError) as error:
        if k is keras:
            raise
        pytest.skip(f"this version has not all of it: {error}")
    return model


def fit(model: Any, name: str) -> Any:
    x = CASES[name][0]
    y = x.reshape(len(x), -1).mean(axis=1, keepdims=True)
    return model.fit(x, y, epochs=2, batch_size=8, shuffle=False, verbose=0).history


def without_chance(name: str) -> bool:
    """Whether a case trains without random numbers, which the two draw differently."""
    return name != "dense"


@pytest.mark.parametrize("name", CASES)
def test_weights_files_cross_both_ways(name: str, tmp_path: Path) -> None:
    mine, theirs = built(ours, name), built(keras, name)
    x = CASES[name][0]
    fit(mine, name)
    mine.save_weights(tmp_path / "mine.weights.h5")
    theirs.optimizer.build(theirs.trainable_variables)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs.load_weights(tmp_path / "mine.weights.h5")
    agree(theirs.predict(x, verbose=0), mine.predict(x, verbose=0), PASS)
    assert int(theirs.optimizer.iterations) == mine.optimizer.iterations > 0
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    fresh = built(ours, name)
    fresh.load_weights(tmp_path / "theirs.weights.h5")
    agree(fresh.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)
    assert fresh.optimizer.iterations == int(theirs.optimizer.iterations)


@pytest.mark.parametrize("name", CASES)
def test_archives_cross_both_ways(name: str, tmp_path: Path) -> None:
    mine = built(ours, name)
    x = CASES[name][0]
    fit(mine, name)
    mine.save(tmp_path / "mine.keras")
    theirs = keras.models.load_model(tmp_path / "mine.keras")
    agree(theirs.predict(x, verbose=0), mine.predict(x, verbose=0), PASS)
    if without_chance(name):
        expected, actual = fit(theirs, name), fit(mine, name)
        assert list(expected) == list(actual)
        agree(actual["loss"], expected["loss"], TRAINED)
    theirs.save(tmp_path / "theirs.keras")
    again = ours.models.load_model(tmp_path / "theirs.keras")
    agree(again.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)
    assert [layer.name for layer in again.layers] == [layer.name for layer in theirs.layers]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_go_on_where_they_were(optimizer: str, tmp_path: Path) -> None:
    mine = built(ours, "flatten", optimizer)
    fit(mine, "flatten")
    mine.save(tmp_path / "mine.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = keras.models.load_model(tmp_path / "mine.keras")
    for actual, expected in zip(fit(mine, "flatten").values(), fit(theirs, "flatten").values(), strict=True):
        agree(actual, expected, TRAINED)
    theirs.save(tmp_path / "theirs.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = ours.models.load_model(tmp_path / "theirs.keras")
    for actual, expected in zip(fit(again, "flatten").values(), fit(theirs, "flatten").values(), strict=True):
        agree(actual, expected, TRAINED)


def test_custom_classes_are_refused_and_nothing_runs(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1), keras.layers.Dense(1)])
    model.save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match="Lambda"):
        ours.models.load_model(tmp_path / "lambda.keras")

    @keras.saving.register_keras_serializable("mine")
    class Own(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    keras.Sequential([keras.Input((2,)), Own()]).save(tmp_path / "own.keras")
    with pytest.raises(ValueError, match="Own"):
        ours.models.load_model(tmp_path / "own.keras")


def test_models_that_were_not_trained(tmp_path: Path) -> None:
    theirs = built(keras, "flatten")
    theirs.save(tmp_path / "fresh.keras")
    mine = ours.models.load_model(tmp_path / "fresh.keras")
    assert mine.optimizer.iterations == 0
    agree(mine.predict(SEQUENCE, verbose=0), theirs.predict(SEQUENCE, verbose=0), PASS)
    plain = keras.Sequential([keras.layers.Dense(1)])
    plain.build((None, 3))
    plain.save(tmp_path / "plain.keras")
    assert not ours.models.load_model(tmp_path / "plain.keras").compiled
    keras.models.load_model(tmp_path / "plain.keras")


def graphs(k: Any, name: str) -> Any:
    """Models that are no chains."""
    k.utils.clear_session()
    left, right = k.Input((6,), name="left"), k.Input((4,), name="right")
    layers = k.layers
    if name == "two in, two out":
        hidden = layers.Dense(3, "relu")(left), layers.Dense(3)(right)
        outputs = [layers.Dense(2, name="first")(hidden[0]), layers.Dense(1, name="second")(hidden[1])]
        model = k.Model([left, right], outputs)
        model.compile(k.optimizers.Adam(0.01), {"first": "mse", "second": "mse"}, **settings_of(k))
        return model
    if name == "shared":
        twice = layers.Dense(4, "tanh")
        hidden = twice(layers.Dense(4)(left))
        model = k.Model([left, right], [layers.Dense(2)(twice(hidden)), layers.Dense(1)(twice(right))])
    elif name == "nested":
        inner_input = k.Input((6,))
        inner = k.Model(inner_input, layers.Dense(3)(layers.Dense(4, "relu")(inner_input)), name="inner")
        model = k.Model([left, right], [inner(left), layers.Dense(2)(right)])
    else:
        steps = layers.Reshape((3, 2))(left)
        mixed = layers.MultiHeadAttention(2, 3)(steps, steps)
        model = k.Model([left, right], [layers.Dense(2)(layers.Flatten()(mixed)), layers.Dense(2)(right)])
    model.compile(k.optimizers.Adam(0.01), "mse", **settings_of(k))
    return model


def settings_of(k: Any) -> dict[str, Any]:
    return {"jit_compile": False} if k is keras else {}


@pytest.mark.parametrize("name", ["two in, two out", "shared", "nested", "attention"])
def test_graphs_cross_both_ways(name: str, tmp_path: Path) -> None:
    try:
        mine = graphs(ours, name)
    except (NotSupportedError, AttributeError) as error:
        pytest.skip(f"this version has not all of it: {error}")
    x = [FLAT, FLAT[:, :4] * 2]
    many = isinstance(mine.output, list)
    shapes = [output.shape for output in mine.outputs]
    y = [np.ones((20, shape[-1]), "float32") for shape in shapes]
    arguments = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
    mine.fit(x, y if many else y[0], **arguments)
    mine.save(tmp_path / "mine.keras")
    theirs = keras.models.load_model(tmp_path / "mine.keras")
    for actual, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(actual, expected, PASS)
    expected = theirs.fit(x, y if many else y[0], **arguments).history
    actual = mine.fit(x, y if many else y[0], **arguments).history
    assert list(actual) == list(expected)
    agree(actual["loss"], expected["loss"], TRAINED)
    theirs.save(tmp_path / "theirs.keras")
    again = ours.models.load_model(tmp_path / "theirs.keras")
    agreed = zip(flattened(again.predict(x, verbose=0)), flattened(theirs.predict(x, verbose=0)), strict=True)
    for mine_out, their_out in agreed:
        agree(mine_out, their_out, PASS)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    fresh = graphs(ours, name)
    fresh.load_weights(tmp_path / "theirs.weights.h5")
    for weight, other in zip(fresh.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, PASS)


def flattened(outputs: Any) -> list[Any]:
    return outputs if isinstance(outputs, list) else [outputs]
