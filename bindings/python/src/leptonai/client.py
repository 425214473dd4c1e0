"""`LeptonClient`: the entry point. Requests resources, runs models on them, and accounts for what was used."""

from __future__ import annotations

import contextvars
import json
import math
import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, Unpack

from . import _core
from .allocation import INT32_MAX, INT64_MAX, Allocation, Checkpoint, count
from .errors import InvalidStateError, bad_argument
from .node_options import node_options

if TYPE_CHECKING:
    from decimal import Decimal

    from ._core import CancelHandle, ClientHandle
    from .allocator import ResourceAllocator
    from .budget import BudgetStatus, Estimate
    from .keras.callbacks import History
    from .keras.models.model import Model
    from .keras.trainers.arguments import EvaluateArguments, FitArguments, PredictArguments
    from .nodes import NodeReport
    from .store import Encryption, Store
    from .usage import Usage, Utilization

__all__ = ["Allocation", "CancelToken", "LeptonClient", "current_client"]


class CancelToken:
    """A switch that another thread may throw to stop a fit, evaluate or predict after its current step.

    The stopped call raises `CancelledError`. A token cannot be reset: make a new one for the next call.
    """

    def __init__(self) -> None:
        self._handle: CancelHandle = _core.cancel_create()

    def cancel(self) -> None:
        """Stops the calls that were given this token. May be called from any thread."""
        _core.cancel_trigger(self._handle)


