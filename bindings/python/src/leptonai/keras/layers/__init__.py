"""Layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import bad_argument
from .._missing import missing_from
from ..graph import KerasTensor
from ..saving import deserialize_keras_object, serialize_keras_object
from .activations import ELU, Activation, LeakyReLU, PReLU, ReLU, Softmax
from .core import Dense, Input, InputLayer
from .layer import Layer
from .regularization import Dropout
from .reshaping import Flatten

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "KerasTensor",
    "Layer",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "Softmax",
    "deserialize",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.layers", __all__)


def serialize(layer: Layer) -> dict[str, Any]:
    """The config of a layer."""
    return serialize_keras_object(layer)


def deserialize(config: dict[str, Any]) -> Layer:
    """The layer that a config describes."""
    made = deserialize_keras_object({"module": "keras.layers", **config})
    if not isinstance(made, Layer):
        raise bad_argument("config", "the config of a layer", config)
    return made
