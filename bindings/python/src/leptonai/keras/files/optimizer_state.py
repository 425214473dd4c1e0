"""The optimizer's variables in Keras's order: iteration, learning rate, then its slots.

Keras makes the variables of some slots weight by weight (momentum and velocity of the first weight, then of the
second) and of others slot by slot; the averages and sums of gradients that every optimizer may keep come before its
own. A LossScaleOptimizer has variables of its own before those of the optimizer in it.
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
Variables = list[tuple[tuple[int, ...], Any]]

_FIRST = ("average", "gradient_accumulator")
_SLOT_BY_SLOT = ("RMSprop",)
_AFTERWARDS = ("velocity_hat",)
# Where a weight has no such slot, Adafactor has a variable without extents in its place.
_PLACEHOLDERS = ("row_factor", "column_factor")
_SCALING = ("step_counter", "dynamic_scale")


class _Layout:
    """Which of the library's tensors stands at which of Keras's places."""

    def __init__(self, model: Model) -> None:
        infos = [
            _core.model_optimizer_weight_info(model._handle, index)
            for index in range(_core.model_optimizer_weight_count(model._handle))
        ]
        self.shapes = [shape for _, shape, _ in infos]
        self.scaling = {name: index for index, (name, _, _) in enumerate(infos) if name in _SCALING}
        self.optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
        table: dict[str, dict[str, int]] = {}
        for index, (name, _, _) in enumerate(infos):
            slot, _, path = name.partition("/")
            if path:
                table.setdefault(slot, {})[path] = index
        kind = type(self.optimizer).__name__
        alone = [name for name in _FIRST if name in table]
        last = [name for name in _AFTERWARDS if name in table]
        own = [name for name in table if name not in alone + last]
        groups = [[name] for name in alone]
        groups += [[name] for name in own] if kind in _SLOT_BY_SLOT else [own]
        groups += [[name] for name in last]
        self.slots: list[int | None] = []
        """For each of Keras's slot variables its index in the library; None for a placeholder."""
        for group in groups:
            for weight in model.trainable_weights:
                for slot in group:
                    index_of = table[slot].get(weight.path)
                    if index_of is not None or slot in _PLACEHOLDERS:
                        self.slots.append(index_of)
        self.has_product = kind == "Nadam"
        config = self.optimizer.get_config() if hasattr(self.optimizer, "get_config") else {}
        # A schedule is no variable.
        self.has_rate = not isinstance(config.get("learning_rate"), dict)
        self.beta = config.get("beta_1")
        self.batches_per_update = int(config.get("gradient_accumulation_steps") or 1)

    @property
    def first(self) -> int:
        """Variables before the slots."""
        return 1 + self.has_rate

    @property
    def count(self) -> int:
        """Variables in all, of the inner optimizer where there is one."""
        return self.first + len(self.slots) + self.has_product


def _library_state(model: Model, shapes: list[tuple[int, ...]]) -> list[Array]:
    arrays = [np.empty(shape, np.float32) for shape in shapes]
    _core.model_get_optimizer_weights(model._handle, arrays)
    return arrays


def read(model: Model) -> dict[str, list[Any]]:
    """The optimizer's variables as Keras would save them, by group."""
    layout = _Layout(model)
    iterations = _core.model_get_iterations(model._handle)
    steps = np.asarray(iterations, np.int64 if iterations > 2**31 - 1 else np.int32)
    variables: list[Any] = [steps]
    if layout.has_rate:
        variables.append(np.float32(_core.model_get_learning_rate(model._handle)))
    state = _library_state(model, layout.shapes)
    variables += [np.int32(0) if index is None else state[index] for index in layout.slots]
    if layout.has_product:
        variables.append(_nadam_product(iterations // layout.batches_per_update, float(layout.beta or 0)))
    if not layout.scaling:
        return {"optimizer": variables}
    counter, scale = (state[layout.scaling[name]] for name in _SCALING)
    outer = [steps, np.float32(0), np.asarray(counter, np.int32), scale]
    return {"optimizer": [*outer, *variables], "optimizer/inner_optimizer": variables}


def _nadam_product(updates: int, beta: float) -> Any:
    """The product of Nadam's momenta so far; the library works it out from the number of updates."""
    steps = np.arange(1, updates + 1, dtype=np.float32)
    return np.prod(np.float32(beta) * (1 - np.float32(0.5) * np.float32(0.96) ** steps), dtype=np.float32)


def write(model: Model, variables: Variables) -> None:
    """Takes over variables that were saved. As in Keras, those of another optimizer are left out with a warning."""
    layout = _Layout(model)
    state = _library_state(model, layout.shapes)
    own = 2 + len(_SCALING) if layout.scaling else 0
    expected = own + layout.count
    if len(variables) == own + layout.first and layout.slots:
        # Keras saves no more of an optimizer that has not worked yet.
        layout.slots = []
    elif len(variables) != expected:
        _warn(model, f"it has {expected} variables whereas the saved optimizer has {len(variables)} variables")
        return
    for place, name in enumerate(_SCALING if layout.scaling else ()):
        if variables[2 + place][0] != ():
            _warn(model, f"{name} is of shape {variables[2 + place][0]} in the file")
            return
        state[layout.scaling[name]] = np.asarray(variables[2 + place][1], np.float32)
    inner = variables[own:]
    for index, (shape, value) in zip(layout.slots, inner[layout.first :], strict=False):
        if index is None:
            continue
        if shape != state[index].shape or value is None:
            _warn(model, f"a variable of shape {state[index].shape} is of shape {shape} in the file")
            return
        state[index] = np.asarray(value, np.float32)
    if any(shape != () for shape, _ in inner[: layout.first]):
        _warn(model, "its counters are no single numbers in the file")
        return
    if layout.slots or layout.scaling:
        _core.model_set_optimizer_weights(model._handle, state)
    _core.model_set_iterations(model._handle, max(int(inner[0][1]), 0))
    if layout.has_rate:
        layout.optimizer.learning_rate = float(inner[1][1])


def _warn(model: Model, why: str) -> None:
    warnings.warn(f"Skipping variable loading for optimizer '{model.optimizer.name}', because {why}. ", stacklevel=7)
