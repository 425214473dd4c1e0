"""What convolution and pooling share: arguments that have a number for each spatial axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import bad_argument
from .layer import Layer

if TYPE_CHECKING:
    from ..models.variable import Variable


def extents(argument: str, value: object, rank: int, least: int = 1) -> tuple[int, ...]:
    """A number for each of `rank` axes, from one for all or one for each."""
    expected = f"an integer or {rank} integers of at least {least}"
    if hasattr(value, "__index__"):
        numbers = (value.__index__(),) * rank
    elif isinstance(value, Iterable) and not isinstance(value, str | dict):
        given = tuple(value)
        if len(given) != rank or not all(hasattr(number, "__index__") for number in given):
            raise bad_argument(argument, expected, value)
        numbers = tuple(number.__index__() for number in given)
    else:
        raise bad_argument(argument, expected, value)
    if min(numbers) < least:
        raise bad_argument(argument, expected, value)
    return numbers


def data_format_of(value: str | None) -> str:
    """ "channels_last" unless the other one is given."""
    if value is None:
        return "channels_last"
    if not isinstance(value, str) or value.lower() not in ("channels_first", "channels_last"):
        raise bad_argument("data_format", '"channels_first", "channels_last" or None', value)
    return value.lower()


def whole(argument: str, value: object, least: int = 1) -> int:
    """An integer of at least `least`."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise bad_argument(argument, f"an integer of at least {least}", value)
    number: int = value.__index__()
    return number


class SpatialLayer(Layer):
    """A layer whose samples have `rank` spatial axes, and channels."""

    rank: int

    def _own(self, name: str) -> Variable:
        for weight in self.weights:
            if weight.name == name:
                return weight
        raise AttributeError(f"the layer {self.name} has no {name} yet: add it to a model that knows its input")

    def _judge_config(self) -> None:
        """Has the library judge the arguments of the Keras class that this one is."""
        self._judge(next(cls.__name__ for cls in type(self).__mro__ if cls.__module__.startswith(__package__ or "")))
