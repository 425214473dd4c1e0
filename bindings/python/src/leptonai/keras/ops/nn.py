"""Products, and activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations
from .function import Eager, apply


def matmul(x1: Any, x2: Any) -> Any:
    """The matrix product over the last two axes, as `numpy.matmul`."""
    return apply("numpy", "Matmul", (x1, x2), {}, np.matmul)


def dot(x1: Any, x2: Any) -> Any:
    """The product over the last axis of x1 and the first of a matrix x2."""
    return apply("numpy", "Dot", (x1, x2), {}, np.dot)


def _activation(class_name: str, on_arrays: Eager) -> Any:
    def function(x: Any) -> Any:
        return apply("nn", class_name, (x,), {}, on_arrays)

    function.__doc__ = on_arrays.__doc__
    return function


relu = _activation("Relu", activations.relu)
relu6 = _activation("Relu6", activations.relu6)
softplus = _activation("Softplus", activations.softplus)
softsign = _activation("Softsign", activations.softsign)
silu = _activation("Silu", activations.silu)
swish = silu
log_sigmoid = _activation("LogSigmoid", activations.log_sigmoid)
hard_sigmoid = _activation("HardSigmoid", activations.hard_sigmoid)
hard_silu = _activation("HardSilu", activations.hard_silu)
hard_swish = hard_silu
hard_tanh = _activation("HardTanh", activations.hard_tanh)
selu = _activation("Selu", activations.selu)
tanh_shrink = _activation("TanhShrink", activations.tanh_shrink)
sparse_plus = _activation("SparsePlus", activations.sparse_plus)
sparse_sigmoid = _activation("SparseSigmoid", activations.sparse_sigmoid)
sigmoid = _activation("Sigmoid", activations.sigmoid)


def _with(class_name: str, x: Any, on_arrays: Eager, **attributes: Any) -> Any:
    return apply("nn", class_name, (x,), attributes, lambda array: on_arrays(array, **attributes))


def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis."""
    return _with("Softmax", x, activations.softmax, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)), without overflow."""
    return _with("LogSoftmax", x, activations.log_softmax, axis=axis)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x, below 0 multiplied with the slope."""
    return _with("LeakyRelu", x, activations.leaky_relu, negative_slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha (exp(x) - 1) below."""
    return _with("Elu", x, activations.elu, alpha=alpha)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """x above 0, alpha (exp(x / alpha) - 1) below."""
    return _with("Celu", x, activations.celu, alpha=alpha)


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the normal distribution function at x."""
    return _with("Gelu", x, activations.gelu, approximate=approximate)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by the threshold, and 0 within it."""
    return _with("SoftShrink", x, activations.soft_shrink, threshold=threshold)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x, and 0 within the threshold."""
    return _with("HardShrink", x, activations.hard_shrink, threshold=threshold)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x² + b)) / 2."""
    return _with("Squareplus", x, activations.squareplus, b=b)


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
