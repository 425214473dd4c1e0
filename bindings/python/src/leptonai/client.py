"""`LeptonClient`: the entry point. Requests resources, runs models on them, and accounts for what was used."""

from __future__ import annotations

import contextvars
import json
import math
import os
import threading
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, Unpack

from . import _core
from .errors import InvalidStateError, bad_argument

if TYPE_CHECKING:
    from ._core import AllocationHandle, CancelHandle, ClientHandle
    from .keras.callbacks import History
    from .keras.models.model import Model
    from .keras.trainers.arguments import EvaluateArguments, FitArguments, PredictArguments
    from .usage import Usage, Utilization

__all__ = ["Allocation", "CancelToken", "LeptonClient", "current_client"]

_STATES = ("pending", "active", "draining", "released", "expired", "failed")
_INT32_MAX = 2**31 - 1
_INT64_MAX = 2**63 - 1


def _count(argument: str, value: object, low: int, high: int) -> int:
    """`value` as an int that the library's field can hold."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise bad_argument(argument, f"an integer of at least {low}", value)
    number: int = value.__index__()
    if not low <= number <= high:
        raise bad_argument(argument, f"an integer in {low} ... {high}", number)
    return number


class CancelToken:
    """A switch that another thread may throw to stop a fit, evaluate or predict after its current step.

    The stopped call raises `CancelledError`. A token cannot be reset: make a new one for the next call.
    """

    def __init__(self) -> None:
        self._handle: CancelHandle = _core.cancel_create()

    def cancel(self) -> None:
        """Stops the calls that were given this token. May be called from any thread."""
        _core.cancel_trigger(self._handle)


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
        return _STATES[state] if 0 <= state < len(_STATES) else f"unknown ({state})"

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


class _Options(NamedTuple):
    """What a client was created with; a forked child creates its own from it."""

    nodes: int
    cores_per_node: int
    memory_per_node: int
    storage_bytes: int
    store: str | None
    prices: str | None

    def create(self) -> ClientHandle:
        return _core.client_create(
            self.nodes, self.cores_per_node, self.memory_per_node, self.storage_bytes, self.store, self.prices
        )


class LeptonClient:
    """Owns the resources, the store and the meter of a job.

    The client that was created last is the *current* one, on which a plain `model.fit` runs; a `with` block makes
    its client current for the block, in that thread or task alone.

    A forked child that uses an inherited client gets a fresh one with the same options: allocations stay with the
    parent, and usage counts from zero.

    Args:
        nodes: Compute nodes to simulate, as threads of this process; 0 is one node that is this machine.
        cores_per_node: Cores of each node; 0 is 1 when `nodes` is given, otherwise all cores.
        memory_per_node: Bytes; 0 is the machine's memory shared evenly.
        storage_bytes: Bytes of shared storage; 0 is the free disk of the store's folder.
        store: Folder for datasets and parameters, created if absent; None keeps them in memory.
        prices: The price list: a dict, JSON text, or the path of a JSON file; None is the default list.

    Raises:
        ValueError: A negative count, or a malformed price list.
        OSError: The store's folder cannot be created or written.
    """

    def __init__(
        self,
        nodes: int = 0,
        *,
        cores_per_node: int = 0,
        memory_per_node: int = 0,
        storage_bytes: int = 0,
        store: str | os.PathLike[str] | None = None,
        prices: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    ) -> None:
        self._options = _Options(
            _count("nodes", nodes, 0, _INT32_MAX),
            _count("cores_per_node", cores_per_node, 0, _INT32_MAX),
            _count("memory_per_node", memory_per_node, 0, _INT64_MAX),
            _count("storage_bytes", storage_bytes, 0, _INT64_MAX),
            None if store is None else os.fspath(store),
            _price_list(prices),
        )
        self._lock = threading.Lock()
        self._tokens: list[contextvars.Token[LeptonClient | None]] = []
        self._handle: ClientHandle | None = self._options.create()
        self._pid = os.getpid()
        _Current.created(self)

    def _native(self) -> ClientHandle:
        if self._pid != os.getpid():
            # Another thread of the parent may have held the lock at the fork, so the child takes a new one.
            self._lock = threading.Lock()
            self._pid = os.getpid()
            if self._handle is not None:
                self._handle = self._options.create()
        if self._handle is None:
            raise InvalidStateError("this client is closed; create a new LeptonClient")
        return self._handle

    def allocate(
        self,
        nodes: int = 1,
        cores_per_node: int = 1,
        *,
        memory_per_node: int = 0,
        storage_bytes: int = 0,
        lease_seconds: float = math.inf,
        labels: Mapping[str, str] | None = None,
    ) -> Allocation:
        """Requests resources: all of them are granted, or none.

        Args:
            nodes: Compute nodes, at least 1.
            cores_per_node: Cores on each, at least 1.
            memory_per_node: Bytes to reserve on each.
            storage_bytes: Bytes of shared storage to reserve.
            lease_seconds: Seconds after which the resources are taken back; infinity is until closed.
            labels: Texts that appear on the bill.

        Raises:
            ResourceExhaustedError: More than there is; names the resource, the amount asked and the amount free.
            ValueError: A count below its least value.
        """
        text = None
        if labels is not None:
            if not all(isinstance(key, str) and isinstance(value, str) for key, value in labels.items()):
                raise bad_argument("labels", "a dict of str to str", labels)
            text = json.dumps(dict(labels))
        handle = _core.client_allocate(
            self._native(),
            _count("nodes", nodes, 1, _INT32_MAX),
            _count("cores_per_node", cores_per_node, 1, _INT32_MAX),
            _count("memory_per_node", memory_per_node, 0, _INT64_MAX),
            _count("storage_bytes", storage_bytes, 0, _INT64_MAX),
            float(lease_seconds),
            text,
        )
        return Allocation(handle, self)

    def utilization(self) -> Utilization:
        """How much of the pool is allocated now."""
        from .usage import Utilization

        return Utilization(**_core.client_utilization(self._native()))

    def usage(self) -> Usage:
        """What was used so far and what it costs; `str()` of it is a table."""
        from .usage import Usage

        handle = self._native()
        return Usage(json_text=_core.client_usage(handle, 0), table=_core.client_usage(handle, 1))

    def fit(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        *,
        allocation: Allocation | None = None,
        store: str | None = None,
        cancel: CancelToken | None = None,
        **arguments: Unpack[FitArguments],
    ) -> History:
        """Trains `model` on this client's nodes; otherwise as `model.fit`, whose keyword arguments it takes.

        Args:
            model: A compiled model.
            x: Inputs.
            y: Targets.
            allocation: Where to train; None is the client's latest active allocation, or else all its free cores for
                this call.
            store: Keep the dataset and the parameters in the client's store under this name and train from there.
            cancel: A token that stops the training from another thread.
        """
        return model._fit(self, x, y, allocation=allocation, store=store, cancel=cancel, **arguments)

    def evaluate(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        *,
        allocation: Allocation | None = None,
        cancel: CancelToken | None = None,
        **arguments: Unpack[EvaluateArguments],
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics of `model`, computed on this client's nodes; otherwise as `model.evaluate`.

        Args:
            model: A compiled model.
            x: Inputs.
            y: Targets.
            allocation: Where to compute; None is the client's latest active allocation, or else its free cores for this
                call, or else, when a fit has them all, the calling thread alone.
            cancel: A token that stops the call from another thread.
        """
        return model._evaluate(self, x, y, allocation=allocation, cancel=cancel, **arguments)

    def predict(
        self,
        model: Model,
        x: Any,
        *,
        allocation: Allocation | None = None,
        cancel: CancelToken | None = None,
        **arguments: Unpack[PredictArguments],
    ) -> Any:
        """Predictions of `model`, computed on this client's nodes and charged; otherwise as `model.predict`.

        Args:
            model: A model.
            x: Inputs.
            allocation: Where to compute, as in `evaluate`.
            cancel: A token that stops the call from another thread.
        """
        return model._predict(self, x, allocation=allocation, cancel=cancel, **arguments)

    def close(self) -> None:
        """Releases the client. Allocations that are still open keep its resources until they are closed."""
        with self._lock:
            self._handle = None
        _Current.closed(self)

    def __enter__(self) -> Self:
        self._tokens.append(_Current.of_block.set(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _Current.of_block.reset(self._tokens.pop())
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._handle is None else f"nodes={self._options.nodes or 'this machine'}"
        return f"<LeptonClient {state}>"


class _Current:
    """Which client a plain `model.fit` uses."""

    of_block: contextvars.ContextVar[LeptonClient | None] = contextvars.ContextVar("lepton_client", default=None)
    latest: LeptonClient | None = None
    earlier: ClassVar[list[weakref.ref[LeptonClient]]] = []
    lock = threading.RLock()

    @classmethod
    def created(cls, client: LeptonClient) -> None:
        with cls.lock:
            if cls.latest is not None:
                cls.earlier = [ref for ref in cls.earlier if ref() is not None]
                cls.earlier.append(weakref.ref(cls.latest))
            cls.latest = client

    @classmethod
    def closed(cls, client: LeptonClient) -> None:
        """The one created before it, if it is still open, takes its place."""
        with cls.lock:
            if cls.latest is not client:
                return
            cls.latest = None
            while cls.earlier and cls.latest is None:
                before = cls.earlier.pop()()
                if before is not None and before._handle is not None:
                    cls.latest = before


def current_client() -> LeptonClient:
    """The client of the innermost `with` block, else the one created last, else a new default one."""
    client = _Current.of_block.get()
    if client is not None:
        return client
    with _Current.lock:
        return _Current.latest or LeptonClient()


def _renew_lock_in_child() -> None:
    _Current.lock = threading.RLock()


os.register_at_fork(after_in_child=_renew_lock_in_child)


def _price_list(prices: Mapping[str, Any] | str | os.PathLike[str] | None) -> str | None:
    """The price list as JSON text."""
    if prices is None:
        return None
    if isinstance(prices, Mapping):
        try:
            return json.dumps(dict(prices), default=str)
        except (TypeError, ValueError) as error:
            raise bad_argument("prices", "a dict that JSON can hold", repr(prices)) from error
    if isinstance(prices, str) and prices.lstrip().startswith("{"):
        return prices
    with open(prices, encoding="utf-8") as file:  # noqa: PTH123  pathlib is not imported at start
        return file.read()
