"""Where weights stand in `.weights.h5`, for layers of every kind of nesting: judged by files that Keras writes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import keras

from leptonai.keras.files.tree import groups_of

h5py = pytest.importorskip("h5py")
layers = keras.layers

STEPS = (None, 5, 4)
IMAGE = (None, 8, 8, 3)
FRAMES = (None, 3, 8, 8, 2)

MODELS: dict[str, tuple[tuple[Any, ...], Callable[[], list[Any]]]] = {
    "recurrent": (STEPS, lambda: [layers.LSTM(3, return_sequences=True), layers.GRU(3, return_sequences=True)]),
    "simple": (STEPS, lambda: [layers.SimpleRNN(3, return_sequences=True), layers.SimpleRNN(2, use_bias=False)]),
    "cells": (STEPS, lambda: [layers.RNN(layers.GRUCell(3), return_sequences=True), layers.RNN(layers.LSTMCell(2))]),
    "stacked": (STEPS, lambda: [layers.RNN([layers.LSTMCell(3), layers.GRUCell(2), layers.LSTMCell(2)])]),
    "bidirectional": (
        STEPS,
        lambda: [
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(3, go_backwards=True), merge_mode="concat"),
        ],
    ),
    "distributed": (
        STEPS,
        lambda: [
            layers.TimeDistributed(layers.Dense(3)),
            layers.TimeDistributed(keras.Sequential([layers.Dense(2), layers.BatchNormalization()])),
        ],
    ),
    "convolutions": (
        IMAGE,
        lambda: [layers.Conv2D(4, 3), layers.SeparableConv2D(3, 2), layers.BatchNormalization(), layers.PReLU()],
    ),
    "frames": (FRAMES, lambda: [layers.ConvLSTM2D(2, 3)]),
    "norms": (STEPS, lambda: [layers.LayerNormalization(), layers.GroupNormalization(2), layers.Normalization()]),
    "nested": (
        (None, 4),
        lambda: [
            layers.Dense(3),
            keras.Sequential([layers.Dense(3), keras.Sequential([layers.Dense(2), layers.Dense(2)])]),
            layers.Dense(2),
        ],
    ),
}


def paths_of(model: Any) -> list[str]:
    """Paths as the library has them: the layer's name first, and for layers in layers whatever follows."""
    found = []
    for layer in model.layers:
        for weight in layer.weights:
            inner = weight.path.split("/")
            # Keras begins with the names of the models and layers around.
            rest = inner[inner.index(layer.name) + 1 :] if layer.name in inner else inner[-1:]
            found.append("/".join([layer.name, *rest]))
    return found


def check(model: Any, path: Path, paths: list[str]) -> None:
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    model.save_weights(path)
    values = model.get_weights()
    seen = []
    with h5py.File(path) as file:
        for group in groups_of(json.loads(model.to_json()), paths):
            for number, index in enumerate(group.weights):
                stored = file[f"{group.path}/vars/{number}"]
                np.testing.assert_array_equal(stored[()], values[index], err_msg=f"{group.path} {paths[index]}")
                seen.append(index)
    assert sorted(seen) == list(range(len(values)))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("flat", [False, True])
def test_weights_stand_where_keras_has_them(name: str, flat: bool, tmp_path: Path) -> None:
    shape, make = MODELS[name]
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input(shape[1:]), *make()])
    paths = paths_of(model)
    if flat:
        if name in ("nested", "distributed", "stacked", "bidirectional"):
            pytest.skip("layers in layers have paths")
        paths = [f"{path.partition('/')[0]}/{path.rpartition('/')[2]}" for path in paths]
    check(model, tmp_path / "m.weights.h5", paths)


def test_attention_and_shared_layers(tmp_path: Path) -> None:
    keras.utils.clear_session()
    start, other = keras.Input((5, 4)), keras.Input((5, 4))
    shared = layers.Dense(4)
    mixed = layers.MultiHeadAttention(2, 3, value_dim=2)(shared(start), shared(other))
    grouped = layers.GroupQueryAttention(2, 2, 1)(mixed, mixed)
    model = keras.Model([start, other], layers.Add()([layers.EinsumDense("abc,cd->abd", (5, 4))(grouped), mixed]))
    check(model, tmp_path / "m.weights.h5", paths_of(model))
