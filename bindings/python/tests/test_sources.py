"""Data that comes batch by batch, and single batches."""

import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from leptonai import InvalidStateError, LeptonClient, NonFiniteError, NotSupportedError, ShapeMismatchError, keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def net() -> keras.Sequential:
    """A small compiled model with fixed weights."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(4)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def batches(size: int = 16, passes: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(passes):
        for start in range(0, 50, size):
            yield X[start : start + size], Y[start : start + size]


class Dataset(keras.utils.PyDataset):
    """The rows in batches of 16; counts what it is told."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.begun = self.ended = 0
        self.asked: list[int] = []
        self.thread: int | None = None

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append(index)
        self.thread = threading.get_ident()
        return X[16 * index : 16 * index + 16], Y[16 * index : 16 * index + 16]

    def on_epoch_begin(self) -> None:
        self.begun += 1

    def on_epoch_end(self) -> None:
        self.ended += 1


class Loader:
    """What a PyTorch DataLoader looks like: a length, and a new iterator each time, of lists."""

    def __init__(self) -> None:
        self.dataset = X

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[list[Any]]:
        return (list(batch) for batch in batches())


class TensorFlowLike:
    """A data set that gives arrays when asked for them."""

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("tensors are not wanted")

    def as_numpy_iterator(self) -> Iterator[Any]:
        return batches()


def whole(**arguments: Any) -> tuple[keras.Sequential, dict[str, list[float]]]:
    model = net()
    history = model.fit(X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0, **arguments)
    return model, history.history


@pytest.mark.parametrize("make", [Dataset, Loader, TensorFlowLike, lambda: batches(passes=3)])
def test_every_source_trains_to_the_bits_of_arrays(make: Any) -> None:
    expected, numbers = whole()
    model = net()
    source = make()
    arguments = {"steps_per_epoch": 4} if isinstance(source, Iterator) else {"shuffle": False}
    history = model.fit(source, epochs=3, verbose=0, **arguments)
    assert history.history == numbers
    for weight, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, other)
    assert history.params["steps"] == (None if isinstance(source, TensorFlowLike) else 4)


def test_data_sets_hear_of_epochs_and_run_in_a_thread_of_their_own() -> None:
    source = Dataset(workers=2, use_multiprocessing=False, max_queue_size=3)
    net().fit(source, epochs=2, verbose=0)
    assert (source.begun, source.ended) == (2, 2)
    assert sorted(source.asked) == sorted([0, 1, 2, 3] * 2)
    assert source.thread != threading.get_ident()
    assert not [thread for thread in threading.enumerate() if thread.name == "lepton-prefetch"]
    assert len(list(Dataset())) == 4


def test_shuffled_data_sets_come_in_an_order_that_the_seed_sets() -> None:
    orders = []
    for _ in range(2):
        model = net()
        source = Dataset()
        model.fit(source, epochs=3, verbose=0)
        orders.append(source.asked)
    assert orders[0] == orders[1]
    assert orders[0] != [0, 1, 2, 3] * 3


def test_steps_take_no_more_than_they_need() -> None:
    taken = []

    def endless() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for number in range(1000):
            taken.append(number)
            yield X[:8], Y[:8]

    model = net()
    source = endless()
    history = model.fit(source, steps_per_epoch=3, epochs=2, verbose=0, validation_data=endless(), validation_steps=2)
    assert len(history.epoch) == 2
    assert model.optimizer.iterations == 6
    assert len(taken) == 6 + 4
    assert next(source)[0].shape == (8, 3)
    assert taken[-1] == 6


