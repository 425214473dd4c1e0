"""Allocators of one's own: a program that grants resources itself."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, final

from .errors import InternalError, LeptonError, NotSupportedError

__all__ = ["Grant", "ResourceAllocator", "ResourceRequest", "ResourceShape"]


class ResourceShape(NamedTuple):
    """An amount of every resource."""

    cores: int = 0
    memory_bytes: int = 0
    storage_bytes: int = 0
    accelerators: int = 0


class ResourceRequest(NamedTuple):
    """What a job asks for; see `LeptonClient.allocate`. Node counts that were not given are 0."""

    nodes: int
    min_nodes: int
    max_nodes: int
    cores_per_node: int
    memory_per_node: int
    accelerators_per_node: int
    storage_bytes: int
    lease_seconds: float
    priority: int
    queue: str
    tenant: str
    idempotency_key: str | None
    labels: Mapping[str, str]

    @property
    def total(self) -> ResourceShape:
        """Everything asked for, over all nodes."""
        return ResourceShape(
            self.nodes * self.cores_per_node,
            self.nodes * self.memory_per_node,
            self.storage_bytes,
            self.nodes * self.accelerators_per_node,
        )


class Grant(NamedTuple):
    """What an allocator answers to a request."""

    id: str
    """1 to 36 bytes; unique for the allocator."""
    nodes: int
    """Compute nodes granted: `min_nodes` to `nodes` of the request."""
    lease_seconds: float = math.inf


def _answer(body: Callable[[], object]) -> tuple[int, str]:
    """Status and reason of what `body` did: nothing that goes wrong in it may unwind through the library."""
    try:
        body()
    except LeptonError as error:
        return error.status, str(error)
    except Exception as error:
        return InternalError.status, f"{type(error).__name__}: {error}"
    return 0, ""


class ResourceAllocator(ABC):
    """Grants resources in the place of the library: a host's own scheduler.

    Subclasses override `capacity`, `grant` and `release`, and where they can `renew` and `resize`. The methods are
    called from any thread, also several at once, and must not use the allocation that they are serving. A refusal is a
    `ResourceExhaustedError`, or another `LeptonError`, with the reason as its text.

        class Pool(ResourceAllocator): ...

        client = LeptonClient(allocator=Pool())
    """

    @abstractmethod
    def capacity(self) -> tuple[ResourceShape, ResourceShape]:
        """Everything that could be granted if nothing were, and what is granted now."""

    @abstractmethod
    def grant(self, request: ResourceRequest) -> Grant:
        """Answers a request at once: all of it, or a `ResourceExhaustedError`."""

    @abstractmethod
    def release(self, id: str) -> None:
        """Takes a grant back. An unknown `id` is no error: releases may cross with the end of a lease."""

    def renew(self, id: str, seconds: float) -> None:
        """Moves the end of a lease to `seconds` from now."""
        raise NotSupportedError("this allocator does not renew leases: allocate anew")

    def resize(self, id: str, nodes: int) -> None:
        """Gives a grant more nodes, or takes some away; one that is refused leaves it as it was."""
        raise NotSupportedError("this allocator does not resize: close the allocation and request another one")

    @final
    def _capacity(self) -> tuple[int, ...]:
        total, allocated = self.capacity()
        return (*total, *allocated)

    @final
    def _grant(self, *request: Any) -> tuple[int, str, int, float]:
        granted = ("", 0, 0.0)

        def ask() -> None:
            nonlocal granted
            *amounts, key, labels = request
            asked = ResourceRequest._make([*amounts, key or None, json.loads(labels)])
            grant = Grant(*self.grant(asked))
            granted = (str(grant.id), int(grant.nodes), float(grant.lease_seconds))

        status, reason = _answer(ask)
        return (status, reason, 0, 0.0) if status else (0, *granted)

    @final
    def _release(self, id: str) -> None:
        self.release(id)

    @final
    def _renew(self, id: str, seconds: float) -> int:
        return _answer(lambda: self.renew(id, seconds))[0]

    @final
    def _resize(self, id: str, nodes: int) -> int:
        return _answer(lambda: self.resize(id, nodes))[0]
