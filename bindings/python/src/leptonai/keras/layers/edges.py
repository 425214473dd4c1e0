"""Layers that change the edges or the size of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import NotSupportedError, TypeMismatchError, bad_argument
from ..saving import public
from .windows import SpatialLayer, data_format_of, extents

Widths = tuple[tuple[int, ...], ...]


def _widths(argument: str, value: object, rank: int) -> Widths:
    """A pair (before, after) for each axis, from a number, one for each axis, or a pair for each."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != rank:
            raise bad_argument(argument, f"an integer, or {rank} integers or pairs", value)
        return tuple(extents(argument, entry, 2, least=0) for entry in value)
    return (extents(argument, value, 2, least=0),) * rank


@public("keras.layers")
class ZeroPadding1D(SpatialLayer):
    """Zeros before and after the steps of (batch, steps, channels).

    Args:
        padding: How many, on both sides or (before, after).
        data_format: "channels_last" or "channels_first".
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = extents("padding", padding, 2, least=0)
        self.data_format = data_format_of(data_format)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class _ZeroPadding(SpatialLayer):
    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = _widths("padding", padding, self.rank)
        self.data_format = data_format_of(data_format)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


@public("keras.layers")
class ZeroPadding2D(_ZeroPadding):
    """Zeros around the rows and columns of (batch, rows, columns, channels).

    Args:
        padding: How many: one number, one for each axis, or (before, after) for each axis.
        data_format: "channels_last" or "channels_first".
    """

    rank = 2


@public("keras.layers")
class ZeroPadding3D(_ZeroPadding):
    """The same around depth, rows and columns."""

    rank = 3


@public("keras.layers")
class Cropping1D(SpatialLayer):
    """Leaves out steps at the edges of (batch, steps, channels).

    Args:
        cropping: How many, on both sides or (before, after).
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = extents("cropping", cropping, 2, least=0)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}


class _Cropping(SpatialLayer):
    def __init__(self, cropping: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = _widths("cropping", cropping, self.rank)
        self.data_format = data_format_of(data_format)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


@public("keras.layers")
class Cropping2D(_Cropping):
    """Leaves out rows and columns at the edges of (batch, rows, columns, channels).

    Args:
        cropping: How many: one number, one for each axis, or (before, after) for each axis.
        data_format: "channels_last" or "channels_first".
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@public("keras.layers")
class Cropping3D(_Cropping):
    """The same at the edges of depth, rows and columns."""

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@public("keras.layers")
class UpSampling1D(SpatialLayer):
    """Each step of (batch, steps, channels) `size` times in a row.

    Args:
        size: How many times.
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(size, int) or isinstance(size, bool):
            raise bad_argument("size", "an integer", size, TypeMismatchError)
        self.size = extents("size", size, 1)[0]
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


@public("keras.layers")
class UpSampling2D(SpatialLayer):
    """Makes rows and columns of (batch, rows, columns, channels) more by whole factors.

    Args:
        size: The factors.
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" or "bilinear"; Keras's others are not supported by this version.
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = extents("size", size, 2)
        self.data_format = data_format_of(data_format)
        if not isinstance(interpolation, str):
            raise bad_argument("interpolation", '"nearest" or "bilinear"', interpolation)
        self.interpolation = interpolation.lower()
        if self.interpolation in ("bicubic", "lanczos3", "lanczos5"):
            raise NotSupportedError(
                f'UpSampling2D: `interpolation="{interpolation}"` is not supported by this version; use "nearest" or '
                '"bilinear"',
                argument="interpolation",
            )
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "size": self.size,
            "data_format": self.data_format,
            "interpolation": self.interpolation,
        }


@public("keras.layers")
class UpSampling3D(SpatialLayer):
    """Each element of (batch, depth, rows, columns, channels) repeated along the spatial axes.

    Args:
        size: How many times, for each axis.
        data_format: "channels_last" or "channels_first".
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = extents("size", size, 3)
        self.data_format = data_format_of(data_format)
        self._judge_config()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}
