"""An optimizer's state, seen from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..._core import ModelHandle


class Count(int):
    """A number of steps, with the method of the variable that Keras has in its place."""

    shape = ()
    dtype = "int64"

    def numpy(self) -> int:
        """The number."""
        return int(self)


class StateVariable:
    """One tensor of an optimizer's state. The numbers live in the library; reading copies them.

    Attributes:
        path: Slot and weight, such as "momentum/dense/kernel".
        name: The same.
        shape: Its extents.
    """

    dtype = "float32"
    trainable = False

    def __init__(self, model: ModelHandle, index: int, path: str, shape: tuple[int, ...]) -> None:
        self._model = model
        self._index = index
        self.path = path
        self.name = path
        self.shape = shape

    @classmethod
    def all_of(cls, model: ModelHandle) -> list[StateVariable]:
        """Those of a model that is built and compiled; otherwise none."""
        from ...errors import InvalidStateError

        try:
            count = _core.model_optimizer_weight_count(model)
        except InvalidStateError:
            return []
        infos = [_core.model_optimizer_weight_info(model, index) for index in range(count)]
        return [cls(model, index, info[0], tuple(info[1])) for index, info in enumerate(infos)]

    def _all(self) -> list[NDArray[Any]]:
        arrays = [np.empty(variable.shape, np.float32) for variable in StateVariable.all_of(self._model)]
        _core.model_get_optimizer_weights(self._model, arrays)
        return arrays

    def numpy(self) -> NDArray[Any]:
        """A copy of the numbers."""
        return self._all()[self._index]

    def assign(self, value: Any) -> None:
        """Replaces the numbers."""
        arrays = self._all()
        arrays[self._index] = np.ascontiguousarray(value, np.float32).reshape(np.shape(value))
        _core.model_set_optimizer_weights(self._model, arrays)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.numpy(), dtype=dtype)

    def __repr__(self) -> str:
        return f"<StateVariable path={self.path}, shape={self.shape}>"
