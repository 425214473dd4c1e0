"""Activation functions, as names for layers and as functions on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import NotSupportedError, bad_argument, refuse_unless_default
from ._missing import missing_from

__all__ = ["deserialize", "get", "linear", "relu", "serialize", "sigmoid", "softmax", "tanh"]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.activations", __all__)

Floats = NDArray[Any]


def _floats(x: ArrayLike) -> Floats:
    array = np.asarray(x)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


def linear(x: ArrayLike) -> Floats:
    """x."""
    return np.asarray(x)


def relu(x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Floats:
    """max(x, 0)."""
    refuse_unless_default(
        "relu",
        {},
        negative_slope=(negative_slope, 0.0),
        max_value=(max_value, None),
        threshold=(threshold, 0.0),
    )
    result: Floats = np.maximum(_floats(x), 0)
    return result


def sigmoid(x: ArrayLike) -> Floats:
    """1 / (1 + exp(-x)), without overflow for any x."""
    floats = _floats(x)
    small = np.exp(-np.abs(floats))
    result: Floats = np.where(floats >= 0, 1, small) / (1 + small)
    return result


def tanh(x: ArrayLike) -> Floats:
    """Hyperbolic tangent."""
    result: Floats = np.tanh(_floats(x))
    return result


def softmax(x: ArrayLike, axis: int = -1) -> Floats:
    """exp(x) / sum(exp(x)) along `axis`."""
    floats = _floats(x)
    powers = np.exp(floats - floats.max(axis=axis, keepdims=True))
    result: Floats = powers / powers.sum(axis=axis, keepdims=True)
    return result


_FUNCTIONS: dict[str, Callable[..., Floats]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "softmax": softmax,
}


def name_of(identifier: object) -> str:
    """The name that a layer's config carries. Unknown names pass: the library judges them, with its nearest name."""
    if identifier is None:
        return "linear"
    if isinstance(identifier, str):
        return identifier
    if isinstance(identifier, dict) and isinstance(identifier.get("config"), str):
        return str(identifier["config"])
    for name, function in _FUNCTIONS.items():
        if identifier is function:
            return name
    if callable(identifier):
        raise NotSupportedError(
            f"activation: a function of one's own ({identifier!r}) is not supported by this version; use one of "
            f"{', '.join(_FUNCTIONS)}",
            argument="activation",
        )
    raise bad_argument("activation", "a name, a function of keras.activations, or None", identifier)


def get(identifier: object) -> Callable[..., Floats]:
    """The activation function of a name, a function, or None (linear).

    Raises:
        ValueError: An unknown name.
    """
    name = name_of(identifier)
    if name not in _FUNCTIONS:
        raise bad_argument("activation", f"one of {', '.join(_FUNCTIONS)}", name)
    return _FUNCTIONS[name]


def serialize(activation: object) -> str:
    """The name of an activation function."""
    return name_of(activation)


def deserialize(config: object) -> Callable[..., Floats]:
    """The activation function that a config names."""
    return get(config)
