"""Pooling over one, two or three spatial axes."""

from __future__ import annotations

from typing import Any

from ...errors import bad_argument
from ..saving import public
from .windows import SpatialLayer, data_format_of, extents


class _Pooling(SpatialLayer):
    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if padding not in ("valid", "same"):
            raise bad_argument("padding", '"valid" or "same"', padding)
        self.pool_size = extents("pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else extents("strides", strides, self.rank)
        self.padding = padding
        self.data_format = data_format_of(data_format)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


@public("keras.layers")
class MaxPooling1D(_Pooling):
    """The largest value under a window that slides over (batch, steps, channels), each channel for itself.

    Args:
        pool_size: Steps under the window.
        strides: How far the window moves; None is `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
    """

    rank = 1


@public("keras.layers")
class MaxPooling2D(_Pooling):
    """The same over (batch, rows, columns, channels)."""

    rank = 2


@public("keras.layers")
class MaxPooling3D(_Pooling):
    """The same over (batch, depth, rows, columns, channels)."""

    rank = 3


class _AveragePooling(_Pooling):
    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


@public("keras.layers")
class AveragePooling1D(_AveragePooling):
    """The mean of the values under a window that slides over (batch, steps, channels). Padding does not count.

    Args:
        pool_size: Steps under the window.
        strides: How far the window moves; None is `pool_size`.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
    """

    rank = 1


@public("keras.layers")
class AveragePooling2D(_AveragePooling):
    """The same over (batch, rows, columns, channels)."""

    rank = 2


@public("keras.layers")
class AveragePooling3D(_AveragePooling):
    """The same over (batch, depth, rows, columns, channels)."""

    rank = 3


class _GlobalPooling(SpatialLayer):
    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format)
        self.keepdims = bool(keepdims)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


@public("keras.layers")
class GlobalMaxPooling1D(_GlobalPooling):
    """The largest value of each channel over all steps.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: Whether the steps stay as an axis of extent 1.
    """

    rank = 1


@public("keras.layers")
class GlobalMaxPooling2D(_GlobalPooling):
    """The same over rows and columns."""

    rank = 2


@public("keras.layers")
class GlobalMaxPooling3D(_GlobalPooling):
    """The same over depth, rows and columns."""

    rank = 3


@public("keras.layers")
class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of each channel over all steps, without those that are masked.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: Whether the steps stay as an axis of extent 1.
    """

    rank = 1


@public("keras.layers")
class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel over rows and columns."""

    rank = 2


@public("keras.layers")
class GlobalAveragePooling3D(_GlobalPooling):
    """The mean of each channel over depth, rows and columns."""

    rank = 3
