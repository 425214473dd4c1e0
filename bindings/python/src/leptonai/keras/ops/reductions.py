"""Functions of many numbers along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .function import Eager, apply

Axis = int | tuple[int, ...] | list[int] | None


def _along(axis: Axis) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction(class_name: str, eager: Eager) -> Any:
    def function(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        attributes = {"axis": axis, "keepdims": keepdims}
        return apply("numpy", class_name, (x,), attributes, lambda a: eager(a, axis=_along(axis), keepdims=keepdims))

    function.__doc__ = f"{class_name} along axes, as `numpy.{eager.__name__}`; in a model not over the batch, axis 0."
    return function


sum = _reduction("Sum", np.sum)
mean = _reduction("Mean", np.mean)
max = _reduction("Max", np.max)
min = _reduction("Min", np.min)
amax = _reduction("Amax", np.amax)
amin = _reduction("Amin", np.amin)
prod = _reduction("Prod", np.prod)
any = _reduction("Any", np.any)
all = _reduction("All", np.all)
var = _reduction("Var", np.var)
std = _reduction("Std", np.std)
argmax = _reduction("Argmax", np.argmax)
argmin = _reduction("Argmin", np.argmin)


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along axes, without overflow."""

    def eager(a: Any) -> Any:
        largest = np.max(a, axis=_along(axis), keepdims=True)
        total = np.log(np.sum(np.exp(a - largest), axis=_along(axis), keepdims=True)) + largest
        return total if keepdims else np.squeeze(total, axis=_along(axis))

    return apply("math", "Logsumexp", (x,), {"axis": axis, "keepdims": keepdims}, eager)


def cumsum(x: Any, axis: int | None = None, dtype: str | None = None) -> Any:
    """The running sum along an axis."""
    return apply("numpy", "Cumsum", (x,), {"axis": axis, "dtype": dtype}, lambda a: np.cumsum(a, axis=axis))


def cumprod(x: Any, axis: int | None = None, dtype: str | None = None) -> Any:
    """The running product along an axis."""
    return apply("numpy", "Cumprod", (x,), {"axis": axis, "dtype": dtype}, lambda a: np.cumprod(a, axis=axis))


def average(x: Any, axis: Axis = None, weights: Any = None) -> Any:
    """The weighted mean along an axis."""
    args = (x,) if weights is None else (x, weights)
    return apply(
        "numpy", "Average", args, {"axis": axis}, lambda a, w=None: np.average(a, axis=_along(axis), weights=w)
    )


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The norm of vectors along an axis: order 2 by default."""
    attributes = {"ord": "inf" if ord == float("inf") else ord, "axis": axis, "keepdims": keepdims}
    return apply(
        "linalg",
        "Norm",
        (x,),
        attributes,
        lambda a: np.linalg.norm(a, ord=None if ord == "euclidean" else ord, axis=_along(axis), keepdims=keepdims),
    )


def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm along an axis, or by epsilon (1e-7) where the norm is smaller."""
    attributes = {"axis": axis, "order": order, "epsilon": epsilon}

    def eager(a: Any) -> Any:
        size = np.linalg.norm(a, ord=order, axis=axis, keepdims=True)
        return a / np.maximum(size, 1e-7 if epsilon is None else epsilon)

    return apply("nn", "Normalize", (x,), attributes, eager)


def moments(x: Any, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Mean and variance along axes."""
    attributes = {"axes": axes, "keepdims": keepdims, "synchronized": synchronized}
    return apply(
        "nn",
        "Moments",
        (x,),
        attributes,
        lambda a: (np.mean(a, axis=_along(axes), keepdims=keepdims), np.var(a, axis=_along(axes), keepdims=keepdims)),
    )


def sort(x: Any, axis: int = -1) -> Any:
    """In growing order along an axis."""
    return apply("numpy", "Sort", (x,), {"axis": axis}, lambda a: np.sort(a, axis=axis))


def argsort(x: Any, axis: int = -1) -> Any:
    """The places of the numbers in growing order."""
    return apply("numpy", "Argsort", (x,), {"axis": axis}, lambda a: np.argsort(a, axis=axis, kind="stable"))


def top_k(x: Any, k: int, sorted: bool = True) -> Any:
    """The k largest numbers of the last axis, largest first, and their places."""

    def eager(a: Any) -> Any:
        places = np.argsort(-a, axis=-1, kind="stable")[..., :k]
        return np.take_along_axis(a, places, axis=-1), places

    return apply("math", "TopK", (x,), {"k": k, "sorted": sorted}, eager)
