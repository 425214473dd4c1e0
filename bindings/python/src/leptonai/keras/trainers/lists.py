"""Metrics that have several values: the library reports them as "name[0]", "name[1]", ..., Keras as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import _core

if TYPE_CHECKING:
    from ..._core import HistoryHandle


def _gathered(logs: dict[str, Any]) -> dict[str, Any]:
    """Lists of what belongs to one metric, in the place of the first."""
    result: dict[str, Any] = {}
    for name, value in logs.items():
        if name.endswith("]"):
            result.setdefault(name[: name.rindex("[")], []).append(value)
        else:
            result[name] = value
    return result


def _sorted(logs: dict[str, Any]) -> dict[str, Any]:
    """By name, as Keras has them: "val_loss" is before "weighted_loss"."""
    names = list(logs)
    ordered = sorted(names, key=lambda name: name.partition("[")[0])
    return logs if names == ordered else {name: logs[name] for name in ordered}


def with_arrays(logs: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a moment by name, those of one metric as a float32 array."""
    logs = _sorted(logs)
    if not any(name.endswith("]") for name in logs):
        return logs
    return {
        name: np.array(value, np.float32) if isinstance(value, list) else value
        for name, value in _gathered(logs).items()
    }


def read_history(handle: HistoryHandle) -> dict[str, list[Any]]:
    """The numbers of all epochs of a training of the library's, likewise."""
    names = [_core.history_metric_name(handle, index) for index in range(_core.history_metric_count(handle))]
    history = _sorted({name: _core.history_values(handle, name) for name in names})
    if not any(name.endswith("]") for name in history):
        return history
    result: dict[str, list[Any]] = {}
    for name, values in _gathered(history).items():
        is_list = bool(values) and isinstance(values[0], list)
        result[name] = [np.array(epoch, np.float32) for epoch in zip(*values, strict=True)] if is_list else values
    return result