class _Options(NamedTuple):
    """What a client was created with; a forked child creates its own from it."""

    nodes: int
    cores_per_node: int
    memory_per_node: int
    storage_bytes: int
    store: str | Store | None
    prices: str | None
    queues: str | None
    accelerators_per_node: int

    allocator: ResourceAllocator | None

    def create(self) -> ClientHandle:
        if self.store is not None and not isinstance(self.store, str):
            return _core.client_create_with_store(*self[:4], self.store._native(), *self[5:-1])
        if self.allocator is not None:
            return _core.client_create_with_allocator(self.allocator, self.cores_per_node, self.store, self.prices)
        return _core.client_create(*self[:4], self.store, *self[5:-1])


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
        store: Folder for datasets and parameters, created if absent, or an open `Store`; None keeps them in memory.
        encryption: The key of a store folder that is encrypted; a new one is encrypted with it.
        prices: The price list: a dict, JSON text, or the path of a JSON file; None is the default list.
        queues: What requests may wait in beside the queue "default": dicts such as
            ``{"name": "a", "weight": 2, "quota": {"cores": 4}, "borrowing": {"cores": 2}}``. A resource that a quota
            does not name is not limited.
        accelerators_per_node: Accelerators that nodes are declared to have.
        allocator: Who grants resources; None is the library. With one of its own a client has no `nodes`, sizes or
            queues: the allocator has them.
        node_kind: What the nodes of a fit are: "threads", or "processes", of which a fit survives that one crashes or
            is killed; see `set_nodes`.

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
        store: str | os.PathLike[str] | Store | None = None,
        encryption: Encryption | None = None,
        prices: Mapping[str, Any] | str | os.PathLike[str] | None = None,
        queues: Sequence[Mapping[str, Any]] | None = None,
        accelerators_per_node: int = 0,
        allocator: ResourceAllocator | None = None,
        node_kind: str = "threads",
    ) -> None:
        nodes_json = node_options(node_kind)
        if allocator is not None:
            if encryption is not None or not (store is None or isinstance(store, str | os.PathLike)):
                raise bad_argument("store", "a folder that is not encrypted beside an allocator", store)
            _check_own(allocator, (nodes, memory_per_node, storage_bytes, accelerators_per_node, queues or 0))
        self._options = _Options(
            count("nodes", nodes, 0, INT32_MAX),
            count("cores_per_node", cores_per_node, 0, INT32_MAX),
            count("memory_per_node", memory_per_node, 0, INT64_MAX),
            count("storage_bytes", storage_bytes, 0, INT64_MAX),
            _open_store(store, encryption, count("storage_bytes", storage_bytes, 0, INT64_MAX)),
            _price_list(prices),
            _queue_list(queues),
            count("accelerators_per_node", accelerators_per_node, 0, INT32_MAX),
            allocator,
        )
        # What the library may call; it keeps no references of its own.
        self._warnings: list[Callable[[str], None] | None] = []
        self._lock = threading.Lock()
        self._tokens: list[contextvars.Token[LeptonClient | None]] = []
        self._handle: ClientHandle | None = self._options.create()
        self._nodes = nodes_json
        _core.client_set_nodes(self._handle, self._nodes)
        self._pid = os.getpid()
        _Current.created(self)

    def _native(self) -> ClientHandle:
        if self._pid != os.getpid():
            # Another thread of the parent may have held the lock at the fork, so the child takes a new one.
            self._lock = threading.Lock()
            self._pid = os.getpid()
            if self._handle is not None:
                self._handle = self._options.create()
                _core.client_set_nodes(self._handle, self._nodes)
        if self._handle is None:
            raise InvalidStateError("this client is closed; create a new LeptonClient")
        return self._handle

    def allocate(
        self,
        nodes: int = 1,
        cores_per_node: int = 1,
        *,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        memory_per_node: int = 0,
        accelerators_per_node: int = 0,
        storage_bytes: int = 0,
        priority: int = 0,
        queue: str | None = None,
        tenant: str | None = None,
        idempotency_key: str | None = None,
        lease_seconds: float = math.inf,
        labels: Mapping[str, str] | None = None,
        wait: float | bool = False,
    ) -> Allocation:
        """Requests resources: all of them are granted, or none.

        Args:
            nodes: Compute nodes, at least 1.
            cores_per_node: Cores on each, at least 1.
            min_nodes: Fewer nodes that will do when `nodes` are not free; None starts with `nodes` and no fewer.
            max_nodes: The most that the job may grow to by itself; None: it does not.
            memory_per_node: Bytes to reserve on each.
            accelerators_per_node: Accelerators to reserve on each.
            storage_bytes: Bytes of shared storage to reserve.
            priority: -1000 to 1000; in a queue, higher ones are served first, and those of lower ones give way.
            queue: Where to wait, and whose quota to count against; None is "default".
            tenant: Who pays. Tenants that name no queue share fairly.
            idempotency_key: A request that is repeated with the same key gets the same allocation.
            lease_seconds: Seconds after which the resources are taken back; infinity is until closed.
            labels: Texts that appear on the bill.
            wait: False answers at once; True waits for the request's turn; a number waits so many seconds at most.

        Raises:
            ResourceExhaustedError: More than there is; names the resource, the amount asked and the amount free.
            TimedOutError: The request's turn did not come in time.
            ValueError: A count out of its range.
            NotFoundError: A queue that there is not.
        """
        allocation = self._request(
            nodes,
            cores_per_node,
            waits=wait is not False,
            min_nodes=min_nodes,
            max_nodes=max_nodes,
            memory_per_node=memory_per_node,
            accelerators_per_node=accelerators_per_node,
            storage_bytes=storage_bytes,
            priority=priority,
            queue=queue,
            tenant=tenant,
            idempotency_key=idempotency_key,
            lease_seconds=lease_seconds,
            labels=labels,
        )
        if wait is not False:
            try:
                allocation.wait(None if wait is True else float(wait))
            except BaseException:
                allocation.close()
                raise
        return allocation

    def submit(self, nodes: int = 1, cores_per_node: int = 1, **request: Any) -> Allocation:
        """Puts a request into its queue and does not wait: the allocation is "pending" until its turn comes.

        Args:
            nodes: Compute nodes, at least 1.
            cores_per_node: Cores on each, at least 1.
            request: The other arguments of `allocate`, without `wait`.

        Raises:
            ResourceExhaustedError: The request could never be granted.
            ValueError: A count out of its range.
            NotFoundError: A queue that there is not.
        """
        if "wait" in request:
            raise TypeError("submit() does not wait: call wait() of the allocation that it returns")
        return self._request(nodes, cores_per_node, waits=True, **request)

    def _request(
        self,
        nodes: int,
        cores_per_node: int,
        *,
        waits: bool,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        memory_per_node: int = 0,
        accelerators_per_node: int = 0,
        storage_bytes: int = 0,
        priority: int = 0,
        queue: str | None = None,
        tenant: str | None = None,
        idempotency_key: str | None = None,
        lease_seconds: float = math.inf,
        labels: Mapping[str, str] | None = None,
    ) -> Allocation:
        text = None
        if labels is not None:
            if not all(isinstance(key, str) and isinstance(value, str) for key, value in labels.items()):
                raise bad_argument("labels", "a dict of str to str", labels)
            text = json.dumps(dict(labels))
        handle = _core.client_request(
            self._native(),
            count("nodes", nodes, 1, INT32_MAX),
            0 if min_nodes is None else count("min_nodes", min_nodes, 1, INT32_MAX),
            0 if max_nodes is None else count("max_nodes", max_nodes, 1, INT32_MAX),
            count("cores_per_node", cores_per_node, 1, INT32_MAX),
            count("accelerators_per_node", accelerators_per_node, 0, INT32_MAX),
            count("memory_per_node", memory_per_node, 0, INT64_MAX),
            count("storage_bytes", storage_bytes, 0, INT64_MAX),
            float(lease_seconds),
            count("priority", priority, -1000, 1000),
            queue,
            tenant,
            idempotency_key,
            text,
            waits,
        )
        return Allocation(handle, self)

    def utilization(self) -> Utilization:
        """How much of the pool is allocated now."""
        from .usage import Utilization

        return Utilization(**_core.client_utilization(self._native()))

    def usage(
        self,
        *,
        scope: str = "client",
        tenant: str | None = None,
        job: str | None = None,
        start: str | None = None,
        before: str | None = None,
    ) -> Usage:
        """What was used so far and what it costs; `str()` of it is a table.

        Args:
            scope: "client" for what went through this client; "ledger" for what all processes wrote to the ledger in
                its store.
            tenant, job: Only those of this tenant or job: the labels of an allocation of these names.
            start, before: Only what started then or later, or before: "2026-11-01" or "2026-11-01T12:00:00Z".

        Raises:
            InvalidStateError: The ledger of a client without a store.
            CorruptDataError: The ledger was damaged: it was set aside, and a new one begun.
        """
        from .usage import Usage

        query = {"scope": scope, "tenant": tenant, "job": job, "from": start, "before": before}
        handle = self._native()
        return Usage(
            json_text=_core.client_report(handle, json.dumps({**query, "format": "json"})),
            table=_core.client_report(handle, json.dumps({**query, "format": "text"})),
        )

    def usage_csv(self, *, scope: str = "client", account: str = "default", **filters: str) -> str:
        """The bill as CSV in the columns of FinOps FOCUS 1.2.

        Args:
            scope: As in `usage`.
            account: Who the bill is for: BillingAccountId.
            filters: `tenant`, `job`, `start` and `before`, as in `usage`.
        """
        known = {"tenant": "tenant", "job": "job", "start": "from", "before": "before"}
        unknown = [name for name in filters if name not in known]
        if unknown:
            raise bad_argument("filters", f"names among {', '.join(known)}", ", ".join(unknown))
        query = {"scope": scope, "account": account, "format": "focus"}
        query.update({known[name]: value for name, value in filters.items()})
        return _core.client_report(self._native(), json.dumps(query))

    def flush_ledger(self) -> None:
        """Waits until everything used so far is in the ledger of the store; without a store nothing is to be done."""
        _core.client_flush_ledger(self._native())

    def set_budget(
        self,
        limit: Decimal | str | float | None,
        *,
        warn_at: float = 0.8,
        tenant: str | None = None,
        period: str = "total",
        on_warning: Callable[[BudgetStatus], object] | None = None,
    ) -> None:
        """Limits what may be spent through this client, in the currency of its prices; None takes the limit away.

        When the limit is reached, a running fit ends with `ResourceExhaustedError` and the weights of its last complete
        step (in the store too, for a fit with `store`); its allocation is given back, and new ones are refused.

        Args:
            limit: The most to be spent.
            warn_at: The part of it at which `on_warning` is called, once.
            tenant: Whose spending counts, and whose jobs are stopped; None is everybody's.
            period: "total", or "month" for the present calendar month (UTC).
            on_warning: Called with a `BudgetStatus`, on the thread that noticed. What it raises is not passed on.
        """
        from .budget import budget_status

        text = None
        if limit is not None:
            text = json.dumps({"limit": str(limit), "warn_at": warn_at, "tenant": tenant, "period": period})
        handle = self._native()
        warning = None
        if on_warning is not None:
            callback = on_warning

            def warning(status: str) -> None:
                found = budget_status(status)
                if found is not None:
                    callback(found)

        # Earlier ones as well: another thread may be about to call one.
        self._warnings.append(warning)
        _core.client_set_budget(handle, text, warning)

    def budget(self) -> BudgetStatus | None:
        """How the budget stands; None without one."""
        from .budget import budget_status

        return budget_status(_core.client_budget(self._native()))

    def estimate(
        self,
        model: Model,
        x: Any,
        y: Any,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        validation_split: float = 0.0,
        nodes: int | None = None,
        cores_per_node: int = 1,
        allocation: Allocation | None = None,
    ) -> Estimate:
        """What a fit will take and cost, measured on a few steps of a copy of the model.

        Nothing is charged, and the model stays as it is. `usage().estimates` says later how far off it was.

        Args:
            model: A compiled model.
            x: Inputs.
            y: Targets.
            batch_size, epochs, validation_split: As for `fit`.
            nodes, cores_per_node: What would be requested for it; None is `allocation`.
            allocation: Where it would run; None is the client's latest active allocation, or else all that is free.
        """
        from decimal import Decimal

        from .budget import Estimate

        xs, ys = model._data(x, y)
        values = _core.client_estimate(
            self._native(),
            model._handle,
            xs,
            ys,
            count("batch_size", batch_size, 1, INT32_MAX),
            count("epochs", epochs, 1, INT32_MAX),
            float(validation_split),
            0,
            None if allocation is None else allocation._native(),
            0 if nodes is None else count("nodes", nodes, 1, INT32_MAX),
            count("cores_per_node", cores_per_node, 1, INT32_MAX),
        )
        return Estimate(**{**values, "cost": Decimal(values["cost"])})

    def set_nodes(
        self,
        kind: str = "threads",
        *,
        command: str | os.PathLike[str] | None = None,
        maximum_replacements: int = 16,
        faults: Sequence[Mapping[str, Any]] = (),
        clock: str = "system",
    ) -> None:
        """Says what the nodes of the following fits are. The weights come to the same bits whatever it is.

        Args:
            kind: "threads", or "processes" of the `lepton` command: slower, but a fit goes on when one of them crashes
                or is killed.
            command: Path of the `lepton` command; None is what the environment variable LEPTON_COMMAND says, else the
                one beside the library.
            maximum_replacements: Nodes that are started in place of others, in each fit.
            faults: Faults that nodes have on purpose, to test what a program does then:
                `{"kind": "kill", "node": 1, "step": 7}`, where kind is "kill", "stall", "slow" (with "seconds") or
                "corrupt" (with "message": "request", "answer" or "results"), and steps count from 0 over the fit.
            clock: "system", or "virtual": late nodes are found without any waiting, for tests.

        Raises:
            ValueError: An option that is not so.
        """
        options = node_options(kind, command, maximum_replacements, faults, clock)
        _core.client_set_nodes(self._native(), options)
        self._nodes = options

    def node_report(self) -> NodeReport:
        """What happened to nodes since they were last set, over all fits of this client."""
        from .nodes import NodeReport

        return NodeReport(**json.loads(_core.client_node_report(self._native())))

    def fit(
        self,
        model: Model,
        x: Any,
        y: Any = None,
        *,
        allocation: Allocation | None = None,
        store: str | None = None,
        checkpoint: str | None = None,
        checkpoint_steps: int | None = None,
        checkpoint_seconds: float | None = None,
        autoscale: bool = False,
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
            checkpoint: Keep the position in the client's store under this name from time to time. When a fit of this
                name was not completed, because its process ended, this one goes on from its last position and comes
                to the same bits. States of callbacks are not kept.
            checkpoint_steps: After so many steps; None: not by steps.
            checkpoint_seconds: After so much time; None: every 60 seconds, or not by time where steps are given.
            autoscale: Let the allocation grow and shrink between its `min_nodes` and `max_nodes`, as the measured
                throughput says.
            cancel: A token that stops the training from another thread.
        """
        if allocation is not None and allocation.state == "pending":
            # Here rather than in the library, so that Ctrl-C is answered.
            allocation.wait()
        return model._fit(
            self,
            x,
            y,
            allocation=allocation,
            store=store,
            checkpoint=Checkpoint.checked(checkpoint, checkpoint_steps, checkpoint_seconds),
            autoscale=bool(autoscale),
            cancel=cancel,
            **arguments,
        )

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


def _check_own(allocator: object, described: tuple[object, ...]) -> None:
    from .allocator import ResourceAllocator

    if not isinstance(allocator, ResourceAllocator):
        raise bad_argument("allocator", "a leptonai.allocator.ResourceAllocator", allocator)
    if any(described):
        raise bad_argument("allocator", "no nodes, sizes or queues beside an allocator, which has them", described)


def _queue_list(queues: Sequence[Mapping[str, Any]] | None) -> str | None:
    """The queues as JSON text."""
    if queues is None:
        return None
    try:
        return json.dumps([dict(queue) for queue in queues])
    except (TypeError, ValueError) as error:
        raise bad_argument("queues", "a list of dicts that JSON can hold", repr(queues)) from error


def _open_store(
    store: str | os.PathLike[str] | Store | None, encryption: Encryption | None, storage_bytes: int
) -> str | Store | None:
    """The folder of a plain store, or a store that is open."""
    if store is None or isinstance(store, str | os.PathLike):
        if encryption is None:
            return None if store is None else os.fspath(store)
        if store is None:
            raise bad_argument("encryption", "None without a store, which it would encrypt", encryption)
        # Imported only here: most programs have no store of their own.
        from .store import Store

        return Store(store, capacity_bytes=storage_bytes or None, encryption=encryption)
    if encryption is not None:
        raise bad_argument("encryption", "None for a store that is open already", encryption)
    return store


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
