"""Optimizers that give each weight a rate of its own, beside Adam. Update rules and defaults are Keras's."""

from __future__ import annotations

from typing import Any, Unpack

from ...errors import bad_argument
from ..saving import public
from .adam import Adam
from .optimizer import Optimizer, SharedArguments
from .schedules import LearningRateSchedule


def _fraction(argument: str, value: float) -> float:
    if not isinstance(value, int | float) or not 0 <= value < 1:
        raise bad_argument(argument, "a number in 0 ... 1, without 1", value)
    return value


@public("keras.optimizers")
class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019).

    Args:
        learning_rate: Step size, 0 or more.
        weight_decay: Each step takes learning_rate * weight_decay of every trained weight away.
        beta_1, beta_2, epsilon, amsgrad: As for Adam.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, **shared)
        if weight_decay is None:
            raise bad_argument("weight_decay", "a number of 0 or more", weight_decay)


@public("keras.optimizers")
class RMSprop(Optimizer):
    """Gradients divided by the root of their running mean square (Tieleman and Hinton, 2012).

    Args:
        learning_rate: Step size, 0 or more.
        rho: Decay of the mean square, in 0 ... 1.
        momentum: In 0 ... 1.
        epsilon: Added to the mean square before the root.
        centered: Whether the squared mean gradient is taken from the mean square.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.rho = _fraction("rho", rho)
        self.momentum = _fraction("momentum", momentum)
        self.epsilon = epsilon
        self.centered = bool(centered)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }


@public("keras.optimizers")
class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares (Duchi et al., JMLR 2011).

    Args:
        learning_rate: Step size, 0 or more.
        initial_accumulator_value: Where the sums begin, 0 or more.
        epsilon: Added to the sum before the root.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        if not isinstance(initial_accumulator_value, int | float) or initial_accumulator_value < 0:
            raise bad_argument("initial_accumulator_value", "a number of 0 or more", initial_accumulator_value)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }


@public("keras.optimizers")
class Adadelta(Optimizer):
    """Steps in the unit of the weights, from running means of squared steps and gradients (Zeiler, 2012).

    Args:
        learning_rate: Factor of the step, 0 or more; 1 is the paper's.
        rho: Decay of the means, in 0 ... 1.
        epsilon: Added to the means before the root.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.rho = _fraction("rho", rho)
        self.epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}


class _Moments(Optimizer):
    """What the relatives of Adam share."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_1 = _fraction("beta_1", beta_1)
        self.beta_2 = _fraction("beta_2", beta_2)
        self.epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


@public("keras.optimizers")
class Adamax(_Moments):
    """Adam with the largest gradient seen in place of the mean square (Kingma and Ba, ICLR 2015, section 7).

    Args:
        learning_rate: Step size, 0 or more.
        beta_1: Decay of the mean of gradients, in 0 ... 1.
        beta_2: Decay of the largest gradient, in 0 ... 1.
        epsilon: Added to the largest gradient.
    """


@public("keras.optimizers")
class Nadam(_Moments):
    """Adam with Nesterov momentum (Dozat, ICLR workshop 2016).

    Args:
        learning_rate: Step size, 0 or more.
        beta_1: Decay of the mean of gradients, in 0 ... 1.
        beta_2: Decay of the mean of squares, in 0 ... 1.
        epsilon: Added to the root of the mean of squares.
    """


@public("keras.optimizers")
class Lion(Optimizer):
    """Steps of one size in the direction of an average of gradients (Chen et al., 2023).

    Args:
        learning_rate: Step size, 0 or more; Lion wants about a tenth of Adam's.
        beta_1: Weight of the average in the direction, above 0 and at most 1.
        beta_2: Decay of the average, in 0 ... 1.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        if not isinstance(beta_1, int | float) or not 0 < beta_1 <= 1:
            raise bad_argument("beta_1", "a number above 0 and at most 1", beta_1)
        self.beta_1 = beta_1
        self.beta_2 = _fraction("beta_2", beta_2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
