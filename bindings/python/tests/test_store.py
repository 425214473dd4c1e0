"""The store from Python: content, references, keys, upkeep, and several processes on one folder."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import leptonai
from leptonai import Encryption, LeptonClient, Store, keras

KEY = bytes(range(32))
MIB = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as store:
        yield store


def test_content_comes_back(store: Store) -> None:
    digest = store.put(b"abc")
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert store.get(digest) == b"abc"
    view = store.map(digest)
    assert view.readonly
    array = np.arange(3 * MIB // 4, dtype=np.float32)
    large = store.put(array)
    np.testing.assert_array_equal(np.frombuffer(store.map(large), np.float32), array)
    store.remove(large)
    with pytest.raises(leptonai.NotFoundError):
        store.get(large)
    assert store.get(store.put(b"")) == b""
    store.close()
    # A view outlives its blob and its store.
    assert bytes(view) == b"abc"
    with pytest.raises(leptonai.InvalidStateError, match="closed"):
        store.put(b"")


def test_content_may_arrive_in_pieces(store: Store) -> None:
    content = os.urandom(2 * MIB + 5)
    digest = store.put(content)
    assert store.put(io.BytesIO(content)) == digest
    assert store.put(content[start : start + 700_000] for start in range(0, len(content), 700_000)) == digest
    assert store.put([content]) == digest

    def failing() -> Iterator[bytes]:
        yield b"a"
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        store.put(failing())
    for bad in ("text", 3, None, [3], ["text"]):
        with pytest.raises(TypeError):
            store.put(bad)
    assert store.statistics().blobs == 1
    assert store.statistics().chunks == 3


def test_references_are_swapped(store: Store) -> None:
    a, b = store.put(b"a"), store.put(b"b")
    store.set_reference("x", a, expecting=None)
    for wrong in (None, b):
        with pytest.raises(leptonai.InvalidStateError, match="expecting"):
            store.set_reference("x", b, expecting=wrong)
    store.set_reference("x", b, expecting=a)
    store.set_reference("y", a)
    assert store.references() == {"x": b, "y": a}
    assert store.reference("x") == b
    assert "x" in store
    assert "z" not in store
    with pytest.raises(leptonai.InvalidStateError, match="'x'"):
        store.remove(b)
    with pytest.raises(leptonai.InvalidStateError):
        store.remove_reference("x", expecting=a)
    store.remove_reference("x", expecting=b)
    with pytest.raises(leptonai.NotFoundError):
        store.reference("x")
    for bad in ("", "..", "a//b", "a\nb"):
        with pytest.raises(ValueError, match="name"):
            store.set_reference(bad, a)
    with pytest.raises(ValueError, match="digest"):
        store.set_reference("x", "abc")
    with pytest.raises(ValueError, match="expecting"):
        store.set_reference("x", a, expecting="")


def test_garbage_is_collected_when_it_is_old(store: Store) -> None:
    kept, lost = store.put(b"kept"), store.put(b"lost")
    store.set_reference("kept", kept)
    assert store.collect_garbage().kept_young_blobs == 1
    assert store.collect_garbage(0, dry_run=True).removed_blobs == 1
    assert {blob.digest for blob in store.blobs()} == {kept, lost}
    assert store.collect_garbage(0).freed_bytes == 4
    assert [blob.digest for blob in store.blobs()] == [kept]
    with pytest.raises(ValueError, match="older_than"):
        store.collect_garbage(-1)


def test_damage_is_detected_and_named(store: Store, tmp_path: Path) -> None:
    digest, other = store.put(b"content"), store.put(b"other")
    path = tmp_path / "store" / "blobs" / digest[:2] / digest[2:]
    path.chmod(0o600)
    path.write_bytes(b"Content")
    with pytest.raises(leptonai.CorruptDataError, match=digest):
        store.get(digest)
    assert store.get(other) == b"other"
    assert [(damage.kind, damage.name) for damage in store.verify()] == [("blob", digest)]
    assert store.put(b"content") == digest
    assert store.verify() == []


def test_the_quota_is_enforced(tmp_path: Path) -> None:
    store = Store(tmp_path / "small", capacity_bytes=10)
    with pytest.raises(leptonai.ResourceExhaustedError, match="11 bytes"):
        store.put(b"hello world")
    assert store.statistics().capacity_bytes == 10
    for bad in (-1, 2**70):
        with pytest.raises(ValueError, match="capacity_bytes"):
            Store(tmp_path / "bad", capacity_bytes=bad)
    assert not (tmp_path / "bad").exists()


def test_an_encrypted_store_needs_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, key_file = tmp_path / "sealed", tmp_path / "key"
    key_file.write_text(KEY.hex() + "\n")
    monkeypatch.setenv("LEPTON_TEST_KEY", KEY.hex())
    asked = []

    def callback(name: str) -> bytes:
        asked.append(name)
        return KEY[::-1] if name == "second" else KEY

    store = Store(path, encryption=Encryption(key_file=key_file, key_id="first"))
    digest = store.put(b"the secret")
    assert not any(b"secret" in file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert store.statistics().encrypted
    assert store.statistics().key_id == "first"
    for encryption in (Encryption(key_environment="LEPTON_TEST_KEY"), Encryption(callback=callback)):
        assert Store(path, encryption=encryption).get(digest) == b"the secret"
    assert asked == ["first"]
    with pytest.raises(leptonai.PermissionDeniedError, match="'first'"):
        Store(path)
    with pytest.raises(leptonai.PermissionDeniedError, match="'first'"):
        LeptonClient(store=path)

    store.rotate_key(Encryption(callback=callback, key_id="second"))
    assert store.get(digest) == b"the secret"
    with pytest.raises(leptonai.PermissionDeniedError, match="'second'"):
        Store(path, encryption=Encryption(key_file=key_file))
    assert Store(path, encryption=Encryption(callback=callback)).get(digest) == b"the secret"

    with pytest.raises(ZeroDivisionError):
        Store(path, encryption=Encryption(callback=lambda name: bytes(1 // len(name) - 1 // 0)))
    with pytest.raises(ValueError, match="32 bytes"):
        Store(path, encryption=Encryption(callback=lambda name: b"short"))
    with pytest.raises(TypeError):
        Store(path, encryption=Encryption(callback=lambda name: "text"))  # type: ignore[arg-type, return-value]
    wrong: Any = "key"
    with pytest.raises(TypeError, match="Encryption"):
        Store(path, encryption=wrong)
    for bad in (Encryption(), Encryption(key_file=key_file, key_environment="X")):
        with pytest.raises(ValueError, match="one of"):
            Store(tmp_path / "new", encryption=bad)
    plain = Store(tmp_path / "plain")
    with pytest.raises(ValueError, match="not encrypted"):
        Store(tmp_path / "plain", encryption=Encryption(key_file=key_file))
    with pytest.raises(leptonai.InvalidStateError, match="not encrypted"):
        plain.rotate_key(Encryption(key_file=key_file))


def test_a_client_keeps_its_models_in_an_encrypted_store(
    tmp_path: Path, linear: keras.Sequential, points: tuple[np.ndarray, np.ndarray]
) -> None:
    key_file = tmp_path / "key"
    key_file.write_bytes(KEY)
    encryption = Encryption(key_file=key_file)
    with LeptonClient(nodes=2, store=tmp_path / "sealed", encryption=encryption) as client:
        client.fit(linear, *points, epochs=1, verbose=0, store="line")
    store = Store(tmp_path / "sealed", encryption=encryption)
    assert sorted(store.references()) == ["line/dataset", "line/model"]
    with LeptonClient(nodes=2, store=store) as client:
        client.fit(linear, *points, epochs=1, verbose=0, store="line")
    assert store.verify() == []
    with pytest.raises(ValueError, match="encryption"):
        LeptonClient(encryption=encryption)
    with pytest.raises(ValueError, match="encryption"):
        LeptonClient(store=store, encryption=encryption)


# ---- several processes


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


COUNT = """
import sys
from leptonai import InvalidStateError, Store
store = Store(sys.argv[1])
for _ in range(15):
    while True:
        before = store.reference("count")
        after = store.put(str(int(store.get(before)) + 1).encode())
        try:
            store.set_reference("count", after, expecting=before)
            break
        except InvalidStateError:
            store.collect_garbage()
