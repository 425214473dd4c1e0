"""Functions that the library makes of others: contractions, cross-entropies, differences, medians and the like."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations
from ..graph import is_symbolic
from .elementwise import _binary, _unary
from .function import Function, apply
from .reductions import Axis, _along, _reduction

EPSILON = 1e-7


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """The sum of products that the equation names.

    In a model of one or two tensors, with the batch first in each that has it and in the result.
    """
    attributes = {"subscripts": subscripts}
    return apply("numpy", "Einsum", operands, attributes, lambda *arrays: np.einsum(subscripts, *arrays, **kwargs))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over the last axes of x1 and the first of x2, or over the axes named for each."""
    return apply("numpy", "Tensordot", (x1, x2), {"axes": axes}, lambda a, b: np.tensordot(a, b, axes=axes))


def inner(x1: Any, x2: Any) -> Any:
    """The product over the last axes of both."""
    return apply("numpy", "Inner", (x1, x2), {}, np.inner)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Any:
    """softmax(scale query . key + bias) . value over (batch, time, heads, width).

    Args:
        mask: Where it is 0, nothing is attended to; broadcast to (batch, heads, time of query, time of key).
        scale: 1 / sqrt(width) if not given.
    """
    attributes = {
        "is_causal": is_causal,
        "flash_attention": flash_attention,
        "attn_logits_soft_cap": attn_logits_soft_cap,
    }
    function = Function("keras.src.ops.nn", "DotProductAttention", attributes)
    given = {"bias": bias, "mask": mask, "scale": scale}
    keywords = {name: argument for name, argument in given.items() if argument is not None}
    if is_symbolic((query, key, value, bias, mask)):
        return function._call_symbolically((query, key, value), keywords)
    query, key, value = (np.asarray(array, np.float32) for array in (query, key, value))
    logits = np.einsum("btnh,bsnh->bnts", query, key) * (1 / np.sqrt(query.shape[-1]) if scale is None else scale)
    if bias is not None:
        logits = logits + np.asarray(bias, np.float32)
    lowest = -0.7 * np.finfo(np.float32).max
    if mask is not None:
        logits = np.where(np.asarray(mask, bool), logits, lowest)
    if is_causal:
        logits = np.where(np.tri(*logits.shape[-2:]) > 0, logits, lowest)
    weights = activations.softmax(logits.astype(np.float32), axis=-1)
    return np.einsum("bnts,bsnh->btnh", weights, value)


