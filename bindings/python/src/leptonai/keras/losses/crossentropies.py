"""Losses of probabilities, as classes."""

from __future__ import annotations

from typing import Any

from ...errors import bad_argument
from ..saving import public
from .loss import FunctionLoss
from .probabilities import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
    sparse_values,
)

_MODULE = "keras.losses"


@public(_MODULE)
class KLDivergence(FunctionLoss):
    """sum(y_true log(y_true / y_pred))."""

    function = staticmethod(kl_divergence)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)


class _Crossentropy(FunctionLoss):
    arguments: tuple[str, ...] = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self, from_logits: bool, label_smoothing: float, axis: int, reduction: str | None, name: str, dtype: str | None
    ) -> None:
        super().__init__(name, reduction, dtype)
        if not 0 <= label_smoothing <= 1:
            raise bad_argument("label_smoothing", "a number in 0 ... 1", label_smoothing)
        self.from_logits = bool(from_logits)
        self.label_smoothing = label_smoothing
        self.axis = axis


@public(_MODULE)
class BinaryCrossentropy(_Crossentropy):
    """Crossentropy of labels 0 and 1; with `from_logits` the predictions are before the sigmoid."""

    function = staticmethod(binary_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


@public(_MODULE)
class BinaryFocalCrossentropy(_Crossentropy):
    """The binary cross-entropy, less of it where predictions are good (Lin et al., 2017)."""

    function = staticmethod(binary_focal_crossentropy)
    arguments = (*_Crossentropy.arguments, "apply_class_balancing", "alpha", "gamma")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        self.apply_class_balancing = bool(apply_class_balancing)
        self.alpha = alpha
        self.gamma = gamma


@public(_MODULE)
class CategoricalCrossentropy(_Crossentropy):
    """Crossentropy of one-hot labels; with `from_logits` the predictions are before the softmax."""

    function = staticmethod(categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


@public(_MODULE)
class CategoricalFocalCrossentropy(_Crossentropy):
    """The categorical cross-entropy, less of it where predictions are good (Lin et al., 2017)."""

    function = staticmethod(categorical_focal_crossentropy)
    arguments = (*_Crossentropy.arguments, "alpha", "gamma")

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        self.alpha = alpha
        self.gamma = gamma


@public(_MODULE)
class SparseCategoricalCrossentropy(FunctionLoss):
    """Crossentropy of class numbers; with `from_logits` the predictions are before the softmax.

    Labels of `ignore_class` count for nothing.
    """

    function = staticmethod(sparse_categorical_crossentropy)
    arguments = ("from_logits", "ignore_class", "axis")
    quiet = {"axis": -1}  # noqa: RUF012

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = bool(from_logits)
        self.ignore_class = ignore_class
        self.axis = axis

    def _values(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        return sparse_values(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)


@public(_MODULE)
class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """(1 - p^q) / q of the class that the label numbers: between cross-entropy and absolute error."""

    function = staticmethod(categorical_generalized_cross_entropy)
    arguments = ("q",)

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: str | None = None,
    ) -> None:
        if not 0 < q < 1:
            raise bad_argument("q", "a number in the interval (0, 1)", q)
        super().__init__(name, reduction, dtype)
        self.q = q
