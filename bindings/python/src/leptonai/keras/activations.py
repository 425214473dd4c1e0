"""Activation functions, as names for layers and as functions on arrays.

Formulas and defaults are those of Keras 3.15 (keras/src/activations); the core's kernels have the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import bad_argument
from ._missing import missing_from
from .graph.tensor import is_symbolic

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.activations", __all__)

Floats = NDArray[Any]


F = TypeVar("F", bound=Callable[..., Any])


def _also_on_symbols(function: F) -> F:
    """On symbolic tensors it becomes a part of the model: functions of `keras.ops`."""

    @wraps(function)
    def activation(x: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(x):
            from .ops import symbolic_activations

            return getattr(symbolic_activations, function.__name__)(x, *args, **kwargs)
        return function(x, *args, **kwargs)

    return activation  # type: ignore[return-value]


def _floats(x: ArrayLike) -> Floats:
    array = np.asarray(x)
    return array if array.dtype.kind == "f" else array.astype(np.float32)


@_also_on_symbols
def linear(x: ArrayLike) -> Floats:
    """x."""
    return np.asarray(x)


@_also_on_symbols
def relu(x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Floats:
    """max(x, 0); with a slope below the threshold, and at most `max_value`."""
    floats = _floats(x)
    result: Floats = np.where(floats > threshold, floats, 0) if threshold != 0 else np.maximum(floats, 0)
    if max_value is not None:
        result = np.clip(result, 0, max_value)
    if negative_slope != 0:
        result = result - negative_slope * np.maximum(threshold - floats, 0)
    return result.astype(floats.dtype)


@_also_on_symbols
def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Floats:
    """x, multiplied by a slope below 0."""
    floats = _floats(x)
    return np.where(floats >= 0, floats, negative_slope * floats).astype(floats.dtype)


@_also_on_symbols
def relu6(x: ArrayLike) -> Floats:
    """min(max(x, 0), 6)."""
    result: Floats = np.clip(_floats(x), 0, 6)
    return result


@_also_on_symbols
def celu(x: ArrayLike, alpha: float = 1.0) -> Floats:
    """x above 0, alpha (exp(x / alpha) - 1) below."""
    floats = _floats(x)
    return (np.maximum(floats, 0) + alpha * np.expm1(np.minimum(floats, 0) / alpha)).astype(floats.dtype)


@_also_on_symbols
def elu(x: ArrayLike, alpha: float = 1.0) -> Floats:
    """x above 0, alpha (exp(x) - 1) below."""
    floats = _floats(x)
    return np.where(floats > 0, floats, alpha * np.expm1(np.minimum(floats, 0))).astype(floats.dtype)


@_also_on_symbols
def selu(x: ArrayLike) -> Floats:
    """elu, scaled so that it normalises by itself (Klambauer et al., 2017)."""
    floats = _floats(x)
    return (1.0507009873554805 * elu(floats, 1.6732632423543772)).astype(floats.dtype)


@_also_on_symbols
def softplus(x: ArrayLike) -> Floats:
    """log(1 + exp(x)), without overflow."""
    floats = _floats(x)
    return np.asarray(np.maximum(floats, 0) + np.log1p(np.exp(-np.abs(floats))))


@_also_on_symbols
def softsign(x: ArrayLike) -> Floats:
    """x / (1 + |x|)."""
    floats = _floats(x)
    return np.asarray(floats / (1 + np.abs(floats)))


@_also_on_symbols
def squareplus(x: ArrayLike, b: float = 4) -> Floats:
    """(x + sqrt(x^2 + b)) / 2."""
    floats = _floats(x)
    return ((floats + np.sqrt(floats * floats + b)) / 2).astype(floats.dtype)


@_also_on_symbols
def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Floats:
    """x moved towards 0 by the threshold, and 0 within it."""
    floats = _floats(x)
    moved = np.where(floats < -threshold, floats + threshold, 0)
    return np.where(floats > threshold, floats - threshold, moved).astype(floats.dtype)


@_also_on_symbols
def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Floats:
    """x, and 0 within the threshold."""
    floats = _floats(x)
    return np.where(np.abs(floats) > threshold, floats, 0).astype(floats.dtype)


@_also_on_symbols
def tanh_shrink(x: ArrayLike) -> Floats:
    """x - tanh(x)."""
    floats = _floats(x)
    return np.asarray(floats - np.tanh(floats))


@_also_on_symbols
def threshold(x: ArrayLike, threshold: float, default_value: float) -> Floats:
    """x above the threshold, `default_value` elsewhere."""
    floats = _floats(x)
    return np.where(floats > threshold, floats, default_value).astype(floats.dtype)


@_also_on_symbols
def sparse_plus(x: ArrayLike) -> Floats:
    """0 up to -1, (x + 1)^2 / 4 up to 1, x above."""
    floats = _floats(x)
    return np.where(floats >= 1, floats, np.where(floats <= -1, 0, (floats + 1) ** 2 / 4)).astype(floats.dtype)


@_also_on_symbols
def sparse_sigmoid(x: ArrayLike) -> Floats:
    """(x + 1) / 2, within 0 and 1."""
    return np.asarray(np.clip((_floats(x) + 1) / 2, 0, 1))


@_also_on_symbols
def silu(x: ArrayLike) -> Floats:
    """x sigmoid(x)."""
    floats = _floats(x)
    return np.asarray(floats * sigmoid(floats))


@_also_on_symbols
def gelu(x: ArrayLike, approximate: bool = False) -> Floats:
    """x times the normal distribution function of x; `approximate` takes a tanh in its place."""
    floats = _floats(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (floats + 0.044715 * floats**3)
        return np.asarray(0.5 * floats * (1 + np.tanh(inner)), floats.dtype)
    tail = np.vectorize(math.erfc, otypes=[np.float64])(-floats / math.sqrt(2))
    return np.asarray(0.5 * floats * tail, floats.dtype)


@_also_on_symbols
def sigmoid(x: ArrayLike) -> Floats:
    """1 / (1 + exp(-x)), without overflow for any x."""
    floats = _floats(x)
    small = np.exp(-np.abs(floats))
    result: Floats = np.where(floats >= 0, 1, small) / (1 + small)
    return result


@_also_on_symbols
def log_sigmoid(x: ArrayLike) -> Floats:
    """log(sigmoid(x)), without overflow."""
    return np.asarray(-softplus(-_floats(x)))


@_also_on_symbols
def hard_sigmoid(x: ArrayLike) -> Floats:
    """relu6(x + 3) / 6."""
    return np.asarray(relu6(_floats(x) + 3) / 6)


@_also_on_symbols
def hard_silu(x: ArrayLike) -> Floats:
    """x hard_sigmoid(x)."""
    floats = _floats(x)
    return np.asarray(floats * hard_sigmoid(floats))


@_also_on_symbols
def tanh(x: ArrayLike) -> Floats:
    """Hyperbolic tangent."""
    result: Floats = np.tanh(_floats(x))
    return result


@_also_on_symbols
def hard_tanh(x: ArrayLike) -> Floats:
    """x, within -1 and 1."""
    return np.asarray(np.clip(_floats(x), -1, 1))


@_also_on_symbols
def exponential(x: ArrayLike) -> Floats:
    """exp(x)."""
    return np.asarray(np.exp(_floats(x)))


@_also_on_symbols
def mish(x: ArrayLike) -> Floats:
    """x tanh(softplus(x))."""
    floats = _floats(x)
    return np.asarray(floats * np.tanh(softplus(floats)))


@_also_on_symbols
def softmax(x: ArrayLike, axis: int = -1) -> Floats:
    """exp(x) / sum(exp(x)) along `axis`."""
    floats = _floats(x)
    powers = np.exp(floats - floats.max(axis=axis, keepdims=True))
    result: Floats = powers / powers.sum(axis=axis, keepdims=True)
    return result


@_also_on_symbols
def log_softmax(x: ArrayLike, axis: int = -1) -> Floats:
    """x - log(sum(exp(x))) along `axis`, without overflow."""
    floats = _floats(x)
    below = floats - floats.max(axis=axis, keepdims=True)
    return np.asarray(below - np.log(np.exp(below).sum(axis=axis, keepdims=True)))


@_also_on_symbols
def sparsemax(x: ArrayLike, axis: int = -1) -> Floats:
    """max(x - t, 0) with t such that the sum along `axis` is 1 (Martins & Astudillo, 2016)."""
    floats = np.moveaxis(_floats(x), axis, -1)
    falling = -np.sort(-floats, axis=-1)
    sums = np.cumsum(falling, axis=-1) - 1
    counts = np.arange(1, floats.shape[-1] + 1)
    kept = (falling - sums / counts > 0).sum(axis=-1, keepdims=True)
    edge = np.take_along_axis(sums, kept - 1, axis=-1) / kept
    return np.asarray(np.moveaxis(np.maximum(floats - edge, 0), -1, axis), floats.dtype)


@_also_on_symbols
def glu(x: ArrayLike, axis: int = -1) -> Floats:
    """u sigmoid(v) with u and v the halves along `axis`."""
    floats = _floats(x)
    if floats.shape[axis] % 2:
        raise bad_argument("axis", "an axis of an even number of elements", floats.shape[axis])
    value, gate = np.split(floats, 2, axis=axis)
    return np.asarray(value * sigmoid(gate))


swish = silu
hard_swish = hard_silu

_OTHER = ("deserialize", "get", "serialize", "swish", "hard_swish")
_FUNCTIONS: dict[str, Callable[..., Floats]] = {name: globals()[name] for name in __all__ if name not in _OTHER}
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


def name_of(identifier: object) -> Any:
    """What a layer's config carries: a name, or the graph of a function of one's own. Unknown names pass: the library
    judges them, with its nearest name."""
    if identifier is None:
        return "linear"
    if isinstance(identifier, str):
        return _ALIASES.get(identifier, identifier)
    if isinstance(identifier, dict) and isinstance(identifier.get("config"), str):
        return name_of(identifier["config"])
    if isinstance(identifier, dict) and identifier.get("class_name") == "Functional":
        return identifier
    for name, function in _FUNCTIONS.items():
        if identifier is function:
            return name
    if callable(identifier):
        from .layers.traced import function_graph

        return function_graph(identifier, "activation")
    raise bad_argument("activation", "a name, a function of keras.activations, or None", identifier)


def get(identifier: object) -> Callable[..., Floats]:
    """The activation function of a name, a function, or None (linear).

    Raises:
        ValueError: An unknown name.
    """
    if callable(identifier):
        return identifier
    name = name_of(identifier)
    if not isinstance(name, str) or name not in _FUNCTIONS:
        raise bad_argument("activation", f"one of {', '.join(_FUNCTIONS)}", name)
    return _FUNCTIONS[name]


def serialize(activation: object) -> Any:
    """The name of an activation function, or the graph of one's own."""
    return name_of(activation)


def deserialize(config: object) -> Callable[..., Floats]:
    """The activation function that a config names."""
    return get(config)
