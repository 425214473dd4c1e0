"""What weights are made to obey after each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ..errors import NotSupportedError, bad_argument
from ._missing import missing_from
from ._names import snake_case
from .saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.constraints", __all__)

_MODULE = "keras.constraints"

Axes = int | Sequence[int] | None


class Constraint:
    """The base class."""

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The constraint that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def _axes(axis: Axes) -> Any:
    return list(axis) if isinstance(axis, Sequence) else axis


@public(_MODULE)
class NonNeg(Constraint):
    """Weights of 0 or more."""


@public(_MODULE)
class MaxNorm(Constraint):
    """Norms of at most `max_value`.

    Args:
        max_value: The largest norm.
        axis: The axes that a norm runs over: 0 for the inputs of each unit of a Dense layer.
    """

    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": _axes(self.axis)}


@public(_MODULE)
class UnitNorm(Constraint):
    """Norms of 1, over `axis`."""

    def __init__(self, axis: Axes = 0) -> None:
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {"axis": _axes(self.axis)}


@public(_MODULE)
class MinMaxNorm(Constraint):
    """Norms that go towards `min_value` ... `max_value`, over `axis`, by the part `rate` of the way in each step."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": _axes(self.axis),
        }


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm


def get(identifier: object) -> Constraint | None:
    """The constraint of a name, config, class or object.

    Raises:
        ValueError: An unknown name.
    """
    if identifier is None or isinstance(identifier, Constraint):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        raise NotSupportedError(
            "a constraint of one's own, which is Python code, cannot run in the library; use one of keras.constraints, "
            "or change the weights in a callback's on_train_batch_end"
        )
    known = {name: cls for cls_name, cls in classes_of(_MODULE).items() for name in (cls_name, snake_case(cls_name))}
    if not isinstance(identifier, str) or identifier not in known:
        raise bad_argument("constraint", f"one of {', '.join(sorted(classes_of(_MODULE)))}", identifier)
    made: Constraint = known[identifier]()
    return made


def config_of(identifier: object, argument: str) -> dict[str, Any] | None:
    """What a layer's config carries."""
    try:
        made = get(identifier)
    except NotSupportedError as error:
        raise NotSupportedError(f"{argument}: {error}", argument=argument) from None
    return None if made is None else serialize(made)


def serialize(constraint: Constraint) -> dict[str, Any]:
    """The config of a constraint."""
    if type(constraint) not in classes_of(_MODULE).values():
        raise NotSupportedError(
            f"{type(constraint).__name__}: a constraint of one's own cannot run in the library; use one of "
            "keras.constraints, or change the weights in a callback's on_train_batch_end"
        )
    return serialize_keras_object(constraint)


def deserialize(config: dict[str, Any]) -> Constraint:
    """The constraint that a config describes."""
    made = deserialize_keras_object({**config, "module": _MODULE})
    if not isinstance(made, Constraint):
        raise bad_argument("config", "the config of a constraint", config)
    return made
