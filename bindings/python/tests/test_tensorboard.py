"""Event files, read back by an independent reader, and by TensorBoard's own where it is installed."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import keras
from leptonai.keras.callbacks import event_files

Points = tuple[np.ndarray, np.ndarray]


def test_checksums_are_those_of_rfc_3720() -> None:
    assert event_files.crc32c(b"") == 0
    assert event_files.crc32c(b"123456789") == 0xE3069283
    assert event_files.crc32c(bytes(32)) == 0x8A9136AA
    assert event_files.crc32c(bytes([0xFF] * 32)) == 0x62A8AB43
    assert event_files.crc32c(bytes(range(32))) == 0x46DD794E


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protocol buffer, as they come."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 1:
            yield key >> 3, struct.unpack_from("<d", message, position)[0]
            position += 8
        else:
            assert key & 7 == 2
            size = varint()
            yield key >> 3, message[position : position + size]
            position += size


def read(folder: Path) -> list[tuple[str, int, str, Any]]:
    """(tag, step, plugin, value) of all events, with the records' checksums verified bit by bit."""

    def crc(data: bytes) -> int:
        value = 0xFFFFFFFF
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ 0x82F63B78 * (value & 1)
        value ^= 0xFFFFFFFF
        return ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32

    found = []
    (path,) = folder.glob("events.out.tfevents.*")
    data = path.read_bytes()
    position = 0
    first = True
    while position < len(data):
        (size, size_crc) = struct.unpack_from("<QI", data, position)
        assert size_crc == crc(data[position : position + 8])
        body = data[position + 12 : position + 12 + size]
        assert struct.unpack_from("<I", data, position + 12 + size) == (crc(body),)
        position += 16 + size
        event = dict(fields(body))
        assert event[1] > 1e9
        if first:
            assert event[3] == b"brain.Event:2"
            first = False
            continue
        value = dict(fields(dict(fields(event[5]))[1]))
        plugin = dict(fields(dict(fields(value[9]))[1]))[1].decode()
        tensor = dict(fields(value[8]))
        content: Any = None
        if tensor[1] == 1:
            (content,) = struct.unpack("<f", tensor[5])
        elif tensor[1] == 2:
            content = np.frombuffer(tensor[4]).reshape(-1, 3)
        else:
            content = tensor[8].decode()
        found.append((value[1].decode(), event.get(2, 0), plugin, content))
    return found


def test_event_files_hold_what_keras_writes(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1, update_freq=2, write_steps_per_second=True)
    history = linear.fit(*points, epochs=2, batch_size=16, verbose=0, callbacks=[board], validation_data=points)
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    assert train[0][:3] == ("keras", 0, "graph_keras_model")
    assert train[0][3] == linear.to_json()
    scalars = {(tag, step): value for tag, step, plugin, value in train + validation if plugin == "scalars"}
    for name, series in history.history.items():
        tag = f"epoch_{name}"
        for epoch, value in enumerate(series):
            where = (tag.replace("val_", ""), epoch)
            stored = [v for t, s, _, v in (validation if "val_" in tag else train) if (t, s) == where]
            assert stored == [np.float32(value)]
    assert scalars["epoch_learning_rate", 1] == np.float32(0.01)
    assert [step for tag, step, *_ in train if tag == "batch_loss"] == [2, 4, 6, 8]
    assert [step for tag, step, *_ in train if tag == "batch_steps_per_second"] == [2, 4, 6, 8]
    assert ("epoch_steps_per_second", 1) in scalars
    assert scalars["evaluation_loss_vs_iterations", 8] == np.float32(history.history["val_loss"][1])
    rows = next(value for tag, step, plugin, value in train if (tag, step) == ("dense/kernel/histogram", 1))
    assert rows.shape == (30, 3)
    assert rows[:, 2].sum() == 1


def test_histograms_count_every_number() -> None:
    values = np.arange(100, dtype=np.float32)
    rows = event_files.histogram_rows(values)
    assert rows.shape == (30, 3)
    assert rows[:, 2].sum() == 100
    assert (rows[0, 0], rows[-1, 1]) == (0, 99)
    assert event_files.histogram_rows(np.zeros(3, np.float32))[-1].tolist() == [0, 0, 3]


def test_evaluate_writes_too(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False)
    linear.evaluate(*points, verbose=0, callbacks=[board])
    assert [entry[:3] for entry in read(tmp_path / "validation")] == [("evaluation_loss_vs_iterations", 0, "scalars")]
    assert not (tmp_path / "train").exists()


def test_tensorboard_reads_them(linear: keras.Sequential, points: Points, tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    tensors = pytest.importorskip("tensorboard.util.tensor_util")
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    history = linear.fit(*points, epochs=3, verbose=0, callbacks=[board])
    accumulator = accumulators.EventAccumulator(str(tmp_path / "train"))
    accumulator.Reload()
    events = accumulator.Tensors("epoch_loss")
    assert [event.step for event in events] == [0, 1, 2]
    read_back = [float(tensors.make_ndarray(event.tensor_proto)) for event in events]
    np.testing.assert_array_equal(read_back, np.float32(history.history["loss"]))
    assert accumulator.SummaryMetadata("dense/bias/histogram").plugin_data.plugin_name == "histograms"
