"""Flatten."""

from __future__ import annotations

from typing import Any

from ...errors import bad_argument, refuse_unless_default
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Flatten(Layer):
    """Every sample as one row of numbers.

    Args:
        data_format: "channels_last" or None.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        if data_format not in (None, "channels_first", "channels_last"):
            raise bad_argument("data_format", '"channels_last" or None', data_format)
        refuse_unless_default(
            "Flatten",
            {"data_format": "transpose the data to channels_last"},
            data_format=(None if data_format == "channels_last" else data_format, None),
        )
        super().__init__(**kwargs)
        self.data_format = "channels_last"

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
