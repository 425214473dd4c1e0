"""Sums and means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from ...errors import bad_argument
from ..graph.tensor import is_symbolic
from ..losses.loss import apply_mask
from ..losses.numerics import Floats, floats, quotient, same_rank
from ..saving import public, serialize_keras_object
from .metric import Metric

_MODULE = "keras.metrics"


def samplewise(values: Any, sample_weight: Any, reduce: Any, mask: Any = None) -> tuple[Floats, Floats | None]:
    """One value, and one weight where there are weights, for each sample."""
    values = floats("values", values)
    weight = None if sample_weight is None else floats("sample_weight", sample_weight)
    if weight is not None:
        if mask is not None:
            weight = apply_mask(weight, mask, "sum")
        values, weight = same_rank(values, weight if weight is not None else values)
        rank = weight.ndim
        if values.ndim > rank:
            values = reduce(values, axis=tuple(range(rank, values.ndim)))
        try:
            weight = np.broadcast_to(weight, values.shape)
        except ValueError:
            raise bad_argument("sample_weight", f"a shape that fits {values.shape}", f"{weight.shape}") from None
        values = values * weight
        if rank > 1:
            weight = reduce(weight, axis=tuple(range(1, rank)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weight


@public(_MODULE)
class Sum(Metric):
    """The weighted sum of values."""

    def __init__(self, name: str = "sum", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        if is_symbolic((values, sample_weight)):
            from .symbolic import add_to_sum

            add_to_sum(self.total, values, sample_weight)
            return
        values, _ = samplewise(values, sample_weight, np.sum)
        self.total.assign_add(values.sum())

    def result(self) -> Any:
        held = self.total._held()
        return held if is_symbolic(held) else held.copy()[()]


class BaseMean(Metric):
    """A total and what it is divided by."""

    def __init__(self, name: str, dtype: str | None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def _take(self, values: Any, sample_weight: Any, mask: Any = None) -> None:
        if is_symbolic((values, sample_weight)):
            from .symbolic import add_to_mean

            add_to_mean(self.total, self.count, values, sample_weight)
            return
        values, weight = samplewise(values, sample_weight, np.mean, mask)
        self.total.assign_add(values.sum())
        self.count.assign_add(weight.sum() if weight is not None else values.shape[0] if values.ndim else 1)

    def result(self) -> Any:
        if is_symbolic(self.total._held()):
            from .symbolic import mean

            return mean(self.total, self.count)
        return quotient(self.total, self.count)[()]


@public(_MODULE)
class Mean(BaseMean):
    """The weighted mean of values; 0 where there are none."""

    def __init__(self, name: str = "mean", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        self._take(values, sample_weight)


@public(_MODULE)
class MeanMetricWrapper(BaseMean):
    """The mean of what a function of targets and predictions gives.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, one value for each sample or position.
        kwargs: Its other arguments.
    """

    _is_bare = False
    """Whether it stands for a function that `compile` was given."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name or "mean_metric_wrapper", dtype)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._take(self._fn(y_true, y_pred, **self._fn_kwargs), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fn": serialize_keras_object(self._fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        given = config.get("fn")
        if isinstance(given, dict):
            from . import deserialize

            config = {**config, "fn": deserialize(given)}
        return cls(**config)


class FunctionMean(BaseMean):
    """A metric that is the mean of a function of this package's.

    Attributes:
        function: Of targets and predictions, and of the arguments.
        arguments: Names of the attributes that the function takes and the config has.
    """

    function: Callable[..., Any]
    arguments: tuple[str, ...] = ()

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.arguments}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self._take(type(self).function(y_true, y_pred, **self._arguments()), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._arguments()}
