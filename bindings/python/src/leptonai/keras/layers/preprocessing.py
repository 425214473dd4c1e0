"""What is done to inputs inside of a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import bad_argument, refuse_unless_default
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Rescaling(Layer):
    """inputs * scale + offset.

    Args:
        scale, offset: Numbers.
    """

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self._judge("Rescaling")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


@public("keras.layers")
class Normalization(Layer):
    """(inputs - mean) / sqrt(variance), or the inverse.

    Args:
        axis: The axis or axes whose elements have a mean and a variance of their own; None for one of all.
        mean, variance: Numbers that broadcast to the extents of `axis`. Both are needed: adapting to data is not
            supported by this version.
        invert: Whether to undo a normalisation instead.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if axis is None:
            axis = ()
        self.axis = (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise bad_argument("mean", "mean and variance together", f"mean={mean}, variance={variance}")
        if mean is None:
            refuse_unless_default("Normalization", {"mean": "give mean and variance"}, mean=(mean, ...))
        self.mean = np.asarray(mean, dtype=np.float64).tolist()
        self.variance = np.asarray(variance, dtype=np.float64).tolist()
        self.invert = bool(invert)
        self._judge("Normalization")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.mean,
            "variance": self.variance,
        }
