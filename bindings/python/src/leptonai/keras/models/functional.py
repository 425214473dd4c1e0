"""`Functional`: models from inputs and outputs."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ...errors import InvalidArgumentError, NotSupportedError, bad_argument, refuse_unless_default
from ..graph import KerasTensor, Node, Operation, flatten, map_structure
from ..layers.core import InputLayer
from ..saving import deserialize_keras_object, public
from .model import Model


@public("keras", written="keras.src.models.functional")
class Functional(Model):
    """The layers between inputs and outputs.

    Args:
        inputs: One tensor of `keras.Input`, or a list or dict of several.
        outputs: One tensor, or a list or dict of several, that depend on the inputs alone.
        name: By default "functional" and a number.

    Raises:
        ValueError: Outputs that depend on other inputs, two layers of one name.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name)
        self._connect(inputs, outputs)
        if not trainable:
            self.trainable = False

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Self:
        """A model of the structure that `get_config`, Keras's or ours, described, with fresh weights."""
        refuse_unless_default("from_config", {}, custom_objects=(custom_objects, None))
        inputs, outputs = tensors_of(config)
        return cls(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True) is not False)


class Connection:
    """What lies between inputs and outputs: nodes, and the config that describes them.

    Args:
        declared: Layers in the order that they and their weights are to have; nobody else's, if not given.

    Attributes:
        operations: Layers and functions by name.
        config: As Keras writes it.
    """

    def __init__(self, name: str, inputs: Any, outputs: Any, declared: list[Operation] | None = None) -> None:
        self._nodes: dict[Node, None] = {}
        self._inputs = flatten(inputs)
        for role, tensors in (("inputs", self._inputs), ("outputs", flatten(outputs))):
            for tensor in tensors:
                if not isinstance(tensor, KerasTensor):
                    raise InvalidArgumentError(
                        f"All `{role}` values must be KerasTensors. Received: {role}={tensor!r} of type {type(tensor)}",
                        argument=role,
                    )
        # A tensor in the middle of another model may be an input: data then enters there.
        self._replaced: dict[int, KerasTensor] = {}
        for tensor in self._inputs:
            if not isinstance(tensor._operation, InputLayer):
                entry = InputLayer(batch_shape=tensor.shape, name=f"{tensor.name}_input")
                self._replaced[id(tensor)] = entry.output
        for tensor in [*flatten(outputs), *self._inputs]:
            self._visit(self._entered(tensor))
        self.operations: dict[str, Operation] = {}
        for node in self._nodes:
            known = self.operations.setdefault(node.operation.name, node.operation)
            if known is not node.operation:
                raise InvalidArgumentError(
                    f'The name "{node.operation.name}" is used 2 times in the model. All operation names should be '
                    "unique.",
                    argument="name",
                )
        self.config = {
            "name": name,
            "trainable": True,
            "layers": [self._written(operation) for operation in self._ordered(declared)],
            "input_layers": map_structure(self._listed, inputs),
            "output_layers": map_structure(self._listed, outputs),
        }
        if declared is not None:
            self.config["listed_order"] = True

    def _ordered(self, declared: list[Operation] | None) -> list[Operation]:
        places = {id(operation): place for place, operation in enumerate(declared or ())}
        operations = list(self.operations.values())
        return sorted(operations, key=lambda operation: places.get(id(operation), len(places)))

    def _entered(self, tensor: KerasTensor) -> KerasTensor:
        return self._replaced.get(id(tensor), tensor)

    def _visit(self, start: KerasTensor) -> None:
        """Collects what a tensor depends on, without recursion: models may be thousands of layers deep."""
        stack = [start._operation._nodes[start._node_index]]
        while stack:
            node = stack.pop()
            if node in self._nodes:
                continue
            if isinstance(node.operation, InputLayer):
                known = [self._entered(tensor)._operation for tensor in self._inputs]
                if node.operation not in known:
                    raise InvalidArgumentError(
                        f"Graph disconnected: the outputs depend on the input '{node.operation.name}', which is not "
                        "among the model's inputs.",
                        argument="inputs",
                    )
            self._nodes[node] = None
            for tensor in node.inputs:
                entered = self._entered(tensor)
                stack.append(entered._operation._nodes[entered._node_index])

    def _number(self, operation: Operation, index: int) -> int:
        """A call's number among those that are part of the model."""
        node = operation._nodes[index]
        calls = [known for known in operation._nodes if known in self._nodes]
        return calls.index(node)

    def _history(self, tensor: KerasTensor) -> list[Any]:
        operation, node, output = tensor._keras_history
        return [operation.name, self._number(operation, node), output]

    def _listed(self, tensor: KerasTensor) -> list[Any]:
        name, number, output = self._history(self._entered(tensor))
        return [name, number + self.operations[name]._first_call, output]

    def _tensor(self, tensor: KerasTensor) -> dict[str, Any]:
        entered = self._entered(tensor)
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": list(entered.shape), "dtype": "float32", "keras_history": self._history(entered)},
        }

    def _written(self, operation: Operation) -> dict[str, Any]:
        calls = [node for node in operation._nodes if node in self._nodes and node.inputs]
        return {
            **operation._written(),
            "name": operation.name,
            "inbound_nodes": [node.written(self._tensor) for node in calls],
        }


