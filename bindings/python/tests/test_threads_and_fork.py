"""Several threads, and children by fork."""

import contextlib
import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from leptonai import CancelledError, CancelToken, InvalidStateError, LeptonClient, keras

Points = tuple[np.ndarray, np.ndarray]


def test_threads_predict_at_once(linear: keras.Sequential) -> None:
    x = np.arange(20, dtype=np.float32).reshape(-1, 1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: linear.predict(x), range(200)))
    assert all(np.array_equal(result, 2 * x + 1) for result in results)


def test_threads_predict_many_rows_at_once(linear: keras.Sequential) -> None:
    x = np.arange(500, dtype=np.float32).reshape(-1, 1)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: linear.predict(x, verbose=0), range(50)))
    assert all(np.array_equal(result, 2 * x + 1) for result in results)


def test_threads_build_a_model_once() -> None:
    model = keras.Sequential([keras.layers.Dense(3)])
    with ThreadPoolExecutor(8) as pool:
        shapes = set(pool.map(lambda _: model.predict(np.ones((2, 5))).shape, range(50)))
    assert shapes == {(2, 3)}


class Hold(keras.callbacks.Callback):
    """Holds a fit in its first step until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.holding = threading.Event()
        self.go = threading.Event()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.holding.set()
        assert self.go.wait(30)


def test_others_read_while_a_fit_runs_and_a_second_fit_is_refused(linear: keras.Sequential, points: Points) -> None:
    hold = Hold()
    fit = threading.Thread(target=lambda: linear.fit(*points, verbose=0, callbacks=[hold]))
    fit.start()
    assert hold.holding.wait(30)
    try:
        assert linear.predict(points[0][:1]).shape == (1, 1)
        assert len(linear.get_weights()) == 2
        with pytest.raises(InvalidStateError, match="fit"):
            linear.fit(*points, verbose=0)
        with pytest.raises(InvalidStateError, match="fit"):
            linear.pop()
    finally:
        hold.go.set()
        fit.join()
    linear.fit(*points, verbose=0)


def test_evaluate_and_predict_run_while_a_fit_has_all_nodes(
    client: LeptonClient, linear: keras.Sequential, points: Points
) -> None:
    expected = linear.predict(points[0], verbose=0)
    hold = Hold()
    fit = threading.Thread(target=lambda: client.fit(linear, *points, verbose=0, callbacks=[hold]))
    fit.start()
    try:
        assert hold.holding.wait(30)
        other = keras.models.clone_model(linear)
        other.compile("sgd", "mse")
        other.set_weights([np.full((1, 1), 2.0), np.ones(1)])
        np.testing.assert_array_equal(client.predict(other, points[0], verbose=0), expected)
        assert isinstance(client.evaluate(other, *points, verbose=0), float)
    finally:
        hold.go.set()
        fit.join()


def test_the_gil_is_free_during_fit(client: LeptonClient, points: Points) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(256, "relu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.optimizer.learning_rate = 1e-4
    token = CancelToken()

    def fit() -> None:
        with contextlib.suppress(CancelledError):
            client.fit(model, *points, epochs=100_000, verbose=0, cancel=token)

    thread = threading.Thread(target=fit)
    seen = {model.get_weights()[0].tobytes()}
    thread.start()
    # This thread only sees weights of several steps when the fitting thread does not hold the GIL.
    while thread.is_alive() and len(seen) < 10:
        seen.add(model.get_weights()[0].tobytes())
    token.cancel()
    thread.join()
    assert len(seen) == 10


def _in_child(work: Any) -> Any:
    """What `work` returns in a forked child, or the exception that it raises there."""

    def run(pipe: Any) -> None:
        try:
            pipe.send(work())
        except BaseException as error:
            pipe.send(error)

    parent, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=run, args=(child,))
    process.start()
    child.close()
    try:
        assert parent.poll(60), "the child hangs"
        result = parent.recv()
    finally:
        process.join(1)
        process.kill()
        process.join()
    return result


def test_a_child_predicts_with_an_inherited_model(linear: keras.Sequential) -> None:
    assert _in_child(lambda: linear.predict([[3.0]])).tolist() == [[7.0]]
    assert linear.predict([[3.0]]).tolist() == [[7.0]]


def test_a_child_trains_with_an_inherited_client(client: LeptonClient, points: Points) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    client.fit(model, *points, verbose=0)
    before = model.get_weights()[0]

    def train() -> tuple[list[float], int]:
        losses = client.fit(model, *points, epochs=2, verbose=0).history["loss"]
        client.predict(model, points[0], verbose=0)
        return losses, len(client.usage().records)

    losses, records = _in_child(train)
    assert len(losses) == 2
    assert records >= 1
    assert np.array_equal(before, model.get_weights()[0])
    client.fit(model, *points, verbose=0)


def test_an_inherited_allocation_says_whose_it_is(client: LeptonClient) -> None:
    with client.allocate(nodes=2) as allocation:
        error = _in_child(lambda: allocation.state)
        assert isinstance(error, InvalidStateError)
        assert "parent" in str(error)
        assert allocation.state == "active"
