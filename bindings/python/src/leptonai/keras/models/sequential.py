"""`Sequential`: layers one after the other."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from ... import _core
from ...errors import (
    InvalidStateError,
    NotSupportedError,
    ShapeMismatchError,
    bad_argument,
    refuse_unless_default,
)
from ..graph import KerasTensor
from ..layers import InputLayer, Layer
from ..layers.layer import FLOAT32_POLICY, standardize_shape
from ..saving import deserialize_keras_object, public
from ..trainers.per_output import compile_as
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

    def __init__(self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name, trainable=trainable)
        self._sample_shape: tuple[int, ...] | None = None
        self._build_lock = threading.Lock()
        if layers is not None and not isinstance(layers, Iterable):
            raise bad_argument("layers", "a list of layers", layers)
        for layer in layers or ():
            self._append(layer)
        self._refresh()
        self._note_places()
        if not trainable:
            self.trainable = False

    # ---------------------------------------------------------------- structure

    @property
    def layers(self) -> list[Any]:
        """The layers, without the InputLayer."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Appends a layer. Weights that exist are kept; the new layer's are fresh."""
        self._append(layer)
        self._refresh()
        self._note_places()

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor):
            layer = layer.layer
        if not isinstance(layer, Layer | Model):
            raise bad_argument("layer", "an instance of keras.layers.Layer", f"{layer!r} (a {type(layer).__name__})")
        if any(layer.name == known.name for known in self._layers):
            raise bad_argument("name", "a name that no other layer of the model has", layer.name)
        if isinstance(layer, InputLayer) and self._layers:
            raise bad_argument("layer", "an Input only at the beginning of a model", f"{layer!r} as another layer")
        if self._output_structure is not None:
            self._input_structure = self._output_structure = None
        if not self._layers and isinstance(layer, Layer) and self._begins_with_shape(layer):
            self._append(InputLayer(shape=layer._input_shape_arg))
            try:
                self._append(layer)
            except Exception:
                self._rebuild([])
                raise
            return
        if isinstance(layer, Layer) and layer._is_own_class:
            self._read_layer(layer)
        try:
            _add(self._handle, layer)
        except InvalidStateError:
            if not self.built:
                raise
            self._rebuild([*self._layers, layer])
        else:
            self._layers.append(layer)

    def _read_layer(self, layer: Layer) -> None:
        """Reads the code of a layer of one's own class for what the layers before it give."""
        self._refresh()
        self._connect_chain()
        if self._output_structure is None:
            raise NotSupportedError(
                f"{layer.name}: a layer of one's own class needs a model that knows its input: begin the model with "
                "keras.Input"
            )
        layer._read((self._output_structure,), {})
        self._input_structure = self._output_structure = None

    @staticmethod
    def _begins_with_shape(layer: Layer) -> bool:
        return layer._input_shape_arg is not None and not isinstance(layer, InputLayer)

    def pop(self, rebuild: bool = True) -> Any:
        """Removes the last layer and returns it. The other layers keep their weights.

        Raises:
            ValueError: The model has no layers.
        """
        if not self.layers:
            raise bad_argument("pop", "a model with layers", "an empty one")
        layer = self._layers[-1]
        self._rebuild(self._layers[:-1])
        self._forget(layer)
        return layer

    def _rebuild(self, layers: list[Any]) -> None:
        """A new library model of `layers`, with the weights and compile settings that this one has."""
        if self._fit_lock.locked():
            raise InvalidStateError("a fit of this model is running: its layers cannot be changed now")
        kept = {layer.name for layer in layers}
        values = zip(self._weights, self.get_weights(), strict=True) if self.built else ()
        old = {weight.path: value for weight, value in values if weight.path.rpartition("/")[0] in kept}
        handle = self._new_handle()
        for layer in layers:
            _add(handle, layer)
        if self._sample_shape is not None and layers:
            _core.model_build(handle, self._sample_shape)
        compiled = self._library_compile_config()
        if compiled is not None:
            compile_as(handle, compiled)
        self._handle = handle
        self._layers = list(layers)
        self._input_structure = self._output_structure = None
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
        if len(shape) < 1:
            raise bad_argument("input_shape", "(None, ...), the batch first", input_shape)
        if self._input_shapes is not None:
            if _keras_shape(self._input_shapes[0])[1:] != shape[1:]:
                raise bad_argument(
                    "input_shape", f"{_keras_shape(self._input_shapes[0])}, as before", shape, ShapeMismatchError
                )
            return
        self._ensure_built([tuple(-1 if extent is None else extent for extent in shape[1:])])

    def _ensure_built(self, sample_shapes: Sequence[Sequence[int]]) -> None:
        if len(sample_shapes) != 1:
            raise bad_argument("x", "one array for a chain of layers", f"{len(sample_shapes)} arrays")
        (sample_shape,) = sample_shapes
        with self._build_lock:
            if self.built:
                return
            if not self.layers:
                raise bad_argument("model", f"layers in '{self.name}': call model.add(layer)", "an empty model")
            _core.model_build(self._handle, tuple(sample_shape))
            self._sample_shape = tuple(sample_shape)
            self._refresh()
            self._note_places()

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]

    # ------------------------------------------------------------------ symbols

    def _connect_chain(self) -> None:
        if self._input_shapes is None or self._output_structure is not None:
            return
        layers = list(self._layers)
        if isinstance(layers[0], InputLayer):
            start = layers.pop(0).output
        else:
            start = InputLayer(batch_shape=_keras_shape(self._input_shapes[0]), name="input_layer").output
        tensor = start
        for layer in layers:
            tensor = layer._call_symbolically((tensor,), {})
        self._input_structure, self._output_structure = start, tensor

    def _refresh(self) -> None:
        super()._refresh()
        if self._layers:
            self._input_names = (self._layers[0].name if isinstance(self._layers[0], InputLayer) else "input_layer",)
            self._output_names = (self._layers[-1].name,)

    @property
    def _first_call(self) -> int:
        return 0

    def _written(self) -> dict[str, Any]:
        return {"module": "keras", "class_name": "Sequential", "config": self.get_config(), "registered_name": None}

    # ------------------------------------------------------------------- saving

    def get_config(self) -> dict[str, Any]:
        layers = list(self._layers)
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": FLOAT32_POLICY}
        if self._input_shapes is not None and not isinstance(layers[0], InputLayer):
            shape = list(_keras_shape(self._input_shapes[0]))
            first = InputLayer(batch_shape=shape, name=_free_name("input_layer", layers))
            layers.insert(0, first)
        config["layers"] = [layer._written() for layer in layers]
        if self._input_shapes is not None:
            config["build_input_shape"] = list(_keras_shape(self._input_shapes[0]))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: None = None) -> Self:
        """A model of the structure that `get_config`, Keras's or ours, described, with fresh weights."""
        refuse_unless_default("from_config", {}, custom_objects=(custom_objects, None))
        name, layers = _checked(config)
        model = cls([deserialize_keras_object(_placed(layer)) for layer in layers], name=name)
        if config.get("trainable", True) is False:
            model.trainable = False
        shape = config.get("build_input_shape")
        if shape is not None and not model.built and model.layers:
            model.build(shape)
        return model

    def _adopt(self, handle: Any, config: dict[str, Any]) -> None:
        """Takes over a model of the library whose structure is `config`."""
        _, layers = _checked(config)
        self._handle = handle
        self._layers = [deserialize_keras_object(_placed(layer)) for layer in layers]
        self._refresh()
        self._note_places()
        if self._input_shapes is not None and not isinstance(self._layers[0], InputLayer):
            self._sample_shape = self._input_shapes[0][1:]


def _checked(config: Any) -> tuple[str, list[Any]]:
    if not isinstance(config, dict) or "name" not in config or not isinstance(config.get("layers"), list):
        raise bad_argument("config", "a dict with 'name' and 'layers'", config)
    return config["name"], config["layers"]


def _placed(layer: Any) -> Any:
    """A layer's config with the module where layers are, unless it says another."""
    return {"module": "keras.layers", **layer} if isinstance(layer, dict) else layer


def _add(handle: Any, layer: Layer | Model) -> None:
    written = layer._written()
    _core.model_add_layer(handle, written["class_name"], json.dumps(written["config"]))


def _free_name(name: str, layers: list[Layer]) -> str:
    taken = {layer.name for layer in layers}
    candidates = [name, *(f"{name}_{number}" for number in np.arange(1, len(taken) + 2))]
    return next(candidate for candidate in candidates if candidate not in taken)
