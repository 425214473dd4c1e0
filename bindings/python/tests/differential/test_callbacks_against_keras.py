"""Callbacks against Keras's: the same decisions at the same epochs, the same lines."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import keras, ours

from leptonai import NotSupportedError

ROWS = (np.linspace(-1, 1, 8, dtype="float32").reshape(-1, 1), np.linspace(2, 3, 8, dtype="float32").reshape(-1, 1))


class Judged:
    """Keras's model and ours with the same weights, trained with the same numbers in the logs."""

    def __init__(self) -> None:
        self.models = []
        for k in (keras, ours):
            k.utils.clear_session()
            model = k.Sequential([k.Input((1,)), k.layers.Dense(1, kernel_initializer="ones")])
            model.compile(
                k.optimizers.SGD(0.125), "mse", metrics=["mae"], **({"jit_compile": False} if k is keras else {})
            )
            self.models.append(model)

    def fit(self, scores: list[float], make: Any, **arguments: Any) -> tuple[Any, Any]:
        """Histories and callbacks, Keras's first. `make` gives a callback, given a keras module."""
        results = []
        for k, model in zip((keras, ours), self.models, strict=True):
            score = k.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=scores[epoch]))
            callback = make(k)
            history = model.fit(*ROWS, epochs=len(scores), verbose=0, callbacks=[score, callback], **arguments)
            results.append((history, callback))
        return results[0], results[1]


def test_early_stopping_decides_as_keras() -> None:
    judged = Judged()
    rng = np.random.default_rng(5)
    for _ in range(12):
        scores = [float(number) for number in rng.integers(0, 6, size=7) / 4]
        settings = {
            "patience": int(rng.integers(0, 3)),
            "min_delta": float(rng.choice([0.0, 0.3])),
            "mode": str(rng.choice(["min", "max"])),
            "baseline": rng.choice([None, 0.5, 1.0]),
            "restore_best_weights": bool(rng.integers(2)),
            "start_from_epoch": int(rng.integers(0, 3)),
        }
        (theirs, their_stop), (mine, my_stop) = judged.fit(
            scores, lambda k, s=settings: k.callbacks.EarlyStopping("score", **s)
        )
        assert mine.epoch == theirs.epoch, (scores, settings)
        for name in ("stopped_epoch", "best_epoch", "wait", "best"):
            assert getattr(my_stop, name) == getattr(their_stop, name), (name, scores, settings)
        for weight, expected in zip(judged.models[1].get_weights(), judged.models[0].get_weights(), strict=True):
            np.testing.assert_allclose(weight, expected, rtol=1e-5)


def test_plateaus_are_judged_as_keras_judges_them() -> None:
    judged = Judged()
    rng = np.random.default_rng(6)
    for _ in range(8):
        for model in judged.models:
            model.optimizer.learning_rate = 0.125
        scores = [float(number) for number in rng.integers(0, 5, size=9) / 4]
        settings = {
            "factor": float(rng.choice([0.5, 0.25])),
            "patience": int(rng.integers(1, 3)),
            "mode": str(rng.choice(["min", "max"])),
            "min_delta": float(rng.choice([1e-4, 0.3])),
            "cooldown": int(rng.integers(0, 3)),
            "min_lr": float(rng.choice([0.0, 0.01])),
        }
        (theirs, _), (mine, _) = judged.fit(scores, lambda k, s=settings: k.callbacks.ReduceLROnPlateau("score", **s))
        np.testing.assert_allclose(mine.history["learning_rate"], theirs.history["learning_rate"], rtol=1e-6)
        assert list(mine.history) == list(theirs.history)


@pytest.mark.parametrize("validated", [False, True])
def test_csv_files_have_the_same_columns(tmp_path: Path, validated: bool) -> None:
    judged = Judged()
    data = {"validation_data": ROWS} if validated else {}
    judged.fit([0.0, 1.0], lambda k: k.callbacks.CSVLogger(str(tmp_path / k.__name__), separator=";"), **data)
    theirs, mine = ((tmp_path / k.__name__).read_text().splitlines() for k in (keras, ours))
    assert mine[0] == theirs[0]
    assert len(mine) == len(theirs) == 3
    for line, expected in zip(mine[1:], theirs[1:], strict=True):
        for field, other in zip(line.split(";"), expected.split(";"), strict=True):
            assert field == other or abs(float(field) - float(other)) < 1e-5


def test_schedules_are_followed(capsys: pytest.CaptureFixture[str]) -> None:
    judged = Judged()
    said = []
    for index, k in enumerate((keras, ours)):
        schedule = k.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)
        history = judged.models[index].fit(*ROWS, epochs=2, verbose=0, callbacks=[schedule])
        assert history.history["learning_rate"] == [0.0625, 0.03125]
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_messages_are_keras_s(capsys: pytest.CaptureFixture[str]) -> None:
    judged = Judged()
    said = []
    for index, k in enumerate((keras, ours)):
        capsys.readouterr()
        stop = k.callbacks.EarlyStopping("score", mode="min", verbose=1, restore_best_weights=True)
        reduce = k.callbacks.ReduceLROnPlateau("score", mode="min", patience=1, factor=0.5, verbose=1)
        score = k.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(score=float(epoch)))
        judged.models[index].fit(*ROWS, epochs=3, verbose=0, callbacks=[score, stop, reduce])
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    assert "early stopping" in said[1]


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_are_measured_in_the_weights_place(swap_on_epoch: bool) -> None:
    histories, weights, kept = [], [], []
    for k in (keras, ours):
        k.utils.clear_session()
        model = k.Sequential([k.Input((1,)), k.layers.Dense(1, kernel_initializer="ones")])
        try:
            optimizer = k.optimizers.SGD(0.125, use_ema=True, ema_momentum=0.5)
        except NotSupportedError as error:
            pytest.skip(f"this version keeps no averages: {error}")
        model.compile(optimizer, "mse", **({"jit_compile": False} if k is keras else {}))
        seen: list[np.ndarray] = []
        swap = k.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)
        note = k.callbacks.LambdaCallback(on_epoch_end=lambda e, logs, m=model, s=seen: s.append(m.get_weights()[0]))
        history = model.fit(
            *ROWS, batch_size=3, epochs=3, verbose=0, shuffle=False, callbacks=[swap, note], validation_data=ROWS
        )
        histories.append(history.history)
        weights.append(model.get_weights())
        kept.append(seen)
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-4)
    for mine, theirs in ((weights[1], weights[0]), (kept[1], kept[0])):
        for value, expected in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-4)
