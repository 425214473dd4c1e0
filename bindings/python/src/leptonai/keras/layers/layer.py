"""The base of layers: descriptions that a model gives to the library, and a view of their weights there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ... import _core
from ...errors import InvalidStateError, NotSupportedError, bad_argument, refuse_unless_default
from .. import constraints, regularizers
from .._names import automatic_name
from ..graph import MODE, KerasTensor, Node, Operation, call_tensors, is_symbolic
from ..saving import judge, serialize_keras_object

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..models.model import Model
    from ..models.variable import Variable
    from .traced import Traced, Weight

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


class Layer(Operation):
    """The base class.

    Args:
        activity_regularizer: A penalty on what the layer gives, divided by the number of rows.
        trainable: Whether training changes the weights.
        dtype: "float32" or None.
        autocast: Accepted; inputs are always converted to float32.
        name: Unique in a model; by default the class's name and a number.
        input_shape, input_dim: Shape of one sample, for the first layer of a Sequential model; an `Input` before it
            says the same.
    """

    _ruled_weights: tuple[str, ...] = ()
    """Weights that the class has the arguments `<weight>_regularizer` and `<weight>_constraint` for."""

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
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
            dtype=(None if _dtype_name(dtype) == "float32" else dtype, None),
        )
        for weight in self._ruled_weights:
            for rule, module in (("regularizer", regularizers), ("constraint", constraints)):
                argument = f"{weight}_{rule}"
                config = module.config_of(kwargs.pop(argument, None), argument)
                setattr(self, argument, module.get(config))
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
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = trainable
        self._places: list[tuple[Model, str]] = []
        self._own_weights: list[Weight] = []
        self._trace: Traced | None = None

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise bad_argument("trainable", "True or False", value)
        self._trainable = value
        for model, path in self._places:
            model._set_trainable(path, value)

    @property
    def dtype(self) -> str:
        """ "float32"."""
        return "float32"

    @property
    def built(self) -> bool:
        """Whether the layer belongs to a model that has weights."""
        return any(model.built for model, _ in self._places)

    @built.setter
    def built(self, value: bool) -> None:
        """Keras's layers of one's own say it in `build`; here it follows from the models that the layer is part of."""

    def _place(self) -> tuple[Model, str]:
        """A model that has the layer's weights, and the layer's path there."""
        for model, path in self._places:
            if model.built:
                return model, path
        raise InvalidStateError(f"the layer {self.name} has no weights yet: add it to a model that knows its input")

    @property
    def weights(self) -> list[Variable]:
        """The layer's weights, in Keras's order; empty before the model is built."""
        if not self.built:
            return []
        model, path = self._place()
        return [weight for weight in model.weights if weight.path.startswith(f"{path}/")]

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
            model, _ = self._place()
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Connects the layer to symbolic tensors, or computes it on arrays.

        On arrays the layer gets its weights with the first call, and works as in prediction.

        Raises:
            ValueError: Inputs that do not fit.
        """
        if is_symbolic(args) or is_symbolic(kwargs):
            return self._call_symbolically(args, kwargs)
        from ..models.eager import call_on_arrays

        return call_on_arrays(self, args, kwargs)

    def _written(self) -> dict[str, Any]:
        if not self._is_own_class:
            return serialize_keras_object(self)
        if self._trace is None:
            raise InvalidStateError(f"the layer {self.name} has not been called: its code has not been read yet")
        return self._trace._written()

    # ------------------------------------------------------- classes of one's own

    @property
    def _is_own_class(self) -> bool:
        return hasattr(type(self), "call")

    @property
    def _first_call(self) -> int:
        return 1 if self._is_own_class else 0

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: None = None,
        constraint: None = None,
        aggregation: Any = None,
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Any:
        """A weight of a layer of one's own class, for use in its `call`: a symbolic tensor of that shape.

        Args:
            shape: Its extents; () is a number.
            initializer: Glorot's uniform distribution by default.
            trainable: Whether training changes it.
            name: By default "variable" and a number.
        """
        refuse_unless_default(
            "add_weight",
            {
                "regularizer": "add the penalty to the loss",
                "constraint": "bound the weight in call, with keras.ops.clip",
            },
            regularizer=(regularizer, None),
            constraint=(constraint, None),
            overwrite_with_gradient=(overwrite_with_gradient, False),
        )
        from .traced import weight_of

        weight = weight_of(shape, initializer, trainable, name, self._own_weights)
        self._own_weights.append(weight)
        return weight.tensor

    def add_loss(self, loss: Any) -> None:
        """Not supported by this version.

        Raises:
            NotSupportedError: Always; the message says what to do instead.
        """
        raise NotSupportedError(
            f"{self.name}: add_loss is not supported; pass the values through ActivityRegularization, or give a layer "
            "an activity_regularizer"
        )

    def build(self, input_shape: Any) -> None:
        """For classes of one's own: makes the weights, when the shape of what the layer takes is known."""

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Reads the code of a class of one's own for inputs such as these, once."""
        tensors = call_tensors(args, kwargs)
        shapes = [tensor.shape for tensor in tensors]
        if self._trace is None:
            from .traced import Traced

            self.build(shapes[0] if len(shapes) == 1 else shapes)
            self._trace = Traced(self, args, kwargs)
            self._read_shapes = shapes
        elif shapes != self._read_shapes:
            raise NotSupportedError(
                f"{self.name}: its code was read for inputs of shapes {self._read_shapes}. Received: {shapes}; make "
                "another layer for them"
            )

    def _call_symbolically(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._is_own_class:
            return super()._call_symbolically(args, kwargs)
        args = tuple(value for value in args if value is not MODE)
        # The code is read for both modes; in which one it runs is the call's affair.
        mode = {name: kwargs.pop(name) for name in ("training",) if name in kwargs}
        self._read(args, kwargs)
        tensors = call_tensors(args, kwargs)
        return super()._call_symbolically((tensors if len(tensors) > 1 else tensors[0],), mode)

    def _structured(self, outputs: list[KerasTensor]) -> Any:
        return super()._structured(outputs) if self._trace is None else self._trace._structured(outputs)

    @property
    def output(self) -> Any:
        """What the layer gives in the model that it is part of.

        Raises:
            AttributeError: It has not been called yet, or several times.
        """
        return self._structured(self._only_node().outputs)

    @property
    def input(self) -> Any:
        """What the layer takes there. Raises: as `output`."""
        inputs = self._only_node().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    def _reset_states(self) -> None:
        """Makes the states of a stateful layer 0."""
        for model, path in self._places:
            if model.built:
                _core.model_reset_states(model._native, path)

    def _only_node(self) -> Node:
        nodes = [node for node in self._nodes if not node.is_eager]
        if not nodes:
            for model, _ in self._places:
                model._connect_chain()
            nodes = [node for node in self._nodes if not node.is_eager]
        if len(nodes) != 1:
            state = "has never been called" if not nodes else f"has been called {len(nodes)} times"
            raise AttributeError(f"the layer {self.name} {state}: it has no one input and output")
        return nodes[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        config = {"name": self.name, "trainable": self._trainable, "dtype": FLOAT32_POLICY}
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        for weight in self._ruled_weights:
            for rule, module in (("regularizer", regularizers), ("constraint", constraints)):
                chosen: Any = getattr(self, f"{weight}_{rule}")
                config[f"{weight}_{rule}"] = None if chosen is None else module.serialize(chosen)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
