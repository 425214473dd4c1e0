"""The command `lepton`, as a shell runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, run

LEPTON = ROOT / "build" / "bin" / "lepton"
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
PROGRAM = """
from leptonai import keras
model = keras.Sequential(
    [keras.Input(shape=(3,)), keras.layers.Dense(4, activation="relu", name="hidden"), keras.layers.Dense(1)]
)
model.compile(optimizer="sgd", loss="mean_squared_error")
model.fit([[1.0, 2.0, 3.0]], [[1.0]], epochs=2, verbose=0)
model.save("model.safetensors")
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    run(PYTHON, "-c", PROGRAM, folder=folder)
    return folder / "model.safetensors"


def refused(*arguments: str | Path) -> str:
    completed = subprocess.run([LEPTON, *arguments], capture_output=True, text=True, check=False)
    assert completed.returncode not in (0, -4, -11), completed
    assert completed.stdout == ""
    return completed.stderr


def test_inspect_shows_layers_weights_and_settings(model: Path) -> None:
    output = run(LEPTON, "inspect", model)
    assert "hidden (Dense)" in output
    rows = [line.split() for line in output.splitlines()]
    assert ["hidden/kernel", "(3,", "4)", "float32", "trainable"] in rows
    assert ["hidden/bias", "(4,)", "float32", "trainable"] in rows
    assert ["epochs", "trained", "2"] in rows
    assert "SGD (learning_rate 0.01" in output
    assert "MeanSquaredError" in output


def test_inspect_writes_json(model: Path) -> None:
    document = json.loads(run(LEPTON, "inspect", "--json", model))
    assert document["config"]["class_name"] == "Sequential"
    assert document["compile_config"]["loss"]["class_name"] == "MeanSquaredError"


def test_inspect_refuses_what_is_no_model(tmp_path: Path, model: Path) -> None:
    assert "no.safetensors" in refused("inspect", tmp_path / "no.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(model.read_bytes()[:-1])
    assert "cut.safetensors" in refused("inspect", cut)


def test_resources_shows_the_machine(tmp_path: Path) -> None:
    report = json.loads(run(LEPTON, "resources", "--json", "--store", tmp_path / "store"))
    assert report["cores"]["total"] >= 1
    assert report["memory"]["total"] > 0
    assert report["cores"]["allocated"] == 0
    lines = run(LEPTON, "resources").splitlines()
    assert [line.split()[0] for line in lines] == ["resource", "cores", "memory", "storage"]


def test_mistyped_commands_are_refused() -> None:
    assert "Usage: lepton" in refused("inspekt")
