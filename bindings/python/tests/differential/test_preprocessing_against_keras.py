"""Preprocessing of numbers, compared with Keras's."""

import json
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, Case, agree, compare, keras, ours, sgd

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(2, 3, size=(9, 4, 5, 3)).astype("float32")
TABLE = (RNG.normal(size=(37, 6)) * [1, 10, 100, 0.1, 1, 5] + [0, 3, -50, 1, 7, 0]).astype("float32")


def both(name: str, **arguments: Any) -> tuple[Any, Any]:
    return getattr(keras.layers, name)(**arguments), getattr(ours.layers, name)(**arguments)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("axis", [-1, (1, 3), (2,), None, (-1, 1), (1, 2, 3)])
def test_normalization_adapts(axis: Any, invert: bool) -> None:
    theirs, mine = both("Normalization", axis=axis, invert=invert)
    theirs.adapt(IMAGES)
    mine.adapt(IMAGES)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, PASS)
    agree(mine.mean, theirs.mean, PASS)
    agree(mine.variance, theirs.variance, PASS)
    agree(mine(IMAGES), theirs(IMAGES), PASS)
    config = json.loads(json.dumps(mine.get_config()))
    assert config == json.loads(json.dumps(theirs.get_config(), default=list)) | {"name": config["name"]}


@pytest.mark.parametrize(
    ("axis", "mean", "variance"),
    [
        (-1, 2.0, 4.0),
        (-1, [1.0, 2.0, 3.0], [4.0, 0.0, 1.0]),
        ((1, 3), [[1.0, 2.0, 3.0]] * 4, [[1.0, 4.0, 9.0]] * 4),
        ((1, 3), [1.0, 2.0, 3.0], [1.0, 4.0, 9.0]),
        ((1, 3), [[1.0], [2.0], [3.0], [4.0]], [[1.0], [2.0], [3.0], [4.0]]),
        (None, 1.5, 2.5),
    ],
)
@pytest.mark.parametrize("invert", [False, True])
def test_normalization_of_given_statistics(axis: Any, mean: Any, variance: Any, invert: bool) -> None:
    theirs, mine = both("Normalization", axis=axis, mean=np.array(mean), variance=np.array(variance), invert=invert)
    agree(mine(IMAGES), theirs(IMAGES), PASS)
    agree(type(mine).from_config(mine.get_config())(IMAGES), theirs(IMAGES), PASS)


def test_normalization_of_batches() -> None:
    theirs, mine = both("Normalization")
    # For batches Keras needs TensorFlow; they give what all rows at once give.
    theirs.adapt(TABLE)
    mine.adapt(part for part in (TABLE[:10], TABLE[10:30], TABLE[30:]))
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, PASS)


def test_training_behind_and_before_normalization() -> None:
    y = RNG.normal(size=(37, 2)).astype("float32")

    def build(k: Any) -> Any:
        first = k.layers.Normalization()
        first.adapt(TABLE)
        return k.Sequential(
            [
                k.Input((6,)),
                first,
                k.layers.Dense(5, activation="tanh"),
                k.layers.Normalization(mean=[0.1] * 5, variance=[0.5] * 5),
                k.layers.Dense(5),
                k.layers.Normalization(mean=0.5, variance=2.0, invert=True),
                k.layers.Rescaling(0.5, [0.1, 0.2, 0.3, 0.4, 0.5]),
                k.layers.Dense(2),
            ]
        )

    compare(Case(build, TABLE, y, sgd))


@pytest.mark.parametrize(
    ("scale", "offset"), [(1 / 255, 0.0), (2, -1), ([1.0, 2.0, 3.0], 0.5), (0.5, np.array([1.0, 2.0, 3.0]))]
)
def test_rescaling(scale: Any, offset: Any) -> None:
    theirs, mine = both("Rescaling", scale=scale, offset=offset)
    agree(mine(IMAGES), theirs(IMAGES), PASS)
    assert mine.get_config() == {**theirs.get_config(), "name": mine.name}
    agree(type(mine).from_config(mine.get_config())(IMAGES), theirs(IMAGES), PASS)


@pytest.mark.parametrize("mode", ["int", "one_hot", "multi_hot", "count"])
def test_discretization(mode: str) -> None:
    theirs, mine = both("Discretization", bin_boundaries=[-50.0, 0.0, 0.5, 3.0, 100.0], output_mode=mode)
    exact = np.array([[-50, 0, 0.5], [3, 100, -51], [np.float32(0.49999997), 99, 1e9]], "float32")
    for x in (TABLE, TABLE[:, :1], exact):
        expected = np.asarray(theirs(x))
        actual = mine(x)
        assert actual.shape == expected.shape
        np.testing.assert_array_equal(actual, expected)
        assert mode != "int" or actual.dtype == expected.dtype


def adapt(layer: Any, *batches: np.ndarray) -> None:
    """What Keras's Discretization.adapt does once it has found that it needs no TensorFlow for the data."""
    layer.reset_state()
    for batch in batches:
        layer.update_state(batch)
    layer.finalize_state()


