"""Allocations: what a client was granted, or waits for."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from . import _core
from .errors import InvalidStateError, NotFoundError, TimedOutError, bad_argument

if TYPE_CHECKING:
    from ._core import AllocationHandle
    from .client import LeptonClient

__all__ = ["INT32_MAX", "INT64_MAX", "STATES", "Allocation", "AllocationEvent", "Checkpoint", "count"]

STATES = ("pending", "active", "draining", "released", "expired", "failed")
_KINDS = ("state changed", "resized", "renewed", "nodes lost")
INT32_MAX = 2**31 - 1
INT64_MAX = 2**63 - 1


def count(argument: str, value: object, low: int, high: int) -> int:
    """`value` as an int that the library's field can hold."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise bad_argument(argument, f"an integer of at least {low}", value)
    number: int = value.__index__()
    if not low <= number <= high:
        raise bad_argument(argument, f"an integer in {low} ... {high}", number)
    return number


def _rounds(timeout: float | None) -> Iterator[float]:
    """Waits of a tenth of a second that add up to `timeout`: between two of them Python answers Ctrl-C."""
    end = math.inf if timeout is None else time.monotonic() + max(timeout, 0.0)
    while True:
        left = end - time.monotonic()
        yield min(max(left, 0.0), 0.1)
        if left <= 0:
            return


class AllocationEvent(NamedTuple):
    """Something that happened to an allocation."""

    sequence: int
    """1, 2, 3, ... within an allocation."""
    kind: str
    """ "state changed", "resized", "renewed" or "nodes lost"."""
    state: str
    """The allocation's state afterwards."""
    nodes: int
    """Its compute nodes afterwards."""
    reason: str
    time: float
    """Seconds since 1970-01-01 UTC."""


class Checkpoint(NamedTuple):
    """How a fit keeps its position."""

    name: str | None = None
    steps: int = 0
    seconds: float = 0.0

    @classmethod
    def checked(cls, name: str | None, steps: int | None, seconds: float | None) -> Checkpoint:
        """The arguments of `LeptonClient.fit`."""
        if name is None:
            for argument, value in (("checkpoint_steps", steps), ("checkpoint_seconds", seconds)):
                if value is not None:
                    raise bad_argument("checkpoint", f"a name, because {argument} is given", None)
            return cls()
        if seconds is not None and not (seconds > 0 and math.isfinite(seconds)):
            raise bad_argument("checkpoint_seconds", "a finite number above 0", seconds)
        return cls(
            name,
            0 if steps is None else count("checkpoint_steps", steps, 1, INT32_MAX),
            0.0 if seconds is None else float(seconds),
        )


class Allocation:
    """Resources that a client granted. Leaving its `with` block, or `close`, gives them back and ends the charge."""

    def __init__(self, handle: AllocationHandle, client: LeptonClient) -> None:
        self._handle = handle
        self._client = client
        self._pid = os.getpid()

    def _native(self) -> AllocationHandle:
        if self._pid != os.getpid():
            raise InvalidStateError(
                "this allocation belongs to the parent process; allocate again in the child, after the fork"
            )
        return self._handle

    def _info(self) -> dict[str, Any]:
        return _core.allocation_get_info(self._native())

    @property
    def id(self) -> str:
        """The name under which usage is recorded."""
        return str(self._info()["id"])

    @property
    def state(self) -> str:
        """ "pending", "active", "draining", "released", "expired" or "failed"."""
        state: int = self._info()["state"]
        return STATES[state] if 0 <= state < len(STATES) else f"unknown ({state})"

    @property
    def nodes(self) -> int:
        """Compute nodes granted."""
        return int(self._info()["nodes"])

    @property
    def cores_per_node(self) -> int:
        """Cores of each node."""
        return int(self._info()["cores_per_node"])

    @property
    def memory_per_node(self) -> int:
        """Bytes of memory reserved on each node."""
        return int(self._info()["memory_per_node"])

    @property
    def storage_bytes(self) -> int:
        """Bytes of shared storage reserved."""
        return int(self._info()["storage_bytes"])

    @property
    def lease_remaining(self) -> float:
        """Seconds until the lease ends; infinity without an end, 0 once over."""
        return float(self._info()["lease_remaining"])

    def renew(self, seconds: float) -> None:
        """Extends the lease to `seconds` from now.

        Raises:
            ValueError: `seconds` is not positive.
            TimedOutError: the lease is already over.
            InvalidStateError: the allocation is closed.
        """
        _core.allocation_renew(self._native(), float(seconds))

    def resize(self, nodes: int) -> None:
        """Gives the job more nodes, or takes some away.

        A fit that runs on them goes on with the new number from its next step; its result does not depend on it.

        Args:
            nodes: Between the request's `min_nodes` and `max_nodes`, where it has them.

        Raises:
            ValueError: A number outside of that range.
            ResourceExhaustedError: There are not as many; the allocation is as it was.
            TimedOutError: The lease is already over.
            InvalidStateError: The allocation is closed.
        """
        _core.allocation_resize(self._native(), count("nodes", nodes, 1, INT32_MAX))

    def wait(self, timeout: float | None = None) -> None:
        """Waits until the allocation is active.

        Args:
            timeout: The longest wait in seconds; None waits for any time.

        Raises:
            TimedOutError: It still waits, or its lease is over.
            InvalidStateError: It was closed.
        """
        for seconds in _rounds(timeout):
            try:
                return _core.allocation_wait(self._native(), seconds)
            except TimedOutError:
                if self.state != "pending":
                    raise
        raise TimedOutError(f"the allocation still waits after {timeout} seconds")

    def events(self, timeout: float | None = None) -> Iterator[AllocationEvent]:
        """The events of this allocation, those that happened already first, until its last one.

        Args:
            timeout: Ends the iteration when there was no event for so many seconds; None waits for any time.
        """
        last = 0
        while True:
            event = self._next_event(last, timeout)
            if event is None:
                return
            yield event
            last = event.sequence

    def _next_event(self, after: int, timeout: float | None) -> AllocationEvent | None:
        for seconds in _rounds(timeout):
            try:
                number, kind, state, nodes, reason, time_ns = _core.allocation_next_event(
                    self._native(), after, seconds
                )
            except TimedOutError:
                continue
            except NotFoundError:
                return None
            return AllocationEvent(number, _KINDS[kind], STATES[state], nodes, reason, time_ns / 1e9)
        return None

    def close(self) -> None:
        """Gives the resources back now. Closing twice is no error."""
        if self._pid == os.getpid():
            _core.allocation_close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._pid != os.getpid():
            return "<Allocation of the parent process>"
        info = self._info()
        return f"<Allocation {info['id']} {self.state}: {info['nodes']} nodes x {info['cores_per_node']} cores>"
