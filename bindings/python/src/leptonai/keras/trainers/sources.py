"""Data that comes batch by batch: generators, data sets, loaders; and arrays where they must be cut into batches here.

A `Source` gives passes over its data. What it gives are batches as the user wrote them: `x`, `(x,)`, `(x, y)` or
`(x, y, sample_weight)`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import bad_argument
from ..utils.py_dataset import PyDataset

END = object()


class Source(ABC):
    """The base class.

    Attributes:
        batches: In a pass; None when that is not known.
    """

    batches: int | None = None

    @abstractmethod
    def begin_pass(self) -> Iterator[Any]:
        """The batches of a pass. A source that cannot begin anew gives none."""

    def epoch_begin(self) -> None:  # noqa: B027  not all want it
        """Called before an epoch."""

    def epoch_end(self) -> None:  # noqa: B027
        """Called after an epoch."""


class IteratorSource(Source):
    """A generator or another iterator: one pass, which epochs share."""

    def __init__(self, iterator: Iterator[Any]) -> None:
        self._iterator = iterator

    def begin_pass(self) -> Iterator[Any]:
        return self._iterator


class IterableSource(Source):
    """A PyTorch DataLoader, a tf.data.Dataset that gives arrays, and all else that can be iterated over again."""

    def __init__(self, iterable: Iterable[Any]) -> None:
        self._iterable = iterable
        self.batches = _length(iterable)

    def begin_pass(self) -> Iterator[Any]:
        as_numpy = getattr(self._iterable, "as_numpy_iterator", None)
        return iter(self._iterable) if as_numpy is None else iter(as_numpy())


class PyDatasetSource(Source):
    """A `keras.utils.PyDataset`, ours or Keras's.

    Args:
        shuffle: Whether the batches are in a new order in each pass.
    """

    def __init__(self, dataset: Any, shuffle: bool) -> None:
        self._dataset = dataset
        self._shuffle = shuffle
        self.batches = _batches(dataset)

    def begin_pass(self) -> Iterator[Any]:
        count = self.batches
        order: Iterable[int] = range(count) if count is not None else _naturals()
        if self._shuffle and count is not None:
            order = np.random.permutation(count).tolist()
        return (self._dataset[index] for index in order)

    def epoch_begin(self) -> None:
        if hasattr(self._dataset, "on_epoch_begin"):
            self._dataset.on_epoch_begin()

    def epoch_end(self) -> None:
        if hasattr(self._dataset, "on_epoch_end"):
            self._dataset.on_epoch_end()


class ArraySource(Source):
    """Arrays, cut into batches.

    Args:
        parts: Inputs, targets and sample weights: a tuple of arrays each.
        shuffle: Whether the rows are in a new order in each pass.
    """

    def __init__(self, parts: tuple[tuple[Any, ...], ...], batch_size: int, shuffle: bool) -> None:
        self._parts = parts
        self._rows = parts[0][0].shape[0] if parts[0][0].ndim else 0
        self._batch_size = batch_size
        self._shuffle = shuffle
        self.batches = -(-self._rows // batch_size)

    def begin_pass(self) -> Iterator[Any]:
        order = np.random.permutation(self._rows) if self._shuffle else None
        for start in range(0, self._rows, self._batch_size):
            if order is None:
                rows: Any = slice(start, start + self._batch_size)
            else:
                rows = order[start : start + self._batch_size]
            yield Batch(tuple(tuple(array[rows] for array in arrays) for arrays in self._parts))


class Batch:
    """A batch whose inputs, targets and sample weights are tuples of arrays already."""

    def __init__(self, parts: tuple[tuple[Any, ...], ...]) -> None:
        self.parts = parts


def _naturals() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def _length(data: Any) -> int | None:
    try:
        length = len(data)
    except (TypeError, NotImplementedError):
        return None
    return length if length >= 0 else None


def _batches(dataset: Any) -> int | None:
    if hasattr(dataset, "num_batches"):
        count: int | None = dataset.num_batches
        return count
    return _length(dataset)


def _is_dataset(data: Any) -> bool:
    """Whether batches are taken by number: ours, Keras's, and classes that look like them."""
    if isinstance(data, PyDataset):
        return True
    names = {base.__name__ for base in type(data).__mro__}
    return bool(names & {"PyDataset", "Sequence"}) and hasattr(data, "__getitem__")


def is_source(data: Any) -> bool:
    """Whether `data` gives batches and is no array, table, nest of lists or dict of arrays."""
    if isinstance(data, Source) or _is_dataset(data):
        return True
    if data is None or isinstance(data, np.ndarray | list | tuple | Mapping | str | bytes | int | float):
        return False
    if hasattr(data, "__array__") or hasattr(data, "__dataframe__"):
        return False
    return hasattr(data, "__iter__")


class Limits:
    """Sizes that decide how data is read."""

    converted = 256 << 20
    """Bytes. Arrays of another type than float32 are converted whole up to this size, and batch by batch beyond."""


def is_streamed(x: Any, *counts: Any) -> bool:
    """Whether x, or one of the numbers of steps given, asks for batches to be cut or taken here."""
    return is_source(x) or any(count is not None for count in counts) or _is_large(x)


def _is_large(x: Any) -> bool:
    """Whether float32 copies of arrays would take much memory: those of memory-mapped files, say."""
    parts = x if isinstance(x, list | tuple) else x.values() if isinstance(x, Mapping) else (x,)
    return any(
        isinstance(part, np.ndarray) and part.dtype != np.float32 and 4 * part.size > Limits.converted for part in parts
    )


def source_of(data: Any, shuffle: bool) -> Source:
    """The source that `data` is."""
    if isinstance(data, Source):
        return data
    if _is_dataset(data):
        return PyDatasetSource(data, shuffle)
    if isinstance(data, Iterator):
        return IteratorSource(data)
    return IterableSource(data)


def unpacked(argument: str, batch: Any) -> tuple[Any, Any, Any]:
    """x, y and sample weights of a batch; None where it has none."""
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise bad_argument(
            argument, "batches of the form x, (x,), (x, y) or (x, y, sample_weight)", f"a tuple of {len(batch)}"
        )
    x, y, weight = (*batch, None, None)[:3]
    return x, y, weight
