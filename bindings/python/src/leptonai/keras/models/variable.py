"""A weight of a model, seen from Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .model import Model


class Variable:
    """One weight tensor of a model. The numbers live in the library; reading copies them.

    Attributes:
        path: Layer and weight, such as "dense/kernel".
        name: The weight, such as "kernel".
        shape: Its extents.
        trainable: Whether training changes it.
        index: Its place in the model's weights.
    """

    dtype = "float32"

    def __init__(self, model: Model, index: int, path: str, shape: tuple[int, ...], trainable: bool) -> None:
        self._model = model
        self.index = index
        self.path = path
        self.name = path.rpartition("/")[2]
        self.shape = shape
        self.trainable = trainable

    @property
    def size(self) -> int:
        """Number of scalars."""
        return math.prod(self.shape)

    def numpy(self) -> NDArray[Any]:
        """A copy of the numbers."""
        return self._model.get_weights()[self.index]

    def assign(self, value: Any) -> None:
        """Replaces the numbers."""
        weights: list[Any] = list(self._model.get_weights())
        weights[self.index] = value
        self._model.set_weights(weights)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.numpy(), dtype=dtype)

    def __repr__(self) -> str:
        return f"<Variable path={self.path}, shape={self.shape}, trainable={self.trainable}>"
