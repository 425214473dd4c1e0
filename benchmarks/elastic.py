"""What an allocation costs that changes while a fit runs, and what a client costs around a fit.

Fits with and without a change alternate in one process; the ratio is that of their times.
"""

import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import FULL, Figures, Pace, number, ratio, summary, table

ROWS, EPOCHS = 16_384, 5


def measure(name: str, pace: Pace) -> Figures:
    from leptonai import LeptonClient, keras

    rows = ROWS if pace == FULL else ROWS // 8
    random = np.random.default_rng(0)
    x, y = random.normal(size=(rows, 784)).astype(np.float32), random.integers(0, 10, rows)

    def make() -> Any:
        layers = [keras.layers.Dense(units, activation="relu") for units in (256, 128)]
        model = keras.Sequential([keras.Input((784,)), *layers, keras.layers.Dense(10, activation="softmax")])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        return model

    with tempfile.TemporaryDirectory() as store, LeptonClient(nodes=4, store=store) as client:
        allocation = client.allocate(nodes=2, max_nodes=4)

        def fit(after_epoch: Callable[[int], None], **options: Any) -> float:
            model = make()
            callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: after_epoch(epoch))
            start = time.perf_counter()
            client.fit(
                model,
                x,
                y,
                batch_size=128,
                epochs=EPOCHS,
                verbose=0,
                callbacks=[callback],
                allocation=allocation,
                **options,
            )
            return time.perf_counter() - start

        fixed, resized, kept = [], [], []
        fit(lambda epoch: None)
        for _ in range(3 * pace.rounds):
            fixed.append(fit(lambda epoch: None))
            resized.append(fit(lambda epoch: allocation.resize(3 if epoch % 2 == 0 else 2)))
            allocation.resize(2)
            kept.append(fit(lambda epoch: None, checkpoint="job", checkpoint_seconds=0.25))
        allocation.close()
    return {
        # Times, so the other way round than rates.
        "resized": ratio(resized, fixed),
        "kept": ratio(kept, fixed),
        "around": around(pace),
    }


def around(pace: Pace) -> dict[str, dict[str, float]]:
    """Microseconds of a fit of one row and one epoch: all that is not training."""
    from leptonai import LeptonClient, keras

    row = np.ones((1, 1), np.float32)
    model = keras.Sequential([keras.layers.Dense(1, input_shape=[1])])
    model.compile(optimizer="sgd", loss="mse")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for label, store in (("in memory", None), ("with a store and its ledger", folder)):
            with LeptonClient(nodes=1, store=store) as client:
                times: list[float] = []
                for _ in range(10 * pace.rounds):
                    start = time.perf_counter()
                    for _ in range(50):
                        client.fit(model, row, row, verbose=0)
                    times.append((time.perf_counter() - start) / 50 * 1e6)
                figures[label] = summary(times)
    return figures


def render(name: str, figures: Figures) -> str:
    def line(label: str, values: Figures, factor: float = 1) -> list[str]:
        return [label, number(values["median"] * factor), extremes(values, factor)]

    def extremes(values: Figures, factor: float) -> str:
        return f"{number(values['minimum'] * factor)} to {number(values['maximum'] * factor)}"

    times = [
        line("nodes change after each epoch, times a fit on fixed nodes", figures["resized"]),
        line("the position is kept four times a second, times a fit without", figures["kept"]),
    ]
    calls = [line(f"a whole fit of one row, {label}, us", values) for label, values in figures["around"].items()]
    return f"### Elastic fits, and what is around a fit\n\n{table(['', 'median', 'min to max'], [*times, *calls])}"
