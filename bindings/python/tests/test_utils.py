"""keras.utils, keras.config and leptonai.plot."""

import logging
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import leptonai
from leptonai import InvalidStateError, NotSupportedError, keras, plot

utils = keras.utils


def test_sequences_are_padded() -> None:
    sequences = [[1], [2, 3], [], [4, 5, 6]]
    assert utils.pad_sequences(sequences).tolist() == [[0, 0, 1], [0, 2, 3], [0, 0, 0], [4, 5, 6]]
    assert utils.pad_sequences(sequences, maxlen=2, value=-1, padding="post").tolist()[3] == [5, 6]
    assert utils.pad_sequences(sequences, maxlen=2, truncating="post").tolist()[3] == [4, 5]
    assert utils.pad_sequences([[[1, 2]], [[3, 4], [5, 6]]], dtype="float32").shape == (2, 2, 2)
    for bad in ({"padding": "middle"}, {"truncating": "x"}, {"value": "text"}):
        with pytest.raises(ValueError, match=r"padding|truncating|dtype"):
            utils.pad_sequences(sequences, **bad)
    for data in (3, [1, 2], [[[1, 2]], [[1]]]):
        with pytest.raises(ValueError, match="sequences"):
            utils.pad_sequences(data)


def test_arrays_are_normalised() -> None:
    np.testing.assert_allclose(utils.normalize(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(np.array([[3.0, 4.0]]), axis=0), [[1, 1]])


def test_windows_over_a_series() -> None:
    series = np.arange(20.0)
    windows = utils.timeseries_dataset_from_array(series, series[5:], 5, sequence_stride=3, batch_size=2)
    batches = list(windows)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in batches])[:, 0], np.arange(0, 15, 3))
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), np.arange(5, 20, 3))
    sampled = utils.timeseries_dataset_from_array(series, None, 3, sampling_rate=4, batch_size=64)
    np.testing.assert_array_equal(sampled[0][1], [1, 5, 9])
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(windows, verbose=0)
    for bad in ({"sampling_rate": 0}, {"sequence_stride": 20}, {"start_index": -1}, {"end_index": 30}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            utils.timeseries_dataset_from_array(series, None, 3, **bad)


def test_data_sets_are_split() -> None:
    x, y = np.arange(10), np.arange(10) * 2
    left, right = utils.split_dataset((x, y), left_size=0.7)
    np.testing.assert_array_equal(left[1], y[:7])
    np.testing.assert_array_equal(right[0], x[7:])
    left, right = utils.split_dataset(x, left_size=3, right_size=4)
    np.testing.assert_array_equal(right, x[3:7])
    left, right = utils.split_dataset(x, right_size=0.5, shuffle=True, seed=1)
    assert sorted([*left, *right]) == list(range(10))
    left, _ = utils.split_dataset([(np.ones(2), 1), (np.zeros(2), 0)], left_size=1)
    assert left[0].shape == (1, 2)
    for bad in ({}, {"left_size": 1.5}, {"left_size": 10}, {"left_size": 6, "right_size": 6}, {"left_size": True}):
        with pytest.raises(ValueError, match="size"):
            utils.split_dataset(x, **bad)


def folder_of_images(tmp_path: Path) -> Path:
    image = pytest.importorskip("PIL.Image")
    for name, level in (("cats", 10), ("dogs", 200)):
        (tmp_path / name).mkdir()
        for number in range(5):
            image.new("RGB", (8, 6), (level + number, 0, 255)).save(tmp_path / name / f"{number}.png")
    (tmp_path / "cats" / "note.txt").write_text("no image")
    return tmp_path


def test_images_come_from_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of_images(tmp_path)
    data = utils.image_dataset_from_directory(folder, image_size=(4, 4), batch_size=3, shuffle=False)
    assert capsys.readouterr().out == "Found 10 files belonging to 2 classes.\n"
    assert data.class_names == ["cats", "dogs"]
    assert (len(data), len(data.file_paths)) == (4, 10)
    images, labels = data[1]
    assert (images.shape, images.dtype, labels.tolist()) == ((3, 4, 4, 3), np.float32, [0, 0, 1])
    np.testing.assert_allclose(images[0], np.broadcast_to([13, 0, 255], (4, 4, 3)))
    both = utils.image_dataset_from_directory(
        folder,
        label_mode="categorical",
        color_mode="grayscale",
        validation_split=0.3,
        subset="both",
        seed=1,
        verbose=False,
    )
    assert [len(part.file_paths) for part in both] == [7, 3]
    assert not set(both[0].file_paths) & set(both[1].file_paths)
    assert both[1][0][1].shape == (3, 2)
    assert both[1][0][0].shape == (3, 256, 256, 1)
    plain = utils.image_dataset_from_directory(folder, labels=None, image_size=8, crop_to_aspect_ratio=True)
    assert plain[0].shape == (10, 8, 8, 3)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(data, verbose=0)
    for bad in (
        {"label_mode": "x"},
        {"color_mode": "x"},
        {"subset": "training"},
        {"labels": [1]},
        {"interpolation": "x"},
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            utils.image_dataset_from_directory(folder, verbose=False, **bad)
    with pytest.raises(ValueError, match="seed"):
        utils.image_dataset_from_directory(folder, validation_split=0.5, subset="both", verbose=False)
    with pytest.raises(FileNotFoundError):
        utils.image_dataset_from_directory(folder / "none")


def test_images_keep_their_middle_when_resized() -> None:
    from leptonai.keras.utils.images import resized

    line = np.arange(4, dtype="float32").reshape(1, 4, 1)
    np.testing.assert_allclose(resized(line, (1, 2), "bilinear")[0, :, 0], [0.5, 2.5])
    np.testing.assert_allclose(resized(line, (1, 8), "bilinear")[0, :3, 0], [0, 0.25, 0.75])
    np.testing.assert_allclose(resized(line, (2, 2), "nearest")[1, :, 0], [1, 3])


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIL", "PIL.Image", "matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportError, match="PIL"):
        utils.image_dataset_from_directory(tmp_path)
    with pytest.raises(ImportError, match="matplotlib"):
        plot.history({"loss": [1.0]})
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ImportError, match="Graphviz"):
        utils.plot_model(model, tmp_path / "model.png")


