"""Dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument, refuse_unless_default
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Dropout(Layer):
    """In training, sets inputs to 0 with a probability and scales the others up; otherwise passes them on.

    Args:
        rate: The probability, in 0 ... 1.
        noise_shape: Not supported by this version.
        seed: Makes the pattern reproducible.
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise bad_argument("rate", "a number in 0 ... 1", rate)
        refuse_unless_default("Dropout", {}, noise_shape=(noise_shape, None))
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self._judge("Dropout")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": None}
