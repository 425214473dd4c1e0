"""Clients: resources, utilisation, the bill, and which client a plain fit uses."""

import json
import os
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import (
    CancelledError,
    CancelToken,
    InvalidStateError,
    LeptonClient,
    LeptonError,
    ResourceExhaustedError,
    current_client,
    keras,
)

Points = tuple[np.ndarray, np.ndarray]


def test_allocation_is_granted_and_given_back(client: LeptonClient) -> None:
    with client.allocate(nodes=3, storage_bytes=1000, labels={"team": "a"}) as allocation:
        assert allocation.state == "active"
        assert (allocation.nodes, allocation.cores_per_node, allocation.storage_bytes) == (3, 1, 1000)
        assert allocation.lease_remaining == float("inf")
        assert client.utilization().cores == pytest.approx(0.6)
    assert allocation.state == "released"
    assert client.utilization().cores == 0
    allocation.close()


def test_more_than_there_is_is_refused(client: LeptonClient) -> None:
    with pytest.raises(ResourceExhaustedError, match="6") as raised:
        client.allocate(nodes=6)
    assert isinstance(raised.value, RuntimeError)
    assert "5" in str(raised.value)
    assert client.utilization().cores_allocated == 0


def test_lease_is_renewed(client: LeptonClient) -> None:
    allocation = client.allocate(lease_seconds=100)
    assert 0 < allocation.lease_remaining <= 100
    allocation.renew(1000)
    assert 100 < allocation.lease_remaining <= 1000
    allocation.close()
    with pytest.raises(InvalidStateError):
        allocation.renew(10)


@pytest.mark.parametrize(
    "arguments",
    [
        {"nodes": 0},
        {"nodes": -1},
        {"nodes": 1.5},
        {"nodes": 2**40},
        {"cores_per_node": 0},
        {"storage_bytes": -1},
        {"memory_per_node": 2**70},
        {"lease_seconds": 0},
        {"lease_seconds": float("nan")},
        {"labels": {"a": 1}},
    ],
    ids=str,
)
def test_requests_out_of_range_are_refused(client: LeptonClient, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        client.allocate(**arguments)
    assert client.utilization().cores_allocated == 0


@pytest.mark.parametrize("arguments", [{"nodes": -1}, {"nodes": "5"}, {"storage_bytes": -1}], ids=str)
def test_clients_out_of_range_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        LeptonClient(**arguments)


def test_fit_runs_on_an_allocation_and_is_charged(
    client: LeptonClient, linear: keras.Sequential, points: Points
) -> None:
    with client.allocate(nodes=5, labels={"job": "line"}) as allocation:
        client.fit(linear, *points, epochs=2, verbose=0, allocation=allocation)
        client.evaluate(linear, *points, verbose=0, allocation=allocation)
        client.predict(linear, points[0], verbose=0, allocation=allocation)
    usage = client.usage()
    assert [record.labels for record in usage.records] == [{"job": "line"}]
    assert usage.records[0].cores == 5
    assert usage.records[0].core_seconds > 0
    assert sum(line.cost for line in usage.lines) == usage.total
    assert isinstance(usage.total, Decimal)
    assert usage.currency == "USD"
    assert allocation.id in str(usage)


def test_fit_without_an_allocation_takes_the_free_nodes_for_the_call(
    client: LeptonClient, linear: keras.Sequential, points: Points
) -> None:
    client.fit(linear, *points, verbose=0)
    assert client.usage().records[0].cores == 5
    assert client.utilization().cores == 0


def test_weights_are_the_same_bits_on_any_number_of_nodes() -> None:
    x = np.random.default_rng(1).normal(size=(200, 7)).astype(np.float32)
    y = x.sum(axis=1, keepdims=True)
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)])
    start = model.get_weights()
    results = []
    for nodes in (1, 2, 5):
        model.set_weights(start)
        model.compile("adam", "mse")
        with LeptonClient(nodes=nodes) as client:
            client.fit(model, x, y, epochs=3, shuffle=False, verbose=0)
        results.append([weight.tobytes() for weight in model.get_weights()])
    assert results[0] == results[1] == results[2]