def tensors_of(config: dict[str, Any]) -> tuple[Any, Any]:
    """New layers, called as a functional config says: the inputs and outputs of the model, nested as there."""
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise bad_argument("config", "a dict with 'layers', 'input_layers' and 'output_layers'", config)
    operations: dict[str, Operation] = {}
    waiting: list[tuple[Operation, dict[str, Any]]] = []
    for entry in config["layers"]:
        if not isinstance(entry, dict):
            raise bad_argument("config", "dicts as layers", entry)
        operation = deserialize_keras_object(entry)
        if not isinstance(operation, Operation):
            raise bad_argument("config", "layers", entry.get("class_name"))
        operation.name = entry.get("name", operation.name)
        operations[operation.name] = operation
        if isinstance(operation, InputLayer):
            _ = operation.output
        waiting += [(operation, call) for call in entry.get("inbound_nodes", ())]
    while waiting:
        left: list[tuple[Operation, dict[str, Any]]] = []
        for operation, call in waiting:
            # The calls of one layer come in order, because others count them.
            if any(other is operation for other, _ in left) or not _called(operation, call, operations):
                left.append((operation, call))
        if len(left) == len(waiting):
            raise bad_argument("config", "calls whose inputs come from earlier ones", left[0][0].name)
        waiting = left
    return (
        _restored(config.get("input_layers"), operations),
        _restored(config.get("output_layers"), operations),
    )


class _NotYetError(Exception):
    """A call whose input has not been made."""


def _called(operation: Operation, call: dict[str, Any], operations: dict[str, Operation]) -> bool:
    if not isinstance(call, dict):
        raise NotSupportedError("calls in the form of older versions of Keras: save the model with Keras 3")
    try:
        args = _read(call.get("args", []), operations)
        kwargs = _read(call.get("kwargs", {}), operations)
    except _NotYetError:
        return False
    operation._call_symbolically(tuple(args), kwargs)
    return True


def _read(value: Any, operations: dict[str, Operation]) -> Any:
    """An argument of a call, from its config."""
    if isinstance(value, list):
        return [_read(item, operations) for item in value]
    if not isinstance(value, dict):
        return value
    match value.get("class_name"):
        case "__keras_tensor__":
            result: Any = _tensor_at(_config(value).get("keras_history"), operations)
        case "__tuple__":
            result = tuple(_read(item, operations) for item in value.get("items", ()))
        case "__slice__":
            result = _slice(value)
        case "__ellipsis__":
            result = ...
        case "__numpy__":
            result = _array(value)
        case _:
            result = {key: _read(item, operations) for key, item in value.items()}
    return result


def _config(value: dict[str, Any]) -> dict[str, Any]:
    config = value.get("config")
    return config if isinstance(config, dict) else {}


def _array(value: dict[str, Any]) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(_config(value).get("value"), dtype=np.dtype(str(_config(value).get("dtype"))))
    except (TypeError, ValueError) as error:
        raise bad_argument("config", "an array of numbers", str(error)) from error


def _slice(value: dict[str, Any]) -> slice:
    return slice(*(_config(value).get(part) for part in ("start", "stop", "step")))


def _tensor_at(history: Any, operations: dict[str, Operation], is_listed: bool = False) -> KerasTensor:
    if not isinstance(history, list | tuple) or len(history) < 3 or not isinstance(history[0], str):
        raise bad_argument("config", "[layer, call, output] for each tensor", history)
    operation = operations.get(history[0])
    if operation is None:
        raise bad_argument("config", f"layers of the model ({', '.join(operations)})", history[0])
    index = int(history[1]) - (operation._first_call if is_listed else 0)
    if not 0 <= index < len(operation._nodes):
        raise _NotYetError
    outputs: list[KerasTensor] = operation._nodes[index].outputs
    if not 0 <= history[2] < len(outputs):
        raise bad_argument("config", f"an output below {len(outputs)} of {history[0]}", history[2])
    return outputs[history[2]]


def _restored(structure: Any, operations: dict[str, Operation]) -> Any:
    if isinstance(structure, dict):
        return {key: _restored(item, operations) for key, item in structure.items()}
    if isinstance(structure, list | tuple) and structure and isinstance(structure[0], str):
        try:
            return _tensor_at(structure, operations, is_listed=True)
        except _NotYetError:
            raise bad_argument("config", "calls that the model has", structure) from None
    if isinstance(structure, list | tuple):
        return [_restored(item, operations) for item in structure]
    raise bad_argument("config", "input_layers and output_layers", structure)