def test_passes_go_on_in_the_next_epoch() -> None:
    model = net()
    seen: list[float] = []

    class Numbered(Dataset):
        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            seen.append(index)
            return super().__getitem__(index)

    model.fit(Numbered(), steps_per_epoch=2, epochs=4, shuffle=False, verbose=0)
    assert seen[:8] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_a_generator_that_runs_out_ends_the_training() -> None:
    model = net()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(batches(), epochs=3, verbose=0)
    assert history.epoch == [0]
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(batches(), epochs=2, steps_per_epoch=3, verbose=0)
    assert history.epoch == [0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(model.fit(batches(), verbose=0).epoch) == 1
    with pytest.raises(ValueError, match="at least one batch"):
        model.fit(iter(()), verbose=0)


def test_validation_is_measured_as_with_arrays() -> None:
    _, numbers = whole(validation_data=(X[:20], Y[:20]), validation_batch_size=7)
    held = (X[:20], Y[:20])
    history = net().fit(Dataset(), epochs=3, shuffle=False, verbose=0, validation_data=held, validation_batch_size=7)
    assert list(history.history) == list(numbers)
    for name, values in history.history.items():
        np.testing.assert_allclose(values, numbers[name], rtol=1e-6)
    every_second = net().fit(Dataset(), epochs=3, shuffle=False, verbose=0, validation_data=held, validation_freq=2)
    assert every_second.history["val_loss"] == pytest.approx(numbers["val_loss"][1:2])
    chosen = net().fit(
        X, Y, batch_size=16, epochs=3, shuffle=False, verbose=0, validation_data=held, validation_freq=[1, 3]
    )
    assert chosen.history["val_loss"] == pytest.approx(numbers["val_loss"][::2])
    part = net().fit(X, Y, batch_size=16, verbose=0, shuffle=False, validation_data=Dataset(), validation_steps=1)
    model = net()
    model.fit(X, Y, batch_size=16, verbose=0, shuffle=False)
    assert part.history["val_loss"][0] == pytest.approx(model.evaluate(X[:16], Y[:16], verbose=0)[0])
    split = net().fit(X, Y, batch_size=16, epochs=2, verbose=0, validation_split=0.4, steps_per_epoch=1)
    assert len(split.history["val_mae"]) == 2


def test_evaluate_and_predict_take_sources() -> None:
    model = net()
    expected = model.evaluate(X, Y, batch_size=16, verbose=0)
    for source in (Dataset(), Loader(), batches()):
        assert model.evaluate(source, verbose=0) == pytest.approx(expected)
    assert model.evaluate(X, Y, batch_size=16, steps=1, verbose=0) == pytest.approx(
        model.evaluate(X[:16], Y[:16], verbose=0)
    )
    predictions = model.predict(X, verbose=0)
    for data in (Dataset(), Loader(), batches(), (x for x, _ in batches())):
        np.testing.assert_array_equal(model.predict(data, verbose=0), predictions)
    np.testing.assert_array_equal(model.predict(X, batch_size=10, steps=2, verbose=0), predictions[:20])
    with pytest.raises(ValueError, match="at least one batch"):
        model.predict(iter(()), verbose=0)


def test_hooks_are_called_around_each_batch() -> None:
    calls: list[tuple[str, Any]] = []
    names = ["on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin", "on_test_batch_end"]
    names += ["on_predict_batch_begin"]

    def noting(name: str) -> Any:
        return lambda batch, logs=None: calls.append((name[3:], batch))

    callback = keras.callbacks.LambdaCallback(**{name: noting(name) for name in names})
    model = net()
    model.fit(Dataset(), epochs=1, verbose=0, callbacks=[callback], validation_data=Dataset(), validation_steps=2)
    train = [(f"train_batch_{what}", batch) for batch in range(4) for what in ("begin", "end")]
    test = [(f"test_batch_{what}", batch) for batch in range(4) for what in ("begin", "end")]
    assert calls == train + test[:4]
    calls.clear()
    model.evaluate(Dataset(), verbose=0, callbacks=[callback])
    assert calls == test
    outputs: list[np.ndarray] = []
    keep = keras.callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: outputs.append(logs["outputs"]))
    predicted = model.predict(X, batch_size=20, verbose=0, callbacks=[keep, callback])
    assert [len(part) for part in outputs] == [20, 20, 10]
    np.testing.assert_array_equal(np.concatenate(outputs), predicted)


