"""Keras's files: what is refused. How they cross over to Keras is in the differential tests."""

import io
import json
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import CorruptDataError, InvalidArgumentError, InvalidStateError, NotSupportedError, keras

h5py = pytest.importorskip("h5py")

Points = tuple[np.ndarray, np.ndarray]


def net(units: int = 3) -> keras.Sequential:
    """Two layers and a compiled optimizer with state."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
    return model


def same(mine: keras.Sequential, theirs: keras.Sequential) -> bool:
    pairs = zip(mine.get_weights(), theirs.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    model = net()
    keras.saving.save_model(model, tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    assert same(model, again)
    assert again.optimizer.iterations == 1
    assert again.metrics_names == ["loss", "mae"]
    assert not keras.models.load_model(str(tmp_path / "a.keras"), compile=False).compiled
    for ending in (".weights.h5", ".safetensors"):
        keras.saving.save_weights(model, tmp_path / f"w{ending}")
        other = net()
        keras.saving.load_weights(other, tmp_path / f"w{ending}")
        assert same(model, other)
    third = net()
    third.load_weights(tmp_path / "a.keras")
    assert same(model, third)
    x, y = np.ones((8, 2)), np.zeros((8, 1))
    assert model.fit(x, y, shuffle=False, verbose=0).history == third.fit(x, y, shuffle=False, verbose=0).history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.keras", "w.safetensors", "w.weights.h5"]
    with pytest.raises(InvalidArgumentError, match="overwrite"):
        model.save(tmp_path / "a.keras", overwrite=False)
    with pytest.raises(InvalidArgumentError, match="overwrite"):
        model.save_weights(tmp_path / "w.weights.h5", overwrite=False)


def test_endings_and_states_are_checked(tmp_path: Path) -> None:
    model = net()
    with pytest.raises(InvalidArgumentError, match=r"\.weights\.h5"):
        model.save_weights(tmp_path / "w.h5")
    with pytest.raises(InvalidArgumentError, match=r"\.weights\.h5"):
        model.load_weights(tmp_path / "w.npz")
    with pytest.raises(NotSupportedError, match="old HDF5 form"):
        model.save(tmp_path / "m.h5")
    with pytest.raises(NotSupportedError, match="zipped"):
        model.save(tmp_path / "m.keras", zipped=False)
    late = keras.Sequential([keras.layers.Dense(1)])
    for call in (late.save, late.save_weights):
        with pytest.raises(InvalidStateError, match="built"):
            call(tmp_path / ("m.keras" if call == late.save else "m.weights.h5"))
    with pytest.raises(FileNotFoundError):
        keras.models.load_model(tmp_path / "none.keras")
    with pytest.raises(FileNotFoundError):
        model.load_weights(tmp_path / "none.weights.h5")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(NotSupportedError, match="folders"):
        keras.models.load_model(tmp_path / "folder.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.keras"]


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    net(4).save_weights(tmp_path / "four.weights.h5")
    model = net()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        model.load_weights(tmp_path / "four.weights.h5")
    for weight, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, value)
    with pytest.warns(UserWarning) as said:
        model.load_weights(tmp_path / "four.weights.h5", skip_mismatch=True)
    assert "layers keep the weights" in str(said[0].message)
    shallow = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    shallow.save_weights(tmp_path / "shallow.weights.h5")
    with pytest.raises(ValueError, match="no such group"):
        model.load_weights(tmp_path / "shallow.weights.h5")
    model.compile("sgd", "mse")
    net().save_weights(tmp_path / "adam.weights.h5")
    with pytest.warns(UserWarning, match="Skipping variable loading for optimizer"):
        model.load_weights(tmp_path / "adam.weights.h5")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(parts: dict[str, bytes], path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def changed_config(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, bytes]], None]:
    def apply(parts: dict[str, bytes]) -> None:
        config = json.loads(parts["config.json"])
        change(config)
        parts["config.json"] = json.dumps(config).encode()

    return apply


def changed_weights(change: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    def apply(parts: dict[str, bytes]) -> None:
        data = io.BytesIO(parts["model.weights.h5"])
        with h5py.File(data, "r+") as file:
            change(file)
        parts["model.weights.h5"] = data.getvalue()

    return apply


def replace(file: Any, path: str, value: Any) -> None:
    del file[path]
    file[path] = value


ATTACKS: dict[str, Callable[[dict[str, bytes]], Any]] = {
    "no config": lambda parts: parts.pop("config.json"),
    "no weights": lambda parts: parts.pop("model.weights.h5"),
    "config is no JSON": lambda parts: parts.update({"config.json": b"{"}),
    "config is a list": lambda parts: parts.update({"config.json": b"[]"}),
    "config is deep": lambda parts: parts.update({"config.json": b"[" * 100_000 + b"]" * 100_000}),
    "path upwards": lambda parts: parts.update({"../evil.txt": b"x"}),
    "absolute path": lambda parts: parts.update({"/tmp/evil.txt": b"x"}),
    "backslashes": lambda parts: parts.update({"a\\..\\..\\b": b"x"}),
    "weights cut short": lambda parts: parts.update({"model.weights.h5": parts["model.weights.h5"][:3000]}),
    "weights are no HDF5": lambda parts: parts.update({"model.weights.h5": b"x" * 4000}),
    "weights are empty": lambda parts: parts.update({"model.weights.h5": b""}),
    "unknown class": changed_config(lambda config: config.update(class_name="Evil")),
    "a class of another module": changed_config(
        lambda config: config["config"]["layers"][1].update(module="os", class_name="system")
    ),
    "layers are missing": changed_config(lambda config: config["config"].pop("layers")),
    "layers are numbers": changed_config(lambda config: config["config"].update(layers=[1, 2])),
    "no config of a layer": changed_config(lambda config: config["config"]["layers"][1].update(config=3)),
    "compile config is a number": changed_config(lambda config: config.update(compile_config=3)),
    "a loss that is no loss": changed_config(lambda config: config["compile_config"].update(loss="system")),
    "soft link": changed_weights(
        lambda file: replace(file, "layers/dense/vars", h5py.SoftLink("/layers/dense_1/vars"))
    ),
    "external link": changed_weights(
        lambda file: replace(file, "layers/dense/vars/0", h5py.ExternalLink("/etc/passwd", "/x"))
    ),
    "text": changed_weights(lambda file: replace(file, "layers/dense/vars/0", "text")),
    "another shape": changed_weights(lambda file: replace(file, "layers/dense/vars/0", np.zeros((3, 2)))),
    "a group for numbers": changed_weights(
        lambda file: (file.__delitem__("layers/dense/vars/0"), file.create_group("layers/dense/vars/0"))
    ),
    "numbers for a group": changed_weights(lambda file: replace(file, "layers/dense", 3.0)),
    "NaN": changed_weights(lambda file: replace(file, "layers/dense/vars/1", np.full(3, np.nan, "float32"))),
    "a missing variable": changed_weights(lambda file: file.__delitem__("layers/dense/vars/0")),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_hostile_archives_are_refused(name: str, tmp_path: Path) -> None:
    net().save(tmp_path / "good.keras")
    parts = members(tmp_path / "good.keras")
    ATTACKS[name](parts)
    path = archived(parts, tmp_path / "bad.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((ValueError, TypeError)) as raised:
            keras.models.load_model(path)
    assert "Traceback" not in str(raised.value)


def test_huge_variables_of_an_optimizer_are_not_read(tmp_path: Path) -> None:
    net().save(tmp_path / "good.keras")
    parts = members(tmp_path / "good.keras")

    def enlarge(file: Any) -> None:
        del file["optimizer/vars/2"]
        file.create_dataset("optimizer/vars/2", shape=(1 << 40,), dtype="float32", chunks=(1 << 20,))

    changed_weights(enlarge)(parts)
    with pytest.warns(UserWarning, match="Skipping"):
        keras.models.load_model(archived(parts, tmp_path / "bad.keras"))


def test_bombs_and_truncated_archives_are_refused(tmp_path: Path) -> None:
    net().save(tmp_path / "good.keras")
    data = (tmp_path / "good.keras").read_bytes()
    for size in (0, 10, len(data) // 2, len(data) - 1):
        (tmp_path / "cut.keras").write_bytes(data[:size])
        with pytest.raises(CorruptDataError):
            keras.models.load_model(tmp_path / "cut.keras")
    parts = members(tmp_path / "good.keras")
    parts["model.weights.h5"] += bytes(64 << 20)
    with pytest.raises(CorruptDataError, match="unpack"):
        keras.models.load_model(archived(parts, tmp_path / "bomb.keras", zipfile.ZIP_DEFLATED))
    flipped = bytearray(data)
    flipped[data.index(b"Sequential") + 3] ^= 1
    (tmp_path / "flipped.keras").write_bytes(flipped)
    with pytest.raises(CorruptDataError):
        keras.models.load_model(tmp_path / "flipped.keras")


def test_archives_with_files_of_layers_are_refused(tmp_path: Path) -> None:
    net().save(tmp_path / "good.keras")
    parts = members(tmp_path / "good.keras")
    parts["assets/layers/string_lookup/vocabulary.txt"] = b"a\nb"
    with pytest.raises(NotSupportedError, match="vocabulary"):
        keras.models.load_model(archived(parts, tmp_path / "other.keras"))


def test_without_h5py_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = net()
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (model.save, model.save_weights):
        with pytest.raises(ImportError, match="h5py"):
            call(tmp_path / ("m.keras" if call == model.save else "m.weights.h5"))
    assert not list(tmp_path.iterdir())
