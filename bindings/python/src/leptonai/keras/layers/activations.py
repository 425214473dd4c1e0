"""Activation functions as layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument
from .. import activations, initializers
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


def _not_negative(argument: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise bad_argument(argument, "a number of at least 0", value)
    return value


@public("keras.layers")
class ReLU(Layer):
    """max(x, 0), with a slope below a threshold and a limit above.

    Args:
        max_value: The largest output, or None for no limit.
        negative_slope: Of x - threshold, below the threshold.
        threshold: x up to it is damped.
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative("max_value", max_value)
        self.negative_slope = _not_negative("negative_slope", negative_slope)
        self.threshold = _not_negative("threshold", threshold)
        self._judge("ReLU")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


@public("keras.layers")
class LeakyReLU(Layer):
    """x, multiplied by a slope below 0.

    Args:
        negative_slope: At least 0.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("Argument `alpha` is deprecated. Use `negative_slope` instead.", stacklevel=2)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative("negative_slope", negative_slope)
        self._judge("LeakyReLU")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@public("keras.layers")
class ELU(Layer):
    """x above 0, alpha (exp(x) - 1) below.

    Args:
        alpha: The size of the lower limit.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self._judge("ELU")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@public("keras.layers")
class Softmax(Layer):
    """exp(x) / sum(exp(x)).

    Args:
        axis: The axis along which, or several that are taken together.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self._judge("Softmax")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@public("keras.layers")
class PReLU(Layer):
    """x above 0, alpha x below, with a learned alpha for each element of a sample.

    Args:
        alpha_initializer: Initial alphas.
        alpha_regularizer, alpha_constraint: A penalty on the alphas, and what they are made to obey.
        shared_axes: Axes along which alpha is the same.
    """

    _ruled_weights = ("alpha",)

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(alpha_regularizer=alpha_regularizer, alpha_constraint=alpha_constraint, **kwargs)
        self.alpha_initializer = initializers.config_of(alpha_initializer, "alpha_initializer")
        self.shared_axes = (
            None if shared_axes is None else list(shared_axes) if isinstance(shared_axes, Sequence) else [shared_axes]
        )
        self._judge("PReLU")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": self.alpha_initializer,
            "shared_axes": self.shared_axes,
        }
