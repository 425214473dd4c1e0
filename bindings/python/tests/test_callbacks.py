"""Callbacks: order of the hooks, stopping, exceptions, and looking at the model while it is trained."""

from typing import Any

import numpy as np
import pytest

from leptonai import keras

Points = tuple[np.ndarray, np.ndarray]
Logs = dict[str, Any] | None


class Recorder(keras.callbacks.Callback):
    """Writes down every hook of fit."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        self.calls.append(("train_begin",))

    def on_train_end(self, logs: Logs = None) -> None:
        self.calls.append(("train_end", sorted(logs or {})))

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self.calls.append(("epoch_begin", epoch))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.calls.append(("epoch_end", epoch, sorted(logs or {})))

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self.calls.append(("batch_begin", batch))

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.calls.append(("batch_end", batch, sorted(logs or {})))


def test_hooks_are_called_in_keras_order(linear: keras.Sequential, points: Points) -> None:
    recorder = Recorder()
    linear.fit(*points, epochs=2, verbose=0, callbacks=[recorder], validation_data=points)
    epoch = [
        ("batch_begin", 0),
        ("batch_end", 0, ["loss"]),
        ("batch_begin", 1),
        ("batch_end", 1, ["loss"]),
    ]
    assert recorder.calls == [
        ("train_begin",),
        ("epoch_begin", 0),
        *epoch,
        ("epoch_end", 0, ["loss", "val_loss"]),
        ("epoch_begin", 1),
        *epoch,
        ("epoch_end", 1, ["loss", "val_loss"]),
        ("train_end", ["loss", "val_loss"]),
    ]
    assert recorder.params == {"verbose": 0, "epochs": 2, "steps": 2}
    assert recorder.model is linear


class Validation(keras.callbacks.Callback):
    """Writes down the hooks of a validation, and where the epoch ends."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []

    def on_test_begin(self, logs: Logs = None) -> None:
        self.calls.append(("test_begin", logs))

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self.calls.append(("begin", batch, logs))

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.calls.append(("end", batch, sorted(logs or {})))

    def on_test_end(self, logs: Logs = None) -> None:
        assert logs is not None
        self.calls.append(("test_end", logs))

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        assert logs is not None
        self.calls.append(("epoch_end", logs["val_loss"]))


def test_the_validation_of_a_fit_has_the_hooks_of_evaluate(linear: keras.Sequential, points: Points) -> None:
    recorder = Validation()
    linear.fit(*points, verbose=0, callbacks=[recorder], validation_data=points, validation_batch_size=40)
    loss = linear.evaluate(*points, verbose=0)
    assert recorder.calls == [
        ("test_begin", {}),
        ("begin", 0, {}),
        ("end", 0, ["loss"]),
        ("begin", 1, {}),
        ("end", 1, ["loss"]),
        ("test_end", {"loss": pytest.approx(loss)}),
        ("epoch_end", pytest.approx(loss)),
    ]


@pytest.mark.parametrize("hook", ["on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end"])
def test_one_hook_of_validation_is_enough(linear: keras.Sequential, points: Points, hook: str) -> None:
    calls: list[Any] = []

    class One(keras.callbacks.Callback):
        pass

    def note(self: Any, *arguments: Any, **named: Any) -> None:
        calls.append(arguments[0])

    setattr(One, hook, note)
    linear.fit(*points, verbose=0, callbacks=[One()], validation_data=points)
    assert len(calls) == (2 if "batch" in hook else 1)
    linear.fit(*points, verbose=0, callbacks=[One()])
    assert len(calls) == (2 if "batch" in hook else 1), "there was no validation"


def test_stop_training_during_a_validation_lets_it_end(linear: keras.Sequential, points: Points) -> None:
    class Stop(Validation):
        def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
            super().on_test_batch_end(batch, logs)
            self.model.stop_training = True

    stop = Stop()
    history = linear.fit(*points, epochs=5, verbose=0, callbacks=[stop], validation_data=points)
    assert history.epoch == [0]
    assert [call[0] for call in stop.calls][-4:] == ["begin", "end", "test_end", "epoch_end"]


def test_stop_training_after_an_epoch(linear: keras.Sequential, points: Points) -> None:
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
            self.model.stop_training = epoch == 2

    assert linear.fit(*points, epochs=10, verbose=0, callbacks=[Stop()]).epoch == [0, 1, 2]
    assert linear.fit(*points, epochs=2, verbose=0).epoch == [0, 1]