# Cross-entropies, element by element and over classes, as the backends of Keras have them.


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-(target log(output) + (1 - target) log(1 - output)), element by element."""

    def eager(t: Any, o: Any) -> Any:
        if from_logits:
            return -t * activations.log_sigmoid(o) - (1 - t) * activations.log_sigmoid(-o)
        share = np.clip(o, np.float32(EPSILON), np.float32(1 - EPSILON))
        return -(t * np.log(share) + (1 - t) * np.log(1 - share))

    return apply("nn", "BinaryCrossentropy", (target, output), {"from_logits": from_logits}, eager)


def _log_shares(output: Any, from_logits: bool, axis: int) -> Any:
    if from_logits:
        return activations.log_softmax(output, axis=axis)
    shares = output / np.sum(output, axis=axis, keepdims=True)
    return np.log(np.clip(shares, np.float32(EPSILON), np.float32(1 - EPSILON)))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(target log(output)) over the classes."""
    attributes = {"from_logits": from_logits, "axis": axis}

    def eager(t: Any, o: Any) -> Any:
        return -np.sum(t * _log_shares(o, from_logits, axis), axis=axis)

    return apply("nn", "CategoricalCrossentropy", (target, output), attributes, eager)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(output) at the class that the target names."""
    attributes = {"from_logits": from_logits, "axis": axis}

    def eager(t: Any, o: Any) -> Any:
        places = np.asarray(t, np.int64)
        places = places[..., 0] if places.ndim == o.ndim and places.shape[-1] == 1 else places
        logarithms = _log_shares(o, from_logits, axis)
        return -np.take_along_axis(logarithms, np.expand_dims(places, axis), axis=axis).squeeze(axis)

    return apply("nn", "SparseCategoricalCrossentropy", (target, output), attributes, eager)


# Element by element.


cbrt = _unary("Cbrt", np.cbrt)
sinc = _unary("Sinc", np.sinc)
fabs = _unary("Fabs", np.fabs)
heaviside = _binary("Heaviside", np.heaviside)
fmax = _binary("Fmax", np.fmax)
fmin = _binary("Fmin", np.fmin)
fmod = _binary("Fmod", np.fmod)
logaddexp2 = _binary("Logaddexp2", np.logaddexp2)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of NaN and infinity; the largest that there are if none are given."""
    attributes = {"nan": nan, "posinf": posinf, "neginf": neginf}
    return apply("numpy", "NanToNum", (x,), attributes, lambda a: np.nan_to_num(a, True, nan, posinf, neginf))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x above the threshold, and the default value elsewhere."""
    attributes = {"threshold": threshold, "default_value": default_value}
    return apply("nn", "Threshold", (x,), attributes, lambda a: np.where(a > threshold, a, np.float32(default_value)))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| <= atol + rtol |x2|."""
    args = (x1, x2, rtol, atol)
    return apply(
        "numpy", "Isclose", args, {"equal_nan": equal_nan}, lambda a, b, r, t: np.isclose(a, b, r, t, equal_nan)
    )


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The projection onto the simplex along an axis (Martins & Astudillo, 2016)."""
    return apply("nn", "Sparsemax", (x,), {"axis": axis}, lambda a: activations.sparsemax(a, axis=axis))


def glu(x: Any, axis: int = -1) -> Any:
    """The first half of an axis times the sigmoid of the second."""
    return apply("nn", "Glu", (x,), {"axis": axis}, lambda a: activations.glu(a, axis=axis))


# Along axes.


nansum = _reduction("Nansum", np.nansum)
nanmean = _reduction("Nanmean", np.nanmean)
nanmax = _reduction("Nanmax", np.nanmax)
nanmin = _reduction("Nanmin", np.nanmin)
median = _reduction("Median", np.median)
ptp = _reduction("Ptp", np.ptp)


def count_nonzero(x: Any, axis: Axis = None) -> Any:
    """How many elements along axes are not 0."""
    return apply("numpy", "CountNonzero", (x,), {"axis": axis}, lambda a: np.count_nonzero(a, axis=_along(axis)))


def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """The differences of neighbours along an axis, taken n times."""
    return apply("numpy", "Diff", (a,), {"n": n, "axis": axis}, lambda x: np.diff(x, n=n, axis=axis))


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """The vector product of triples of numbers."""
    ends = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    attributes = dict(zip(("axisa", "axisb", "axisc"), ends, strict=True))
    return apply("numpy", "Cross", (x1, x2), attributes, lambda a, b: np.cross(a, b, *ends))


# Parts.


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """The block of this shape from a place on."""

    def eager(x: Any) -> Any:
        return x[tuple(np.s_[start : start + extent] for start, extent in zip(start_indices, shape, strict=True))]

    if is_symbolic(inputs):
        function = Function("keras.src.ops.core", "Slice", {"shape": shape})
        return function._call_symbolically((inputs, start_indices), {})
    return eager(np.asarray(inputs))


def hstack(xs: Any) -> Any:
    """Tensors one after another along axis 1, or along the only one."""
    return apply("numpy", "Hstack", (list(xs),), {}, np.hstack)


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals over two axes, along a new last one."""
    attributes = {"offset": offset, "axis1": axis1, "axis2": axis2}
    return apply("numpy", "Diagonal", (x,), attributes, lambda a: np.diagonal(a, offset, axis1, axis2))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sums of the diagonals over two axes."""
    attributes = {"offset": offset, "axis1": axis1, "axis2": axis2}
    return apply("numpy", "Trace", (x,), attributes, lambda a: np.trace(a, offset, axis1, axis2))
