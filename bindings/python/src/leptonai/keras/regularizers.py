"""Penalties on weights, or on what layers give, that are added to the loss."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Self

from ..errors import NotSupportedError, bad_argument
from ._missing import missing_from
from ._names import snake_case
from .saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.regularizers", __all__)

_MODULE = "keras.regularizers"


class Regularizer:
    """The base class."""

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The regularizer that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def _factor(argument: str, value: float | None, standard: float) -> float:
    if value is None:
        return standard
    if not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise bad_argument(argument, "a finite number of 0 or more", value)
    return float(value)


@public(_MODULE)
class L1(Regularizer):
    """l1 * sum(abs(x))."""

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _factor("l1", l1, 0.01)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@public(_MODULE)
class L2(Regularizer):
    """l2 * sum(x ** 2)."""

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _factor("l2", l2, 0.01)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@public(_MODULE)
class L1L2(Regularizer):
    """l1 * sum(abs(x)) + l2 * sum(x ** 2)."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor("l1", l1, 0.0)
        self.l2 = _factor("l2", l2, 0.0)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@public(_MODULE)
class OrthogonalRegularizer(Regularizer):
    """Pulls the rows of a matrix, or its columns, towards being orthogonal to each other.

    Args:
        factor: Factor of the mean of the cosines' sizes, 0 or more.
        mode: "rows" or "columns".
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("factor", factor, 0.01)
        if mode not in ("rows", "columns"):
            raise bad_argument("mode", '"rows" or "columns"', mode)
        self.mode = mode

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: object) -> Regularizer | None:
    """The regularizer of a name, config, class or object.

    Raises:
        ValueError: An unknown name.
    """
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        raise NotSupportedError(
            "a regularizer of one's own, which is Python code, cannot run in the library; use one of keras.regularizers"
        )
    known = {name: cls for cls_name, cls in classes_of(_MODULE).items() for name in (cls_name, snake_case(cls_name))}
    if not isinstance(identifier, str) or identifier not in known:
        raise bad_argument("regularizer", f"one of {', '.join(sorted(classes_of(_MODULE)))}", identifier)
    made: Regularizer = known[identifier]()
    return made


def config_of(identifier: object, argument: str) -> dict[str, Any] | None:
    """What a layer's config carries."""
    try:
        made = get(identifier)
    except NotSupportedError as error:
        raise NotSupportedError(f"{argument}: {error}", argument=argument) from None
    return None if made is None else serialize(made)


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """The config of a regularizer."""
    if type(regularizer) not in classes_of(_MODULE).values():
        raise NotSupportedError(
            f"{type(regularizer).__name__}: a regularizer of one's own cannot run in the library; use one of "
            "keras.regularizers"
        )
    return serialize_keras_object(regularizer)


def deserialize(config: dict[str, Any]) -> Regularizer:
    """The regularizer that a config describes."""
    made = deserialize_keras_object({**config, "module": _MODULE})
    if not isinstance(made, Regularizer):
        raise bad_argument("config", "the config of a regularizer", config)
    return made
