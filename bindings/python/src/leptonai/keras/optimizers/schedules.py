"""Learning rates that follow from the number of steps done. The library evaluates them in float32, as Keras does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ... import _core
from ...errors import NotSupportedError, bad_argument
from .._missing import missing_from
from ..saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.optimizers.schedules", __all__)

_MODULE = "keras.optimizers.schedules"


class LearningRateSchedule:
    """The base class.

    A schedule of one's own may be called from `keras.callbacks.LearningRateScheduler`; an optimizer takes those of this
    module alone, because training runs in the library.
    """

    @property
    def is_known(self) -> bool:
        """Whether the library has it."""
        return classes_of(_MODULE).get(type(self).__name__) is type(self)

    def __call__(self, step: int) -> float:
        """The rate once `step` steps have been done."""
        if not self.is_known:
            raise NotSupportedError(
                f"Learning rate schedule '{type(self).__name__}' must override `__call__(self, step)`."
            )
        return _value(self, step)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        raise NotSupportedError(
            f"Learning rate schedule '{type(self).__name__}' must override `get_config()` in order to be serializable."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The schedule that `get_config` described."""
        return cls(**config)


def _value(schedule: LearningRateSchedule, step: int) -> float:
    """Has the library evaluate a schedule, as the rate of an optimizer that has done `step` steps."""
    model = _core.model_create(None)
    _core.model_add_layer(model, "Dense", '{"units": 1, "input_shape": [1]}')
    optimizer = {"class_name": "SGD", "config": {"learning_rate": serialize(schedule)}}
    _core.model_compile(model, json.dumps(optimizer), None, (), ())
    _core.model_set_iterations(model, int(step))
    return _core.model_get_learning_rate(model)


def _positive(argument: str, value: float) -> float:
    if not value > 0:
        raise bad_argument(argument, "a number above 0", value)
    return value


class _Decay(LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool, name: str
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@public(_MODULE)
class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: Above 0.
        decay_rate: What the rate is multiplied with every `decay_steps` steps.
        staircase: Whether step / decay_steps is rounded down.
        name: A name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)


@public(_MODULE)
class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps). Arguments as ExponentialDecay."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)


@public(_MODULE)
class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[i]` up to and with step `boundaries[i]`, the last value from there on.

    Args:
        boundaries: Numbers of steps, increasing, at least one.
        values: Rates, one more than boundaries.
        name: A name.
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1 or not boundaries:
            raise bad_argument(
                "values",
                "at least 1 boundary, and 1 value more than there are boundaries",
                f"boundaries={boundaries}, values={values}",
            )
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


@public(_MODULE)
class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate as (1 - step / decay_steps) ** power.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: Above 0.
        end_learning_rate: The rate at the end.
        power: The exponent.
        cycle: Whether it begins again after decay_steps, each time longer.
        name: A name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


@public(_MODULE)
class CosineDecay(LearningRateSchedule):
    """Half a period of the cosine (Loshchilov and Hutter, ICLR 2017), after a straight rise if one is wanted.

    Args:
        initial_learning_rate: The rate of the first step.
        decay_steps: Steps of the decay, above 0.
        alpha: The last rate, as a part of the highest.
        name: A name.
        warmup_target: The rate at the end of the rise; None for no rise.
        warmup_steps: Steps of the rise.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive("decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@public(_MODULE)
class CosineDecayRestarts(LearningRateSchedule):
    """Half periods of the cosine one after another.

    Args:
        initial_learning_rate: The rate of the first step.
        first_decay_steps: Steps of the first period, above 0.
        t_mul: How much longer each period is than the one before it.
        m_mul: How much higher.
        alpha: The last rate of a period, as a part of initial_learning_rate.
        name: A name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive("first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The config of a schedule."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: dict[str, Any]) -> LearningRateSchedule:
    """The schedule that a config describes."""
    made = deserialize_keras_object({**config, "module": _MODULE})
    if not isinstance(made, LearningRateSchedule):
        raise bad_argument("config", "the config of a schedule of keras.optimizers.schedules", config)
    return made
