"""Writes the event files that TensorBoard reads.

A file is a sequence of TFRecords, each an `Event` message in protocol buffers' wire format
(https://protobuf.dev/programming-guides/encoding). The few messages needed are put together here by field number, as
tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto give them.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_DT_FLOAT, _DT_DOUBLE, _DT_STRING = 1, 2, 7
_DATA_CLASS_SCALAR, _DATA_CLASS_TENSOR = 1, 2
_HISTOGRAM_BUCKETS = 30


@lru_cache(maxsize=1)
def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """The Castagnoli CRC of RFC 3720."""
    table = _crc_table()
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """The CRC as TFRecords hold it: turned by 15 bits and shifted, so that the CRC of a record with CRCs is sound."""
    value = crc32c(data)
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """A TFRecord: length, its CRC, the data, their CRC."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _tensor(dtype: int, shape: tuple[int, ...], content: bytes) -> bytes:
    extents = b"".join(_bytes(2, _number(1, extent)) for extent in shape)
    return _number(1, dtype) + _bytes(2, extents) + content


def _metadata(plugin: str, content: bytes = b"", data_class: int = 0) -> bytes:
    data = _bytes(1, plugin.encode()) + (_bytes(2, content) if content else b"")
    return _bytes(1, data) + (_number(4, data_class) if data_class else b"")


def scalar(tag: str, value: float) -> bytes:
    """A `Summary.Value` with one number."""
    tensor = _tensor(_DT_FLOAT, (), _bytes(5, struct.pack("<f", np.float32(value))))
    return _value(tag, _metadata("scalars", data_class=_DATA_CLASS_SCALAR), tensor)


def text_of_model(tag: str, json_text: str) -> bytes:
    """A `Summary.Value` with a model's config, for TensorBoard's graph page."""
    return _value(tag, _metadata("graph_keras_model", b"1"), _tensor(_DT_STRING, (), _bytes(8, json_text.encode())))


def histogram(tag: str, values: NDArray[np.float32]) -> bytes:
    """A `Summary.Value` with rows of left edge, right edge and count."""
    rows = histogram_rows(values)
    tensor = _tensor(_DT_DOUBLE, rows.shape, _bytes(4, rows.astype("<f8").tobytes()))
    return _value(tag, _metadata("histograms", data_class=_DATA_CLASS_TENSOR), tensor)


def histogram_rows(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """30 equal buckets; a single value that all have is in the last one."""
    flat = np.asarray(values, np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    if flat.size == 0:
        return np.zeros((_HISTOGRAM_BUCKETS, 3))
    low, high = float(flat.min()), float(flat.max())
    if low == high:
        edges = np.full(_HISTOGRAM_BUCKETS + 1, low)
        counts = np.zeros(_HISTOGRAM_BUCKETS)
        counts[-1] = flat.size
    else:
        found, edges = np.histogram(flat, _HISTOGRAM_BUCKETS, (low, high))
        counts = found.astype(np.float64)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def _value(tag: str, metadata: bytes, tensor: bytes) -> bytes:
    return _bytes(1, tag.encode()) + _bytes(9, metadata) + _bytes(8, tensor)


class EventFileWriter:
    """One event file in a folder, created at the first event.

    Names are as TensorFlow's, with a number for the files of one second and process.
    """

    _count = 0

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        number = EventFileWriter._count
        EventFileWriter._count += 1
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{number}.v2"
        self.path = os.path.join(folder, name)  # noqa: PTH118
        self._file = open(self.path, "ab")  # noqa: PTH123, SIM115
        self._file.write(record(_double(1, time.time()) + _bytes(3, b"brain.Event:2")))
        self._file.flush()

    def add(self, values: list[bytes], step: int) -> None:
        """Writes `Summary.Value`s of a step, each as an event of its own."""
        for value in values:
            event = _double(1, time.time()) + _number(2, step) + _bytes(5, _bytes(1, value))
            self._file.write(record(event))
        self._file.flush()

    def close(self) -> None:
        """Closes the file. Closing twice is no error."""
        self._file.close()
