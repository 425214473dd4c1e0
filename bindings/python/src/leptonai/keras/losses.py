"""Losses. A loss object is a description that `compile` gives to the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from ..errors import NotSupportedError, bad_argument, refuse_unless_default
from ._missing import missing_from
from .saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "deserialize",
    "get",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.losses", __all__)

_MODULE = "keras.losses"


class Loss:
    """The base class.

    Args:
        name: The loss's name.
        reduction: "sum_over_batch_size": the mean over all elements.
        dtype: "float32" or None.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        remedies = {"dtype": "losses are computed in float32"}
        refuse_unless_default(
            type(self).__name__,
            remedies,
            reduction=(reduction, "sum_over_batch_size"),
            dtype=(None if dtype == "float32" else dtype, None),
        )
        self.name = name or type(self).__name__
        self.reduction = reduction

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> NoReturn:
        raise NotSupportedError(
            f"calling {type(self).__name__} on arrays is not supported by this version; compile a model with it and "
            "call model.evaluate"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The loss that `get_config` described."""
        return cls(**config)


@public(_MODULE)
class MeanSquaredError(Loss):
    """mean((y_true - y_pred)^2)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)


class _Crossentropy(Loss):
    def __init__(
        self, from_logits: bool, label_smoothing: float, axis: int, reduction: str | None, name: str, dtype: str | None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        refuse_unless_default(type(self).__name__, {"axis": "classes are on the last axis"}, axis=(axis, -1))
        if not 0 <= label_smoothing <= 1:
            raise bad_argument("label_smoothing", "a number in 0 ... 1", label_smoothing)
        self.from_logits = bool(from_logits)
        self.label_smoothing = label_smoothing
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


@public(_MODULE)
class BinaryCrossentropy(_Crossentropy):
    """Crossentropy of labels 0 and 1; with `from_logits` the predictions are before the sigmoid."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


@public(_MODULE)
class CategoricalCrossentropy(_Crossentropy):
    """Crossentropy of one-hot labels; with `from_logits` the predictions are before the softmax."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


@public(_MODULE)
class SparseCategoricalCrossentropy(Loss):
    """Crossentropy of class indices; with `from_logits` the predictions are before the softmax."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        remedies = {
            "axis": "classes are on the last axis",
            "ignore_class": "give those rows a sample weight of 0",
        }
        refuse_unless_default(type(self).__name__, remedies, axis=(axis, -1), ignore_class=(ignore_class, None))
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits, "ignore_class": None}


def get(identifier: object) -> Loss | str | None:
    """A loss from its name, config, class or object. Unknown names pass: the library judges them at `compile`."""
    if identifier is None or isinstance(identifier, str | Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        raise NotSupportedError(
            f"loss: a function of one's own ({identifier!r}) is not supported by this version; use one of "
            f"{', '.join(sorted(classes_of(_MODULE)))}",
            argument="loss",
        )
    raise bad_argument("loss", "a name or a loss of keras.losses", identifier)


def serialize(loss: Loss) -> dict[str, Any]:
    """The config of a loss."""
    return serialize_keras_object(loss)


def deserialize(config: dict[str, Any]) -> Loss:
    """The loss that a config describes."""
    made = deserialize_keras_object({"module": _MODULE, **config})
    if not isinstance(made, Loss):
        raise bad_argument("config", "the config of a loss", config)
    return made
