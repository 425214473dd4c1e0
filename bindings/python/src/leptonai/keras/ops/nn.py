"""Products, and activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .function import apply


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes, as `numpy.matmul`."""
    return apply("numpy", "Matmul", (x1, x2), {}, np.matmul)


def dot(x1: Any, x2: Any) -> Any:
    """The product over the last axis of x1 and the first of a matrix x2."""
    return apply("numpy", "Dot", (x1, x2), {}, np.dot)


def _activation(class_name: str) -> Any:
    def function(x: Any) -> Any:
        return apply("nn", class_name, (x,), {}, None)

    function.__doc__ = f"{class_name}, as `keras.activations` has it."
    return function


relu = _activation("Relu")
relu6 = _activation("Relu6")
softplus = _activation("Softplus")
softsign = _activation("Softsign")
silu = _activation("Silu")
swish = silu
log_sigmoid = _activation("LogSigmoid")
hard_sigmoid = _activation("HardSigmoid")
hard_silu = _activation("HardSilu")
hard_swish = hard_silu
hard_tanh = _activation("HardTanh")
selu = _activation("Selu")
tanh_shrink = _activation("TanhShrink")
sparse_plus = _activation("SparsePlus")
sparse_sigmoid = _activation("SparseSigmoid")


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis."""

    def eager(a: Any) -> Any:
        powers = np.exp(a - np.max(a, axis=axis, keepdims=True))
        return powers / powers.sum(axis=axis, keepdims=True)

    return apply("nn", "Softmax", (x,), {"axis": axis}, eager)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)), without overflow."""
    return apply("nn", "LogSoftmax", (x,), {"axis": axis}, None)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x, below 0 multiplied with the slope."""
    return apply("nn", "LeakyRelu", (x,), {"negative_slope": negative_slope}, None)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha (exp(x) - 1) below."""
    return apply("nn", "Elu", (x,), {"alpha": alpha}, None)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha (exp(x / alpha) - 1) below."""
    return apply("nn", "Celu", (x,), {"alpha": alpha}, None)


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the normal distribution function at x."""
    return apply("nn", "Gelu", (x,), {"approximate": approximate}, None)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, and 0 within it."""
    return apply("nn", "SoftShrink", (x,), {"threshold": threshold}, None)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x, and 0 within the threshold."""
    return apply("nn", "HardShrink", (x,), {"threshold": threshold}, None)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x² + b)) / 2."""
    return apply("nn", "Squareplus", (x,), {"b": b}, None)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """x less its mean, over its standard deviation, along axes."""
    args = tuple(value for value in (x, gamma, beta) if value is not None)
    return apply("nn", "LayerNorm", args, {"axis": axis, "epsilon": epsilon, **kwargs}, None)


def rms_normalization(x: Any, scale: Any = None, axis: int = -1, epsilon: float | None = None) -> Any:
    """x over the root of its mean square."""
    args = (x,) if scale is None else (x, scale)
    return apply("nn", "RMSNorm", args, {"axis": axis, "epsilon": epsilon}, None)
