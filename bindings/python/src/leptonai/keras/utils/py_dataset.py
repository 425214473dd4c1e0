"""Data sets whose batches are taken by number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from ...errors import NotSupportedError


class PyDataset(ABC):
    """Base class of data sets written in Python: `__getitem__(index)` gives batch number `index`, whole, as `(x, y)` or
    `(x, y, sample_weight)`, and `__len__` the number of batches.

    Batches are made in one thread beside the training.

    Args:
        workers, use_multiprocessing, max_queue_size: Kept; the client's nodes are what they mean.
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Batch number `index`."""

    def __iter__(self) -> Iterator[Any]:
        index = 0
        while self.num_batches is None or index < self.num_batches:
            yield self[index]
            index += 1

    @property
    def num_batches(self) -> int | None:
        """Number of batches; None for endless ones."""
        if not hasattr(self, "__len__"):
            raise NotSupportedError("a PyDataset needs either __len__ or the property num_batches, which may be None")
        return len(self)

    def on_epoch_begin(self) -> None:  # noqa: B027  not all want it
        """Called before an epoch."""

    def on_epoch_end(self) -> None:  # noqa: B027
        """Called after an epoch."""


Sequence = PyDataset
"""Its old name."""
