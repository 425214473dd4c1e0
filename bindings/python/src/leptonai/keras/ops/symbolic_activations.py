"""The functions of `keras.activations` on symbolic tensors: what they are in a model."""

from __future__ import annotations

from typing import Any

from ...errors import NotSupportedError
from . import elementwise, nn, shapes
from .elementwise import clip, exp, greater, maximum, tanh, where
from .nn import (
    celu,
    elu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh_shrink,
)

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
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
    "tanh",
    "tanh_shrink",
    "threshold",
]

exponential = exp


def linear(x: Any) -> Any:
    """x."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """max(x, 0); with a slope below the threshold, and at most `max_value`."""
    if negative_slope == 0 and max_value is None and threshold == 0:
        return nn.relu(x)
    result = where(greater(x, threshold), x, 0.0) if threshold != 0 else nn.relu(x)
    if max_value is not None:
        result = clip(result, 0.0, max_value)
    if negative_slope != 0:
        result = result - negative_slope * maximum(threshold - x, 0.0)
    return result


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution function at x."""
    return nn.gelu(x, approximate=approximate)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, `default_value` elsewhere."""
    return where(greater(x, threshold), x, default_value)


def mish(x: Any) -> Any:
    """x tanh(softplus(x))."""
    return elementwise.multiply(x, tanh(softplus(x)))


def glu(x: Any, axis: int = -1) -> Any:
    """u sigmoid(v) with u and v the halves along an axis."""
    value, gate = shapes.split(x, 2, axis=axis)
    return elementwise.multiply(value, sigmoid(gate))


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Not a function of `keras.ops`."""
    raise NotSupportedError("keras.activations.sparsemax is not supported on symbolic tensors; use softmax")
