"""Models that take text and other raw features."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import LeptonClient, keras
from leptonai.errors import LeptonError

GOLDEN = Path(__file__).with_name("golden")
TEXTS = ["good film", "bad film", "very good", "so bad", "a good one", "a bad one", "good good", "bad bad bad"] * 8
LABELS = np.array([1, 0] * 32, dtype=np.float32)
layers = keras.layers


def classifier(**arguments: Any) -> keras.Sequential:
    text = layers.TextVectorization(output_mode="multi_hot", **arguments)
    text.adapt(TEXTS)
    model = keras.Sequential([keras.Input((1,), dtype="string"), text, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(
    "data",
    [
        TEXTS,
        [[text] for text in TEXTS],
        np.array(TEXTS),
        np.array(TEXTS).reshape(-1, 1),
        np.array(TEXTS, dtype=object),
        np.array([text.encode() for text in TEXTS]),
        np.array([text.encode() for text in TEXTS], dtype=object),
    ],
    ids=["list", "nested", "str", "column", "object", "bytes", "bytes objects"],
)
def test_a_model_learns_from_text(data: Any) -> None:
    model = classifier()
    history = model.fit(data, LABELS, epochs=20, verbose=0)
    assert history.history["accuracy"][-1] == 1
    predictions = model.predict(["a good film", "so very bad"], verbose=0)
    assert predictions[0] > 0.5 > predictions[1]
    np.testing.assert_array_equal(model.predict(np.array(["a good film", "so very bad"]), verbose=0), predictions)
    assert model.evaluate(data, LABELS, verbose=0)[1] == 1
    np.testing.assert_array_equal(model(np.array(["a good film", "so very bad"])), predictions)


def test_the_same_bits_on_any_number_of_nodes() -> None:
    weights = []
    for nodes in (1, 2, 5):
        keras.utils.set_random_seed(3)
        with LeptonClient(nodes=nodes) as client:
            model = classifier()
            client.fit(model, TEXTS, LABELS, epochs=3, batch_size=64, verbose=0)
            weights.append(np.concatenate([weight.ravel() for weight in model.get_weights()]).tobytes())
            many = client.predict(model, TEXTS * 40, verbose=0)
            assert many[:64].tobytes() == many[-64:].tobytes()
    assert len(set(weights)) == 1


def test_a_dataset_of_text_in_the_store(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    with LeptonClient(store=str(tmp_path)) as client:
        stored, plain = classifier(), classifier()
        plain.set_weights(stored.get_weights())
        client.fit(stored, TEXTS, LABELS, epochs=2, verbose=0, shuffle=False, store="texts")
        client.fit(plain, TEXTS, LABELS, epochs=2, verbose=0, shuffle=False)
        for left, right in zip(stored.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("ending", [".keras", ".safetensors"])
def test_files_bring_vocabularies_back(tmp_path: Path, ending: str) -> None:
    if ending == ".keras":
        pytest.importorskip("h5py")
    model = classifier(ngrams=2)
    model.fit(TEXTS, LABELS, epochs=1, verbose=0)
    model.save(tmp_path / f"model{ending}")
    loaded = keras.models.load_model(tmp_path / f"model{ending}")
    np.testing.assert_array_equal(loaded.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))
    assert loaded.layers[0].get_vocabulary() == model.layers[0].get_vocabulary()
    again = keras.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(TEXTS, verbose=0), model.predict(TEXTS, verbose=0))


def test_keras_files_with_vocabularies_of_their_own() -> None:
    pytest.importorskip("h5py")
    expected = json.loads((GOLDEN / "preprocessing_model.json").read_text(encoding="utf-8"))
    model = keras.models.load_model(GOLDEN / "preprocessing.keras")
    inputs = {
        name: np.array(value, dtype=np.int64 if name == "number" else object)
        for name, value in expected["inputs"].items()
    }
    for actual, wanted in zip(model.predict(inputs, verbose=0), expected["outputs"], strict=True):
        np.testing.assert_allclose(actual, wanted, rtol=1e-5, atol=1e-6)


def test_functional_models_of_text_and_numbers() -> None:
    text = keras.Input((1,), dtype="string", name="text")
    number = keras.Input((1,), dtype="int64", name="number")
    assert text.dtype == "string"
    lookup = layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    model = keras.Model(
        [text, number], [layers.Dense(2)(lookup(text)), layers.IntegerLookup(vocabulary=[2**40])(number), lookup(text)]
    )
    _, numbers, words = model.predict(
        {"text": np.array([["b"], ["?"]]), "number": np.array([[2**40], [2**40 + 1]])}, verbose=0
    )
    assert numbers.tolist() == [[1], [0]]
    assert words.tolist() == [[0, 0, 1], [1, 0, 0]]


def test_vocabularies_changed_in_a_model() -> None:
    lookup = layers.StringLookup(vocabulary=["a", "b"])
    model = keras.Sequential([keras.Input((1,), dtype="string"), lookup, layers.Rescaling(1.0)])
    assert model.predict([["b"], ["c"]], verbose=0).tolist() == [[2], [0]]
    lookup.set_vocabulary(["c", "b", "a"])
    assert model.predict([["b"], ["c"]], verbose=0).tolist() == [[2], [1]]
    assert lookup(["c", "x"]).tolist() == [1, 0]
    norm = layers.Normalization()
    model = keras.Sequential([keras.Input((2,)), norm])
    norm.adapt(np.array([[1.0, 10], [3, 30]]))
    assert model.predict(np.array([[1.0, 10]]), verbose=0).tolist() == [[-1, -1]]
    # Behind it are weights of another size.
    bag = layers.StringLookup(output_mode="multi_hot")
    bag.adapt([["a", "b"]])
    model = keras.Sequential([keras.Input((2,), dtype="string"), bag, layers.Dense(1)])
    model.set_weights(model.get_weights())
    with pytest.raises(ValueError, match="shape"):
        bag.adapt([["a", "b", "c"]])
    assert bag.get_vocabulary() == ["[UNK]", "b", "a"]
    assert model.predict([["a", "b"]], verbose=0).shape == (1, 1)


def test_batches_of_text() -> None:
    model = classifier()
    before = model.test_on_batch(np.array(TEXTS), LABELS)
    for _ in range(10):
        model.train_on_batch(np.array(TEXTS), LABELS)
    model.reset_metrics()
    assert model.test_on_batch(np.array(TEXTS), LABELS)[0] < before[0]


def parts() -> Iterator[np.ndarray]:
    yield np.array(["a", "b"])
    yield np.array(["b", "c"])


def test_adapting_to_parts() -> None:
    lookup = layers.StringLookup()
    lookup.adapt(parts())
    assert lookup.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    lookup.adapt(parts(), steps=1)
    assert lookup.get_vocabulary() == ["[UNK]", "b", "a"]
    text = layers.TextVectorization()
    text.adapt(np.array([part]) for part in ("x y", "y"))
    assert text.get_vocabulary() == ["", "[UNK]", "y", "x"]


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("b\na\n", encoding="utf-8")
    lookup = layers.StringLookup(vocabulary=str(path))
    assert lookup(["a", "b", "c"]).tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match="vocabulary"):
        layers.StringLookup.from_config({**lookup.get_config(), "vocabulary": str(path)})
    with pytest.raises(ValueError, match="vocabulary"):
        layers.StringLookup(vocabulary=str(tmp_path / "absent"))


NUMBERS = np.array([[1.0, np.nan]])


@pytest.mark.parametrize(
    ("act", "error", "match"),
    [
        (lambda: layers.Normalization().adapt(NUMBERS), ValueError, "nan"),
        (lambda: layers.Discretization(num_bins=2).adapt(NUMBERS), ValueError, "nan"),
        (lambda: layers.IntegerLookup().adapt(NUMBERS), ValueError, "nan"),
        (lambda: layers.Normalization().adapt(np.array([["a"]])), TypeError, "text"),
        (lambda: layers.StringLookup().adapt([1, 2]), TypeError, "text"),
        (lambda: layers.StringLookup().adapt(np.empty((0, 1), dtype=object)), RuntimeError, "any data"),
        (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["a"]), ValueError, "static"),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), ValueError, "twice"),
        (lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""), ValueError, "mask_token"),
        (lambda: layers.StringLookup(vocabulary=[]), ValueError, "at least 1"),
        (lambda: layers.StringLookup(vocabulary=[1]), ValueError, "text"),
        (lambda: layers.IntegerLookup(vocabulary=["a"]), ValueError, "whole"),
        (lambda: layers.StringLookup(max_tokens=1), ValueError, "max_tokens"),
        (lambda: layers.StringLookup(max_tokens=2, vocabulary=["a", "b"]), ValueError, "at most 2"),
        (lambda: layers.StringLookup(num_oov_indices=-1), ValueError, "num_oov_indices"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), ValueError, "max_tokens"),
        (lambda: layers.StringLookup(output_mode="tf_idf", vocabulary=["a"]), ValueError, "idf_weights"),
        (lambda: layers.StringLookup(idf_weights=[1.0], vocabulary=["a"]), ValueError, "idf_weights"),
        (lambda: layers.StringLookup(invert=True, output_mode="count"), ValueError, "output_mode"),
        (lambda: layers.StringLookup(output_mode="binarry"), ValueError, "output_mode"),
        (lambda: layers.StringLookup(encoding="latin-1"), NotImplementedError, "UTF-8"),
        (lambda: layers.StringLookup(sparse=True, output_mode="count"), NotImplementedError, "sparse"),
        (lambda: layers.IntegerLookup(salt=3), ValueError, "salt"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), ValueError, "num_oov_indices"),
        (lambda: layers.StringLookup(output_mode="count")([["b"]]), RuntimeError, "vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a"])([1]), TypeError, "text"),
        (lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), TypeError, "whole numbers"),
        (lambda: layers.StringLookup(vocabulary=["a"])(["a\0b"]), ValueError, "NUL"),
        (lambda: layers.StringLookup(vocabulary=["a"])([b"\xff"]), ValueError, "UTF-8"),
        (lambda: layers.Hashing(0), ValueError, "num_bins"),
        (lambda: layers.Hashing(3, mask_value="a")([1]), TypeError, "mask_value"),
        (lambda: layers.Hashing(3, salt=[1, 2, 3]), ValueError, "salt"),
        (lambda: layers.TextVectorization(standardize="upper"), ValueError, "standardize"),
        (lambda: layers.TextVectorization(standardize=str.lower), NotImplementedError, "functions"),
        (lambda: layers.TextVectorization(ngrams=0), ValueError, "ngrams"),
        (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), ValueError, "length"),
        (lambda: layers.TextVectorization()(np.array([["a", "b"]])), ValueError, "one text"),
        (lambda: layers.Discretization(num_bins=3)([1.0]), ValueError, "boundaries"),
        (lambda: layers.Discretization(bin_boundaries=[2.0, 1.0]), ValueError, "ascending"),
        (lambda: layers.CategoryEncoding(num_tokens=2**25), ValueError, "num_tokens"),
    ],
)
def test_refusals(act: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        act()
    with pytest.raises(LeptonError):
        act()


def test_text_only_where_it_belongs() -> None:
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    with pytest.raises(TypeError, match="StringLookup"):
        model.predict(["a"], verbose=0)
    text = keras.Input((1,), dtype="string")
    with pytest.raises((TypeError, ValueError)):
        keras.Model(text, layers.Dense(1)(text))
    with pytest.raises((TypeError, ValueError)):
        keras.Sequential([text, layers.Dense(1)])
    with pytest.raises(TypeError, match=r"objects|numbers"):
        model.predict(np.array([["a", 1.0, None]], dtype=object), verbose=0)
