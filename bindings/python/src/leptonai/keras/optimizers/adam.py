"""Adam (Kingma and Ba, ICLR 2015), in Keras's form: epsilon is outside the bias correction."""

from __future__ import annotations

from typing import Any

from ...errors import bad_argument
from ..saving import public
from .optimizer import Optimizer
from .schedules import LearningRateSchedule


@public("keras.optimizers")
class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square.

    Args:
        learning_rate: Step size, 0 or more.
        beta_1: Decay of the mean of gradients, in 0 ... 1.
        beta_2: Decay of the mean of squares, in 0 ... 1.
        epsilon: Added to the root of the mean of squares.
        amsgrad: Whether the largest mean of squares so far stands in place of the last (Reddi et al., ICLR 2018).
        weight_decay: Each step takes learning_rate * weight_decay of every trained weight away; None for none.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        for argument, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not isinstance(value, int | float) or not 0 <= value < 1:
                raise bad_argument(argument, "a number in 0 ... 1, without 1", value)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = bool(amsgrad)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }
