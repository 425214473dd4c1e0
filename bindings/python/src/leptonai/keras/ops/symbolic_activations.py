"""The functions of `keras.activations` on symbolic tensors: what they are in a model."""

from __future__ import annotations

from typing import Any

from . import elementwise, nn
from .derived import glu, sparsemax, threshold
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


def mish(x: Any) -> Any:
    """x tanh(softplus(x))."""
    return elementwise.multiply(x, tanh(softplus(x)))
