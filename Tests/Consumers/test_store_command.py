"""The command `lepton store`, as a shell runs it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, run

LEPTON = ROOT / "build" / "bin" / "lepton"
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
PROGRAM = """
import sys
from leptonai import Encryption, Store
encryption = Encryption(key_file=sys.argv[2]) if len(sys.argv) > 2 else None
store = Store(sys.argv[1], encryption=encryption)
store.set_reference("churn/model", store.put(bytes(3 << 20)))
store.put(b"without a name")
"""


def make_store(folder: Path, *key: Path) -> Path:
    run(PYTHON, "-c", PROGRAM, folder / "store", *key, folder=folder)
    return folder / "store"


def fails(*arguments: str | Path) -> str:
    completed = subprocess.run([LEPTON, "store", *arguments], capture_output=True, text=True, check=False)
    assert completed.returncode not in (0, -4, -11), completed
    return completed.stdout + completed.stderr


def test_a_store_is_listed_counted_and_collected(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    rows = [line.split() for line in run(LEPTON, "store", "ls", store).splitlines()]
    assert rows[0] == ["name", "size", "digest"]
    assert rows[1][:3] == ["churn/model", "3.0", "MiB"]
    assert rows[2][:2] == ["14", "B"]
    listing = json.loads(run(LEPTON, "store", "ls", "--json", store))
    assert [reference["name"] for reference in listing["references"]] == ["churn/model"]
    statistics = json.loads(run(LEPTON, "store", "stat", "--json", store))
    # The three chunks are alike.
    assert (statistics["blobs"], statistics["chunks"], statistics["encrypted"]) == (2, 1, False)
    assert "encrypted" in run(LEPTON, "store", "stat", store)
    assert "0 damaged" in run(LEPTON, "store", "verify", store)
    assert "removed 0 blobs" in run(LEPTON, "store", "gc", store)
    assert "would remove 1 blobs" in run(LEPTON, "store", "gc", "--older-than", "0", "--dry-run", store)
    assert "removed 1 blobs" in run(LEPTON, "store", "gc", "--older-than", "0", store)
    assert json.loads(run(LEPTON, "store", "stat", "--json", store))["blobs"] == 1


def test_damage_is_reported_with_a_status(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    (chunk,) = [path for path in (store / "chunks").rglob("*") if path.is_file()]
    os.truncate(chunk, 1000)
    output = fails("verify", store)
    assert "damaged blob" in output
    assert str(chunk) in output
    assert "3 blobs and references, 1 damaged" in output


def test_an_encrypted_store_needs_its_key_and_takes_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_text("00" * 32)
    monkeypatch.setenv("LEPTON_TEST_NEW_KEY", "11" * 32)
    store = make_store(tmp_path, key)
    assert "encryption: expected the key" in fails("ls", store)
    assert "churn/model" in run(LEPTON, "store", "ls", store, "--key-file", key)
    assert "--new-key-file" in fails("rotate", store, "--key-file", key)
    new = ("--new-key-environment", "LEPTON_TEST_NEW_KEY", "--new-key-id", "2027")
    assert "'2027'" in run(LEPTON, "store", "rotate", store, "--key-file", key, *new)
    assert "'2027'" in fails("ls", store, "--key-file", key)
    assert "0 damaged" in run(LEPTON, "store", "verify", store, "--key-environment", "LEPTON_TEST_NEW_KEY")
    assert "not both" in fails("ls", store, "--key-file", key, "--key-environment", "LEPTON_TEST_NEW_KEY")


def test_what_is_no_store_is_refused_and_untouched(tmp_path: Path) -> None:
    for command in ("ls", "stat", "verify", "gc"):
        assert "which is none" in fails(command, tmp_path)
        assert "which is none" in fails(command, tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
