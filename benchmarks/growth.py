"""How the speed of training grows with widths, batch sizes, threads and depth; drawn into growth.png."""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from harness import FULL, Figures, Pace, table

# A rate that falls by more than this from one point to the next is a cliff.
CLIFF = 0.25
OUTPUTS = 10


@dataclass(frozen=True)
class Job:
    widths: tuple[int, ...]
    batch: int = 128
    nodes: int = 2

    @property
    def operations(self) -> int:
        """Floating-point operations of a sample's products: two for each weight forward, twice that backward, where
        the gradient of the input is not needed."""
        products = [a * b for a, b in zip(self.widths, self.widths[1:], strict=False)]
        return 6 * sum(products) - 2 * products[0]


@dataclass(frozen=True)
class Axis:
    """What changes from point to point."""

    label: str
    network: str
    points: Sequence[int]
    job: Callable[[int], Job]
    by_arithmetic: bool = False
    """The work of a sample changes, so that cliffs are looked for in the rate of arithmetic."""


# Powers of two, what lies between them, and their neighbours, where code that cuts into blocks has its edges.
AXES = {
    "width": Axis(
        "width of the hidden layers",
        "128-w-w-10, batch 128",
        (16, 24, 32, 48, 63, 64, 65, 96, 127, 128, 129, 192, 255, 256, 257, 384, 512, 768, 1024),
        lambda width: Job((128, width, width, OUTPUTS)),
        by_arithmetic=True,
    ),
    "batch": Axis(
        "batch size",
        "784-256-128-10",
        (1, 2, 4, 8, 15, 16, 17, 31, 32, 33, 64, 100, 127, 128, 129, 256, 512, 1024, 2048, 4096),
        lambda batch: Job((784, 256, 128, OUTPUTS), batch=batch),
    ),
    "threads": Axis(
        "nodes, on two cores",
        "784-256-128-10, batch 128",
        (1, 2, 3, 4, 5, 8, 16),
        lambda nodes: Job((784, 256, 128, OUTPUTS), nodes=nodes),
    ),
    "depth": Axis(
        "hidden layers",
        "128 units each, batch 128",
        (1, 2, 3, 4, 6, 8, 12, 16, 24, 32),
        lambda layers: Job((128, *[128] * layers, OUTPUTS)),
        by_arithmetic=True,
    ),
}


class Trained:
    """A model of one point, ready to be measured again and again."""

    def __init__(self, job: Job, seconds: float) -> None:
        from leptonai import LeptonClient, keras

        layers = keras.layers
        self.job = job
        self._client = LeptonClient(nodes=job.nodes)
        self._model = keras.Sequential(
            [
                keras.Input((job.widths[0],)),
                *(layers.Dense(units, activation="relu") for units in job.widths[1:-1]),
                layers.Dense(OUTPUTS, activation="softmax"),
            ]
        )
        self._model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        random = np.random.default_rng(1)
        rows = max(4096, job.batch)
        self._x = random.random((rows, job.widths[0]), np.float32)
        self._y = random.integers(0, OUTPUTS, rows)
        # Single samples are slow: fewer rows do.
        self._rows = rows
        while self._rows > 2 * job.batch and self._epoch() > seconds:
            self._rows //= 2

    def _epoch(self, epochs: int = 1) -> float:
        start = time.perf_counter()
        self._client.fit(
            self._model,
            self._x[: self._rows],
            self._y[: self._rows],
            batch_size=self.job.batch,
            epochs=epochs,
            verbose=0,
        )
        return time.perf_counter() - start

    def rate(self, seconds: float) -> float:
        """Samples per second."""
        epochs = max(1, round(seconds / self._epoch()))
        return self._rows * epochs / self._epoch(epochs)


def measure(name: str, pace: Pace) -> Figures:
    seconds = 0.12 if pace == FULL else 0.03
    figures: Figures = {}
    for name, axis in AXES.items():
        trained = [Trained(axis.job(point), seconds) for point in axis.points]
        rounds = [[one.rate(seconds) for one in trained] for _ in range(pace.rounds)]
        rates = [statistics.median(values) for values in zip(*rounds, strict=True)]
        figures[name] = {
            "points": list(axis.points),
            "rates": rates,
            "gigaflops": [rate * one.job.operations / 1e9 for rate, one in zip(rates, trained, strict=True)],
        }
    return figures


def largest_drop(axis: Axis, figures: Figures) -> tuple[float, str]:
    """By which share the rate falls where it falls most, and between which points."""
    rates = figures["gigaflops" if axis.by_arithmetic else "rates"]
    drops = [1 - after / before for before, after in itertools.pairwise(rates)]
    worst = max(range(len(drops)), key=drops.__getitem__)
    return max(0.0, drops[worst]), f"{figures['points'][worst]} to {figures['points'][worst + 1]}"


def render(name: str, figures: Figures) -> str:
    rows, cliffs = [], []
    for name, axis in AXES.items():
        drop, where = largest_drop(axis, figures[name])
        what = "arithmetic" if axis.by_arithmetic else "samples/s"
        rows.append([axis.label, axis.network, what, f"{100 * drop:.0f} %", where if drop > 0 else ""])
        if drop > CLIFF:
            cliffs.append(f"{axis.label} from {where}")
    header = ["", "network", "rate of", "largest fall from a point to the next", "between"]
    limit = f"{100 * CLIFF:.0f} %"
    verdict = (
        f"Falls by more than {limit}: {'; '.join(cliffs)}." if cliffs else f"No cliff: no fall by more than {limit}."
    )
    image = "![samples/s over width, batch size, nodes and depth](growth.png)"
    return f"### Growth\n\n{image}\n\n{table(header, rows)}\n\n{verdict}"


def draw(figures: Figures, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    plots: Any
    figure, plots = pyplot.subplots(2, 2, figsize=(10, 7), layout="constrained")
    for plot, (name, axis) in zip(plots.flat, AXES.items(), strict=True):
        values = figures[name]
        plot.plot(values["points"], values["rates"], "o-", markersize=3, label="samples/s")
        plot.set(xscale="log", xlabel=axis.label, ylabel="samples/s", title=axis.network)
        ticks = [point for point in values["points"] if point & (point - 1) == 0]
        plot.set_xticks(ticks, [str(tick) for tick in ticks], fontsize="x-small")
        plot.minorticks_off()
        if axis.by_arithmetic:
            plot.set_yscale("log")
            other = plot.twinx()
            other.plot(values["points"], values["gigaflops"], "--", color="tab:orange")
            other.set_ylabel("GFLOP/s", color="tab:orange")
            other.set_ylim(bottom=0)
        else:
            plot.set_ylim(bottom=0)
        plot.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
