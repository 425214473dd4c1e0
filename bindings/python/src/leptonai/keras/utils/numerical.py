"""Helpers for labels and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import bad_argument


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[Any]:
    """One-hot rows, in float64 as Keras gives them, from class indices.

    Args:
        x: Class indices, 0 ... num_classes - 1.
        num_classes: By default the largest index and one more.

    Raises:
        ValueError: An index outside the classes.
    """
    indices = np.array(x, dtype="int64")
    shape = indices.shape
    if len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    flat = indices.reshape(-1)
    classes = num_classes or (int(flat.max()) + 1 if flat.size else 0)
    if flat.size and not (flat.min() >= 0 and flat.max() < classes):
        raise bad_argument("x", f"class indices in 0 ... {classes - 1}", f"{flat.min()} ... {flat.max()}")
    categorical = np.zeros((flat.size, classes))
    categorical[np.arange(flat.size), flat] = 1
    return categorical.reshape((*shape, classes))


def normalize(x: ArrayLike, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """An array divided by its norms.

    Args:
        x: The array.
        axis: Along which norms are taken.
        order: 2 for the Euclidean norm, 1 for the sum of absolute values.
    """
    array = np.asarray(x)
    norms = np.atleast_1d(np.linalg.norm(array, order, axis))
    norms[norms == 0] = 1
    result: NDArray[Any] = array / np.expand_dims(norms, axis)
    return result
