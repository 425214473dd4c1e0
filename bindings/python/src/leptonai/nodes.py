"""Nodes of a client's fits: what they are, and what became of them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import bad_argument

__all__ = ["NodeReport"]


@dataclass(frozen=True)
class NodeReport:
    """What happened to nodes, and what it cost. Nothing of it changes a result.

    Attributes:
        started: Nodes that were started, replacements with them.
        died: Nodes that ended by themselves or were killed.
        stalled: Nodes that were given up because they did not answer for long.
        late: Times that a node was late, and its shards were given to others.
        corrupt: Messages or results that were not what had been sent.
        replaced: Nodes that took the place of others.
        redone: Shards that were given out again.
        dropped: Answers that were dropped because another had been first.
        local: Shards that the calling thread computed because no node could.
        last_failure: What became of the node that ended last; None when none has.
    """

    started: int
    died: int
    stalled: int
    late: int
    corrupt: int
    replaced: int
    redone: int
    dropped: int
    local: int
    last_failure: str | None


def node_options(
    kind: str,
    command: str | os.PathLike[str] | None = None,
    maximum_replacements: int = 16,
    faults: Sequence[Mapping[str, Any]] = (),
    clock: str = "system",
) -> str:
    """The options as the library takes them; it says what is wrong with their values."""
    if not isinstance(kind, str):
        raise bad_argument("kind", "'threads' or 'processes'", kind)
    options = {
        "kind": kind,
        "command": None if command is None else os.fspath(command),
        "maximum_replacements": maximum_replacements,
        "faults": [dict(fault) for fault in faults],
        "clock": clock,
    }
    try:
        return json.dumps(options)
    except (TypeError, ValueError) as error:
        raise bad_argument("faults", "dicts that JSON can hold", faults) from error
