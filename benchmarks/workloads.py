"""What is trained and predicted: networks by their widths, and data of the right shape."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
ROWS = 60_000


@dataclass(frozen=True)
class Workload:
    """Dense layers, relu between them, trained with Adam.

    The last layer is a softmax over classes, or a sigmoid when it has one unit.
    """

    name: str
    widths: tuple[int, ...]
    batch: int

    @property
    def is_binary(self) -> bool:
        return self.widths[-1] == 1

    @property
    def last_activation(self) -> str:
        return "sigmoid" if self.is_binary else "softmax"

    @property
    def loss(self) -> str:
        return "binary_crossentropy" if self.is_binary else "sparse_categorical_crossentropy"

    def arguments(self) -> list[str]:
        """The widths, as the C programs take them."""
        return [str(width) for width in self.widths]

    def data(self) -> tuple[Floats, NDArray[np.int64]]:
        """Random rows, and class numbers that can be learnt from them."""
        random = np.random.default_rng(1)
        x = random.random((ROWS, self.widths[0]), np.float32)
        classes = 2 if self.is_binary else self.widths[-1]
        scores = x @ random.standard_normal((self.widths[0], classes), np.float32)
        return x, scores.argmax(axis=1)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("mlp-128", (784, 256, 128, 10), 128),
        Workload("mlp-32", (784, 256, 128, 10), 32),
        Workload("tabular-32", (30, 64, 32, 1), 32),
    )
}
