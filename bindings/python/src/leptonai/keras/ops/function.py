"""A function of `keras.ops`: on symbolic tensors it becomes a part of the model, on arrays it is computed at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import NotSupportedError
from .._names import automatic_name
from ..graph import Operation, flatten, is_symbolic, map_structure
from ..saving import public_function_class

Eager = Callable[..., Any]


class Function(Operation):
    """One use of a function in a model.

    Attributes:
        name: As Keras names it: "mean", "mean_1".
    """

    def __init__(self, module: str, class_name: str, attributes: dict[str, Any], name: str | None = None) -> None:
        self.name = name or automatic_name(class_name)
        self._module = module
        self._class_name = class_name
        self._attributes = attributes

    def _written(self) -> dict[str, Any]:
        config = {"name": self.name, **{key: _plain(value) for key, value in self._attributes.items()}}
        return {
            "module": self._module,
            "class_name": self._class_name,
            "config": config,
            "registered_name": self._class_name,
        }

    @classmethod
    def from_written(cls, config: dict[str, Any]) -> Function:
        """From its config in a model."""
        attributes = dict(config.get("config") or {})
        name = attributes.pop("name", None)
        return cls(str(config.get("module")), str(config.get("class_name")), attributes, name)


public_function_class(Function.from_written)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def apply(module: str, class_name: str, args: tuple[Any, ...], attributes: dict[str, Any], eager: Eager | None) -> Any:
    """The function of tensors `args`: a part of a model when one is symbolic, and else computed by `eager`."""
    args = map_structure(_held, args)
    if is_symbolic(args):
        return Function(f"keras.src.ops.{module}", class_name, attributes)._call_symbolically(_tensors(args), {})
    if eager is None:
        return _through_library(module, class_name, args, attributes)
    # As in a model: NaN and infinity are results like any others.
    with np.errstate(all="ignore"):
        return eager(*map_structure(_array, args))


def _held(value: Any) -> Any:
    """What a variable of a metric holds: numbers, or a symbolic tensor while the metric's code is read."""
    held = getattr(value, "_held", None)
    return value if held is None else held()


def _tensors(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Lists of numbers beside symbolic tensors are arrays; lists with tensors in them stay lists."""
    return tuple(
        np.asarray(value) if isinstance(value, list | tuple) and not is_symbolic(value) and value else value
        for value in args
    )


def _array(value: Any) -> Any:
    """As Keras: numbers with a point become float32."""
    if isinstance(value, float):
        return np.float32(value)
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    return value


def _through_library(module: str, class_name: str, args: tuple[Any, ...], attributes: dict[str, Any]) -> Any:
    """Computes a function on arrays with a model around it: each array's first axis is the batch."""
    from ..layers.core import InputLayer
    from ..models.functional import Functional

    arrays = [np.asarray(leaf, np.float32) for leaf in flatten(list(args)) if isinstance(leaf, np.ndarray | list)]
    if not arrays or any(array.ndim == 0 for array in arrays):
        raise NotSupportedError(f"keras.ops.{class_name.lower()} is supported on arrays of at least one axis")
    inputs = [InputLayer(shape=array.shape[1:], name=f"input_{place}").output for place, array in enumerate(arrays)]
    left = iter(inputs)
    symbols = map_structure(lambda leaf: next(left) if isinstance(leaf, np.ndarray | list) else leaf, list(args))
    outputs = Function(f"keras.src.ops.{module}", class_name, attributes)._call_symbolically(tuple(symbols), {})
    return Functional(inputs, outputs, name="function")(arrays if len(arrays) > 1 else arrays[0])
