"""Layers computed on arrays, outside of a model of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import NotSupportedError, refuse_unless_default
from ..graph import flatten, map_structure
from ..layers.core import InputLayer
from ..trainers.arrays import to_array
from .functional import Functional

if TYPE_CHECKING:
    from ..layers.layer import Layer


def call_on_arrays(layer: Layer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a layer makes of arrays, as in prediction; float32 arrays.

    A model around the layer computes it, kept for the next call with arrays of these shapes; it shares the layer's
    weights with the models that the layer is part of.
    """
    if getattr(layer, "stateful", False):
        raise NotSupportedError(
            f"{layer.name}: a stateful layer is computed in a model, where its states are: call the model"
        )
    training = kwargs.pop("training", None)
    refuse_unless_default(
        "call", {"training": "training runs through fit; a call is inference"}, training=(bool(training), False)
    )
    # Lists of numbers are data, lists of arrays are several inputs, as in Keras.
    args = tuple(_arrays(argument) for argument in args)
    arrays = [leaf for leaf in flatten([args, kwargs]) if isinstance(leaf, np.ndarray)]
    key = (tuple((array.shape[1:], array.dtype.kind == "O") for array in arrays), tuple(sorted(kwargs)))
    models: dict[Any, Functional] = layer.__dict__.setdefault("_eager_models", {})
    if key not in models:
        inputs: list[Any] = []

        def symbol(value: Any) -> Any:
            if not isinstance(value, np.ndarray):
                return value
            entry = InputLayer(
                shape=value.shape[1:],
                dtype="string" if value.dtype.kind == "O" else None,
                name=f"input_{len(inputs)}",
            )
            inputs.append(entry.output)
            return entry.output

        outputs = layer._call_symbolically(map_structure(symbol, args), map_structure(symbol, kwargs))
        layer._nodes[-1].is_eager = True
        models[key] = Functional(inputs, outputs, name=f"call_of_{layer.name}")
    return models[key](arrays if len(arrays) > 1 else arrays[0])


def _arrays(argument: Any) -> Any:
    if isinstance(argument, list | tuple) and argument and all(isinstance(item, np.ndarray) for item in argument):
        return [to_array("inputs", item, text=True) for item in argument]
    return to_array("inputs", argument, text=True)