def test_stop_training_after_a_step_still_ends_the_epoch(linear: keras.Sequential, points: Points) -> None:
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
            self.model.stop_training = True

    recorder = Recorder()
    history = linear.fit(*points, epochs=10, verbose=0, callbacks=[Stop(), recorder])
    assert history.epoch == [0]
    assert [call[0] for call in recorder.calls] == [
        "train_begin",
        "epoch_begin",
        "batch_begin",
        "batch_end",
        "epoch_end",
        "train_end",
    ]


@pytest.mark.parametrize(
    "hook",
    ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_begin", "on_test_batch_end", "on_epoch_end"],
)
def test_an_exception_in_a_callback_comes_out_of_fit(linear: keras.Sequential, points: Points, hook: str) -> None:
    class Broken(keras.callbacks.Callback):
        pass

    def fail(self: Any, *arguments: Any, **named: Any) -> None:
        raise LookupError("broken on purpose")

    setattr(Broken, hook, fail)
    with pytest.raises(LookupError, match="broken on purpose"):
        linear.fit(*points, epochs=10, verbose=0, callbacks=[Broken()], validation_data=points)
    assert np.isfinite(linear.get_weights()[0]).all()
    assert linear.fit(*points, epochs=2, verbose=0).epoch == [0, 1]


def test_the_history_keeps_what_was_done_before_an_exception(linear: keras.Sequential, points: Points) -> None:
    class Broken(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
            if epoch == 3:
                raise LookupError

    with pytest.raises(LookupError):
        linear.fit(*points, epochs=10, verbose=0, callbacks=[Broken()])
    assert linear.history is not None
    assert linear.history.epoch[:3] == [0, 1, 2]


def test_logs_are_always_a_dict(linear: keras.Sequential, points: Points) -> None:
    class Strict(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
            assert logs == {}

        on_train_batch_begin = on_predict_batch_begin = on_test_batch_begin = on_epoch_begin

        def on_train_begin(self, logs: Logs = None) -> None:
            assert logs == {}

        on_test_begin = on_predict_begin = on_predict_end = on_train_begin

    linear.fit(*points, verbose=0, callbacks=[Strict()], validation_data=points)
    linear.evaluate(*points, verbose=0, callbacks=[Strict()])
    linear.predict(points[0], verbose=0, callbacks=[Strict()])


def test_a_callback_may_use_the_model(linear: keras.Sequential, points: Points) -> None:
    seen: list[float] = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
            seen.append(float(self.model.predict(points[0])[0, 0]))
            self.model.optimizer.learning_rate = 0.0
            self.model.evaluate(*points, verbose=0)

    linear.fit(*points, epochs=3, verbose=0, callbacks=[Look()])
    assert seen[0] == seen[1] == seen[2]


def test_what_a_callback_adds_to_logs_is_in_the_history(linear: keras.Sequential, points: Points) -> None:
    class Add(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
            assert logs is not None
            logs["extra"] = epoch * 2.0

    assert linear.fit(*points, epochs=2, verbose=0, callbacks=[Add()]).history["extra"] == [0.0, 2.0]


def test_evaluate_and_predict_have_their_hooks(linear: keras.Sequential, points: Points) -> None:
    calls: list[Any] = []

    class Look(keras.callbacks.Callback):
        def on_test_begin(self, logs: Logs = None) -> None:
            calls.append("test_begin")

        def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
            calls.append(batch)

        def on_test_end(self, logs: Logs = None) -> None:
            calls.append("test_end")

        def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
            calls.append(("begin", batch))

        def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
            calls.append(("end", batch))

    linear.evaluate(*points, verbose=0, callbacks=[Look()])
    assert calls == ["test_begin", 0, 1, "test_end"]
    calls.clear()
    linear.predict(points[0], verbose=0, callbacks=[Look()])
    assert calls == [("begin", 0), ("end", 0), ("begin", 1), ("end", 1)]


def test_an_exception_in_evaluate_comes_out(linear: keras.Sequential, points: Points) -> None:
    class Broken(keras.callbacks.Callback):
        def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
            raise LookupError

    with pytest.raises(LookupError):
        linear.evaluate(*points, verbose=0, callbacks=[Broken()])
    assert isinstance(linear.evaluate(*points, verbose=0), float)
