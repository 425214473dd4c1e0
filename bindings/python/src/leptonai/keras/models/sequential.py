"""`Sequential`: layers one after the other."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from ... import _core
from ...errors import InvalidStateError, ShapeMismatchError, bad_argument, refuse_unless_default
from ..layers import InputLayer, KerasTensor, Layer, deserialize
from ..layers.layer import FLOAT32_POLICY, standardize_shape
from ..saving import public
from .model import Model, _keras_shape


@public("keras")
class Sequential(Model):
    """Layers one after the other.

    The model is built, that is has weights, as soon as its input is known: from an `Input` or `input_shape=` at its
    beginning, from `build`, or from the first data.

    Args:
        layers: Layers, or an `Input` and layers.
        trainable: Only True in this version.
        name: By default "sequential" and a number.

    Raises:
        ValueError: Unknown names in a layer (the message has the nearest known one), shapes that do not fit, two layers
            of one name.
    """

    _is_chain = True

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        refuse_unless_default("Sequential", {"trainable": "pass it to the layers"}, trainable=(trainable, True))
        super().__init__(name=name)
        self._sample_shape: tuple[int, ...] | None = None
        self._build_lock = threading.Lock()
        if layers is not None and not isinstance(layers, Iterable):
            raise bad_argument("layers", "a list of layers", layers)
        for layer in layers or ():
            self._append(layer)
        self._refresh()

    # ---------------------------------------------------------------- structure

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the InputLayer."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer. Weights that exist are kept; the new layer's are fresh."""
        self._append(layer)
        self._refresh()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.layer
        if not isinstance(layer, Layer):
            raise bad_argument("layer", "an instance of keras.layers.Layer", f"{layer!r} (a {type(layer).__name__})")
        if any(layer.name == known.name for known in self._layers):
            raise bad_argument("name", "a name that no other layer of the model has", layer.name)
        if isinstance(layer, InputLayer) and self._layers:
            raise bad_argument("layer", "an Input only at the beginning of a model", f"{layer!r} as another layer")
        if not self._layers and layer._input_shape_arg is not None and not isinstance(layer, InputLayer):
            self._append(InputLayer(shape=layer._input_shape_arg))
            try:
                self._append(layer)
            except Exception:
                self._rebuild([])
                raise
            return
        try:
            _core.model_add_layer(self._handle, type(layer).__name__, json.dumps(layer.get_config()))
        except InvalidStateError:
            if not self.built:
                raise
            self._rebuild([*self._layers, layer])
        else:
            self._layers.append(layer)
        layer._owner = weakref.ref(self)

    def pop(self, rebuild: bool = True) -> Layer:
        """Removes the last layer and returns it. The other layers keep their weights.

        Raises:
            ValueError: The model has no layers.
        """
        if not self.layers:
            raise bad_argument("pop", "a model with layers", "an empty one")
        layer = self._layers[-1]
        self._rebuild(self._layers[:-1])
        layer._owner = None
        return layer

    def _rebuild(self, layers: list[Layer]) -> None:
        """A new library model of `layers`, with the weights and compile settings that this one has."""
        if self._fit_lock.locked():
            raise InvalidStateError("a fit of this model is running: its layers cannot be changed now")
        kept = {layer.name for layer in layers}
        values = zip(self._weights, self.get_weights(), strict=True) if self.built else ()
        old = {weight.path: value for weight, value in values if weight.path.rpartition("/")[0] in kept}
        handle = self._new_handle()
        for layer in layers:
            _core.model_add_layer(handle, type(layer).__name__, json.dumps(layer.get_config()))
        if self._sample_shape is not None and layers:
            _core.model_build(handle, self._sample_shape)
        compiled = self._library_compile_config()
        if compiled is not None:
            _core.model_compile(
                handle,
                json.dumps(compiled["optimizer"]),
                None if compiled["loss"] is None else json.dumps(compiled["loss"]),
                *(
                    tuple(metric if isinstance(metric, str) else json.dumps(metric) for metric in compiled[kind])
                    for kind in ("metrics", "weighted_metrics")
                ),
            )
        self._handle = handle
        self._layers = list(layers)
        self._refresh()
        self._attach_optimizer()
        if self.built and old:
            fresh = self.get_weights()
            for weight in self._weights:
                value = old.get(weight.path)
                if value is not None and value.shape == weight.shape:
                    fresh[weight.index] = value
            self.set_weights(fresh)

    def build(self, input_shape: Any = None) -> None:
        """Gives the model its input shape, batch first (as None), and its weights.

        Raises:
            ValueError: Not the shape that the model already has.
        """
        shape = standardize_shape("input_shape", input_shape)
        if len(shape) < 1 or any(extent is None for extent in shape[1:]):
            raise bad_argument("input_shape", "(None, ...) with known extents after the batch", input_shape)
        if self._input_shapes is not None:
            if _keras_shape(self._input_shapes[0])[1:] != shape[1:]:
                raise bad_argument(
                    "input_shape", f"{_keras_shape(self._input_shapes[0])}, as before", shape, ShapeMismatchError
                )
            return
        self._ensure_built([extent for extent in shape[1:] if extent is not None])

    def _ensure_built(self, sample_shape: Sequence[int]) -> None:
        with self._build_lock:
            if self.built:
                return
            if not self.layers:
                raise bad_argument("model", f"layers in '{self.name}': call model.add(layer)", "an empty model")
            _core.model_build(self._handle, tuple(sample_shape))
            self._sample_shape = tuple(sample_shape)
            self._refresh()

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Layer:
        return self.layers[index]

    # ------------------------------------------------------------------- saving

    def get_config(self) -> dict[str, Any]:
        layers = list(self._layers)
        config: dict[str, Any] = {"name": self.name, "trainable": True, "dtype": FLOAT32_POLICY}
        if self._input_shapes is not None and not isinstance(layers[0], InputLayer):
            shape = list(_keras_shape(self._input_shapes[0]))
            first = InputLayer(batch_shape=shape, name=_free_name("input_layer", layers))
            layers.insert(0, first)
        config["layers"] = [
            {
                "module": "keras.layers",
                "class_name": type(layer).__name__,
                "config": layer.get_config(),
                "registered_name": None,
            }
            for layer in layers
        ]
        if self._input_shapes is not None:
            config["build_input_shape"] = list(_keras_shape(self._input_shapes[0]))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Self:
        """A model of the structure that `get_config`, Keras's or ours, described, with fresh weights."""
        refuse_unless_default("from_config", {}, custom_objects=(custom_objects, None))
        name, layers = _checked(config)
        model = cls([deserialize(layer) for layer in layers], name=name)
        shape = config.get("build_input_shape")
        if shape is not None and not model.built and model.layers:
            model.build(shape)
        return model

    def _adopt(self, handle: Any, config: dict[str, Any]) -> None:
        """Takes over a model of the library whose structure is `config`."""
        _, layers = _checked(config)
        self._handle = handle
        self._layers = [deserialize(layer) for layer in layers]
        for layer in self._layers:
            layer._owner = weakref.ref(self)
        self._refresh()
        if self._input_shapes is not None and not isinstance(self._layers[0], InputLayer):
            self._sample_shape = self._input_shapes[0][1:]


def _checked(config: Any) -> tuple[str, list[Any]]:
    if not isinstance(config, dict) or "name" not in config or not isinstance(config.get("layers"), list):
        raise bad_argument("config", "a dict with 'name' and 'layers'", config)
    return config["name"], config["layers"]


def _free_name(name: str, layers: list[Layer]) -> str:
    taken = {layer.name for layer in layers}
    candidates = [name, *(f"{name}_{number}" for number in np.arange(1, len(taken) + 2))]
    return next(candidate for candidate in candidates if candidate not in taken)
