"""Layers that several models have in common: whoever is used next gets the newest weights."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _core

if TYPE_CHECKING:
    from ..._core import ModelHandle
    from ..layers.layer import Layer
    from .model import Model
    from .variable import Variable

_lock = threading.RLock()


class Sharing:
    """A model's part in this. Each model has weights of its own in the library; a number there says whether they have
    changed since they were last brought to the models that share layers with it."""

    name: str
    _layers: list[Any]
    _native: ModelHandle
    _weights: list[Variable]

    if TYPE_CHECKING:

        @property
        def built(self) -> bool: ...

    def __init__(self) -> None:
        self._is_sharing = False
        self._known_version = 0

    @property
    def _handle(self) -> ModelHandle:
        """The library's model, with the newest weights of layers that other models have as well."""
        if self._is_sharing:
            self._take_newest()
        return self._native

    @_handle.setter
    def _handle(self, handle: ModelHandle) -> None:
        self._native = handle

    def _leaves(self) -> list[tuple[Layer, str]]:
        """The layers that have weights of their own, also inside models that are layers, and their paths."""
        found: list[tuple[Layer, str]] = []
        for layer in self._layers:
            if isinstance(layer, Sharing):
                found += [(leaf, f"{layer.name}/{path}") for leaf, path in layer._leaves()]
            elif hasattr(layer, "_places"):
                found.append((layer, layer.name))
                if layer._trace is not None:
                    found += [(inner, f"{layer.name}/{inner.name}") for inner in layer._trace.layers]
        return found

    def _note_places(self: Any) -> None:
        """Tells the layers that they are part of this model, and takes over weights that they have already."""
        with _lock:
            earlier: list[Model] = []
            for leaf, path in self._leaves():
                others = [model for model, _ in leaf._places if model is not self]
                if len(others) == len(leaf._places):
                    leaf._places.append((self, path))
                earlier += [model for model in others if model.built and model not in earlier]
                for model in [*others, self] if others else []:
                    model._is_sharing = True
            for model in earlier:
                model._take_newest()
                model._copy_to(self)
                model._known_version = _core.model_weights_version(model._native)
            if self.built:
                self._known_version = _core.model_weights_version(self._native)

    def _forget(self: Any, layer: Layer) -> None:
        """The layer is no longer part of this model."""
        with _lock:
            layer._places = [place for place in layer._places if place[0] is not self]

    def _partners(self: Any) -> list[Model]:
        found: list[Model] = []
        for leaf, _ in self._leaves():
            found += [m for m, _ in leaf._places if m is not self and m.built and m not in found]
        return found

    def _take_newest(self: Any) -> None:
        with _lock:
            if not self.built:
                return
            for partner in self._partners():
                version = _core.model_weights_version(partner._native)
                if version != partner._known_version:
                    partner._known_version = version
                    for model in partner._partners():
                        partner._copy_to(model)

    def _slots(self) -> dict[tuple[int, str], int]:
        """Where each weight of each layer stands."""
        places = {}
        for leaf, path in self._leaves():
            for weight in self._weights:
                if weight.path.startswith(f"{path}/"):
                    places[id(leaf), weight.path[len(path) :]] = weight.index
        return places

    def _copy_to(self, other: Any) -> None:
        """Brings the weights of common layers to another model."""
        if not other.built:
            return
        mine, theirs = self._slots(), other._slots()
        common = [(mine[key], theirs[key]) for key in mine if key in theirs]
        if not common:
            return
        source = _read(self._native, self._weights)
        target = _read(other._native, other._weights)
        for taken, place in common:
            target[place] = source[taken]
        _core.model_set_weights(other._native, target)
        other._known_version = _core.model_weights_version(other._native)


def _read(handle: ModelHandle, weights: list[Variable]) -> list[Any]:
    arrays = [np.empty(weight.shape, np.float32) for weight in weights]
    _core.model_get_weights(handle, arrays)
    return arrays
