"""The numbers that a metric keeps between two updates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray


class MetricVariable(NDArrayOperatorsMixin):
    """An array that is assigned to.

    Attributes:
        name: What it holds, such as "total".
    """

    def __init__(self, shape: tuple[int, ...], dtype: str, name: str | None) -> None:
        self.name = name
        self._value: NDArray[Any] = np.zeros(shape, dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""
        return self._value.shape

    @property
    def dtype(self) -> str:
        """The type of its elements."""
        return str(self._value.dtype)

    def numpy(self) -> NDArray[Any]:
        """A copy of the numbers."""
        return self._value.copy()

    def assign(self, value: Any) -> None:
        """Replaces the numbers."""
        self._value = np.broadcast_to(np.asarray(value), self._value.shape).astype(self._value.dtype)

    def assign_add(self, value: Any) -> None:
        """Adds to the numbers."""
        self.assign(self._value + np.asarray(value))

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the numbers."""
        self.assign(self._value - np.asarray(value))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self._value, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [value._value if isinstance(value, MetricVariable) else value for value in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __getitem__(self, index: Any) -> Any:
        return self._value[index]

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"<MetricVariable name={self.name}, shape={self.shape}>"
