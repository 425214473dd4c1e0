"""What the nodes of a client's fits are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import bad_argument

__all__ = ["node_options"]


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