def test_exceptions_of_a_source_come_out(client: LeptonClient) -> None:
    def broken() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield X[:8], Y[:8]
        yield X[:8], Y[:8]
        raise RuntimeError("the disk is gone")

    model = net()
    with pytest.raises(RuntimeError, match="disk is gone"):
        model.fit(broken(), verbose=0)
    assert model.optimizer.iterations == 2
    with pytest.raises(RuntimeError, match="disk is gone"):
        model.evaluate(broken(), verbose=0)
    with pytest.raises(RuntimeError, match="disk is gone"):
        model.predict(broken(), verbose=0)
    model.fit(batches(), verbose=0)
    with pytest.raises(NotSupportedError, match="store"):
        client.fit(model, batches(), store="kept")


def test_bad_batches_are_refused() -> None:
    model = net()
    for bad, error in (
        ((X[:8, :2], Y[:8]), ShapeMismatchError),
        ((X[:8], Y[:7]), ShapeMismatchError),
        ((X[:8] * np.nan, Y[:8]), NonFiniteError),
        ((X[:8], Y[:8], Y[:8, 0], 1), ValueError),
        ((X[:8],), ValueError),
    ):
        with pytest.raises(error):
            model.fit(iter([bad]), verbose=0)
    with pytest.raises(ShapeMismatchError):
        model.fit(iter([(X[:8], Y[:8]), (X[:8, :2], Y[:8])]), verbose=0)
    assert model.optimizer.iterations == 1
    with pytest.raises(ValueError, match="y"):
        model.fit(Dataset(), Y, verbose=0)
    with pytest.raises(ValueError, match="sample_weight"):
        model.fit(Dataset(), sample_weight=Y, verbose=0)
    with pytest.raises(ValueError, match="validation_split"):
        model.fit(Dataset(), validation_split=0.5, verbose=0)
    for steps in (0, -1, 1.5):
        with pytest.raises(ValueError, match="steps_per_epoch"):
            model.fit(X, Y, steps_per_epoch=steps, verbose=0)


def test_weights_of_samples_and_classes_come_along() -> None:
    labels = (Y > 0).astype("float32")
    weight = np.linspace(0, 2, 50, dtype="float32")

    def binary() -> keras.Sequential:
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy")
        return model

    expected = binary().fit(X, labels, batch_size=50, sample_weight=weight, verbose=0)
    actual = binary().fit(iter([(X, labels, weight)]), verbose=0)
    assert actual.history == expected.history
    expected = binary().fit(X, labels, batch_size=50, class_weight={0: 0.5, 1: 3}, verbose=0)
    actual = binary().fit(iter([(X, labels)]), class_weight={0: 0.5, 1: 3}, verbose=0)
    assert actual.history == expected.history


def test_a_model_is_built_by_the_first_batch() -> None:
    model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(Dataset(), verbose=0)
    assert model.input_shape == (None, 3)


def test_tables_give_batches_too() -> None:
    frames = [(pd.DataFrame(x), pd.Series(y[:, 0])) for x, y in batches()]
    expected, _ = whole()
    model = net()
    model.fit(frames_of(frames), epochs=3, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], expected.get_weights()[0])


def frames_of(frames: list[Any]) -> Any:
    class Frames(keras.utils.Sequence):
        """Batches of tables."""

        num_batches = len(frames)

        def __getitem__(self, index: int) -> Any:
            return frames[index]

    made = Frames()
    return type("Ordered", (), {"__iter__": lambda self: iter(made), "__len__": lambda self: 4})()


def test_progress_of_an_unknown_number_of_batches(capsys: pytest.CaptureFixture[str]) -> None:
    net().fit(TensorFlowLike(), verbose=1, epochs=2)
    lines = [line for line in capsys.readouterr().out.splitlines() if "/4" in line]
    assert len(lines) == 2


def test_interrupts_end_a_fit_from_a_source() -> None:
    def interrupting() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yield X[:8], Y[:8]
        raise KeyboardInterrupt

    model = net()
    with pytest.raises(KeyboardInterrupt):
        model.fit(interrupting(), verbose=0)
    assert model.optimizer.iterations == 1