def test_histories_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    numbers = {"loss": [2.0, 1.0], "mae": [1.0, 0.5], "val_loss": [3.0]}
    figure = plot.history(numbers, to_file=tmp_path / "h.png", title="two epochs")
    assert [axes.get_title() for axes in figure.axes] == ["loss", "mae"]
    assert [len(axes.lines) for axes in figure.axes] == [2, 1]
    assert figure.axes[0].lines[0].get_ydata().tolist() == [2.0, 1.0]
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=3, initial_epoch=1, verbose=0)
    assert leptonai.plot.history(history, "loss").axes[0].lines[0].get_xdata().tolist() == [2, 3]
    for bad in ({}, 3, [1.0]):
        with pytest.raises(ValueError, match="history"):
            plot.history(bad)
    with pytest.raises(ValueError, match="metrics"):
        plot.history(numbers, ["accuracy"])


def test_models_are_drawn(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="deep")], name="inner")
    first, second = keras.Input((2,), name="one"), keras.Input((2,), name="two")
    model = keras.Model([first, second], [inner(first), keras.layers.Dense(1, "relu", name="<side>")(second)])
    text = utils.model_to_dot(model, show_shapes=True, rankdir="LR", show_layer_activations=True).to_string()
    assert '"one" -> "inner";' in text
    assert '"two" -> "<side>";' in text
    assert "&lt;side&gt;" in text
    assert "Output shape: <b>(None, 3)</b>" in text
    assert "rankdir=LR" in text
    nested = utils.model_to_dot(model, expand_nested=True, show_trainable=True, show_dtype=True).to_string()
    assert 'subgraph "cluster_inner"' in nested
    assert '"inner/deep"' in nested
    utils.plot_model(model, tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text().startswith("digraph G {")
    chain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Dense(1)])
    assert plot.model(chain, tmp_path / "c.gv").to_string().count("->") == 2
    with pytest.raises(InvalidStateError, match="built"):
        plot.model(keras.Sequential([keras.layers.Dense(1)]))
    with pytest.raises(ValueError, match="rankdir"):
        plot.model(chain, rankdir="XX")


def test_settings_have_one_value() -> None:
    config = keras.config
    assert (config.floatx(), config.epsilon(), config.image_data_format()) == ("float32", 1e-7, "channels_last")
    assert (config.backend(), config.dtype_policy()) == ("lepton", "float32")
    config.set_floatx("float32")
    keras.backend.set_floatx("float32")
    config.set_epsilon(1e-7)
    config.set_image_data_format("channels_last")
    config.set_dtype_policy("float32")
    for call, value in (
        (config.set_floatx, "float16"),
        (config.set_epsilon, 1e-3),
        (config.set_image_data_format, "channels_first"),
        (config.set_dtype_policy, "mixed_float16"),
        (config.set_backend, "jax"),
    ):
        with pytest.raises(NotSupportedError, match="not supported"):
            call(value)
    with pytest.raises(ValueError, match="float16"):
        config.set_floatx("float7")
    assert keras.version() == keras.__version__ == "3.15.1"


def test_messages_go_to_the_log_when_that_is_wanted(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    keras.config.disable_interactive_logging()
    try:
        assert not keras.config.is_interactive_logging_enabled()
        with caplog.at_level(logging.INFO, "leptonai"):
            model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2)
    finally:
        keras.config.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    assert any("loss" in message for message in caplog.messages)


def test_notebooks_get_a_bar_of_their_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, text: str) -> None:
            shown.append(text)

    display = types.ModuleType("IPython.display")
    display.HTML = lambda text: text  # type: ignore[attr-defined]
    display.display = lambda text, display_id: Handle()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((64, 2)), np.ones((64, 1)), verbose=1)
    assert "2/2" in shown[-1]
    assert "loss=" in shown[-1]
    assert "<progress value='2' max='2'" in shown[-1]
    assert "━" not in capsys.readouterr().out


def test_registering_is_the_same_in_both_modules_and_nothing_in_a_file_runs() -> None:
    for name in ("get_custom_objects", "register_keras_serializable", "custom_object_scope"):
        assert getattr(keras.utils, name) is getattr(keras.saving, name)
    with pytest.raises(NotSupportedError, match="nothing in a file"):
        keras.config.enable_unsafe_deserialization  # noqa: B018
    assert isinstance(keras.utils.Sequence, type)


def test_batches_are_packed_and_unpacked() -> None:
    assert utils.unpack_x_y_sample_weight((1, 2)) == (1, 2, None)
    assert utils.unpack_x_y_sample_weight([1, 2, 3]) == (1, 2, 3)
    assert utils.pack_x_y_sample_weight(1) == 1
    assert utils.pack_x_y_sample_weight([1]) == ([1],)
    assert utils.pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    with pytest.raises(ValueError, match="data"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))
