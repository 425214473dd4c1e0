"""What nodes that may fail cost: the same fits on the pool's threads, on resilient threads, and on worker processes.

The ways take turns in one process, and each turn's time is compared with the pool's in the same round, so that what
else the machine does falls on all of them.
"""

import statistics
import time
from typing import Any

from frameworks.keras_models import build
from harness import Figures, Pace, table
from workloads import WORKLOADS

MEASURED = ("mlp-128", "tabular", "cnn", "lstm")
NEVER = [{"kind": "kill", "node": 0, "step": 10**9}]
"""A fault that never comes: threads that could be given up."""
WAYS: dict[str, dict[str, Any]] = {
    "the pool": {},
    "resilient threads": {"kind": "threads", "faults": NEVER},
    "worker processes": {"kind": "processes"},
}


class Turn:
    """One fit: the time of an epoch but for the first, and that before the first step."""

    def __init__(self, model: Any, data: tuple[Any, Any], batch: int, client: Any, epochs: int) -> None:
        from leptonai import keras

        ends: list[float] = []
        begin = time.perf_counter()

        class Clock(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
                if epoch == 0:
                    ends.append(time.perf_counter())

            def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
                ends.append(time.perf_counter())

        client.fit(model, *data, batch_size=batch, epochs=epochs, verbose=0, callbacks=[Clock()])
        self.start = ends[0] - begin
        self.epoch = (ends[-1] - ends[1]) / (epochs - 1)


def measure(name: str, pace: Pace) -> Figures:
    from leptonai import LeptonClient, NotFoundError, keras

    figures: Figures = {}
    for workload in MEASURED:
        job = WORKLOADS[workload]
        data = job.data(pace.rows(job.rows))
        clients = {way: LeptonClient(nodes=2) for way in WAYS}
        for way, options in WAYS.items():
            clients[way].set_nodes(**options)
        models = {way: build(keras, job) for way in WAYS}
        for model in models.values():
            model.compile(optimizer="adam", loss=job.loss)
        turns: dict[str, list[Turn]] = {way: [] for way in WAYS}
        try:
            for _ in range(pace.rounds):
                for way in WAYS:
                    turns[way].append(Turn(models[way], data, job.batch, clients[way], epochs=3))
        except NotFoundError as error:
            return {"skipped": str(error)}
        figures[workload] = {
            way: {
                "ratio": statistics.median(
                    ours.epoch / pool.epoch for ours, pool in zip(turns[way], turns["the pool"], strict=True)
                ),
                "start": statistics.median(turn.start for turn in turns[way]),
            }
            for way in WAYS
        }
        for client in clients.values():
            client.close()
    return figures


def render(name: str, figures: Figures) -> str:
    title = "### What nodes that may fail cost\n\n"
    if "skipped" in figures:
        return f"{title}Skipped: {figures['skipped']}."
    ways = [way for way in WAYS if way != "the pool"]
    rows = [
        [
            WORKLOADS[workload].title,
            *(f"{values[way]['ratio']:.2f}" for way in ways),
            *(f"{(values[way]['start'] - values['the pool']['start']) * 1e3:.0f} ms" for way in ways),
        ]
        for workload, values in figures.items()
    ]
    header = ["", *(f"time of an epoch, {way} / pool" for way in ways), *(f"before it, {way}" for way in ways)]
    return f"{title}{table(header, rows)}"
