"""Functions that make arrays, and such as need whole arrays: on symbolic tensors they say so."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import NotSupportedError
from ..graph import KerasTensor, is_symbolic
from .function import Eager
from .shapes import shape as extents_of


def full(shape: Any, fill_value: Any, dtype: str | None = None) -> Any:
    """An array of one number."""
    return np.full(shape, fill_value, dtype or np.float32)


def empty(shape: Any, dtype: str | None = None) -> Any:
    """An array of zeros: there is no reason to leave what it holds to chance."""
    return np.zeros(shape, dtype or np.float32)


def eye(N: int, M: int | None = None, k: int = 0, dtype: str | None = None) -> Any:  # noqa: N803 (Keras's names)
    """A matrix with ones on a diagonal."""
    return np.eye(N, M, k, dtype or np.float32)


def identity(n: int, dtype: str | None = None) -> Any:
    """The square matrix with ones on the diagonal."""
    return np.eye(n, dtype=dtype or np.float32)


def tri(N: int, M: int | None = None, k: int = 0, dtype: str | None = None) -> Any:  # noqa: N803
    """A matrix with ones on and below a diagonal."""
    return np.tri(N, M, k, dtype or np.float32)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: str | None = None) -> Any:
    """Numbers at equal distances between two."""
    return np.linspace(start, stop, num, endpoint, dtype=dtype or np.float32)


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10.0) -> Any:
    """Powers of the base at equal distances between two exponents."""
    return np.logspace(start, stop, num, endpoint, base, dtype=np.float32)


def size(x: Any) -> Any:
    """How many elements; None for a symbolic tensor, whose batch is not known, but a tensor in losses and metrics."""
    if not isinstance(x, KerasTensor):
        return int(np.size(x))
    total: Any = 1
    for extent in extents_of(x):
        total = None if extent is None or total is None else total * extent
    return total


def is_tensor(x: Any) -> bool:
    """Whether it is an array or a symbolic tensor."""
    return isinstance(x, KerasTensor | np.ndarray)


def dtype(x: Any) -> str:
    """The name of the type of the elements."""
    return str(x.dtype) if isinstance(x, KerasTensor) else str(np.asarray(x).dtype)


def _on_arrays(name: str, function: Eager, instead: str) -> Any:
    def checked(*args: Any, **kwargs: Any) -> Any:
        if is_symbolic((args, kwargs)):
            raise NotSupportedError(
                f"keras.ops.{name} of a symbolic tensor is not supported, because it mixes the rows of the batch; "
                f"{instead}"
            )
        return function(*args, **kwargs)

    checked.__name__ = name
    checked.__doc__ = f"`numpy.{name}` of arrays."
    return checked


ravel = _on_arrays("ravel", np.ravel, "use reshape(x, (-1, n)) or a Flatten layer")
outer = _on_arrays("outer", np.outer, "use expand_dims and a product, or einsum")
vdot = _on_arrays("vdot", np.vdot, "use sum(x1 * x2, axis=-1)")
vstack = _on_arrays("vstack", np.vstack, "use concatenate along another axis")
meshgrid = _on_arrays("meshgrid", np.meshgrid, "make the grid of arrays")
allclose = _on_arrays("allclose", np.allclose, "use isclose and all along an axis")
