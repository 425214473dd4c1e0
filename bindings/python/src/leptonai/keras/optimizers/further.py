"""Optimizers whose steps depend on a whole weight, on the weight itself, or on what was trained before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from ...errors import bad_argument
from ..saving import deserialize_keras_object, public, serialize_keras_object
from .adaptive import _fraction, _Moments
from .optimizer import Optimizer, SharedArguments
from .schedules import LearningRateSchedule
from .variables import Count


@public("keras.optimizers")
class Ftrl(Optimizer):
    """FTRL-proximal (McMahan et al., KDD 2013), for shallow models of many features.

    Args:
        learning_rate: Step size, 0 or more.
        learning_rate_power: How the step shrinks with the sum of squared gradients, 0 or less; 0 for not at all.
        initial_accumulator_value: Where the sums begin, 0 or more.
        l1_regularization_strength, l2_regularization_strength: Pull towards 0, 0 or more.
        l2_shrinkage_regularization_strength: The same as a penalty on the size, 0 or more.
        beta: The paper's beta.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        if learning_rate_power > 0:
            raise bad_argument("learning_rate_power", "a number of 0 or less", learning_rate_power)
        for name, value in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            if value < 0:
                raise bad_argument(name, "a number of 0 or more", value)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }


@public("keras.optimizers")
class Adafactor(Optimizer):
    """Keeps of a matrix's squared gradients the means of rows and columns alone (Shazeer and Stern, ICML 2018).

    Args:
        learning_rate: Step size as a part of the weight's size, 0 or more.
        beta_2_decay: How the decay of the means nears 1.
        epsilon_1: Added to squared gradients.
        epsilon_2: Smallest size of a weight that steps are a part of.
        clip_threshold: Largest root mean square of a step, above 0.
        relative_step: Accepted; the rate is never above 1 / sqrt(step).
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1 = epsilon_1
        self.epsilon_2 = epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


@public("keras.optimizers")
class Lamb(_Moments):
    """Adam with steps as long as the weights are (You et al., ICLR 2020), for large batches.

    Args:
        learning_rate: Step size as a part of the weight's norm, 0 or more.
        beta_1: Decay of the mean of gradients, in 0 ... 1.
        beta_2: Decay of the mean of squares, in 0 ... 1.
        epsilon: Added to the root of the mean of squares.
    """


@public("keras.optimizers")
class ScheduleFreeAdamW(Optimizer):
    """AdamW that averages instead of following a schedule (Defazio et al., NeurIPS 2024).

    Args:
        learning_rate: Step size, 0 or more.
        beta_1: How near the weights are to the average, above 0 and below 1.
        beta_2: Decay of the mean of squares, in 0 ... 1.
        epsilon: Added to the root of the mean of squares.
        warmup_steps: Steps in which the rate rises from 0.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **shared: Unpack[SharedArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_1 = beta_1
        self.beta_2 = _fraction("beta_2", beta_2)
        self.epsilon = epsilon
        self.warmup_steps = warmup_steps

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "warmup_steps": self.warmup_steps,
        }


@public("keras.optimizers")
class Muon(Optimizer):
    """Steps of matrices made orthogonal (Jordan et al., 2024); all other weights are AdamW's.

    Args:
        learning_rate: Step size, 0 or more.
        adam_beta_1, adam_beta_2, adam_weight_decay, epsilon: AdamW's.
        weight_decay: Of the matrices.
        exclude_layers: Words; weights with one of them in their path are AdamW's. "^" and "$" stand for the path's
            beginning and end.
        exclude_embeddings: Whether those of embeddings are.
        muon_a, muon_b, muon_c: Coefficients of the Newton-Schulz iteration.
        adam_lr_ratio: Factor of AdamW's rate.
        momentum: Decay of the sum of gradients.
        ns_steps: Iterations.
        nesterov: Whether the momentum is Nesterov's.
        rms_rate: Steps grow with the root of the matrix's longer side times this; None for not.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = list(exclude_layers or [])
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def get_config(self) -> dict[str, Any]:
        names = "adam_beta_1 adam_beta_2 epsilon exclude_layers muon_a muon_b muon_c adam_lr_ratio momentum ns_steps"
        names += " nesterov exclude_embeddings adam_weight_decay rms_rate"
        return {**super().get_config(), **{name: getattr(self, name) for name in names.split()}}


@public("keras.optimizers")
class LossScaleOptimizer(Optimizer):
    """Skips steps whose gradients, times a scale that grows and shrinks, leave the range of float32.

    Args:
        inner_optimizer: The optimizer that does the steps.
        initial_scale: The first scale, above 0.
        dynamic_growth_steps: Steps without a skip after which the scale doubles.
        name: The optimizer's name.
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not kwargs.pop("dynamic", True):
            raise bad_argument("dynamic", "True; set loss_scale_factor on the inner optimizer instead", False)
        if not isinstance(inner_optimizer, Optimizer):
            raise bad_argument("inner_optimizer", "an optimizer of keras.optimizers", inner_optimizer)
        # Files of older versions of Keras have the arguments of all optimizers, with what they are without.
        neutral = {**Optimizer(0.0).get_config(), "name": None, "learning_rate": None}
        for argument, value in kwargs.items():
            if argument not in neutral or value != neutral[argument]:
                raise bad_argument(argument, f"`{argument}` on the inner optimizer", value)
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps
        # As in Keras: gradients would be scaled twice.
        inner_optimizer.loss_scale_factor = None

    @property
    def learning_rate(self) -> float:
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> int:
        """The inner optimizer's: steps that were not skipped."""
        return self.inner_optimizer.iterations

    @property
    def variables(self) -> list[Any]:
        """Iterations and learning rate that Keras keeps and does not use, its state, and the inner one's."""
        own = {variable.path: variable for variable in self._state() if "/" not in variable.path}
        inner = [variable for variable in self.inner_optimizer.variables if "/" in getattr(variable, "path", "/")]
        return [Count(0), 0.0, *(own[name] for name in ("step_counter", "dynamic_scale") if name in own), *inner]

    def finalize_variable_values(self, var_list: Any) -> None:
        """The inner optimizer's."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def _attach(self, model: Any) -> None:
        super()._attach(model)
        self.inner_optimizer._attach(model)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    def _library_config(self) -> dict[str, Any]:
        config = self.get_config()
        config["inner_optimizer"]["config"] = self.inner_optimizer._library_config()
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossScaleOptimizer:
        """The optimizer that `get_config` described."""
        arguments = dict(config)
        inner = arguments.pop("inner_optimizer")
        if isinstance(inner, dict):
            inner = deserialize_keras_object({**inner, "module": "keras.optimizers"})
        return cls(inner, **arguments)
