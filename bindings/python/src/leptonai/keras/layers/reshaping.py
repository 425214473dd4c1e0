"""Layers that give samples another shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import TypeMismatchError, bad_argument
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


@public("keras.layers")
class Reshape(Layer):
    """The numbers of each sample under another shape.

    Args:
        target_shape: Without the batch; one extent may be -1, for what is left.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)
        self._judge("Reshape")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


@public("keras.layers")
class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: Axes of a sample, counted from 1, in their new order.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        self._judge("Permute")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


@public("keras.layers")
class RepeatVector(Layer):
    """(batch, features) as (batch, n, features).

    Args:
        n: How often each sample is repeated.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        if isinstance(n, bool) or not isinstance(n, int):
            raise bad_argument("n", "an integer", n, TypeMismatchError)
        if n <= 0:
            raise bad_argument("n", "a positive integer", n)
        super().__init__(**kwargs)
        self.n = n
        self._judge("RepeatVector")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
