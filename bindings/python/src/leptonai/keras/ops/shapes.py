"""Functions that move numbers and change shapes. In a model axis 0 is the batch, which stays where it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import bad_argument
from ..graph import KerasTensor, is_over_batch
from .function import Function, apply


def shape(x: Any) -> tuple[Any, ...]:
    """The extents; None for the batch of a symbolic tensor, or in losses and metrics a tensor: the number of rows."""
    if not isinstance(x, KerasTensor):
        return np.shape(x)
    if x.shape and x.shape[0] is None and is_over_batch():
        return _rows(x), *x.shape[1:]
    return x.shape


def _rows(x: KerasTensor) -> Any:
    """How many rows the batch has: a 1 for each, added up."""
    ones = apply("numpy", "OnesLike", (x,), {}, None)
    if x.ndim > 1:
        ones = apply("numpy", "Mean", (ones,), {"axis": list(range(1, x.ndim)), "keepdims": False}, None)
    return apply("numpy", "Sum", (ones,), {"axis": None, "keepdims": False}, None)


def ndim(x: Any) -> int:
    """The number of axes."""
    return x.ndim if isinstance(x, KerasTensor) else np.ndim(x)


def reshape(x: Any, newshape: Any) -> Any:
    """The same numbers under another shape; -1 is what is left."""
    wanted = [newshape] if isinstance(newshape, int) else newshape
    extents = [-1 if extent is None or isinstance(extent, KerasTensor) else extent for extent in wanted]
    return apply("numpy", "Reshape", (x,), {"newshape": extents}, lambda a: np.reshape(a, extents))


def transpose(x: Any, axes: Any = None) -> Any:
    """The axes in another order."""
    return apply("numpy", "Transpose", (x,), {"axes": axes}, lambda a: np.transpose(a, axes))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    attributes = {"axis1": axis1, "axis2": axis2}
    return apply("numpy", "Swapaxes", (x,), attributes, lambda a: np.swapaxes(a, axis1, axis2))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places."""
    attributes = {"source": source, "destination": destination}
    return apply("numpy", "Moveaxis", (x,), attributes, lambda a: np.moveaxis(a, source, destination))


def expand_dims(x: Any, axis: Any) -> Any:
    """With new axes of extent 1."""
    return apply("numpy", "ExpandDims", (x,), {"axis": axis}, lambda a: np.expand_dims(a, axis))


def squeeze(x: Any, axis: Any = None) -> Any:
    """Without axes of extent 1."""
    return apply("numpy", "Squeeze", (x,), {"axis": axis}, lambda a: np.squeeze(a, axis))


def concatenate(xs: Any, axis: int = 0) -> Any:
    """Tensors one after another along an axis."""
    return apply("numpy", "Concatenate", (list(xs),), {"axis": axis}, lambda a: np.concatenate(a, axis=axis))


def stack(x: Any, axis: int = 0) -> Any:
    """Tensors along a new axis."""
    return apply("numpy", "Stack", (list(x),), {"axis": axis}, lambda a: np.stack(a, axis=axis))


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Parts along an axis."""
    attributes = {"indices_or_sections": indices_or_sections, "axis": axis}
    return apply("numpy", "Split", (x,), attributes, lambda a: np.split(a, indices_or_sections, axis=axis))


def unstack(x: Any, num: int | None = None, axis: int = 0) -> Any:
    """The slices along an axis."""
    attributes = {"num": num, "axis": axis}
    return apply("core", "Unstack", (x,), attributes, lambda a: list(np.moveaxis(a, axis, 0)))


def get_item(x: Any, key: Any) -> Any:
    """`x[key]`."""
    if not isinstance(x, KerasTensor):
        return np.asarray(x)[key]
    return Function("keras.src.ops.numpy", "GetItem", {})._call_symbolically((x, key), {})


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices at indices along an axis."""
    return apply("numpy", "Take", (x, indices), {"axis": axis}, lambda a, i: np.take(a, i, axis=axis))


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Numbers at indices along an axis."""
    return apply(
        "numpy", "TakeAlongAxis", (x, indices), {"axis": axis}, lambda a, i: np.take_along_axis(a, i, axis=axis)
    )


def flip(x: Any, axis: Any = None) -> Any:
    """In the reverse order along axes."""
    return apply("numpy", "Flip", (x,), {"axis": axis}, lambda a: np.flip(a, axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Shifted along axes, what leaves at one end coming in at the other."""
    return apply("numpy", "Roll", (x,), {"shift": shift, "axis": axis}, lambda a: np.roll(a, shift, axis))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each slice several times."""
    return apply("numpy", "Repeat", (x,), {"repeats": repeats, "axis": axis}, lambda a: np.repeat(a, repeats, axis))


def tile(x: Any, repeats: Any) -> Any:
    """The whole tensor several times along each axis."""
    return apply("numpy", "Tile", (x,), {"repeats": repeats}, lambda a: np.tile(a, repeats))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """With numbers before and after those of each axis."""
    attributes = {"pad_width": pad_width, "mode": mode}
    options = {} if mode != "constant" else {"constant_values": constant_values or 0}
    if isinstance(x, KerasTensor) and constant_values is not None:
        return Function("keras.src.ops.numpy", "Pad", attributes)._call_symbolically(
            (x,), {"constant_values": constant_values}
        )
    return apply("numpy", "Pad", (x,), attributes, lambda a: np.pad(a, pad_width, mode=mode, **options))  # type: ignore[call-overload]


def broadcast_to(x: Any, shape: Any) -> Any:
    """Repeated to a larger shape."""
    extents = [-1 if extent is None or isinstance(extent, KerasTensor) else extent for extent in shape]
    return apply("numpy", "BroadcastTo", (x,), {"shape": extents}, lambda a: np.broadcast_to(a, extents))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: str | None = None, sparse: bool = False) -> Any:
    """1 at each index and 0 elsewhere, along a new last axis."""
    if sparse or axis != -1:
        raise bad_argument("axis", "-1 and sparse=False", f"axis={axis}, sparse={sparse}")
    attributes = {"num_classes": num_classes, "axis": axis, "dtype": dtype}

    def eager(a: Any) -> Any:
        return (np.asarray(a)[..., np.newaxis] == np.arange(num_classes)).astype(np.float32)

    return apply("nn", "OneHot", (x,), attributes, eager)


def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle of the last two axes."""
    return apply("numpy", "Tril", (x,), {"k": k}, lambda a: np.tril(a, k))


def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle of the last two axes."""
    return apply("numpy", "Triu", (x,), {"k": k}, lambda a: np.triu(a, k))


def arange(start: Any, stop: Any = None, step: int = 1, dtype: str | None = None) -> Any:
    """Numbers at equal distances, as an array."""
    return np.arange(start, stop, step, dtype=dtype) if stop is not None else np.arange(start, dtype=dtype)


def zeros(shape: Any, dtype: str | None = None) -> Any:
    """An array of zeros."""
    return np.zeros(shape, dtype or np.float32)


def ones(shape: Any, dtype: str | None = None) -> Any:
    """An array of ones."""
    return np.ones(shape, dtype or np.float32)


def convert_to_numpy(x: Any) -> Any:
    """An array."""
    return np.asarray(x)
