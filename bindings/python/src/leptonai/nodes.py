"""What became of the nodes of a client's fits."""

from __future__ import annotations

from dataclasses import dataclass

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
