"""Dropout and noise: what happens to values in training only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument
from ..saving import public
from .layer import Layer


def _fraction(argument: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise bad_argument(argument, "a number in 0 ... 1", value)
    return value


def _noise_shape(shape: object) -> list[int | None] | None:
    if shape is None:
        return None
    if isinstance(shape, str) or not isinstance(shape, Sequence):
        raise bad_argument("noise_shape", "a tuple of positive integers and None", shape)
    for extent in shape:
        if extent is not None and (isinstance(extent, bool) or not isinstance(extent, int) or extent <= 0):
            raise bad_argument("noise_shape", "a tuple of positive integers and None", shape)
    return list(shape)


class _Random(Layer):
    """What the layers that draw numbers at a rate share."""

    def __init__(self, rate: float, seed: int | None, **kwargs: Any) -> None:
        rate = _fraction("rate", rate)
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@public("keras.layers")
class Dropout(_Random):
    """In training, sets inputs to 0 with a probability and scales the others up; otherwise passes them on.

    Args:
        rate: The probability, in 0 ... 1.
        noise_shape: Extents, batch included; along axes of 1 all or none is dropped, None is the input's extent.
        seed: Makes the pattern reproducible.
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        self.noise_shape = _noise_shape(noise_shape)
        self._judge("Dropout")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "noise_shape": self.noise_shape}


@public("keras.layers")
class AlphaDropout(_Random):
    """Dropout that keeps the mean and variance of selu activations.

    Args:
        rate: The probability, in 0 ... 1 and below 1 in a model.
        noise_shape: As for Dropout.
        seed: Makes the pattern reproducible.
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        self.noise_shape = _noise_shape(noise_shape)
        self._judge("AlphaDropout")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "noise_shape": self.noise_shape}


@public("keras.layers")
class GaussianDropout(_Random):
    """In training, multiplies by normal noise of mean 1 and variance rate / (1 - rate).

    Args:
        rate: In 0 ... 1 and below 1 in a model.
        seed: Makes the noise reproducible.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed, **kwargs)
        self._judge("GaussianDropout")


@public("keras.layers")
class GaussianNoise(Layer):
    """In training, adds normal noise.

    Args:
        stddev: Its standard deviation, in 0 ... 1.
        seed: Makes the noise reproducible.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        stddev = _fraction("stddev", stddev)
        super().__init__(**kwargs)
        self.stddev = stddev
        self.seed = seed
        self._judge("GaussianNoise")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


@public("keras.layers")
class SpatialDropout1D(_Random):
    """Dropout of whole channels of (batch, steps, channels).

    Args:
        rate: The probability, in 0 ... 1.
        seed: Makes the pattern reproducible.
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed, name=name, dtype=dtype)
        self._judge("SpatialDropout1D")

    def get_config(self) -> dict[str, Any]:
        return _spatial_config(self)


class _SpatialDropout(_Random):
    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if data_format not in (None, "channels_first", "channels_last"):
            raise bad_argument("data_format", '"channels_first", "channels_last" or None', data_format)
        super().__init__(rate, seed, name=name, dtype=dtype)
        self.data_format = data_format or "channels_last"
        self._judge(type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        return {**_spatial_config(self), "data_format": self.data_format}


@public("keras.layers")
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of (batch, rows, columns, channels).

    Args:
        rate: The probability, in 0 ... 1.
        data_format: "channels_first", or "channels_last" as by default.
        seed: Makes the pattern reproducible.
    """


@public("keras.layers")
class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of (batch, planes, rows, columns, channels).

    Args:
        rate: The probability, in 0 ... 1.
        data_format: "channels_first", or "channels_last" as by default.
        seed: Makes the pattern reproducible.
    """


def _spatial_config(layer: _Random) -> dict[str, Any]:
    """Keras writes these four and not `trainable`."""
    return {"rate": layer.rate, "seed": layer.seed, "name": layer.name, "dtype": "float32"}


@public("keras.layers")
class ActivityRegularization(Layer):
    """Passes its input on, and adds l1 * sum(abs(x)) + l2 * sum(x ** 2), divided by the rows of the batch, to the loss.

    Args:
        l1, l2: Factors of at least 0.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.l1 = l1
        self.l2 = l2
        self._judge("ActivityRegularization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "l1": self.l1, "l2": self.l2}
