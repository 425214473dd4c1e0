"""The base of layers: descriptions that a model gives to the library, and a view of their weights there."""

from __future__ import annotations

import json
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Self

from ...errors import InvalidStateError, NotSupportedError, bad_argument, refuse_unless_default
from .._names import automatic_name
from ..saving import judge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.model import Model
    from ..models.variable import Variable

Shape = tuple[int | None, ...]

FLOAT32_POLICY = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}


def standardize_shape(argument: str, shape: object) -> Shape:
    """A shape as a tuple of positive ints and None."""
    if isinstance(shape, int) and not isinstance(shape, bool):
        shape = (shape,)
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise bad_argument(argument, "a tuple of positive integers or None", shape)
    for extent in shape:
        if extent is None:
            continue
        if isinstance(extent, bool) or not hasattr(extent, "__index__") or extent.__index__() <= 0:
            raise bad_argument(argument, "a tuple of positive integers or None", shape)
    return tuple(None if extent is None else extent.__index__() for extent in shape)


def _dtype_name(dtype: object) -> object:
    if isinstance(dtype, dict):
        config = dtype.get("config")
        return config.get("name") if isinstance(config, dict) else dtype
    return getattr(dtype, "name", dtype)


class Layer:
    """The base class.

    Args:
        activity_regularizer: Not supported by this version.
        trainable: Whether training changes the weights.
        dtype: "float32" or None.
        autocast: Accepted; inputs are always converted to float32.
        name: Unique in a model; by default the class's name and a number.
        input_shape, input_dim: Shape of one sample, for the first layer of a Sequential model; an `Input` before it
            says the same.
    """

    def __init__(
        self,
        *,
        activity_regularizer: None = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        where = type(self).__name__
        refuse_unless_default(
            where,
            {"dtype": "layers compute in float32"},
            activity_regularizer=(activity_regularizer, None),
            dtype=(None if _dtype_name(dtype) == "float32" else dtype, None),
        )
        if not isinstance(trainable, bool):
            raise bad_argument("trainable", "True or False", trainable)
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise bad_argument("name", "a text without '/'", name)
        self._input_shape_arg: Shape | None = None
        if "input_dim" in kwargs:
            self._input_shape_arg = standardize_shape("input_dim", (kwargs.pop("input_dim"),))
            kwargs.pop("input_shape", None)
        elif kwargs.get("input_shape") is not None:
            self._input_shape_arg = standardize_shape("input_shape", kwargs.pop("input_shape"))
        kwargs.pop("input_shape", None)
        if kwargs:
            raise bad_argument(where, "the layer's arguments", ", ".join(kwargs))
        self.name = name or automatic_name(where)
        self._trainable = trainable
        self._owner: weakref.ref[Model] | None = None

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if bool(value) != self._trainable:
            raise NotSupportedError(
                f"changing `trainable` of {self.name} after its creation is not supported by this version; pass "
                "trainable= when the layer is made"
            )

    @property
    def dtype(self) -> str:
        """ "float32"."""
        return "float32"

    @property
    def built(self) -> bool:
        """Whether the layer belongs to a model that has weights."""
        model = self._owner() if self._owner is not None else None
        return model is not None and model.built

    def _model(self) -> Model:
        model = self._owner() if self._owner is not None else None
        if model is None:
            raise InvalidStateError(f"the layer {self.name} has no weights yet: add it to a model that knows its input")
        return model

    @property
    def weights(self) -> list[Variable]:
        """The layer's weights, in Keras's order; empty before the model is built."""
        if not self.built:
            return []
        return [weight for weight in self._model().weights if weight.path.rpartition("/")[0] == self.name]

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that training changes."""
        return [weight for weight in self.weights if weight.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that it does not change."""
        return [weight for weight in self.weights if not weight.trainable]

    def get_weights(self) -> list[NDArray[Any]]:
        """Copies of the layer's weights."""
        return [weight.numpy() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replaces the layer's weights, all or none."""
        own = self.weights
        if len(own) != len(weights):
            raise bad_argument("weights", f"{len(own)} arrays for layer {self.name}", f"{len(weights)} arrays")
        if own:
            model = self._model()
            everything: list[Any] = list(model.get_weights())
            for weight, value in zip(own, weights, strict=True):
                everything[weight.index] = value
            model.set_weights(everything)

    def count_params(self) -> int:
        """Number of scalars in the layer's weights."""
        return sum(weight.size for weight in self.weights)

    def _judge(self, class_name: str) -> None:
        """Has the library judge the arguments: unknown names and bad values are refused where they are given."""
        config = self.get_config()
        del config["name"]
        judge(class_name, json.dumps(config))

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotSupportedError(
            f"calling the layer {self.name} is not supported by this version; put layers into keras.Sequential([...])"
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {"name": self.name, "trainable": self._trainable, "dtype": FLOAT32_POLICY}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
