"""Sequences of different lengths, and windows over time series."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import bad_argument
from .py_dataset import PyDataset


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """One array from sequences of different lengths.

    Args:
        sequences: Lists of numbers, or of arrays of one shape.
        maxlen: Steps in the result; by default the longest sequence's.
        dtype: Of the result.
        padding: "pre" or "post": where short sequences are filled up.
        truncating: "pre" or "post": where long ones are cut.
        value: What they are filled up with.

    Returns:
        An array of shape (sequences, maxlen, ...).
    """
    if not hasattr(sequences, "__len__"):
        raise bad_argument("sequences", "a list of sequences", sequences)
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise bad_argument(name, "'pre' or 'post'", where)
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise bad_argument("sequences", "a list of sequences", f"an element {sequence!r}")
    if isinstance(value, str) and dtype is not object and np.dtype(dtype).kind not in "US":
        raise bad_argument("dtype", "object, to pad with text", dtype)
    length = max((len(sequence) for sequence in sequences), default=0) if maxlen is None else maxlen
    first = next((sequence for sequence in sequences if len(sequence)), ())
    tail = np.asarray(first).shape[1:]
    result = np.full((len(sequences), length, *tail), value, dtype)
    for row, sequence in enumerate(sequences):
        if not len(sequence) or length == 0:
            continue
        cut = np.asarray(sequence[-length:] if truncating == "pre" else sequence[:length], dtype)
        if cut.shape[1:] != tail:
            raise bad_argument("sequences", f"elements of shape {tail}", f"shape {cut.shape[1:]} in sequence {row}")
        if padding == "post":
            result[row, : len(cut)] = cut
        else:
            result[row, -len(cut) :] = cut
    return result


class Windows(PyDataset):
    """Batches of windows over a time series."""

    def __init__(
        self,
        data: NDArray[Any],
        targets: NDArray[Any] | None,
        starts: NDArray[np.int64],
        offsets: NDArray[np.int64],
        batch_size: int,
    ) -> None:
        super().__init__()
        self._data = data
        self._targets = targets
        self._starts = starts
        self._offsets = offsets
        self._batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self._starts) / self._batch_size)

    def __getitem__(self, index: int) -> Any:
        starts = self._starts[index * self._batch_size : (index + 1) * self._batch_size]
        windows = self._data[starts[:, np.newaxis] + self._offsets]
        return windows if self._targets is None else (windows, self._targets[starts])


def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Windows:
    """Batches of windows over a time series, as a data set for fit.

    Args:
        data: The series, (steps, ...).
        targets: One per step: that of a window is the target at its beginning; None for none.
        sequence_length: Steps in a window.
        sequence_stride: Steps from one window's beginning to the next.
        sampling_rate: Steps from one element of a window to the next.
        batch_size: Windows in a batch.
        shuffle: Whether windows are in a random order.
        seed: For the order.
        start_index, end_index: Only the steps from the first to before the second are used.
    """
    series = np.asarray(data)
    for name, number in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < number < len(series):
            raise bad_argument(name, f"1 ... {len(series) - 1}", number)
    for name, number in (("sequence_length", sequence_length), ("batch_size", batch_size)):
        if number < 1:
            raise bad_argument(name, "at least 1", number)
    first, last = start_index or 0, len(series) if end_index is None else end_index
    if not 0 <= first < len(series):
        raise bad_argument("start_index", f"0 ... {len(series) - 1}", first)
    if end_index is not None and not first < end_index < len(series):
        raise bad_argument("end_index", f"{first + 1} ... {len(series) - 1}", end_index)
    count = last - first - (sequence_length - 1) * sampling_rate
    used = series[first:last]
    answers = None if targets is None else np.asarray(targets)
    if answers is not None:
        count = min(count, len(answers))
        answers = answers[first:last] if start_index or end_index else answers
    starts = np.arange(0, max(count, 0), sequence_stride, dtype=np.int64)
    if shuffle:
        np.random.RandomState(np.random.randint(10**6) if seed is None else seed).shuffle(starts)
    offsets = np.arange(sequence_length, dtype=np.int64) * sampling_rate
    return Windows(used, answers, starts, offsets, batch_size)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Two parts of the rows of an array, of a tuple of arrays, or of a data set that can be iterated over.

    Args:
        dataset: The rows.
        left_size, right_size: A fraction in 0 ... 1, or a number of rows; by default what the other leaves.
        shuffle: Whether rows are taken in a random order.
        seed: For the order.
        preferred_backend: Accepted; parts are NumPy arrays.

    Returns:
        Left and right, each of the form of `dataset`: an array or a tuple of arrays.
    """
    if left_size is None and right_size is None:
        raise bad_argument("left_size", "left_size or right_size", None)
    arrays, is_tuple = _columns(dataset)
    rows = len(arrays[0])
    if any(len(array) != rows for array in arrays):
        raise bad_argument("dataset", "arrays of one length", ", ".join(str(len(array)) for array in arrays))
    left, right = _rows("left_size", left_size, rows), _rows("right_size", right_size, rows)
    left = rows - right if left is None and right is not None else left
    right = rows - left if right is None and left is not None else right
    if left is None or right is None or left + right > rows or not left or not right:
        raise bad_argument("left_size", f"parts of {rows} rows that are not empty", f"{left} and {right}")
    order = np.arange(rows)
    if shuffle:
        np.random.RandomState(np.random.randint(10**6) if seed is None else seed).shuffle(order)
    parts = []
    for chosen in (order[:left], order[rows - right :] if left + right == rows else order[left : left + right]):
        cut = tuple(array[chosen] for array in arrays)
        parts.append(cut if is_tuple else cut[0])
    return parts[0], parts[1]


def _columns(dataset: Any) -> tuple[list[NDArray[Any]], bool]:
    if isinstance(dataset, np.ndarray) or hasattr(dataset, "__array__"):
        return [np.asarray(dataset)], False
    are_columns = isinstance(dataset, list | tuple) and not any(isinstance(item, tuple) for item in dataset)
    if are_columns and dataset and all(hasattr(item, "__len__") for item in dataset):
        return [np.asarray(item) for item in dataset], True
    if isinstance(dataset, Iterable) and not isinstance(dataset, str | bytes | dict):
        samples = list(dataset)
        if samples and isinstance(samples[0], tuple | list):
            return [np.stack(column) for column in zip(*samples, strict=True)], True
        return [np.stack(samples)], False
    raise bad_argument("dataset", "an array, a tuple of arrays, or a data set", f"a {type(dataset).__name__}")


def _rows(name: str, size: float | None, rows: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, int | float):
        raise bad_argument(name, "a fraction or a number of rows", size)
    if isinstance(size, float):
        if not 0 <= size <= 1:
            raise bad_argument(name, "a fraction in 0 ... 1", size)
        return round(size * rows)
    if not 0 < size < rows:
        raise bad_argument(name, f"1 ... {rows - 1}", size)
    return size
