"""The ledger, the bill, budgets and estimates."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from leptonai import BudgetStatus, InvalidStateError, LeptonClient, ResourceExhaustedError, keras

DEAR = {"currency": "EUR", "core_hour": 36, "memory_gib_hour": 0, "storage_gib_month": 0}


def model_and_data() -> tuple[keras.Sequential, np.ndarray, np.ndarray]:
    model = keras.Sequential([keras.Input(shape=(4,)), keras.layers.Dense(8), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.linspace(0, 1, 400, dtype=np.float32).reshape(100, 4)
    return model, x, x[:, :1]


def test_the_ledger_outlives_the_client(tmp_path: Path) -> None:
    client = LeptonClient(nodes=2, store=tmp_path / "store")
    client.allocate(labels={"tenant": "physics", "job": "sweep"}).close()
    client.allocate(labels={"tenant": "biology"}).close()
    client.flush_ledger()
    client.close()

    client = LeptonClient(nodes=2, store=tmp_path / "store")
    assert client.usage().records == []
    usage = client.usage(scope="ledger")
    assert sorted(record.tenant for record in usage.records) == ["biology", "physics"]
    assert sum(usage.tenants.values()) == usage.total == sum(line.cost for line in usage.lines)
    assert [record.job for record in client.usage(scope="ledger", tenant="physics").records] == ["sweep"]
    assert client.usage(scope="ledger", before="2020-01-01").records == []
    rows = list(csv.DictReader(io.StringIO(client.usage_csv(scope="ledger", account="lab"))))
    assert sum(Decimal(row["BilledCost"]) for row in rows) == usage.total
    assert {row["SubAccountId"] for row in rows} == {"physics", "biology"}
    with pytest.raises(InvalidStateError):
        LeptonClient(nodes=1).usage(scope="ledger")


PROGRAM = """
import sys, time
from leptonai import LeptonClient
client = LeptonClient(nodes=2, store=sys.argv[1])
allocation = client.allocate(labels={"tenant": "killed"})
client.flush_ledger()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_killed_process_is_charged_to_its_last_heartbeat(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    client = LeptonClient(nodes=1, store=store)
    with subprocess.Popen([sys.executable, "-c", PROGRAM, store], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        seen = client.usage(scope="ledger", tenant="killed").records
        assert [record.open for record in seen] == [True]
        time.sleep(1.5)
        child.send_signal(signal.SIGKILL)
    (record,) = client.usage(scope="ledger", tenant="killed").records
    assert not record.open
    assert record.duration_seconds < Decimal("1.4")


def test_a_program_that_ends_is_charged_to_its_end(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    program = PROGRAM.replace("time.sleep(60)", "time.sleep(0.3)").replace("client.flush_ledger()", "")
    subprocess.run([sys.executable, "-c", program, store], check=True, stdout=subprocess.DEVNULL)
    (record,) = LeptonClient(nodes=1, store=store).usage(scope="ledger").records
    assert not record.open
    assert record.duration_seconds >= Decimal("0.3")


def test_a_forked_child_has_an_account_of_its_own(tmp_path: Path) -> None:
    client = LeptonClient(nodes=2, store=tmp_path / "store")
    allocation = client.allocate(labels={"tenant": "parent"})
    client.flush_ledger()
    child = os.fork()
    if child == 0:
        try:
            client.allocate(labels={"tenant": "child"}).close()
            client.flush_ledger()
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    allocation.close()
    records = client.usage(scope="ledger").records
    assert sorted((record.tenant, record.open) for record in records) == [("child", False), ("parent", False)]


def test_a_budget_warns_and_stops() -> None:
    warnings: list[BudgetStatus] = []
    client = LeptonClient(nodes=2, prices=DEAR)
    model, x, y = model_and_data()
    client.set_budget("0.04", warn_at=0.5, on_warning=warnings.append)
    before = model.get_weights()
    with pytest.raises(ResourceExhaustedError, match="budget"):
        client.fit(model, x, y, epochs=10**8, verbose=0)
    assert any(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert [warning.limit for warning in warnings] == [Decimal("0.04")]
    status = client.budget()
    assert status is not None
    assert status.exceeded
    assert client.utilization().cores == 0
    with pytest.raises(ResourceExhaustedError, match="budget"):
        client.allocate()
    client.set_budget(None)
    assert client.budget() is None
    client.allocate().close()


@pytest.mark.parametrize(
    "arguments", [{"limit": "x"}, {"limit": -1}, {"limit": 1, "warn_at": 2}, {"limit": 1, "period": "week"}]
)
def test_bad_budgets_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"limit|warn_at|period"):
        LeptonClient(nodes=1).set_budget(**arguments)  # type: ignore[arg-type]


def test_an_estimate_leaves_the_model_and_is_compared() -> None:
    client = LeptonClient(nodes=2)
    model, x, y = model_and_data()
    before = model.get_weights()
    estimate = client.estimate(model, x, y, epochs=5, validation_split=0.2, nodes=1)
    assert (estimate.steps, estimate.cores) == (5 * 3, 1)
    assert estimate.seconds > 0
    assert estimate.memory_bytes > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert client.usage().records == []
    client.fit(model, x, y, epochs=5, validation_split=0.2, verbose=0)
    (outcome,) = client.usage().estimates
    assert outcome["ratio"] > 0
    assert "Estimated for a fit" in str(client.usage())


def test_more_memory_than_granted_is_refused_before_the_first_step() -> None:
    client = LeptonClient(nodes=1)
    model, x, y = model_and_data()
    with client.allocate(memory_per_node=100) as allocation:
        before = model.get_weights()
        with pytest.raises(ResourceExhaustedError, match="100 bytes granted"):
            client.fit(model, x, y, allocation=allocation, verbose=0)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_usage_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from leptonai import plot

    client = LeptonClient(nodes=2)
    client.allocate(labels={"tenant": "a"}).close()
    client.allocate(nodes=2, memory_per_node=1 << 20).close()
    plot.usage(client.usage(), to_file=tmp_path / "usage.png", title="x")
    assert (tmp_path / "usage.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="of"):
        plot.usage(LeptonClient(nodes=1).usage())
