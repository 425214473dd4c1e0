"""Activation."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: A name or function of keras.activations.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.name_of(activation)
        self._judge("Activation")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
