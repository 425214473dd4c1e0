"""The numbers that a metric keeps between two updates."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from ...errors import NotSupportedError
from ..graph.tensor import KerasTensor

_FUNCTIONS = {"true_divide": "divide", "remainder": "mod"}
"""Names of `keras.ops` that are not NumPy's."""


class MetricVariable(NDArrayOperatorsMixin):
    """An array that is assigned to.

    Attributes:
        name: What it holds, such as "total".
    """

    def __init__(self, shape: tuple[int, ...], dtype: str, name: str | None) -> None:
        self.name = name
        self._value: NDArray[Any] = np.zeros(shape, dtype)
        self._symbol: KerasTensor | None = None
        """What stands for it while the metric's code is read."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its extents."""
        return self._value.shape

    @property
    def dtype(self) -> str:
        """The type of its elements."""
        return str(self._value.dtype)

    def _held(self) -> Any:
        return self._value if self._symbol is None else self._symbol

    def numpy(self) -> NDArray[Any]:
        """A copy of the numbers."""
        return self._value.copy()

    def assign(self, value: Any) -> None:
        """Replaces the numbers."""
        if self._symbol is not None:
            self._symbol = value if isinstance(value, KerasTensor) else _refused(self, value)
            return
        self._value = np.broadcast_to(np.asarray(value), self._value.shape).astype(self._value.dtype)

    def assign_add(self, value: Any) -> None:
        """Adds to the numbers."""
        self.assign(self + (value if self._symbol is not None else np.asarray(value)))

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the numbers."""
        self.assign(self - (value if self._symbol is not None else np.asarray(value)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self._symbol is not None:
            return self._symbol.__array__(dtype)  # type: ignore[no-any-return]
        return np.array(self._value, dtype=dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if any(isinstance(value, MetricVariable) and value._symbol is not None for value in inputs):
            return _symbolically(ufunc, method, inputs)
        plain = [value._value if isinstance(value, MetricVariable) else value for value in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __getitem__(self, index: Any) -> Any:
        return self._value[index] if self._symbol is None else self._symbol[index]

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"<MetricVariable name={self.name}, shape={self.shape}>"


def _symbolically(ufunc: Any, method: str, inputs: tuple[Any, ...]) -> Any:
    from .. import ops

    function = getattr(ops, _FUNCTIONS.get(ufunc.__name__, ufunc.__name__), None)
    if method != "__call__" or function is None:
        raise NotSupportedError(f"numpy.{ufunc.__name__} in a metric's code: use keras.ops")
    return function(*inputs)


def _refused(variable: MetricVariable, value: Any) -> NoReturn:
    raise NotSupportedError(
        f"assigning {value!r} to '{variable.name}': in update_state it may only grow by what a batch adds, as in "
        f"self.{variable.name}.assign(self.{variable.name} + ...)"
    )