def test_prices_are_a_dict_json_or_a_file(tmp_path: Path, linear: keras.Sequential, points: Points) -> None:
    prices = {"currency": "EUR", "core_hour": 3600, "memory_gib_hour": "0", "storage_gib_month": "0"}
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(prices))
    for given in (prices, json.dumps(prices), path, str(path)):
        with LeptonClient(nodes=2, prices=given) as client:
            client.fit(linear, *points, verbose=0)
            usage = client.usage()
        assert usage.currency == "EUR"
        assert usage.total == 2


@pytest.mark.parametrize("prices", ["{", '{"core_hour": "x"}', {"core_hour": -1}])
def test_bad_price_lists_are_refused(prices: Any) -> None:
    with pytest.raises(ValueError):
        LeptonClient(prices=prices)


def test_a_store_keeps_datasets_and_parameters(tmp_path: Path, linear: keras.Sequential, points: Points) -> None:
    with LeptonClient(nodes=2, store=tmp_path / "store") as client:
        client.fit(linear, *points, verbose=0, store="line")
    assert any((tmp_path / "store").rglob("*"))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_store_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        LeptonClient(store=tmp_path / "store")


def test_a_store_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises((OSError, ValueError)):
        LeptonClient(store=tmp_path / "store")


def test_a_plain_fit_uses_the_client_created_last(linear: keras.Sequential, points: Points) -> None:
    first, second = LeptonClient(nodes=1), LeptonClient(nodes=2)
    linear.fit(*points, verbose=0)
    assert current_client() is second
    assert len(second.usage().records) == 1
    assert first.usage().records == []
    second.close()
    assert current_client() is not second


def test_a_with_block_makes_its_client_current(linear: keras.Sequential, points: Points) -> None:
    with LeptonClient(nodes=1) as outer:
        latest = LeptonClient(nodes=2)
        assert current_client() is outer
        with LeptonClient(nodes=1) as inner:
            linear.fit(*points, verbose=0)
        assert current_client() is outer
        assert outer.usage().records == []
    assert current_client() is latest
    with pytest.raises(InvalidStateError, match="closed"):
        inner.usage()
    latest.close()


def test_another_thread_uses_the_client_created_last() -> None:
    latest = LeptonClient(nodes=1)
    seen: list[LeptonClient] = []
    with LeptonClient(nodes=2) as block:
        newest = LeptonClient(nodes=1)
        thread = threading.Thread(target=lambda: seen.append(current_client()))
        thread.start()
        thread.join()
        assert current_client() is block
    assert seen == [newest]
    latest.close()
    newest.close()


def test_a_default_client_is_made_on_first_use(linear: keras.Sequential, points: Points) -> None:
    current_client().close()
    linear.fit(*points, verbose=0)
    assert len(current_client().usage().records) == 1


def test_a_token_cancels_from_another_thread(client: LeptonClient, linear: keras.Sequential, points: Points) -> None:
    token = CancelToken()

    class Trigger(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            thread = threading.Thread(target=token.cancel)
            thread.start()
            thread.join()

    with pytest.raises(CancelledError) as raised:
        client.fit(linear, *points, epochs=10**6, verbose=0, callbacks=[Trigger()], cancel=token)
    assert isinstance(raised.value, LeptonError)
    assert isinstance(raised.value, KeyboardInterrupt)
    client.fit(linear, *points, verbose=0)


def test_utilization_reads_well(client: LeptonClient) -> None:
    with client.allocate(nodes=5):
        utilization = client.utilization()
    assert utilization.cores_total == 5
    assert utilization.dominant_share == 1
    assert "cores 100.0% (5 of 5)" in str(utilization)
    assert "cores=1.0" in repr(utilization)
