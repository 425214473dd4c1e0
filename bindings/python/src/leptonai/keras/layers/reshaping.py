"""Flatten."""

from __future__ import annotations

from typing import Any

from ..saving import public
from .layer import Layer
from .windows import data_format_of


@public("keras.layers")
class Flatten(Layer):
    """Every sample as one row of numbers.

    Args:
        data_format: "channels_last" or "channels_first"; with channels first, they are moved to the end before.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format)
        self._judge("Flatten")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
