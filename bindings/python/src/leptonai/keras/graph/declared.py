"""The order of what a user's own class is made of."""

from __future__ import annotations

from typing import Any

from .node import Operation

# What the base classes keep for themselves: no declarations of the user's.
_OURS = frozenset(
    {"_places", "_trace", "_layers", "_weights", "_inbound_nodes", "_input_structure", "_output_structure"}
)


def declared_operations(owner: Any) -> list[Operation]:
    """What an object of one's own class has in its attributes, in the order in which Keras keeps weights.

    Its own weights, those that are trained first; then layers as they were assigned, also in lists and dicts.
    """
    own = sorted(getattr(owner, "_own_weights", ()), key=lambda weight: not weight.trainable)
    found: dict[int, Operation] = {id(weight): weight for weight in own}

    def note(value: Any) -> None:
        if isinstance(value, Operation):
            found.setdefault(id(value), value)
        elif isinstance(value, dict):
            for item in value.values():
                note(item)
        elif isinstance(value, list | tuple):
            for item in value:
                note(item)

    for name, value in vars(owner).items():
        if name not in _OURS and name != "_own_weights":
            note(value)
    return list(found.values())
