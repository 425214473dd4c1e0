"""Layers that combine several tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument
from ..saving import public
from .layer import Layer


class Merge(Layer):
    """The base of layers that combine a list of tensors element by element, with broadcasting."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._judge(type(self).__name__)


@public("keras.layers")
class Add(Merge):
    """The sum of a list of tensors."""


@public("keras.layers")
class Subtract(Merge):
    """The first of two tensors less the second."""


@public("keras.layers")
class Multiply(Merge):
    """The product of a list of tensors."""


@public("keras.layers")
class Average(Merge):
    """The mean of a list of tensors."""


@public("keras.layers")
class Maximum(Merge):
    """The largest of a list of tensors, element by element."""


@public("keras.layers")
class Minimum(Merge):
    """The smallest of a list of tensors, element by element."""


@public("keras.layers")
class Concatenate(Layer):
    """A list of tensors end to end.

    Args:
        axis: Along which axis, the batch being 0.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise bad_argument("axis", "a whole number", axis)
        super().__init__(**kwargs)
        self.axis = axis
        self._judge("Concatenate")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@public("keras.layers")
class Dot(Layer):
    """Dot products of two tensors, sample by sample.

    Args:
        axes: The axis that is summed over, or one for each tensor; the batch is 0.
        normalize: Whether samples are divided by their length first: the result is a cosine then.
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        if not isinstance(axes, int):
            if not isinstance(axes, list | tuple):
                raise TypeError(
                    f"Invalid type for argument `axes`: it should be a list or an int. Received: axes={axes}"
                )
            if len(axes) != 2:
                raise bad_argument("axes", "two elements", axes)
            if not all(isinstance(axis, int) for axis in axes):
                raise bad_argument("axes", "integers", axes)
        super().__init__(**kwargs)
        self.axes = axes
        self.normalize = bool(normalize)
        self._judge("Dot")

    def get_config(self) -> dict[str, Any]:
        axes = self.axes if isinstance(self.axes, int) else list(self.axes)
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The sum of a list of tensors; arguments as `Add`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The first of two tensors less the second."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The product of a list of tensors."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The mean of a list of tensors."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The largest of a list of tensors, element by element."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The smallest of a list of tensors, element by element."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """A list of tensors end to end; arguments as `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """Dot products of two tensors; arguments as `Dot`."""
    return Dot(axes=axes, **kwargs)(inputs)
