"""Files of models."""

import os
from pathlib import Path

import numpy as np
import pytest

from leptonai import CorruptDataError, InvalidStateError, NotFoundError, NotSupportedError, keras

Points = tuple[np.ndarray, np.ndarray]


def trained(points: Points) -> keras.Sequential:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(*points, epochs=2, verbose=0)
    return model


def test_a_saved_model_predicts_the_same(tmp_path: Path, points: Points) -> None:
    model = trained(points)
    model.save(tmp_path / "model.safetensors")
    loaded = keras.models.load_model(tmp_path / "model.safetensors")
    assert loaded.name == model.name
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert np.array_equal(loaded.predict(points[0]), model.predict(points[0]))


def test_a_saved_model_trains_on_to_the_same_bits(tmp_path: Path, points: Points) -> None:
    model = trained(points)
    model.save(tmp_path / "model.safetensors")
    loaded = keras.models.load_model(str(tmp_path / "model.safetensors"))
    assert loaded.optimizer.learning_rate == pytest.approx(1e-3)
    histories = [m.fit(*points, epochs=2, shuffle=False, verbose=0).history for m in (model, loaded)]
    assert histories[0] == histories[1]
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_a_loaded_model_says_how_it_is_compiled(tmp_path: Path, points: Points) -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(
        keras.optimizers.SGD(0.25, momentum=0.5), "mse", metrics=["mae", keras.metrics.BinaryAccuracy(threshold=0.75)]
    )
    model.optimizer.learning_rate = 0.125
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert isinstance(loaded.optimizer, keras.optimizers.SGD)
    assert (loaded.optimizer.learning_rate, loaded.optimizer.momentum) == (0.125, 0.5)
    assert isinstance(loaded.loss, keras.losses.MeanSquaredError)
    assert loaded.metrics_names == model.metrics_names == ["loss", "mae", "binary_accuracy"]
    assert loaded.metrics[1].threshold == 0.75
    assert loaded.get_compile_config() == model.get_compile_config()
    again = keras.models.clone_model(loaded)
    assert again.get_compile_config() is None
    again.compile_from_config(loaded.get_compile_config())
    assert again.get_compile_config() == model.get_compile_config()
    loaded.add(keras.layers.Dense(1))
    assert loaded.get_compile_config() == model.get_compile_config()


def test_a_model_loaded_without_compile_must_be_compiled(tmp_path: Path, points: Points) -> None:
    model = trained(points)
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors", compile=False)
    assert (loaded.compiled, loaded.optimizer, loaded.get_compile_config()) == (False, None, None)
    with pytest.raises(InvalidStateError):
        loaded.fit(*points)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        keras.models.load_model(tmp_path / "none.safetensors")
    assert isinstance(raised.value, NotFoundError)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 20, -1], ids=str)
def test_truncated_files_are_refused(tmp_path: Path, points: Points, keep: int) -> None:
    path = tmp_path / "m.safetensors"
    trained(points).save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CorruptDataError):
        keras.models.load_model(path)


def test_hostile_headers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    for header in (b"\xff" * 64, (2**62).to_bytes(8, "little") + b"{}", (10**9).to_bytes(8, "little") + b"["):
        path.write_bytes(header)
        with pytest.raises(CorruptDataError):
            keras.models.load_model(path)


@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".weights.h5", ".H5"])
def test_kerass_old_files_are_named_as_not_supported(tmp_path: Path, points: Points, ending: str) -> None:
    with pytest.raises(NotSupportedError, match="safetensors"):
        trained(points).save(tmp_path / f"model{ending}")
    with pytest.raises(NotSupportedError, match="safetensors"):
        keras.models.load_model(tmp_path / f"model{ending}")


def test_overwrite_false_keeps_a_file(tmp_path: Path, points: Points) -> None:
    path = tmp_path / "m.safetensors"
    path.write_text("mine")
    with pytest.raises(ValueError, match="overwrite"):
        trained(points).save(path, overwrite=False)
    assert path.read_text() == "mine"


def test_a_model_that_is_not_built_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(InvalidStateError):
        keras.Sequential([keras.layers.Dense(1)]).save(tmp_path / "m.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path, points: Points) -> None:
    with pytest.raises(OSError):
        trained(points).save(tmp_path / "no" / "m.safetensors")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path, points: Points) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        trained(points).save(tmp_path / "m.safetensors")
