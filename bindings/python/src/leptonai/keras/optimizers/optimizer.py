"""The base of optimizers: descriptions that `compile` gives to the library, and the learning rate while it runs."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Self

from ... import _core
from ...errors import NotSupportedError, bad_argument, refuse_unless_default
from .._missing import missing_member
from .._names import automatic_name

if TYPE_CHECKING:
    from ..._core import ModelHandle

_REMEDIES = {
    "clipnorm": "scale the data so that gradients stay small, or lower learning_rate",
    "clipvalue": "scale the data so that gradients stay small, or lower learning_rate",
    "global_clipnorm": "scale the data so that gradients stay small, or lower learning_rate",
    "gradient_accumulation_steps": "raise batch_size instead",
    "loss_scale_factor": "training is in float32, which needs none",
}


_INSTEAD = {
    "lr": "its name is learning_rate",
    "variables": "the state is saved with the model",
    "apply_gradients": "training runs through fit",
    "apply": "training runs through fit",
    "minimize": "training runs through fit",
    "build": "the state is made when the model is compiled",
}


class LearningRate(float):
    """A step size: a number, with the methods of the variable that Keras has in its place."""

    _optimizer: Optimizer

    def assign(self, value: float) -> None:
        """Sets the optimizer's learning rate."""
        self._optimizer.learning_rate = value

    def numpy(self) -> float:
        """The number."""
        return float(self)


class Optimizer:
    """The base class.

    Args:
        learning_rate: Step size, 0 or more.
        weight_decay: Each step takes learning_rate * weight_decay of every trained weight away; None for none.
        name: The optimizer's name.
    """

    def __init__(
        self,
        learning_rate: float,
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
        if kwargs:
            raise bad_argument(type(self).__name__, "the optimizer's arguments", ", ".join(kwargs))
        refuse_unless_default(
            type(self).__name__,
            _REMEDIES,
            clipnorm=(clipnorm, None),
            clipvalue=(clipvalue, None),
            global_clipnorm=(global_clipnorm, None),
            use_ema=(use_ema, False),
            ema_momentum=(ema_momentum, 0.99),
            ema_overwrite_frequency=(ema_overwrite_frequency, None),
            loss_scale_factor=(loss_scale_factor, None),
            gradient_accumulation_steps=(gradient_accumulation_steps, None),
        )
        if weight_decay is not None and (not isinstance(weight_decay, int | float) or not 0 <= weight_decay < inf):
            raise bad_argument("weight_decay", "None or a number of 0 or more", weight_decay)
        self.weight_decay = weight_decay
        self.name = name or automatic_name(type(self).__name__)
        self._learning_rate = _rate(learning_rate)
        self._model: ModelHandle | None = None

    if not TYPE_CHECKING:
        __getattr__ = missing_member(_INSTEAD)

    @property
    def learning_rate(self) -> float:
        """The step size; may be set at any time, also from a callback during fit."""
        rate = LearningRate(self._learning_rate if self._model is None else _core.model_get_learning_rate(self._model))
        rate._optimizer = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        rate = _rate(value)
        if self._model is not None:
            _core.model_set_learning_rate(self._model, rate)
        self._learning_rate = rate

    @property
    def iterations(self) -> int:
        """Steps done so far."""
        return 0 if self._model is None else _core.model_get_iterations(self._model)

    def _attach(self, model: ModelHandle) -> None:
        """From here on the rate is the one of this model."""
        self._model = model

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {
            "name": self.name,
            "learning_rate": float(self.learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": None,
            "global_clipnorm": None,
            "clipvalue": None,
            "use_ema": False,
            "ema_momentum": 0.99,
            "ema_overwrite_frequency": None,
            "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The optimizer that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} learning_rate={self.learning_rate:g}>"


def _rate(value: object) -> float:
    if callable(value) or isinstance(value, dict):
        raise NotSupportedError(
            "learning_rate: schedules are not supported by this version; set optimizer.learning_rate from a callback's "
            "on_epoch_begin",
            argument="learning_rate",
        )
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise bad_argument("learning_rate", "a number", value) from None
