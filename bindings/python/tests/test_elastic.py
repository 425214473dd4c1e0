"""Allocations that wait, grow and shrink, and fits that follow them or go on where another process stopped."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leptonai
from leptonai import AllocationEvent, LeptonClient, keras


def model() -> Any:
    keras.utils.set_random_seed(5)
    result = keras.Sequential(
        [
            keras.layers.Input((20,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    result.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return result


def data() -> tuple[Any, Any]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, 20)).astype(np.float32)
    return x, x[:, :1] * x[:, 1:2]


def same(a: Any, b: Any) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(a.get_weights(), b.get_weights(), strict=True))


def undisturbed(epochs: int = 4) -> tuple[Any, Any]:
    with LeptonClient(nodes=1) as client:
        expected = model()
        history = client.fit(expected, *data(), epochs=epochs, validation_split=0.2, verbose=0)
    return expected, history


class TestAllocations:
    def test_resizing_is_billed_and_told(self) -> None:
        with LeptonClient(nodes=4) as client, client.allocate(nodes=1, max_nodes=4) as allocation:
            allocation.resize(4)
            assert allocation.nodes == 4
            assert client.utilization().cores == 1.0
            allocation.resize(2)
            events = list(allocation.events(timeout=0))
            assert [event.nodes for event in events] == [0, 1, 4, 2]
            assert [event.kind for event in events] == ["state changed", "state changed", "resized", "resized"]
            assert isinstance(events[0], AllocationEvent)
            with pytest.raises(ValueError, match="1 to 4"):
                allocation.resize(5)
            with pytest.raises(ValueError, match="nodes"):
                allocation.resize(0)
            assert allocation.nodes == 2

    def test_a_request_waits_for_its_turn(self) -> None:
        with LeptonClient(nodes=1) as client:
            holder = client.allocate()
            waiting = client.submit()
            assert waiting.state == "pending"
            with pytest.raises(leptonai.TimedOutError):
                waiting.wait(timeout=0)
            with pytest.raises(leptonai.TimedOutError):
                client.allocate(wait=0.05)
            thread = threading.Thread(target=holder.close)
            thread.start()
            waiting.wait(timeout=30)
            thread.join()
            assert waiting.state == "active"
            waiting.close()
            assert [event.state for event in waiting.events()] == ["pending", "active", "released"]
            assert client.utilization().cores == 0

    def test_the_less_important_give_way(self) -> None:
        with LeptonClient(nodes=2) as client:
            low = client.allocate(nodes=2)
            high = client.allocate(priority=3, wait=10)
            assert (low.state, high.state) == ("pending", "active")
            high.close()
            assert low.state == "active"

    def test_queues_have_limits(self) -> None:
        queues = [{"name": "small", "quota": {"cores": 1}, "borrowing": {"cores": 0}}]
        with LeptonClient(nodes=4, queues=queues) as client:
            first = client.allocate(queue="small", idempotency_key="a")
            assert client.allocate(queue="small", idempotency_key="a").id == first.id
            with pytest.raises(leptonai.ResourceExhaustedError, match="small"):
                client.allocate(queue="small")
            with pytest.raises(leptonai.NotFoundError, match="default"):
                client.allocate(queue="none")
            with pytest.raises(ValueError, match="idempotency_key"):
                client.allocate(nodes=2, idempotency_key="a")
        for bad in ([{"weight": 1}], [{"name": "a", "quota": {"cpus": 1}}], [{"name": "a", "weight": 0}], ["a"]):
            with pytest.raises(ValueError, match=r"queues|quota|weight"):
                LeptonClient(nodes=1, queues=bad)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("arguments", "name"),
        [
            ({"nodes": 2, "min_nodes": 3}, "min_nodes"),
            ({"nodes": 2, "max_nodes": 1}, "max_nodes"),
            ({"priority": 1001}, "priority"),
            ({"accelerators_per_node": -1}, "accelerators_per_node"),
            ({"queue": ""}, "queue"),
        ],
    )
    def test_bad_requests_name_the_argument(self, arguments: dict[str, Any], name: str) -> None:
        with LeptonClient(nodes=2) as client, pytest.raises(ValueError, match=name):
            client.allocate(**arguments)


class TestFits:
    def test_a_fit_follows_its_allocation(self) -> None:
        expected, history = undisturbed()
        with LeptonClient(nodes=5) as client, client.allocate(nodes=2) as allocation:
            sizes = iter([5, 1, 3, 2] * 100)
            resize = keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: allocation.resize(next(sizes))
            )
            elastic = model()
            own = client.fit(
                elastic, *data(), epochs=4, validation_split=0.2, verbose=0, callbacks=[resize], allocation=allocation
            )
        assert same(expected, elastic)
        assert own.history == history.history

    def test_autoscaling_keeps_to_the_request(self) -> None:
        expected, _ = undisturbed(30)
        with LeptonClient(nodes=4) as client, client.allocate(nodes=1, max_nodes=2) as allocation:
            scaled = model()
            client.fit(
                scaled, *data(), epochs=30, validation_split=0.2, verbose=0, allocation=allocation, autoscale=True
            )
            assert all(event.nodes <= 2 for event in allocation.events(timeout=0))
        assert same(expected, scaled)

    def test_checkpoints_need_a_store_and_whole_arrays(self, tmp_path: Path) -> None:
        with LeptonClient(nodes=1) as client, pytest.raises(leptonai.InvalidStateError, match="store"):
            client.fit(model(), *data(), checkpoint="a", verbose=0)
        with LeptonClient(nodes=1, store=tmp_path) as client:
            with pytest.raises(ValueError, match="checkpoint"):
                client.fit(model(), *data(), checkpoint_steps=3, verbose=0)
            with pytest.raises(ValueError, match="checkpoint_seconds"):
                client.fit(model(), *data(), checkpoint="a", checkpoint_seconds=-1, verbose=0)
            batches = iter([data()])
            with pytest.raises(leptonai.NotSupportedError, match="whole arrays"):
                client.fit(model(), batches, checkpoint="a", steps_per_epoch=1, verbose=0)


JOB = """
    import os, signal, sys
    sys.path.insert(0, {tests!r})
    from test_elastic import data, model
    from leptonai import LeptonClient, keras

    class Kill(keras.callbacks.Callback):
        steps = 0
        def on_train_batch_end(self, batch, logs=None):
            Kill.steps += 1
            if Kill.steps == {steps}:
                os.kill(os.getpid(), signal.SIGKILL)

    client = LeptonClient(nodes=2, store={store!r})
    client.fit(model(), *data(), epochs=4, validation_split=0.2, verbose=0, callbacks=[Kill()], checkpoint="job",
               checkpoint_steps=3)
