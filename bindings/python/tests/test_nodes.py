"""Nodes that fail: threads with faults on purpose, and worker processes that are killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leptonai
from leptonai import LeptonClient, keras

COMMAND = Path(leptonai.__file__).parent / "lepton"


def make_model() -> keras.Sequential:
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def make_data() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return random.normal(size=(600, 64)).astype(np.float32), random.integers(0, 3, size=600)


def train(client: LeptonClient, **arguments: Any) -> tuple[list[bytes], list[float]]:
    """Weights and losses of four epochs, of batches of four shards each."""
    model = make_model()
    x, y = make_data()
    history = client.fit(model, x, y, epochs=4, batch_size=256, verbose=0, **arguments)
    return [weight.tobytes() for weight in model.get_weights()], history.history["loss"]


@pytest.fixture(scope="module")
def undisturbed() -> tuple[list[bytes], list[float]]:
    with LeptonClient(nodes=2) as client:
        return train(client)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"kind": "kill", "node": 1, "step": 2}, "died"),
        ({"kind": "kill", "node": 1, "step": 2, "phase": 1}, "died"),
        ({"kind": "stall", "node": 0, "step": 3}, "late"),
        ({"kind": "slow", "node": 0, "step": 3, "seconds": 2}, "late"),
        ({"kind": "corrupt", "node": 0, "step": 3, "message": "answer"}, "corrupt"),
        ({"kind": "corrupt", "node": 0, "step": 3, "message": "results"}, "corrupt"),
    ],
)
def test_faults_do_not_change_the_weights(
    fault: dict[str, Any], seen: str, undisturbed: tuple[list[bytes], list[float]]
) -> None:
    with LeptonClient(nodes=2) as client:
        client.set_nodes(faults=[fault], clock="virtual")
        assert train(client) == undisturbed
        report = client.node_report()
        assert getattr(report, seen) == 1
        assert report.redone >= 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"kind": "fibres"}, "kind"),
        ({"faults": [{"kind": "kill", "step": 1}]}, "node"),
        ({"faults": [{"kind": "kil", "node": 0, "step": 1}]}, "did you mean 'kill'"),
        ({"clock": "lunar"}, "clock"),
        ({"maximum_replacements": -1}, "maximum_replacements"),
    ],
)
def test_bad_options_are_refused(client: LeptonClient, arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        client.set_nodes(**arguments)


def test_a_command_that_is_not_there_is_named(client: LeptonClient) -> None:
    client.set_nodes("processes", command="/no/lepton")
    with pytest.raises(leptonai.NotFoundError, match="/no/lepton"):
        train(client)
    client.set_nodes("processes", command="/bin/true")
    with pytest.raises(OSError, match="exit status 0 before it was ready"):
        train(client)


def test_sources_and_stateful_layers_are_refused(client: LeptonClient) -> None:
    client.set_nodes("processes")
    x, y = make_data()

    def batches() -> Any:
        yield x[:32], y[:32]

    with pytest.raises(leptonai.NotSupportedError, match="give it arrays"):
        client.fit(make_model(), batches(), verbose=0)


needs_command = pytest.mark.skipif(not COMMAND.exists(), reason="the package was built without the lepton command")


def workers_of(process: int) -> list[int]:
    """The worker processes of a process, by number."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if status.rpartition(")")[2].split()[1] == str(process) and arguments[1:2] == [b"worker"]:
            found.append(int(folder.name))
    return sorted(found)


@needs_command
def test_worker_processes_come_to_the_same_bits(undisturbed: tuple[list[bytes], list[float]]) -> None:
    with LeptonClient(nodes=2, node_kind="processes") as client:
        assert train(client) == undisturbed
        report = client.node_report()
        assert (report.started, report.died, report.redone, report.local) == (2, 0, 0, 0)
        assert workers_of(os.getpid()) == []


@needs_command
def test_a_killed_worker_costs_nothing_but_time(undisturbed: tuple[list[bytes], list[float]]) -> None:
    killed = []

    class KillOne(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch in (1, 2):
                killed.append(workers_of(os.getpid())[0])
                os.kill(killed[-1], signal.SIGKILL)

    with LeptonClient(nodes=2, node_kind="processes") as client:
        assert train(client, callbacks=[KillOne()]) == undisturbed
        report = client.node_report()
        assert report.died == 2
        assert report.replaced == 2
        assert report.last_failure is not None
        assert f"process {killed[-1]}) was killed by signal 9" in report.last_failure


@needs_command
def test_a_stopped_worker_is_given_up(undisturbed: tuple[list[bytes], list[float]]) -> None:
    with LeptonClient(nodes=2) as client:
        client.set_nodes("processes", faults=[{"kind": "stall", "node": 1, "step": 2}], clock="virtual")
        assert train(client) == undisturbed
        assert client.node_report().late == 1
        assert workers_of(os.getpid()) == []


@needs_command
def test_a_fit_goes_on_when_every_worker_is_killed(undisturbed: tuple[list[bytes], list[float]]) -> None:
    class KillAll(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            for worker in workers_of(os.getpid()):
                os.kill(worker, signal.SIGKILL)

    with LeptonClient(nodes=2) as client:
        client.set_nodes("processes", maximum_replacements=0)
        assert train(client, callbacks=[KillAll()]) == undisturbed
        report = client.node_report()
        assert report.died == 2
        assert report.local > 0


@needs_command
def test_workers_end_with_a_killed_program() -> None:
    program = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import test_nodes
        from leptonai import LeptonClient, keras

        class Wait(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                print(*test_nodes.workers_of(test_nodes.os.getpid()), flush=True)
                sys.stdin.read()

        test_nodes.train(LeptonClient(nodes=2, node_kind="processes"), callbacks=[Wait()])
    """
    host = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    workers = [int(number) for number in host.stdout.readline().split()]
    assert len(workers) == 2
    host.kill()
    host.communicate()
    limit = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() and not is_zombie(worker) for worker in workers):
        assert time.monotonic() < limit, "a worker outlives the program that started it"
        time.sleep(0.01)


def is_zombie(process: int) -> bool:
    """Whether a process has ended and only its parent has not asked for its status."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
