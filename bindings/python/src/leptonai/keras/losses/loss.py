"""The base class of losses, and how the values of a batch become one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from ...errors import NotSupportedError, bad_argument, refuse_unless_default
from .._names import automatic_name
from ..graph.tensor import is_symbolic
from .numerics import Floats, floats, quotient, same_rank

_REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """The base class. A loss of one's own is a subclass with a `call(self, y_true, y_pred)` of `keras.ops`: it is read
    once, and then runs in the library.

    Args:
        name: The loss's name.
        reduction: "sum_over_batch_size" or "mean": the sum of value times sample weight divided by the number of
            values; "sum": the sum; "mean_with_sample_weight": the sum divided by the sum of the weights; "none" or
            None: the values themselves, which a model cannot be trained on.
        dtype: "float32" or None.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        refuse_unless_default(
            type(self).__name__,
            {"dtype": "losses are computed in float32"},
            dtype=(None if dtype == "float32" else dtype, None),
        )
        if reduction not in _REDUCTIONS:
            raise bad_argument("reduction", f"one of {', '.join(map(repr, _REDUCTIONS))}", reduction)
        self.name = name or automatic_name(type(self).__name__)
        self.reduction = reduction

    @property
    def dtype(self) -> str:
        """ "float32"."""
        return "float32"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss's values, one for each sample or position; to be written by subclasses."""
        raise NotSupportedError(f"{type(self).__name__} has no `call`")

    def _values(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """The values, and which of them count, or None for all."""
        return self.call(y_true, y_pred), None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss of arrays, or in another loss or metric of symbolic tensors."""
        if is_symbolic((y_true, y_pred, sample_weight)):
            from . import symbolic

            return symbolic.reduced(self.call(y_true, y_pred), sample_weight, self.reduction)
        values, mask = self._values(floats("y_true", y_true), floats("y_pred", y_pred))
        return reduce_weighted_values(values, sample_weight, mask, self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The loss that `get_config` described."""
        return cls(**config)


class FunctionLoss(Loss):
    """A loss whose values a function of arrays gives.

    Attributes:
        function: Of targets and predictions, and of the arguments.
        arguments: Names of the attributes that the function takes and the config has.
        quiet: Those that are in the config only when they are not as here, because Keras's has them never.
    """

    function: Callable[..., Any]
    arguments: tuple[str, ...] = ()
    quiet: dict[str, Any] = {}  # noqa: RUF012

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.arguments}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if is_symbolic((y_true, y_pred)):
            from . import symbolic

            true, pred = symbolic.same_rank(y_true, y_pred)
        else:
            true, pred = same_rank(floats("y_true", y_true), floats("y_pred", y_pred))
        return type(self).function(true, pred, **self._arguments())

    def get_config(self) -> dict[str, Any]:
        shown = {
            name: value
            for name, value in self._arguments().items()
            if name not in self.quiet or value != self.quiet[name]
        }
        return {**super().get_config(), **shown}


def reduce_weighted_values(values: Any, sample_weight: Any, mask: Any, reduction: str | None) -> Any:
    """A batch's loss from its values, sample weights and mask."""
    values = np.asarray(values, np.float32)
    weight = None if sample_weight is None else floats("sample_weight", sample_weight)
    weight = apply_mask(weight, mask, reduction)
    if weight is not None:
        values, weight = same_rank(values, weight)
        values = _times(values, weight)
    if reduction is None or reduction == "none" or values.shape in ((), (0,)):
        return values[()]
    total = values.sum(dtype=np.float32)
    if reduction == "sum":
        return total
    is_weighted = reduction == "mean_with_sample_weight" and weight is not None
    return quotient(total, weight.sum() if is_weighted and weight is not None else values.size)[()]


def apply_mask(weight: Floats | None, mask: Any, reduction: str | None) -> Floats | None:
    """Sample weights with those of masked positions at 0. Under a mean the others grow, so that it is over them."""
    if mask is None:
        return weight
    kept = np.asarray(mask, np.float32)
    if reduction in ("mean", "sum_over_batch_size"):
        kept = kept * quotient(kept.size, kept.sum())
    if weight is None:
        return kept
    kept, weight = same_rank(kept, weight)
    return _times(weight, kept)


def _times(values: Floats, weight: Floats) -> Floats:
    try:
        result: Floats = values * weight
    except ValueError:
        raise bad_argument(
            "sample_weight", f"a shape that fits that of the values, {values.shape}", f"shape {weight.shape}"
        ) from None
    return result