"""


WAITS = """
    import os, signal, sys, threading
    sys.path.insert(0, {tests!r})
    from test_elastic import data, model
    from leptonai import LeptonClient, keras

    signal.signal(signal.SIGINT, signal.default_int_handler)
    client = LeptonClient(nodes=1)
    allocation = client.allocate()
    urgent = []

    def interrupt_when_waiting():
        for event in allocation.events():
            if event.state == "pending" and event.sequence > 1:
                os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_waiting, daemon=True).start()
    take = keras.callbacks.LambdaCallback(on_epoch_end=lambda e, l: urgent or urgent.append(client.submit(priority=1)))
    try:
        client.fit(model(), *data(), epochs=1000000, verbose=0, callbacks=[take], allocation=allocation)
    except KeyboardInterrupt:
        print("interrupted while", allocation.state)
"""


class TestCrashes:
    def test_a_fit_that_waits_answers_an_interrupt(self) -> None:
        code = textwrap.dedent(WAITS.format(tests=str(Path(__file__).parent)))
        done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
        assert done.stdout == "interrupted while pending\n"

    def test_a_killed_process_is_gone_on_with_to_the_same_bits(self, tmp_path: Path) -> None:
        expected, history = undisturbed()
        # Ten steps make an epoch. Killed three times, each time after what the one before had kept.
        for steps in (5, 11, 16):
            code = textwrap.dedent(JOB.format(tests=str(Path(__file__).parent), store=str(tmp_path), steps=steps))
            assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == -9
        with LeptonClient(nodes=3, store=tmp_path) as client:
            resumed = model()
            own = client.fit(
                resumed, *data(), epochs=4, validation_split=0.2, verbose=0, checkpoint="job", checkpoint_steps=3
            )
            assert same(expected, resumed)
            assert own.history == history.history
            assert own.epoch == history.epoch
            # What is complete is begun anew.
            again = model()
            client.fit(again, *data(), epochs=4, validation_split=0.2, verbose=0, checkpoint="job")
            assert same(expected, again)

    def test_history_of_a_resumed_fit_with_callbacks(self, tmp_path: Path) -> None:
        expected, history = undisturbed()
        code = textwrap.dedent(JOB.format(tests=str(Path(__file__).parent), store=str(tmp_path), steps=25))
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == -9
        seen: list[int] = []
        note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
        with LeptonClient(nodes=1, store=tmp_path) as client:
            resumed = model()
            own = client.fit(
                resumed, *data(), epochs=4, validation_split=0.2, verbose=0, checkpoint="job", callbacks=[note]
            )
        assert same(expected, resumed)
        assert seen == [2, 3]
        assert own.history == history.history
        assert own.epoch == [0, 1, 2, 3]


class Pool(leptonai.ResourceAllocator):
    """Four nodes of one core, counted."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.seen: list[leptonai.ResourceRequest] = []
        self.wrong: leptonai.Grant | Exception | None = None

    def capacity(self) -> tuple[leptonai.ResourceShape, leptonai.ResourceShape]:
        return leptonai.ResourceShape(cores=4), leptonai.ResourceShape(cores=sum(self.held.values()))

    def grant(self, request: leptonai.ResourceRequest) -> leptonai.Grant:
        self.seen.append(request)
        if isinstance(self.wrong, Exception):
            raise self.wrong
        if self.wrong is not None:
            return self.wrong
        free = 4 - sum(self.held.values())
        if request.nodes > free:
            raise leptonai.ResourceExhaustedError(f"only {free} of my nodes are free")
        name = f"pool-{len(self.seen)}"
        self.held[name] = request.nodes
        return leptonai.Grant(name, request.nodes)

    def release(self, id: str) -> None:
        self.held.pop(id, None)

    def resize(self, id: str, nodes: int) -> None:
        self.held[id] = nodes


