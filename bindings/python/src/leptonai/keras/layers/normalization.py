"""Normalisation of batches, samples and groups of channels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ...errors import TypeMismatchError, bad_argument, refuse_unless_default
from .. import initializers
from ..saving import public
from .layer import Layer


def _axes(axis: object) -> int | list[int]:
    """An axis, or a list of some.

    Raises:
        TypeError: Neither.
    """
    if isinstance(axis, list | tuple):
        return list(axis)
    if isinstance(axis, int) and not isinstance(axis, bool):
        return axis
    raise bad_argument("axis", "an integer or a list of integers", axis, TypeMismatchError)


class _Scaled(Layer):
    """What the layers with gamma and beta share."""

    _ruled_weights = ("beta", "gamma")

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.epsilon = epsilon
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = initializers.config_of(beta_initializer, "beta_initializer")
        self.gamma_initializer = initializers.config_of(gamma_initializer, "gamma_initializer")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": self.beta_initializer,
            "gamma_initializer": self.gamma_initializer,
        }


@public("keras.layers")
class BatchNormalization(_Scaled):
    """Normalises each channel over the batch while training, and by moving averages of its statistics otherwise.

    With `trainable=False` the moving averages are used in training too. The statistics are those of the whole batch,
    on however many nodes it is computed.

    Args:
        axis: Of the channels.
        momentum: How much of a moving average stays at each step.
        epsilon: Added to the variance.
        center, scale: Whether beta is added, and gamma multiplies.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: Initial weights.
        beta_regularizer, gamma_regularizer: Penalties of keras.regularizers on the weights.
        beta_constraint, gamma_constraint: What keras.constraints makes them obey.

    Other arguments are Keras's and not supported by this version.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        if synchronized:
            raise bad_argument("synchronized", "False: statistics are those of the whole batch anyway", synchronized)
        refuse_unless_default("BatchNormalization", {}, renorm=(renorm, False))
        super().__init__(
            float(epsilon),
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.moving_mean_initializer = initializers.config_of(moving_mean_initializer, "moving_mean_initializer")
        self.moving_variance_initializer = initializers.config_of(
            moving_variance_initializer, "moving_variance_initializer"
        )
        self._renorm = (renorm_clipping, renorm_momentum)
        self._judge("BatchNormalization")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "moving_mean_initializer": self.moving_mean_initializer,
            "moving_variance_initializer": self.moving_variance_initializer,
            "synchronized": False,
            "renorm": False,
            "renorm_clipping": self._renorm[0],
            "renorm_momentum": self._renorm[1],
        }


@public("keras.layers")
class LayerNormalization(_Scaled):
    """Normalises each sample over one axis or several.

    Args:
        axis: Which; gamma and beta have their extents.
        epsilon: Added to the variance.
        center, scale: Whether beta is added, and gamma multiplies.
        beta_initializer, gamma_initializer: Initial weights.
        beta_regularizer, gamma_regularizer: Penalties of keras.regularizers on the weights.
        beta_constraint, gamma_constraint: What keras.constraints makes them obey.
        rms_scaling: Deprecated in Keras: divides by the deviation without taking off the mean.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        rms_scaling = bool(kwargs.pop("rms_scaling", False))
        if rms_scaling:
            warnings.warn(
                "`rms_scaling=True` is deprecated and scales by the variance, not the root mean square; use "
                "RMSNormalization",
                stacklevel=2,
            )
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis = _axes(axis)
        self.rms_scaling = rms_scaling
        self._judge("LayerNormalization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "rms_scaling": self.rms_scaling}


@public("keras.layers")
class GroupNormalization(_Scaled):
    """Normalises each sample over groups of channels and all other axes.

    Args:
        groups: How many; -1 makes each channel a group.
        axis: Of the channels.
        epsilon: Added to the variance.
        center, scale: Whether beta is added, and gamma multiplies.
        beta_initializer, gamma_initializer: Initial weights.
        beta_regularizer, gamma_regularizer: Penalties of keras.regularizers on the weights.
        beta_constraint, gamma_constraint: What keras.constraints makes them obey.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(groups, bool) or not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise bad_argument("groups", "a positive integer, or -1 for a group of each channel", groups)
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups = groups
        self.axis = axis
        self._judge("GroupNormalization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}


@public("keras.layers")
class RMSNormalization(Layer):
    """Divides each sample by its root mean square over the last axis or axes, and scales it.

    Args:
        axis: Which.
        epsilon: Added to the mean square.
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axes(axis)
        self.epsilon = epsilon
        self._judge("RMSNormalization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


@public("keras.layers")
class UnitNormalization(Layer):
    """Scales each sample to a Euclidean norm of 1.

    Args:
        axis: Over which axis, or which several.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _axes(axis)
        self._judge("UnitNormalization")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