def test_memory_mapped_files_are_read_in_place(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model, expected = net(), net()
    model.fit(mapped, Y, verbose=0)
    expected.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], expected.get_weights()[0])


def test_large_arrays_of_other_types_are_converted_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from leptonai.keras.trainers import sources

    double = X.astype("float64")
    held = (X[:10], Y[:10])
    arguments = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    expected = net()
    numbers = expected.fit(X, Y, validation_data=held, **arguments).history
    monkeypatch.setattr(sources.Limits, "converted", 100)
    model = net()
    history = model.fit(double, Y, validation_data=held, **arguments).history
    for name, values in numbers.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-6)
    np.testing.assert_allclose(model.get_weights()[0], expected.get_weights()[0], rtol=1e-5)
    np.testing.assert_array_equal(model.predict(double, verbose=0), model.predict(X, verbose=0))
    assert model.evaluate(double, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))


MEASURE = """
import sys
import numpy as np
from leptonai import keras
from leptonai.keras.trainers import sources

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("RssAnon"))

sources.Limits.converted = 8 << 20
x = np.load(sys.argv[1], mmap_mode="r")
y = np.zeros((len(x), 1), "float32")
model = keras.Sequential([keras.Input((x.shape[1],)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit(x[:256], y[:256], verbose=0)
before = anonymous()
model.fit(x, y, batch_size=256, verbose=0)
model.evaluate(x, y, batch_size=256, verbose=0)
model.predict(x, verbose=0)
print(anonymous() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured through /proc")
@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
def test_memory_stays_flat(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "x.npy"
    mapped = np.lib.format.open_memmap(path, "w+", np.dtype(dtype), (60_000, 256))
    mapped[:] = 1
    del mapped
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # As float32 the rows take 60 MiB.
    assert int(done.stdout) < 20


# ---------------------------------------------------------------- single batches


def test_train_on_batch_is_a_step_of_fit() -> None:
    model, expected = net(), net()
    for _ in range(3):
        numbers = model.train_on_batch(X, Y)
    history = expected.fit(X, Y, batch_size=50, epochs=3, shuffle=False, verbose=0).history
    assert numbers == [history["loss"][-1], history["mae"][-1]]
    np.testing.assert_array_equal(model.get_weights()[0], expected.get_weights()[0])
    assert list(model.train_on_batch(X, Y, return_dict=True)) == ["loss", "mae"]


def test_numbers_are_those_of_the_batch() -> None:
    model = net()
    first = model.test_on_batch(X[:10], Y[:10], return_dict=True)
    assert first == model.evaluate(X[:10], Y[:10], verbose=0, return_dict=True)
    assert model.test_on_batch(X[10:], Y[10:], return_dict=True) != first
    model.reset_metrics()
    assert model.test_on_batch(X[:10], Y[:10], return_dict=True) == first
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    plain.compile("sgd", "mse")
    assert isinstance(plain.train_on_batch(X, Y), float)


def test_weights_count_on_a_batch() -> None:
    weight = np.zeros(50, "float32")
    weight[:10] = 1
    loss = net().test_on_batch(X, Y, sample_weight=weight, return_dict=True)["loss"]
    assert loss == pytest.approx(net().test_on_batch(X[:10], Y[:10], return_dict=True)["loss"] / 5)
    labels = (Y > 0).astype("float32")
    model = net()
    model.compile("sgd", "binary_crossentropy")
    model.train_on_batch(X, labels, class_weight={0: 2, 1: 1})
    with pytest.raises(ValueError, match="class_weight"):
        model.train_on_batch(X, labels, sample_weight=weight, class_weight={0: 1})
    with pytest.raises(ShapeMismatchError):
        model.train_on_batch(X[:, :2], labels)
    fresh = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(InvalidStateError, match="compile"):
        fresh.train_on_batch(X, Y)
