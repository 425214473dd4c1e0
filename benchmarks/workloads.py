"""What is trained and predicted, and data of the right shape."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
PREDICTED_ROWS = 60_000


@dataclass(frozen=True)
class Workload:
    """A network, trained with Adam; random rows in a new order each epoch."""

    name: str
    title: str
    kind: str
    """Which network: "dense", "cnn", "lstm", "gru" or "transformer"; the frameworks know how to build it."""
    shape: tuple[int, ...]
    """Of one row of the input."""
    outputs: int
    """Classes; 1 is a yes or no, or a number where the network is recurrent."""
    batch: int
    rows: int
    """In an epoch."""
    hidden: tuple[int, ...] = ()
    """The units between input and output of a dense network."""

    @property
    def loss(self) -> str:
        if self.kind in ("lstm", "gru"):
            return "mean_squared_error"
        return "binary_crossentropy" if self.outputs == 1 else "sparse_categorical_crossentropy"

    @property
    def widths(self) -> tuple[int, ...]:
        """Of a dense network, from input to output."""
        return (*self.shape, *self.hidden, self.outputs)

    def arguments(self) -> list[str]:
        """The widths, as the C programs take them."""
        return [str(width) for width in self.widths]

    def data(self, rows: int) -> tuple[Floats, NDArray[Any]]:
        """Random rows, and classes or numbers that can be learnt from them."""
        random = np.random.default_rng(1)
        x = random.random((rows, *self.shape), np.float32)
        if self.kind in ("lstm", "gru"):
            return x, x.mean(axis=(1, 2))[:, np.newaxis]
        flat = x.reshape(rows, -1)
        scores = flat @ random.standard_normal((flat.shape[1], max(2, self.outputs)), np.float32)
        return x, scores.argmax(axis=1)


def dense(name: str, widths: tuple[int, ...], batch: int, rows: int) -> Workload:
    title = f"{'-'.join(str(width) for width in widths)}, batch {batch}"
    return Workload(name, title, "dense", widths[:1], widths[-1], batch, rows, widths[1:-1])


WORKLOADS = {
    workload.name: workload
    for workload in (
        dense("mlp-128", (784, 256, 128, 10), 128, 60_000),
        dense("mlp-32", (784, 256, 128, 10), 32, 20_000),
        dense("tabular", (30, 64, 32, 1), 32, 20_000),
        Workload("cnn", "28x28: conv 32, pool, conv 64, pool, dense 10; batch 64", "cnn", (28, 28, 1), 10, 64, 2048),
        Workload("lstm", "LSTM(64) over 50x32, dense 1; batch 64", "lstm", (50, 32), 1, 64, 2048),
        Workload("gru", "GRU(64) over 50x32, dense 1; batch 64", "gru", (50, 32), 1, 64, 2048),
        Workload(
            "transformer",
            "Transformer block: d 64, 4 heads, sequence 64, feed-forward 256, mean, dense 10; batch 32",
            "transformer",
            (64, 64),
            10,
            32,
            1024,
        ),
    )
}
