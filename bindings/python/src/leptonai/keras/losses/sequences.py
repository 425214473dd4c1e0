"""Losses of rows of labels, and of embeddings that are compared with each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ShapeMismatchError
from ..saving import public, public_function
from .loss import FunctionLoss
from .numerics import Floats, floats, softplus

_MODULE = "keras.losses"
_NOTHING = np.float32(-1e5)


@public_function
def ctc(y_true: Any, y_pred: Any) -> Any:
    """-log of the probability that logits (rows, steps, classes) give to rows of labels, over all ways to place these
    among blanks; 0 is the blank and fills rows up."""
    true, pred = floats("y_true", y_true), floats("y_pred", y_pred)
    if true.ndim != 2:
        raise ShapeMismatchError(
            "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
            f"Received: y_true.shape={true.shape}",
            argument="y_true",
        )
    if pred.ndim != 3:
        raise ShapeMismatchError(
            "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
            f"Received: y_pred.shape={pred.shape}",
            argument="y_pred",
        )
    labels = true.astype(np.int64)
    shifted = pred - pred.max(axis=-1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    rows, length = labels.shape
    repeats = np.zeros((rows, length), np.float32)
    repeats[:, :-1] = labels[:, :-1] == labels[:, 1:]
    phi = np.full((rows, length + 1), _NOTHING)
    phi[:, 0] = 0
    emit = np.full((rows, length), _NOTHING)
    for step in range(pred.shape[1]):
        log = np.take_along_axis(logs[:, step], labels, axis=1)
        blank = logs[:, step, :1]
        read = _read(phi, emit + _NOTHING * repeats)
        phi = _read(read + blank, emit + blank + _NOTHING * (1 - repeats))
        emit = np.logaddexp(read[:, :-1] + log, emit + log)
    return -np.take_along_axis(_read(phi, emit), (labels != 0).sum(axis=1, keepdims=True), axis=1)[:, 0]


def _read(phi: Floats, added: Floats) -> Floats:
    return np.concatenate([phi[:, :1], np.logaddexp(phi[:, 1:], added)], axis=1)


@public_function
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of each row: of its cosine distances to the other rows of its label, and to those of others.

    Args:
        y_true: Labels.
        y_pred: Normalised embeddings, (rows, width).
        ref_labels, ref_embeddings: What rows are compared with; by default each other.
        remove_diagonal: Whether a row is not compared with itself.
        gamma: Scale.
        margin: How far from their best values distances may be.
    """
    pred = floats("y_pred", y_pred)
    others = pred if ref_embeddings is None else floats("ref_embeddings", ref_embeddings)
    labels = floats("y_true", y_true).astype(np.int64).reshape(-1, 1)
    other_labels = labels if ref_labels is None else floats("ref_labels", ref_labels).astype(np.int64).reshape(-1, 1)
    distances = np.maximum(1 - pred @ others.T, np.float32(0))
    own = labels == other_labels.T
    foreign = ~own
    if remove_diagonal:
        own = own & ~np.eye(len(labels), len(other_labels), dtype=bool)
    scale, slack = np.float32(gamma), np.float32(margin)
    own_part = -scale * np.maximum(slack + distances, 0) * (slack - distances)
    foreign_part = scale * np.maximum(1 + slack - distances, 0) * (1 - slack - distances)
    sums = _log_sum(own_part, own) + _log_sum(foreign_part, foreign)
    with np.errstate(invalid="ignore"):
        return np.where(np.isneginf(sums), np.float32(0), softplus(np.where(np.isneginf(sums), 0, sums)))


def _log_sum(values: Floats, mask: Any) -> Any:
    """log(sum(exp(values))) over the last axis where `mask` is set; -infinity where it is nowhere."""
    kept = np.where(mask, values, -np.inf)
    largest = kept.max(axis=1, keepdims=True)
    base = np.where(np.isneginf(largest), 0, largest)
    with np.errstate(divide="ignore"):
        return (np.log(np.exp(kept - base).sum(axis=1)) + base[:, 0]).astype(np.float32)


@public(_MODULE)
class CTC(FunctionLoss):
    """Connectionist temporal classification (Graves et al., 2006).

    Targets are (rows, labels), filled up with 0, which is the blank; predictions are logits (rows, steps, classes).
    """

    function = staticmethod(ctc)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "ctc", dtype: str | None = None
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ctc(y_true, y_pred)


@public(_MODULE)
class Circle(FunctionLoss):
    """Brings normalised embeddings of one label together and those of different labels apart; compares all rows of a
    batch.

    Args:
        gamma: Scale.
        margin: How far from their best values distances may be.
        remove_diagonal: Whether a row is not compared with itself.
    """

    function = staticmethod(circle)
    arguments = ("gamma", "margin", "remove_diagonal")

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal

    def _values(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        values = circle(y_true, y_pred, **self._arguments())
        # Rows without a loss do not count.
        return values, values > 0
