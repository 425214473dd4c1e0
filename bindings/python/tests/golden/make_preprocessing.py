"""Writes what Keras gives for the layers that it computes with TensorFlow alone: preprocessing.json, and a model's
file, preprocessing.keras, with what the model predicts in preprocessing_model.json.

    python make_preprocessing.py          in an environment with keras 3.15 and tensorflow-cpu

Each case has a class, its arguments, data that it was adapted to (or null), inputs, and what came out: the vocabulary
after adapting, and the outputs with their shape.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

WORDS = ["apple", "pear", "fig", "", "Fig", "ähre", "ÄHRE", "日本", "a b", "x" * 70, "kiwi", "lime", "[UNK]"]
TEXTS = [
    "The cat, the DOG & the bird!",
    "",
    "   ",
    "cat\tdog\ncat\r\fbird\vfish",
    "Übergröße straße ÜBER 日本 語",
    "it's a dog's life; isn't it?",
    "one two three four five six seven eight nine ten",
    "don't-stop, e-mail: a@b.c (100%) [x] {y} ~z` ^w_ |v \\u <t> /s = + * # \" $",
    "the the the cat cat bird",
    "no\u00a0break space",
]
IDS = [3, 7, 7, 12, -5, 0, 2**40 + 1, 2**40, 9, 12, 12, -(2**50), 1, 2]

generator = random.Random(7)


def words(rows: int, columns: int, known: list[str]) -> list[list[str]]:
    return [[generator.choice(known) for _ in range(columns)] for _ in range(rows)]


def ids(rows: int, columns: int) -> list[list[int]]:
    return [[generator.choice(IDS) for _ in range(columns)] for _ in range(rows)]


def case(kind: str, arguments: dict[str, Any], inputs: Any, adapt: Any = None) -> dict[str, Any]:
    layer = getattr(keras.layers, kind)(**arguments)
    dtype = object if isinstance(np.asarray(inputs).flat[0].item(), str) else np.int64
    if adapt is not None:
        layer.adapt(np.array(adapt, dtype=dtype))
    result = np.asarray(layer(np.array(inputs, dtype=dtype)))
    vocabulary = layer.get_vocabulary() if hasattr(layer, "get_vocabulary") else None
    if result.dtype == object:
        outputs: Any = [item.decode() if isinstance(item, bytes) else item for item in result.ravel().tolist()]
    else:
        outputs = [float(number) for number in result.ravel()]
    return {
        "class": kind,
        "arguments": arguments,
        "adapt": adapt,
        "inputs": inputs,
        "vocabulary": None if vocabulary is None else [str(t) if isinstance(t, str) else int(t) for t in vocabulary],
        "shape": list(result.shape),
        "outputs": outputs,
    }


def lookups() -> list[dict[str, Any]]:
    known = ["fig", "apple", "kiwi", "日本"]
    cases = [
        case("StringLookup", {"vocabulary": known}, words(6, 1, WORDS)),
        case("StringLookup", {"vocabulary": known, "mask_token": ""}, words(6, 3, WORDS)),
        case("StringLookup", {"vocabulary": ["[UNK]", *known]}, words(4, 2, WORDS)),
        case("StringLookup", {"vocabulary": ["", "[UNK]", *known], "mask_token": ""}, words(4, 2, WORDS)),
        case("StringLookup", {"vocabulary": known, "num_oov_indices": 0}, words(4, 2, known)),
        case("StringLookup", {"vocabulary": known, "num_oov_indices": 7}, words(8, 3, WORDS)),
        case("StringLookup", {"vocabulary": known, "num_oov_indices": 5, "salt": [3, -9]}, words(8, 3, WORDS)),
        case("StringLookup", {"vocabulary": known, "num_oov_indices": 5, "salt": 11}, words(4, 2, WORDS)),
        case(
            "StringLookup",
            {"vocabulary": known, "output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.0, 0.25]},
            words(5, 4, WORDS),
        ),
        case(
            "StringLookup",
            {
                "vocabulary": known,
                "output_mode": "tf_idf",
                "idf_weights": [0.5, 1.5, 2.0, 0.25],
                "max_tokens": 9,
                "pad_to_max_tokens": True,
                "num_oov_indices": 2,
            },
            words(5, 4, WORDS),
        ),
        case(
            "StringLookup",
            {"vocabulary": ["[UNK]", *known], "output_mode": "tf_idf", "idf_weights": [0.1, 0.5, 1.5, 2.0, 0.25]},
            words(5, 4, WORDS),
        ),
        case("IntegerLookup", {"vocabulary": [12, 7, 2**40]}, ids(6, 1)),
        case("IntegerLookup", {"vocabulary": [12, 7, 2**40], "mask_token": 0}, ids(6, 3)),
        case("IntegerLookup", {"vocabulary": [12, 7], "num_oov_indices": 4}, ids(6, 3)),
        case("IntegerLookup", {"vocabulary": [12, 7], "num_oov_indices": 4, "oov_method": "farmhash"}, ids(6, 3)),
        case(
            "IntegerLookup",
            {"vocabulary": [12, 7], "num_oov_indices": 4, "oov_method": "farmhash", "salt": 5},
            ids(6, 3),
        ),
        case("IntegerLookup", {"vocabulary": [12, 7, 5], "invert": True}, [[0], [1], [2], [3], [4]]),
        case("IntegerLookup", {"vocabulary": [12, 7, 5], "invert": True, "mask_token": 99}, [[0, 1], [2, 3], [4, 9]]),
        case("StringLookup", {"vocabulary": known, "invert": True}, [[0, 1], [2, 3], [4, 9]]),
        case("StringLookup", {"vocabulary": known, "invert": True, "mask_token": ""}, [[0, 1], [2, 3], [4, 9]]),
    ]
    for mode in ("one_hot", "multi_hot", "count"):
        for mask in (None, ""):
            arguments = {"vocabulary": known, "output_mode": mode, "mask_token": mask}
            cases.append(case("StringLookup", arguments, words(5, 3, WORDS)))
        cases.append(case("StringLookup", {"vocabulary": known, "output_mode": mode}, words(5, 1, WORDS)))
        cases.append(
            case(
                "IntegerLookup",
                {"vocabulary": [12, 7], "output_mode": mode, "mask_token": 0, "num_oov_indices": 2},
                ids(5, 4),
            )
        )
        cases.append(
            case(
                "StringLookup",
                {"vocabulary": known, "output_mode": mode, "max_tokens": 8, "pad_to_max_tokens": mode != "one_hot"},
                words(4, 2, WORDS),
            )
        )
    data = words(40, 3, WORDS)
    for arguments in (
        {},
        {"max_tokens": 5},
        {"mask_token": "", "num_oov_indices": 2},
        {"output_mode": "multi_hot"},
        {"output_mode": "count", "max_tokens": 20, "pad_to_max_tokens": True},
        {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 20, "pad_to_max_tokens": True, "mask_token": ""},
    ):
        cases.append(case("StringLookup", arguments, words(5, 3, WORDS), data))
        cases.append(case("StringLookup", arguments, words(5, 1, WORDS), [row[0] for row in data]))
    numbers = ids(40, 3)
    for integers in ({}, {"max_tokens": 5}, {"mask_token": 0}, {"output_mode": "count"}, {"output_mode": "tf_idf"}):
        cases.append(case("IntegerLookup", integers, ids(5, 3), numbers))
    return cases


def hashes() -> list[dict[str, Any]]:
    cases = []
    for bins in (1, 3, 1000):
        for salt in (None, 133, [133, 137]):
            cases.append(case("Hashing", {"num_bins": bins, "salt": salt}, words(6, 2, WORDS + TEXTS)))
            cases.append(case("Hashing", {"num_bins": bins, "salt": salt}, ids(6, 2)))
    cases.append(case("Hashing", {"num_bins": 4, "mask_value": ""}, words(8, 2, WORDS)))
    cases.append(case("Hashing", {"num_bins": 4, "mask_value": 7}, ids(8, 2)))
    for mode in ("one_hot", "multi_hot", "count"):
        cases.append(case("Hashing", {"num_bins": 5, "output_mode": mode}, words(4, 3, WORDS)))
        cases.append(case("Hashing", {"num_bins": 5, "output_mode": mode}, ids(4, 1)))
    return cases


def texts() -> list[dict[str, Any]]:
    cases = []
    for arguments in (
        {"output_sequence_length": 4},
        {"output_sequence_length": 12, "max_tokens": 9},
        {},
        {"ngrams": 2},
        {"ngrams": 3, "output_sequence_length": 6},
        {"ngrams": (1, 3)},
        {"ngrams": (2,), "standardize": "lower"},
        {"standardize": None},
        {"standardize": "lower"},
        {"standardize": "strip_punctuation"},
        {"split": "character", "output_sequence_length": 20},
        {"split": "character", "standardize": None, "ngrams": 2},
        {"output_mode": "multi_hot"},
        {"output_mode": "count", "ngrams": 2},
        {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 12},
        {"output_mode": "multi_hot", "max_tokens": 60, "pad_to_max_tokens": True},
    ):
        cases.append(case("TextVectorization", arguments, generator.sample(TEXTS, 6), TEXTS))
        cases.append(case("TextVectorization", arguments, [[text] for text in TEXTS], [[text] for text in TEXTS]))
    known = ["the", "cat", "日本", "dog"]
    cases.append(case("TextVectorization", {"vocabulary": known}, TEXTS))
    cases.append(case("TextVectorization", {"vocabulary": ["", "[UNK]", *known], "output_sequence_length": 3}, TEXTS))
    cases.append(
        case(
            "TextVectorization",
            {"vocabulary": known, "output_mode": "tf_idf", "idf_weights": [0.1, 0.5, 0.7, 2.0]},
            TEXTS,
        )
    )
    cases.append(case("TextVectorization", {"split": None, "vocabulary": known}, words(4, 3, [*known, "Cat!", ""])))
    cases.append(
        case(
            "TextVectorization",
            {"split": None, "vocabulary": known, "output_sequence_length": 5},
            words(4, 3, [*known, "Cat!", ""]),
        )
    )
    cases.append(
        case(
            "TextVectorization",
            {"split": None, "ngrams": 2, "output_mode": "count"},
            words(4, 3, known),
            words(9, 3, known),
        )
    )
    return cases


def model(folder: Path) -> None:
    """A model of which several layers have learned their vocabularies."""
    keras.utils.set_random_seed(1)
    layers = keras.layers
    text = keras.Input((), dtype="string", name="text")
    colour = keras.Input((2,), dtype="string", name="colour")
    number = keras.Input((1,), dtype="int64", name="number")
    sequence = layers.TextVectorization(output_sequence_length=5, name="sequence")
    bag = layers.TextVectorization(output_mode="tf_idf", name="bag")
    look = layers.StringLookup(output_mode="tf_idf", mask_token="", name="look")
    index = layers.StringLookup(name="index")
    known = layers.IntegerLookup(output_mode="one_hot", name="known")
    hashed = layers.Hashing(5, output_mode="one_hot", name="hashed")
    colours = words(12, 2, WORDS)
    numbers = ids(12, 1)
    for layer, data in ((sequence, TEXTS), (bag, TEXTS), (look, colours), (index, colours)):
        layer.adapt(np.array(data, dtype=object))
    known.adapt(np.array(numbers))
    outputs = [sequence(text), layers.Dense(3)(bag(text)), layers.Dense(2)(look(colour)), index(colour)]
    outputs += [known(number), layers.Dense(2)(hashed(number))]
    made = keras.Model({"text": text, "colour": colour, "number": number}, outputs)
    inputs = {"text": TEXTS, "colour": colours[:10], "number": numbers[:10]}
    given = {
        name: tf.constant(value, dtype="int64" if name == "number" else "string") for name, value in inputs.items()
    }
    made.save(folder / "preprocessing.keras")
    expected = [np.asarray(part).tolist() for part in made.predict(given, verbose=0)]
    text_of = json.dumps({"inputs": inputs, "outputs": expected}, ensure_ascii=False)
    (folder / "preprocessing_model.json").write_text(text_of + "\n", encoding="utf-8")


if __name__ == "__main__":
    model(Path(__file__).parent)
    everything = [*lookups(), *hashes(), *texts()]
    path = Path(__file__).with_name("preprocessing.json")
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in everything)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
