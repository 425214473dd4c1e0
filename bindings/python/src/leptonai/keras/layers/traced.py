"""Layers of a user's own class: their code is read once, with symbolic tensors, and then runs in the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import NotSupportedError
from .. import initializers
from .._names import names_apart
from ..graph import (
    KerasTensor,
    Node,
    Operation,
    declared_operations,
    flatten,
    map_structure,
    mode_arguments,
    reading,
)

if TYPE_CHECKING:
    from .layer import Layer


class Weight(Operation):
    """A weight of such a layer, as its code uses it: a symbolic tensor without a batch."""

    def __init__(self, name: str, shape: tuple[int, ...], initializer: Any, trainable: bool) -> None:
        self.name = name
        self.shape = shape
        self._initializer = initializer
        self.trainable = trainable
        self._add_node(Node(self, (), {}), [list(shape)])

    @property
    def tensor(self) -> KerasTensor:
        """What stands for the weight in the code."""
        return self._nodes[0].outputs[0]

    def _written(self) -> dict[str, Any]:
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "shape": list(self.shape),
            "initializer": self._initializer,
        }
        return {"module": "leptonai.layers", "class_name": "Variable", "config": config, "registered_name": None}


class Traced(Operation):
    """One layer of a user's own class, read for inputs of certain shapes: a model inside the model."""

    _first_call = 1

    def __init__(self, layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        from ..models.functional import Connection

        self.name = layer.name
        inputs: list[KerasTensor] = []

        def entry(tensor: Any) -> Any:
            if not isinstance(tensor, KerasTensor):
                return tensor
            from .core import InputLayer

            inputs.append(InputLayer(batch_shape=tensor.shape, name=f"input_{len(inputs)}").output)
            return inputs[-1]

        own_args, own_kwargs = map_structure(entry, args), map_structure(entry, kwargs)
        with reading(f"{type(layer).__name__}.call"):
            call = layer.call  # type: ignore[attr-defined]
            outputs = call(*own_args, **own_kwargs, **mode_arguments(call, own_kwargs))
        self.outputs = outputs
        self.connection = Connection(
            layer.name, inputs if len(inputs) > 1 else inputs[0], outputs, declared_operations(layer)
        )
        self.layers = [known for known in self.connection.operations.values() if hasattr(known, "_places")]

    def _written(self) -> dict[str, Any]:
        return {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": self.connection.config,
            "registered_name": "Functional",
        }

    def _structured(self, outputs: list[Any]) -> Any:
        left = iter(outputs)
        order = {id(leaf): next(left) for leaf in flatten(self.outputs)}
        return map_structure(lambda leaf: order[id(leaf)], self.outputs)


def function_graph(function: Callable[[Any], Any], role: str) -> dict[str, Any]:
    """A function of one tensor, of any shape, as a graph of `keras.ops`.

    Raises:
        NotSupportedError: Code that cannot be read, or gives something else than a tensor.
    """
    from ..models.functional import Connection
    from .core import InputLayer

    name = str(getattr(function, "__name__", getattr(function, "name", role)))
    with names_apart(), reading(f"{role} '{name}'"):
        entry = InputLayer(shape=(None,), name="x").output
        result = function(entry)
        if not isinstance(result, KerasTensor):
            raise NotSupportedError(
                f"{role} '{name}' gives {result!r}: it must be a tensor made of its argument with keras.ops"
            )
        config = Connection("".join(part for part in name if part.isalnum() or part == "_"), entry, result).config
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def weight_of(shape: Any, initializer: Any, trainable: bool, name: str | None, taken: list[Weight]) -> Weight:
    """A new weight, under a name that the layer's others have not."""
    extents = (shape,) if isinstance(shape, int) else tuple(shape or ())
    base = name or "variable"
    names = {weight.name for weight in taken}
    chosen, count = base, 1
    while chosen in names:
        chosen, count = f"{base}_{count}", count + 1
    described = initializers.config_of("glorot_uniform" if initializer is None else initializer, "initializer")
    return Weight(chosen, extents, described, trainable)
