"""Batches as tuples."""

from __future__ import annotations

from typing import Any

from ..trainers.sources import unpacked


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample weights of `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`; None where there is none."""
    return unpacked("data", data)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The shortest of `x`, `(x,)`, `(x, y)` and `(x, y, sample_weight)`: x alone when it is no tuple or list."""
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
