"""The optimizer's variables in Keras's order: iteration, learning rate, then its slots.

Keras makes the variables of some slots weight by weight (momentum and velocity of the first weight, then of the
second) and of others slot by slot; the averages and sums of gradients that every optimizer may keep come before its
own.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import _core

if TYPE_CHECKING:
    from ..models.model import Model

Array = NDArray[Any]

_FIRST = ("average", "gradient_accumulator")
_SLOT_BY_SLOT = ("RMSprop",)
_AFTERWARDS = ("velocity_hat",)


def _order(model: Model) -> list[int]:
    """For each of Keras's slot variables, its index in the library's state."""
    names = [
        _core.model_optimizer_weight_info(model._handle, index)[0]
        for index in range(_core.model_optimizer_weight_count(model._handle))
    ]
    slots: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        slots.setdefault(name.partition("/")[0], []).append(index)
    alone = [name for name in _FIRST if name in slots]
    last = [name for name in _AFTERWARDS if name in slots]
    middle = [name for name in slots if name not in alone + last]
    by_slot = type(model.optimizer).__name__ in _SLOT_BY_SLOT
    groups = [[name] for name in alone] + ([[name] for name in middle] if by_slot else [middle] if middle else [])
    groups += [[name] for name in last]
    return [index for group in groups for row in zip(*(slots[name] for name in group), strict=True) for index in row]


def _has_rate_variable(model: Model) -> bool:
    """Whether Keras has the rate as a variable: not when a schedule gives it."""
    config = model.optimizer.get_config() if hasattr(model.optimizer, "get_config") else {}
    return not isinstance(config.get("learning_rate"), dict)


def _library_state(model: Model) -> list[Array]:
    shapes = [
        _core.model_optimizer_weight_info(model._handle, index)[1]
        for index in range(_core.model_optimizer_weight_count(model._handle))
    ]
    arrays = [np.empty(shape, np.float32) for shape in shapes]
    _core.model_get_optimizer_weights(model._handle, arrays)
    return arrays


def read(model: Model) -> list[Any]:
    """The optimizer's variables, as Keras would save them."""
    iterations = _core.model_get_iterations(model._handle)
    variables: list[Any] = [np.asarray(iterations, np.int64 if iterations > 2**31 - 1 else np.int32)]
    if _has_rate_variable(model):
        variables.append(np.float32(_core.model_get_learning_rate(model._handle)))
    state = _library_state(model)
    variables += [state[index] for index in _order(model)]
    if type(model.optimizer).__name__ == "Nadam":
        variables.append(_nadam_product(iterations, model.optimizer.get_config()["beta_1"]))
    return variables


def _nadam_product(iterations: int, beta: float) -> Any:
    """The product of Nadam's momenta so far; the library works it out from the number of steps."""
    steps = np.arange(1, iterations + 1, dtype=np.float32)
    return np.prod(np.float32(beta) * (1 - np.float32(0.5) * np.float32(0.96) ** steps), dtype=np.float32)


def write(model: Model, variables: list[tuple[tuple[int, ...], Any]]) -> None:
    """Takes over variables that were saved. As in Keras, those of another optimizer are left out with a warning."""
    order = _order(model)
    has_rate = _has_rate_variable(model)
    first = 2 if has_rate else 1
    count = first + len(order) + (type(model.optimizer).__name__ == "Nadam")
    if len(variables) == first:
        # Keras saves no more of an optimizer that has not worked yet.
        order = []
    elif len(variables) != count:
        warnings.warn(
            f"Skipping variable loading for optimizer '{model.optimizer.name}', because it has {count} variables "
            f"whereas the saved optimizer has {len(variables)} variables.",
            stacklevel=6,
        )
        return
    state = _library_state(model)
    for index, (shape, value) in zip(order, variables[first:], strict=False):
        if shape != state[index].shape:
            warnings.warn(
                f"Skipping variable loading for optimizer '{model.optimizer.name}', because a variable of shape "
                f"{state[index].shape} is of shape {shape} in the file.",
                stacklevel=6,
            )
            return
        state[index] = np.asarray(value, np.float32)
    if order:
        _core.model_set_optimizer_weights(model._handle, state)
    _core.model_set_iterations(model._handle, max(int(variables[0][1]), 0))
    if has_rate:
        model.optimizer.learning_rate = float(variables[1][1])
