"""The base of optimizers: descriptions that `compile` gives to the library, and a view of their state there."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np

from ... import _core
from ...errors import NotSupportedError, TypeMismatchError, bad_argument
from .._missing import missing_member
from .._names import automatic_name
from .schedules import LearningRateSchedule, deserialize, serialize
from .variables import Count, StateVariable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..._core import ModelHandle

_INSTEAD = {
    "lr": "its name is learning_rate",
    "apply_gradients": "training runs through fit",
    "apply": "training runs through fit",
    "minimize": "training runs through fit",
    "build": "the state is made when the model is compiled",
}


class SharedArguments(TypedDict, total=False):
    """What every optimizer of Keras takes besides its own arguments."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


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
        learning_rate: Step size, 0 or more; or a schedule of `keras.optimizers.schedules`.
        weight_decay: Each step takes learning_rate * weight_decay of every trained weight away; None for none.
        clipnorm: Largest Euclidean norm of each weight's gradient.
        clipvalue: Largest size of each number of a gradient.
        global_clipnorm: Largest norm of all gradients together. At most one of the three may be given.
        use_ema: Whether a moving average of the weights is kept, which the weights become at the end of fit.
        ema_momentum: How much of the average stays at each step, in 0 ... 1.
        ema_overwrite_frequency: Every so many updates the weights become their average; None for never before the end.
        loss_scale_factor: Between 1e-10 and 1e20, where scaling the loss and the gradients back changes rounding alone.
        gradient_accumulation_steps: Steps whose gradients are averaged into one update, at least 2; None for one.
        name: The optimizer's name.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
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
        self.weight_decay = _number("weight_decay", weight_decay, least=0)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(limit is not None for limit in clips.values()) > 1:
            raise bad_argument("clipnorm, clipvalue, global_clipnorm", "at most one of them", clips)
        self.clipnorm = _number("clipnorm", clipnorm)
        self.clipvalue = _number("clipvalue", clipvalue)
        self.global_clipnorm = _number("global_clipnorm", global_clipnorm)
        if gradient_accumulation_steps and (
            not isinstance(gradient_accumulation_steps, int) or gradient_accumulation_steps < 2
        ):
            raise bad_argument("gradient_accumulation_steps", "an integer >= 2", gradient_accumulation_steps)
        if use_ema:
            if not isinstance(ema_momentum, int | float) or not 0 <= ema_momentum <= 1:
                raise bad_argument("ema_momentum", "a number in 0 ... 1", ema_momentum)
            if ema_overwrite_frequency and (
                not isinstance(ema_overwrite_frequency, int) or ema_overwrite_frequency < 1
            ):
                raise bad_argument("ema_overwrite_frequency", "an integer >= 1 or None", ema_overwrite_frequency)
        self.use_ema = bool(use_ema)
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = _number("loss_scale_factor", loss_scale_factor)
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.name = name or automatic_name(type(self).__name__)
        self._learning_rate = _rate(learning_rate)
        self._model: ModelHandle | None = None
        self._excluded: dict[str, list[str]] = {}

    if not TYPE_CHECKING:
        __getattr__ = missing_member(_INSTEAD)

    @property
    def learning_rate(self) -> float:
        """The step size; may be set at any time, also from a callback during fit, unless it follows a schedule.

        Of a schedule it is the rate of the next step.
        """
        if self._model is not None:
            value = _core.model_get_learning_rate(self._model)
        elif isinstance(self._learning_rate, LearningRateSchedule):
            value = self._learning_rate(0)
        else:
            value = self._learning_rate
        rate = LearningRate(value)
        rate._optimizer = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if isinstance(value, LearningRateSchedule):
            raise NotSupportedError(
                "learning_rate: a schedule is given when the optimizer is made; compile with another optimizer",
                argument="learning_rate",
            )
        if isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeMismatchError(
                "This optimizer was created with a `LearningRateSchedule` object as its `learning_rate` constructor "
                "argument, hence its learning rate is not settable. If you need the learning rate to be settable, you "
                "should instantiate the optimizer with a float `learning_rate` argument.",
                argument="learning_rate",
            )
        rate = _rate(value)
        assert isinstance(rate, float)
        if self._model is not None:
            _core.model_set_learning_rate(self._model, rate)
        self._learning_rate = rate

    @property
    def iterations(self) -> int:
        """Updates done so far."""
        steps = 0 if self._model is None else _core.model_get_iterations(self._model)
        return Count(steps // (self.gradient_accumulation_steps or 1))

    @property
    def variables(self) -> list[Any]:
        """The iterations, the learning rate unless it follows a schedule, and the state: Keras's variables.

        The state stands slot by slot: momentum of all weights, then velocity of all weights. It is there once the
        model that was compiled with the optimizer is built.
        """
        steps = 0 if self._model is None else _core.model_get_iterations(self._model)
        own: list[Any] = [Count(steps)]
        if not isinstance(self._learning_rate, LearningRateSchedule):
            own.append(self.learning_rate)
        return own + self._state()

    def _state(self) -> list[StateVariable]:
        return [] if self._model is None else StateVariable.all_of(self._model)

    def exclude_from_weight_decay(self, var_list: Iterable[Any] | None = None, var_names: Any = None) -> None:
        """Keeps weights from decaying; to be called before `compile`.

        Args:
            var_list: Weights of a built model.
            var_names: Words; weights with one of them in their name ("kernel", "bias") do not decay. "^" and "$" stand
                for the name's beginning and end.
        """
        if self._model is not None:
            raise bad_argument(
                "exclude_from_weight_decay", "a call before the optimizer is given to compile", "one after it"
            )
        self._excluded = {
            "var_names": [str(word) for word in var_names or ()],
            "paths": [variable.path for variable in var_list or ()],
        }

    def finalize_variable_values(self, var_list: Iterable[Any]) -> None:
        """Gives weights the values of their moving averages, as the end of fit does; without `use_ema` nothing."""
        if self.use_ema:
            averages = self._averages()
            for variable in var_list:
                variable.assign(averages[variable.path].numpy())

    def _averages(self) -> dict[str, StateVariable]:
        """The moving average of each weight by the weight's path."""
        prefix = "average/"
        return {
            variable.path[len(prefix) :]: variable for variable in self._state() if variable.path.startswith(prefix)
        }

    def set_weights(self, weights: Iterable[NDArray[Any]]) -> None:
        """Sets the variables, in the order of `variables`."""
        values = list(weights)
        variables = self.variables
        if len(values) != len(variables):
            raise bad_argument("weights", f"{len(variables)} arrays", f"{len(values)}")
        if self._model is None:
            raise bad_argument("set_weights", "an optimizer that a model was compiled with", "another one")
        state = [np.ascontiguousarray(value, np.float32) for value in values[-len(self._state()) :]]
        if self._state():
            _core.model_set_optimizer_weights(self._model, state)
        _core.model_set_iterations(self._model, int(values[0]))
        if not isinstance(self._learning_rate, LearningRateSchedule):
            self.learning_rate = float(values[1])

    def _attach(self, model: ModelHandle) -> None:
        """From here on the rate and the state are those of this model."""
        self._model = model

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": serialize(rate) if isinstance(rate, LearningRateSchedule) else float(self.learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    def _library_config(self) -> dict[str, Any]:
        """What the library is given: Keras's config, and what Keras keeps beside it."""
        config = self.get_config()
        if self._excluded:
            config["exclude_from_weight_decay"] = self._excluded
        # Keras takes 0 for none.
        for name in ("ema_overwrite_frequency", "gradient_accumulation_steps"):
            config[name] = config[name] or None
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The optimizer that `get_config` described."""
        config = dict(config)
        excluded = config.pop("exclude_from_weight_decay", None)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize(config["learning_rate"])
        made = cls(**config)
        if isinstance(excluded, dict):
            made._excluded = excluded
        return made

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name} learning_rate={self.learning_rate:g}>"


def _number(argument: str, value: float | None, least: float | None = None) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not isfinite(value) or (least is not None and value < least):
        raise bad_argument(argument, "None or a number" + ("" if least is None else f" of {least} or more"), value)
    return value


def _rate(value: object) -> float | LearningRateSchedule:
    if isinstance(value, LearningRateSchedule):
        if not value.is_known:
            raise NotSupportedError(
                f"learning_rate: {type(value).__name__} is a schedule of one's own, whose Python code the library "
                "cannot run; give a schedule of keras.optimizers.schedules, or set the rate from "
                "keras.callbacks.LearningRateScheduler",
                argument="learning_rate",
            )
        return value
    if callable(value):
        raise NotSupportedError(
            "learning_rate: a function is not supported; use keras.callbacks.LearningRateScheduler",
            argument="learning_rate",
        )
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise bad_argument("learning_rate", "a number or a schedule", value) from None
