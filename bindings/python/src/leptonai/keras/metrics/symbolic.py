"""Sums and means as parts of a user's own metric: the same on symbolic tensors."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..losses.symbolic import same_rank


def _samplewise(values: Any, weight: Any, reduce: Any) -> tuple[Any, Any]:
    """One value, and one weight where there are weights, for each sample."""
    if weight is not None:
        values, weight = same_rank(values, weight)
        if values.ndim > weight.ndim:
            values = reduce(values, axis=tuple(range(weight.ndim, values.ndim)))
        weight = ops.ones_like(values) * weight
        values = values * weight
        if weight.ndim > 1:
            weight = reduce(weight, axis=tuple(range(1, weight.ndim)))
    if values.ndim > 1:
        values = reduce(values, axis=tuple(range(1, values.ndim)))
    return values, weight


def add_to_sum(total: Any, values: Any, weight: Any) -> None:
    values, _ = _samplewise(values, weight, ops.sum)
    total.assign_add(ops.sum(values))


def add_to_mean(total: Any, count: Any, values: Any, weight: Any) -> None:
    values, weight = _samplewise(values, weight, ops.mean)
    total.assign_add(ops.sum(values))
    if weight is not None:
        count.assign_add(ops.sum(weight))
    else:
        count.assign_add(ops.shape(values)[0] if values.ndim else 1.0)


def mean(total: Any, count: Any) -> Any:
    return ops.divide_no_nan(total, count)
