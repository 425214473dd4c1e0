"""Turns what users give as data into arrays that the library borrows without a copy where it can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import (
    LeptonError,
    NonFiniteError,
    NotSupportedError,
    ShapeMismatchError,
    TypeMismatchError,
    bad_argument,
)
from .arguments import nonfinite_policy

Array = NDArray[Any]

_DIRECT = frozenset(np.dtype(name) for name in ("float32", "float64", "int32", "int64", "uint8", "bool"))
_EXPECTED = "an array or a rectangular nest of numbers"


def to_array(argument: str, value: Any, text: bool = False) -> Array:
    """`value` as an array of a type that the library takes; the same memory when it already is one.

    Args:
        text: Whether text is taken as well: it comes as an array of str that nobody else has.

    Raises:
        ValueError: Nothing, a ragged nest, or a container that holds no data.
        TypeError: Text, objects, complex numbers or dates.
        NotSupportedError: A generator, a data set or a dict.
    """
    if isinstance(value, np.ndarray):
        array = np.ma.getdata(value) if type(value) is not np.ndarray and not np.ma.is_masked(value) else value
        if isinstance(array, np.ma.MaskedArray):
            raise bad_argument(argument, "an array without masked elements", "a masked array")
    else:
        array = _from_other(argument, value)
    if text and array.dtype.kind in "OUST":
        texts = _texts(argument, array)
        if texts is not None:
            return texts
    if array.dtype not in _DIRECT:
        array = _converted(argument, array)
    if not array.flags.aligned or any(stride % array.itemsize for stride in array.strides):
        array = np.ascontiguousarray(array)
    return array


def _texts(argument: str, array: Array) -> Array | None:
    """An array of str, or None when there is anything but text."""
    items = array.ravel().tolist()
    try:
        items = [item.decode() if isinstance(item, bytes) else item for item in items]
    except UnicodeDecodeError as error:
        raise bad_argument(argument, "UTF-8 text", f"{error.object!r}") from error
    if not all(isinstance(item, str) for item in items):
        return None
    copy = np.empty(len(items), dtype=object)
    copy[:] = items
    return copy.reshape(array.shape)


def _from_other(argument: str, value: Any) -> Array:
    if value is None:
        raise bad_argument(argument, _EXPECTED, None)
    if isinstance(value, str | bytes):
        raise bad_argument(argument, _EXPECTED, value, TypeMismatchError)
    if isinstance(value, Mapping):
        raise NotSupportedError(
            f"{argument}: a dict of arrays needs a model with named inputs, which this version does not have; give the "
            "array itself",
            argument=argument,
        )
    is_number = isinstance(value, bool | int | float | np.generic)
    if not is_number and not isinstance(value, list | tuple) and not hasattr(value, "__array__"):
        if hasattr(value, "__iter__") or hasattr(value, "__getitem__"):
            raise NotSupportedError(
                f"{argument}: data from a {type(value).__name__} is not supported by this version; collect it into "
                "arrays first (numpy.stack or numpy.concatenate)",
                argument=argument,
            )
        raise bad_argument(argument, _EXPECTED, f"a {type(value).__name__}", TypeMismatchError)
    try:
        return np.asarray(value)
    except (ValueError, TypeError) as error:
        raise _why_not(argument, value, error) from error


def _why_not(argument: str, value: Any, error: Exception) -> LeptonError:
    lengths = (
        {len(row) if hasattr(row, "__len__") else None for row in value} if isinstance(value, list | tuple) else ()
    )
    if len(lengths) > 1:
        shown = ", ".join("a number" if length is None else str(length) for length in sorted(lengths, key=str)[:4])
        return bad_argument(argument, "rows of one length", f"rows of lengths {shown}", ShapeMismatchError)
    return bad_argument(argument, _EXPECTED, str(error), ShapeMismatchError)


def _converted(argument: str, array: Array) -> Array:
    """An array of another type, as the nearest type that holds its values."""
    kind = array.dtype.kind
    if kind == "f":
        return array.astype(np.float32 if array.itemsize <= 4 else np.float64)
    if kind == "u" and array.itemsize == 8:
        return array.astype(np.float64)
    if kind in "iu":
        return array.astype(np.int64)
    if kind == "b":
        return array.astype(np.bool_)
    remedy = {
        "O": "; in a table with columns of text or of different kinds, select or encode columns first",
        "U": "; encode text as numbers first",
        "S": "; encode text as numbers first",
        "c": "; give real and imaginary parts as columns",
        "M": "; give dates as numbers",
        "m": "; give durations as numbers",
    }.get(kind, "")
    raise bad_argument(argument, f"numbers{remedy}", f"elements of type {array.dtype}", TypeMismatchError)


def to_inputs(
    argument: str, value: Any, ranks: tuple[int, ...] | None, names: tuple[str, ...] = (), text: bool = False
) -> tuple[Array, ...]:
    """One array per input or output of a model.

    Args:
        ranks: The rank of each, with the batch axis; None when the model is not built.
        names: The name of each, for dicts.
        text: As in `to_array`.

    A list or tuple is one array per input when the model has several, and when it has as many arrays as the model has
    inputs, each of its input's rank. Anything else is the data of the single input.
    """
    if isinstance(value, Mapping):
        return _by_name(argument, value, names, text)
    if isinstance(value, list | tuple) and value:
        if ranks is None:
            # A model of one's own class may take several arrays.
            if len(value) > 1 and all(isinstance(item, np.ndarray) for item in value):
                return tuple(to_array(f"{argument}[{place}]", item, text) for place, item in enumerate(value))
        elif len(ranks) > 1:
            return tuple(to_array(f"{argument}[{place}]", item, text) for place, item in enumerate(value))
        elif len(value) == 1 and isinstance(value[0], np.ndarray) and value[0].ndim == ranks[0]:
            return (to_array(argument, value[0], text),)
    return (to_array(argument, value, text),)


def _by_name(argument: str, value: Mapping[Any, Any], names: tuple[str, ...], text: bool) -> tuple[Array, ...]:
    unknown = [str(name) for name in value if name not in names]
    if names and len(names) == len(value) == 1 and unknown:
        # The one array of a model with one input, whatever it is called.
        return (to_array(argument, next(iter(value.values())), text),)
    missing = [name for name in names if name not in value]
    if unknown or missing:
        raise bad_argument(argument, f"a dict with {', '.join(names)}", f"one with {', '.join(map(str, value))}")
    return tuple(to_array(f"{argument}['{name}']", value[name], text) for name in names)


def adjust_rank(array: Array, shape: tuple[int, ...]) -> Array:
    """As Keras does: (n,) for an input of (n, 1), and (n, ..., 1) for one of (n, ...)."""
    if array.ndim == len(shape) - 1 and shape[-1] == 1:
        return array[..., np.newaxis]
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1 and array.ndim > 1:
        return array[..., 0]
    return array


def to_sample_weight(argument: str, value: Any) -> Array | None:
    """One weight per row, or one per position of an output that has several."""
    if value is None:
        return None
    array = to_array(argument, value)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim == 0:
        raise bad_argument(argument, "one weight per row, of shape (rows,)", f"shape {array.shape}", ShapeMismatchError)
    return array


def to_class_weight(value: Any) -> dict[int, float] | None:
    """Weights by class index."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise bad_argument("class_weight", "a dict of class index to weight", value)
    weights: dict[int, float] = {}
    for key, weight in value.items():
        if isinstance(key, bool) or not hasattr(key, "__index__"):
            raise bad_argument("class_weight", "class indices as keys", key)
        if not -(2**63) <= key.__index__() < 2**63:
            raise bad_argument("class_weight", "class indices as keys", key)
        try:
            weights[key.__index__()] = float(weight)
        except (TypeError, ValueError):
            raise bad_argument("class_weight", "numbers as weights", weight) from None
    return weights


def as_tuple(arrays: Array | tuple[Array, ...] | None) -> tuple[Array, ...]:
    """None, one array or several, as a tuple."""
    if arrays is None:
        return ()
    return arrays if isinstance(arrays, tuple) else (arrays,)


def refuse_nonfinite(array: Array, policy: object) -> None:
    """The library's check, for predictions that do not go through a client."""
    if policy != "error":
        nonfinite_policy(policy)
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    where = np.argwhere(~np.isfinite(array))[0]
    value = array[tuple(where)]
    raise bad_argument(
        "x",
        'finite numbers (or nonfinite="allow")',
        f"{value} at {tuple(int(index) for index in where)}",
        NonFiniteError,
    )
