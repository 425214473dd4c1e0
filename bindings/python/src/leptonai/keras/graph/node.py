"""Calls of layers on symbolic tensors, and how they are written for the library."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import _core
from ...errors import TypeMismatchError
from .reading import MODE, is_over_batch
from .tensor import KerasTensor


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same nesting of lists, tuples and dicts, with `function` applied to what is in it."""
    if isinstance(structure, list):
        return [map_structure(function, item) for item in structure]
    if isinstance(structure, tuple):
        return tuple(map_structure(function, item) for item in structure)
    if isinstance(structure, dict):
        return {key: map_structure(function, item) for key, item in structure.items()}
    return function(structure)


def flatten(structure: Any) -> list[Any]:
    """What is in nested lists, tuples and dicts; dicts in the order of their keys, as Keras does."""
    if isinstance(structure, list | tuple):
        return [leaf for item in structure for leaf in flatten(item)]
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    return [structure]


def call_tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[KerasTensor]:
    """The tensors of a call, in the order in which they are written."""
    found: list[KerasTensor] = []

    def note(value: Any) -> Any:
        if isinstance(value, KerasTensor):
            found.append(value)
        return value

    map_structure(note, args)
    map_structure(note, kwargs)
    return found


class Node:
    """One call of an operation.

    Attributes:
        operation: What was called.
        args, kwargs: With what.
        inputs: The tensors among these.
        outputs: What came out.
    """

    def __init__(self, operation: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.inputs = call_tensors(args, kwargs)
        self.outputs: list[KerasTensor] = []
        self.is_eager = False
        """Whether it only serves to compute a layer on arrays."""

    def written(self, tensor: Callable[[KerasTensor], Any]) -> dict[str, Any]:
        """The call as Keras's config has it; `tensor` says how a tensor is written."""

        def write(value: Any) -> Any:
            if isinstance(value, KerasTensor):
                return tensor(value)
            if isinstance(value, list):
                return [write(item) for item in value]
            if isinstance(value, tuple):
                return {"class_name": "__tuple__", "items": [write(item) for item in value]}
            if isinstance(value, dict):
                return {key: write(item) for key, item in value.items()}
            return _written_value(self.operation.name, value)

        return {"args": [write(value) for value in self.args], "kwargs": write(self.kwargs)}


def _written_value(owner: str, value: Any) -> Any:
    """A value that holds no tensors, as Keras's config has it."""
    if isinstance(value, slice):
        parts = {"start": value.start, "stop": value.stop, "step": value.step}
        written: Any = {"class_name": "__slice__", "config": parts}
    elif value is Ellipsis:
        written = {"class_name": "__ellipsis__", "config": {}}
    elif isinstance(value, np.ndarray):
        written = {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": str(value.dtype)}}
    elif isinstance(value, np.generic):
        written = value.item()
    elif value is None or isinstance(value, bool | int | float | str):
        written = value
    else:
        raise TypeMismatchError(
            f"{owner}: expected tensors, numbers or arrays in a call. Received: {value!r} (a {type(value).__name__})"
        )
    return written


class Operation:
    """What can be called on symbolic tensors: a layer, a model, a function of `keras.ops`."""

    name: str

    @property
    def _first_call(self) -> int:
        """What is added to a call's number where a config lists a model's outputs: there Keras counts a functional
        model's own connection."""
        return 0

    @property
    def _nodes(self) -> list[Node]:
        """The calls so far."""
        nodes: list[Node] = self.__dict__.setdefault("_inbound_nodes", [])
        return nodes

    @abstractmethod
    def _written(self) -> dict[str, Any]:
        """As Keras writes it: module, class_name, config, registered_name."""

    def _call_symbolically(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Notes a call, once the library has found that it fits, and gives the tensors that come out."""
        # Layers follow the mode of the model by themselves.
        args = tuple(value for value in args if value is not MODE)
        node = Node(
            self, args, {name: value for name, value in kwargs.items() if value is not None and value is not MODE}
        )
        call = node.written(_with_shape)
        if is_over_batch():
            call["over_batch"] = True
        shapes = json.loads(_core.layer_output_shapes(json.dumps(self._written()), json.dumps(call)))
        return self._add_node(node, shapes)

    def _add_node(self, node: Node, shapes: list[list[int | None]]) -> Any:
        index = len(self._nodes)
        node.outputs = [
            KerasTensor(tuple(shape), self.name, self, index, number) for number, shape in enumerate(shapes)
        ]
        sizes = [tensor.batch_size for tensor in node.inputs if tensor.batch_size is not None]
        for output in node.outputs:
            if sizes and output.shape[:1] == (None,):
                output.fix_batch(sizes[0])
        self._nodes.append(node)
        return self._structured(node.outputs)

    def _structured(self, outputs: list[KerasTensor]) -> Any:
        """What a call returns: one tensor, or a list of several."""
        return outputs[0] if len(outputs) == 1 else outputs


def _with_shape(tensor: KerasTensor) -> dict[str, Any]:
    shape = list(tensor.shape)
    if tensor.batch_size is not None:
        shape[0] = None
    return {"class_name": "__keras_tensor__", "config": {"shape": shape, "dtype": tensor.dtype}}
