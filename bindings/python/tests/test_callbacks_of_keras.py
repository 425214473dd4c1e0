"""The callbacks that come with the package; how they agree with Keras's is in the differential tests."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import InvalidArgumentError, InvalidStateError, NotSupportedError, keras

Points = tuple[np.ndarray, np.ndarray]
callbacks = keras.callbacks


def losses_of(values: list[float]) -> Any:
    """A callback that puts given numbers into the logs as "score"."""
    return callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=values[epoch]))


def scored(linear: keras.Sequential, points: Points, values: list[float], *others: Any) -> Any:
    return linear.fit(*points, epochs=len(values), verbose=0, callbacks=[losses_of(values), *others])


def test_early_stopping_restores_the_best_weights(linear: keras.Sequential, points: Points) -> None:
    seen: list[np.ndarray] = []
    keep = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(linear.get_weights()[0]))
    stop = callbacks.EarlyStopping("score", mode="min", patience=2, restore_best_weights=True)
    history = scored(linear, points, [3.0, 1.0, 2.0, 1.0, 0.0], keep, stop)
    assert history.history["score"] == [3.0, 1.0, 2.0, 1.0]
    assert (stop.stopped_epoch, stop.best_epoch, stop.best) == (3, 1, 1.0)
    np.testing.assert_array_equal(linear.get_weights()[0], seen[1])


def test_a_direction_that_cannot_be_told_is_asked_for(linear: keras.Sequential, points: Points) -> None:
    with pytest.raises(InvalidArgumentError, match="score"):
        scored(linear, points, [1.0], callbacks.EarlyStopping("score"))
    with pytest.warns(UserWarning, match="not available"):
        linear.fit(*points, verbose=0, callbacks=[callbacks.EarlyStopping("val_loss")])
    with pytest.warns(UserWarning, match="unknown, fallback"):
        callbacks.EarlyStopping("loss", mode="upwards")


def test_directions_follow_the_metric() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae", keras.metrics.BinaryAccuracy(name="hits")])
    for name, better in (("val_mae", 0.5), ("val_hits", 1.5), ("loss", 0.5)):
        stop = callbacks.EarlyStopping(name)
        stop.set_model(model)
        stop._set_monitor_op()
        assert stop._is_improvement(better, 1.0)
        assert not stop._is_improvement(2.0 - better, 1.0)


def test_learning_rates_are_changed_and_recorded(linear: keras.Sequential, points: Points) -> None:
    schedule = callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 * rate if epoch else 0.25)
    history = linear.fit(*points, epochs=3, verbose=0, callbacks=[schedule])
    assert history.history["learning_rate"] == [0.25, 0.125, 0.0625]
    with pytest.raises(InvalidArgumentError, match="float"):
        linear.fit(*points, verbose=0, callbacks=[callbacks.LearningRateScheduler(lambda epoch: 1)])
    reduce = callbacks.ReduceLROnPlateau("score", mode="max", factor=0.5, patience=1, cooldown=1, min_lr=0.02)
    linear.optimizer.learning_rate = 0.1
    history = scored(linear, points, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], reduce)
    assert history.history["learning_rate"] == [0.1, 0.1, 0.05, 0.025, 0.02, 0.02, 0.02]
    with pytest.raises(InvalidArgumentError, match="factor"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_csv_logger_appends(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    linear.fit(*points, epochs=2, verbose=0, callbacks=[callbacks.CSVLogger(path)])
    linear.fit(*points, verbose=0, callbacks=[callbacks.CSVLogger(str(path), append=True)], validation_data=points)
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "0"]
    assert rows[0]["val_loss"] == "NA"
    assert float(rows[1]["loss"]) > 0
    assert float(rows[2]["val_loss"]) > 0


@pytest.mark.parametrize("raise_error", [False, True])
def test_terminate_on_nan(points: Points, raise_error: bool) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e30), "mse")
    stop = callbacks.TerminateOnNaN(raise_error=raise_error)
    if raise_error:
        with pytest.raises(RuntimeError, match="NaN or Inf"):
            model.fit(*points, epochs=9, verbose=0, callbacks=[stop])
    else:
        assert len(model.fit(*points, epochs=9, verbose=0, callbacks=[stop]).epoch) < 9


def net() -> keras.Sequential:
    """A model whose training draws random numbers and keeps optimizer state."""
    keras.utils.clear_session()
    model = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(8, "relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


class InterruptedHereError(Exception):
    """Raised by a callback."""


def interrupt_at(epoch: int) -> Any:
    def begin(now: int, logs: Any) -> None:
        if now == epoch:
            raise InterruptedHereError

    return callbacks.LambdaCallback(on_epoch_begin=begin)


@pytest.mark.parametrize("double", [False, True])
def test_backup_and_restore_goes_on_to_the_same_bits(points: Points, tmp_path: Path, double: bool) -> None:
    folder = tmp_path / "backup"
    straight, broken = net(), net()
    schedule = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    # The same start: one file, two models.
    straight.save(tmp_path / "start.safetensors")
    broken._load_state(tmp_path / "start.safetensors")
    expected = straight.fit(*points, epochs=5, verbose=0, batch_size=8, callbacks=[schedule])
    backup = callbacks.BackupAndRestore(folder, double_checkpoint=double)
    with pytest.raises(InterruptedHereError):
        broken.fit(*points, epochs=5, verbose=0, batch_size=8, callbacks=[schedule, backup, interrupt_at(3)])
    if double:
        newest = max(folder.glob("*.safetensors"))
        newest.write_bytes(b"lost")
    resumed = net()
    backup = callbacks.BackupAndRestore(folder, double_checkpoint=double)
    history = resumed.fit(*points, epochs=5, verbose=0, batch_size=8, callbacks=[schedule, backup])
    assert history.epoch == ([2, 3, 4] if double else [3, 4])
    for name, values in expected.history.items():
        assert history.history[name] == values[-len(history.epoch) :]
    for mine, theirs in zip(resumed.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert resumed.optimizer.iterations == straight.optimizer.iterations == 40
    assert not folder.exists()


def test_backups_every_few_batches(points: Points, tmp_path: Path) -> None:
    model = net()
    backup = callbacks.BackupAndRestore(tmp_path / "b", save_freq=3, delete_checkpoint=False)
    model.fit(*points, epochs=2, verbose=0, batch_size=8, callbacks=[backup])
    again = net()
    backup = callbacks.BackupAndRestore(tmp_path / "b", save_freq=3)
    # 16 batches: the last backup is of batch 15, in the second epoch.
    assert again.fit(*points, epochs=3, verbose=0, callbacks=[backup]).epoch == [1, 2]


def test_bad_arguments_of_checkpoints(tmp_path: Path, points: Points) -> None:
    with pytest.raises(InvalidArgumentError, match="filepath"):
        callbacks.ModelCheckpoint("model.h5", save_weights_only=True)
    with pytest.raises(InvalidArgumentError, match="filepath"):
        callbacks.ModelCheckpoint("model.txt")
    with pytest.raises(InvalidArgumentError, match="save_freq"):
        callbacks.ModelCheckpoint("model.keras", save_freq="batch")
    with pytest.raises(InvalidArgumentError, match="backup_dir"):
        callbacks.BackupAndRestore("")
    (tmp_path / "training_metadata.json").write_text('{"backups": [{"file": "../../x", "epoch": -1}]}')
    with pytest.raises(ValueError, match="backup"):
        net().fit(*points, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])


def test_checkpoints_of_the_best(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    save = callbacks.ModelCheckpoint(
        tmp_path / "new" / "m-{epoch:02d}-{score:.1f}.safetensors", "score", save_best_only=True, mode="max"
    )
    scored(linear, points, [1.0, 0.5, 2.0, 2.0], save)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "m-01-1.0.safetensors",
        "m-03-2.0.safetensors",
    ]
    assert isinstance(keras.models.load_model(tmp_path / "new" / "m-03-2.0.safetensors"), keras.Sequential)
    bar = callbacks.ModelCheckpoint(
        tmp_path / "t.safetensors", "score", save_best_only=True, mode="max", initial_value_threshold=9.0
    )
    scored(linear, points, [1.0], bar)
    assert not (tmp_path / "t.safetensors").exists()
    with pytest.raises(KeyError, match="Failed to format"):
        linear.fit(*points, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "{acc}.safetensors")])
    (tmp_path / "f.safetensors").mkdir()
    with pytest.raises(OSError, match="folder"):
        linear.fit(*points, verbose=0, callbacks=[callbacks.ModelCheckpoint(tmp_path / "f.safetensors")])


def test_checkpoints_every_few_batches(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    save = callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.safetensors", save_freq=3)
    linear.fit(*points, epochs=2, verbose=0, batch_size=16, callbacks=[save])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-3.safetensors", "2-2.safetensors"]


def test_a_callback_list_calls_each_in_order(linear: keras.Sequential, points: Points) -> None:
    calls: list[tuple[str, Any]] = []
    both = [callbacks.LambdaCallback(on_epoch_end=lambda e, logs, n=n: calls.append((n, e))) for n in ("a", "b")]
    listed = callbacks.CallbackList(both, add_history=True, model=linear, epochs=2)
    assert linear.history is listed.callbacks[-1]
    assert both[0].params == {"epochs": 2}
    listed.on_epoch_end(7, {})
    linear.fit(*points, verbose=0, callbacks=listed)
    assert calls == [("a", 7), ("b", 7), ("a", 0), ("b", 0)]


def test_what_is_refused() -> None:
    for name in ("RemoteMonitor", "OrbaxCheckpoint"):
        with pytest.raises(NotSupportedError, match="not supported"):
            getattr(callbacks, name)
    for argument in ({"profile_batch": 2}, {"write_images": True}, {"embeddings_freq": 1}):
        with pytest.raises(NotSupportedError, match=next(iter(argument))):
            callbacks.TensorBoard(**argument)
    with pytest.raises(InvalidArgumentError, match="update_freq"):
        callbacks.TensorBoard(update_freq=0)


def test_averages_need_an_optimizer_that_keeps_them(linear: keras.Sequential, points: Points) -> None:
    before = linear.get_weights()
    with pytest.raises(InvalidStateError, match="use_ema"):
        linear.evaluate(*points, verbose=0, callbacks=[callbacks.SwapEMAWeights()])
    np.testing.assert_array_equal(linear.get_weights()[0], before[0])