class TestOwnAllocator:
    def test_it_grants_what_a_fit_uses(self) -> None:
        expected, _ = undisturbed()
        pool = Pool()
        with LeptonClient(allocator=pool) as client:
            allocation = client.allocate(nodes=3, labels={"team": "cards"}, queue="blue", lease_seconds=60)
            request = pool.seen[0]
            assert (request.nodes, request.queue, request.labels) == (3, "blue", {"team": "cards"})
            assert client.utilization().cores == 0.75
            with pytest.raises(leptonai.ResourceExhaustedError, match="only 1 of my nodes"):
                client.allocate(nodes=2)
            own = model()
            allocation.resize(2)
            client.fit(own, *data(), epochs=4, validation_split=0.2, verbose=0, allocation=allocation)
            assert same(expected, own)
            with pytest.raises(leptonai.NotSupportedError):
                allocation.renew(5)
            with pytest.raises(leptonai.NotSupportedError, match="queue"):
                client.submit()
            allocation.close()
            assert pool.held == {}

    @pytest.mark.parametrize(
        "wrong",
        [
            leptonai.Grant("", 1),
            leptonai.Grant("x" * 60, 1),
            leptonai.Grant("a", 2),
            leptonai.Grant("a", -5),
            leptonai.Grant("a", 1, float("nan")),
            leptonai.Grant("a", "many"),  # type: ignore[arg-type]
            RuntimeError("broken"),
        ],
    )
    def test_wrong_answers_are_refused(self, wrong: Any) -> None:
        pool = Pool()
        pool.wrong = wrong
        with LeptonClient(allocator=pool) as client, pytest.raises(leptonai.InternalError):
            client.allocate()

    def test_bad_arguments(self) -> None:
        with pytest.raises(ValueError, match="allocator"):
            LeptonClient(nodes=2, allocator=Pool())
        with pytest.raises(ValueError, match="ResourceAllocator"):
            LeptonClient(allocator=object())  # type: ignore[arg-type]