@pytest.mark.parametrize("seed", range(4))
def test_discretization_adapts_to_the_same_bits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(int(rng.integers(20, 3000)), int(rng.integers(1, 4)))).astype("float32")
    for bins, epsilon in ((2, 0.01), (7, 0.01), (10, 0.1), (30, 0.003)):
        theirs, mine = both("Discretization", num_bins=bins, epsilon=epsilon)
        adapt(theirs, data)
        mine.adapt(data)
        np.testing.assert_array_equal(mine.bin_boundaries, theirs.bin_boundaries)
        np.testing.assert_array_equal(mine(data), theirs(data))
        assert mine.get_config() == {**theirs.get_config(), "name": mine.name}
        again = type(mine).from_config(mine.get_config())
        np.testing.assert_array_equal(again(data), theirs(data))
    theirs, mine = both("Discretization", num_bins=5)
    adapt(theirs, data[:7], data[7:])
    mine.adapt([data[:7], data[7:]])
    np.testing.assert_array_equal(mine.bin_boundaries, theirs.bin_boundaries)


@pytest.mark.parametrize("mode", ["one_hot", "multi_hot", "count"])
def test_category_encoding(mode: str) -> None:
    theirs, mine = both("CategoryEncoding", num_tokens=5, output_mode=mode)
    for shape in ((4, 3), (4, 1), (6,), (3, 2, 4)):
        x = np.random.default_rng(1).integers(-1, 7, size=shape)
        expected = np.asarray(theirs(x))
        actual = mine(x)
        assert actual.shape == expected.shape
        np.testing.assert_array_equal(actual, expected)
    assert mine.get_config() == {**theirs.get_config(), "name": mine.name}


def test_category_encoding_with_weights() -> None:
    theirs, mine = both("CategoryEncoding", num_tokens=4, output_mode="count")
    x = np.array([[0, 1, 1], [3, 3, 3], [9, 2, 0]])
    weights = np.array([[0.1, 0.2, 0.3], [1, 2, 4], [5, 6, 7]], "float32")
    agree(mine(x, count_weights=weights), theirs(x, count_weights=weights), PASS)


@pytest.mark.parametrize(
    ("name", "arguments", "data"),
    [
        ("CategoryEncoding", {}, None),
        ("CategoryEncoding", {"num_tokens": 0}, None),
        ("CategoryEncoding", {"num_tokens": 3, "output_mode": "int"}, None),
        ("Discretization", {}, None),
        ("Discretization", {"num_bins": 3, "bin_boundaries": [1.0]}, None),
        ("Discretization", {"num_bins": -3}, None),
        ("Discretization", {"bin_boundaries": [1.0]}, TABLE),
        ("Discretization", {"num_bins": 3, "output_mode": "tf_idf"}, None),
        ("Normalization", {"mean": 1.0}, None),
        ("Normalization", {"mean": [1.0, 2.0], "variance": 1.0}, None),
        ("Normalization", {"mean": [[1.0]], "variance": [[1.0]]}, None),
        ("Normalization", {"axis": 5}, TABLE),
        ("Normalization", {"axis": -4}, TABLE),
    ],
)
def test_refusals(name: str, arguments: dict[str, Any], data: Any) -> None:
    raised = []
    for module in (keras, ours):
        with pytest.raises((ValueError, TypeError)) as caught:
            layer = getattr(module.layers, name)(**arguments)
            layer.adapt(data)
        raised.append(ValueError if isinstance(caught.value, ValueError) else TypeError)
    assert raised[0] == raised[1]


def test_an_adapted_pipeline_trains_as_keras_does() -> None:
    y = RNG.normal(size=(37, 1)).astype("float32")

    def build(k: Any) -> Any:
        bins = k.layers.Discretization(num_bins=4, output_mode="one_hot")
        adapt(bins, TABLE) if k is keras else bins.adapt(TABLE)
        return k.Sequential([k.Input((6,)), bins, k.layers.Flatten(), k.layers.Dense(3), k.layers.Dense(1)])

    compare(Case(build, TABLE, y, sgd))


def test_files_cross(tmp_path: Any) -> None:
    def build(k: Any) -> Any:
        first = k.layers.Normalization()
        first.adapt(TABLE)
        bins = k.layers.Discretization(num_bins=4)
        adapt(bins, TABLE) if k is keras else bins.adapt(TABLE)
        entry = k.Input((6,))
        dense = k.layers.Dense(2)(first(entry))
        return k.Model(entry, [dense, bins(entry)])

    for source, target in ((keras, ours), (ours, keras)):
        model = build(source)
        path = str(tmp_path / f"{source.__name__}.keras")
        model.save(path)
        loaded = target.models.load_model(path)
        for actual, expected in zip(loaded.predict(TABLE, verbose=0), model.predict(TABLE, verbose=0), strict=True):
            agree(actual, expected, TRAINED)