"""


def test_processes_that_swap_a_reference_lose_no_step(store: Store, tmp_path: Path) -> None:
    store.set_reference("count", store.put(b"0"))
    processes = [start(COUNT, tmp_path / "store") for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert store.get(store.reference("count")) == b"45"
    assert store.verify() == []


WRITE = """
import itertools, sys
from leptonai import Encryption, Store
sealed = {"encryption": Encryption(key_environment="LEPTON_TEST_KEY")} if sys.argv[2] == "sealed" else {}
store = Store(sys.argv[1], **sealed)
for number in itertools.count():
    digest = store.put(str(number).encode() * (1 if number % 2 else 400_000))
    store.set_reference(f"{number}", digest)
    print(number, flush=True)
"""


@pytest.mark.parametrize("kind", ["plain", "sealed"])
def test_a_killed_process_loses_nothing_that_it_has_reported(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEPTON_TEST_KEY", KEY.hex())
    encryption = Encryption(key_environment="LEPTON_TEST_KEY") if kind == "sealed" else None
    path = tmp_path / "store"
    Store(path, encryption=encryption)
    for reports in (1, 4, 7):
        process = start(WRITE, path, kind)
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(reports)]
        process.send_signal(signal.SIGKILL)
        seen += process.stdout.readlines()
        process.wait()
        store = Store(path, encryption=encryption)
        for line in seen:
            number = int(line)
            content = str(number).encode() * (1 if number % 2 else 400_000)
            assert store.get(store.reference(str(number))) == content
        assert store.verify() == []
        assert list((path / "staging").iterdir()) == []


SHARE = """
import re, sys
import numpy
from leptonai import Store
store = Store(sys.argv[1])
view = numpy.frombuffer(store.map(store.reference("large")), "uint8")
start = view.__array_interface__["data"][0]
assert view.sum() == int(sys.argv[2])
maps = open("/proc/self/maps").read()
# The memory is the files themselves, chunk by chunk, and not a copy.
files = [line for line in maps.splitlines() if "/chunks/" in line]
assert len(files) == 3 and int(files[0].split("-")[0], 16) == start, maps
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_processes_share_the_memory_of_a_blob(store: Store, tmp_path: Path) -> None:
    content = np.random.default_rng(1).integers(0, 255, 3 * MIB, np.uint8)
    store.set_reference("large", store.put(content))
    processes = [start(SHARE, tmp_path / "store", content.sum()) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
