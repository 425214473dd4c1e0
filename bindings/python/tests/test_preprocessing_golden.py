"""Layers that Keras computes with TensorFlow alone, compared with what it gave; see golden/make_preprocessing.py."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import keras

CASES = json.loads(Path(__file__).with_name("golden").joinpath("preprocessing.json").read_text(encoding="utf-8"))


def described(case: dict[str, Any]) -> str:
    arguments = {name: value for name, value in case["arguments"].items() if name not in ("vocabulary", "idf_weights")}
    return f"{case['class']}-{'-'.join(f'{name}={value}' for name, value in arguments.items())}"


def data(values: Any) -> np.ndarray:
    array = np.array(values, dtype=object)
    return array if isinstance(array.flat[0], str) else array.astype(np.int64)


def made(case: dict[str, Any]) -> Any:
    arguments = {
        name: tuple(value) if name == "ngrams" and isinstance(value, list) else value
        for name, value in case["arguments"].items()
    }
    layer = getattr(keras.layers, case["class"])(**arguments)
    if case["adapt"] is not None:
        layer.adapt(data(case["adapt"]))
    return layer


def check(case: dict[str, Any], result: np.ndarray) -> None:
    assert list(result.shape) == case["shape"]
    if isinstance(case["outputs"][0], str):
        assert result.ravel().tolist() == case["outputs"]
    else:
        np.testing.assert_allclose(np.asarray(result, np.float64).ravel(), case["outputs"], rtol=2e-7)


@pytest.mark.parametrize("case", CASES, ids=described)
def test_as_keras_on_tensorflow(case: dict[str, Any]) -> None:
    layer = made(case)
    if case["vocabulary"] is not None:
        assert layer.get_vocabulary() == case["vocabulary"]
        assert layer.vocabulary_size() == len(case["vocabulary"])
    check(case, layer(data(case["inputs"])))
    again = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    check(case, again(data(case["inputs"])))


@pytest.mark.parametrize("case", CASES, ids=described)
def test_in_a_model(case: dict[str, Any], tmp_path: Path) -> None:
    arguments = case["arguments"]
    inputs = data(case["inputs"])
    if arguments.get("invert") and case["class"] == "StringLookup":
        pytest.skip("text cannot come out of a model")
    layer = made(case)
    dtype = "string" if inputs.dtype == object else "int64"
    model = keras.Sequential([keras.Input(inputs.shape[1:], dtype=dtype), layer])
    check(case, model.predict(inputs, verbose=0))
    model.save(tmp_path / "model.safetensors")
    loaded = keras.models.load_model(tmp_path / "model.safetensors")
    check(case, loaded.predict(inputs, verbose=0))
