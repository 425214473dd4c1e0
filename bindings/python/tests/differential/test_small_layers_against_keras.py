"""Embedding, masks, preprocessing, reshaping and noise, compared with Keras's."""

import math
from typing import Any

import numpy as np
import pytest
from judge import PASS, Case, agree, compare, keras, ours, sgd


def test_embedding() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 7, size=(41, 5)).astype("float32")
    y = rng.normal(size=(41, 1)).astype("float32")

    def build(k: Any) -> Any:
        table = k.layers.Embedding(7, 3, embeddings_initializer=k.initializers.RandomNormal(seed=1))
        return k.Sequential([k.Input((5,)), table, k.layers.Flatten(), k.layers.Dense(1)])

    compare(Case(build, x, y, sgd, fit={"epochs": 2}))


def test_embedding_of_more_axes_after_a_reshape() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 4, size=(23, 6)).astype("int32")
    y = rng.normal(size=(23, 1)).astype("float32")

    def build(k: Any) -> Any:
        layers = [k.layers.Reshape((2, 3)), k.layers.Embedding(4, 5), k.layers.Flatten(), k.layers.Dense(1)]
        return k.Sequential([k.Input((6,)), *layers])

    compare(Case(build, x, y, sgd, fit={"epochs": 1}))


@pytest.mark.parametrize("number", [7, -1, 2.5, 1e30])
def test_numbers_without_a_vector_are_refused(number: float) -> None:
    net = ours.Sequential([ours.Input((3,)), ours.layers.Embedding(7, 2), ours.layers.Flatten(), ours.layers.Dense(1)])
    net.compile(optimizer="sgd", loss="mse")
    x, y = np.zeros((9, 3), "float32"), np.zeros((9, 1), "float32")
    before = net.get_weights()
    x[5, 1] = number
    for call in (
        lambda: net.fit(x, y, verbose=0),
        lambda: net.evaluate(x, y, verbose=0),
        lambda: net.predict(x, verbose=0),
        lambda: net.fit(x[:4], y[:4], validation_data=(x, y), verbose=0),
    ):
        with pytest.raises(ValueError, match=r"whole numbers from 0 to 6.*row 5"):
            call()
    for weight, old in zip(net.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_rescaling_normalization_and_reshaping() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(loc=3, scale=2, size=(23, 4, 3, 2)).astype("float32")
    y = rng.normal(size=(23, 1)).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential(
            [
                k.Input((4, 3, 2)),
                k.layers.Rescaling(0.5, offset=-1.0),
                k.layers.Dense(2),
                k.layers.Normalization(axis=-1, mean=[0.25, -0.5], variance=[4.0, 0.01]),
                k.layers.Identity(),
                k.layers.Permute((3, 1, 2)),
                k.layers.Normalization(axis=None, mean=0.5, variance=2.0, invert=True),
                k.layers.Normalization(axis=(1, 3), mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0]),
                k.layers.Reshape((4, -1)),
                k.layers.Permute((2, 1)),
                k.layers.Flatten(),
                k.layers.Dense(3),
                k.layers.RepeatVector(4),
                k.layers.Dense(2),
                k.layers.Flatten(),
                k.layers.Dense(1),
            ]
        )

    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.Adam(0.01), "loss": "mse", "metrics": ["mae"]}

    compare(Case(build, x, y, compiled, fit={"epochs": 1}))


def test_a_variance_of_zero_is_divided_by_epsilon() -> None:
    x = np.random.default_rng(3).normal(size=(9, 2)).astype("float32")
    results = [
        k.Sequential([k.Input((2,)), k.layers.Normalization(mean=[0.25, -0.5], variance=[4.0, 0.0])]).predict(
            x, verbose=0
        )
        for k in (keras, ours)
    ]
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)


def test_masking_sets_masked_steps_to_zero() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(23, 4, 3)).astype("float32")
    x[:, 1] = 7.0
    x[0, 2, 1] = 7.0
    theirs, mine = (k.Sequential([k.Input((4, 3)), k.layers.Masking(mask_value=7.0)]) for k in (keras, ours))
    agree(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)


def mask_of(layer: Any, shape: tuple[int, ...], rows: int = 1) -> np.ndarray:
    """What a layer multiplies ones with in a training step: SGD of rate 1/2 on weights of 0 and targets of 1 writes the
    layer's output, averaged over rows, into the weights."""
    dense = ours.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    net = ours.Sequential([ours.Input(shape), layer, ours.layers.Flatten(), dense])
    net.compile(optimizer=ours.optimizers.SGD(0.5), loss="mse")
    x, y = np.ones((rows, *shape), "float32"), np.ones((rows, 1), "float32")
    net.fit(x, y, verbose=0, batch_size=rows)
    return np.asarray(net.get_weights()[-1]).reshape(shape)


def test_spatial_dropout_drops_whole_channels() -> None:
    for layer, shape, axes in (
        (ours.layers.SpatialDropout1D(0.4), (5, 400), (0,)),
        (ours.layers.SpatialDropout2D(0.4), (3, 4, 400), (0, 1)),
        (ours.layers.SpatialDropout3D(0.4), (2, 3, 2, 400), (0, 1, 2)),
        (ours.layers.SpatialDropout2D(0.4, data_format="channels_first"), (400, 3, 4), (1, 2)),
        (ours.layers.Dropout(0.4, noise_shape=(None, 1, None)), (5, 400), (0,)),
        (ours.layers.Dropout(0.4, noise_shape=(1, None, 1)), (400, 5), (1,)),
    ):
        mask = mask_of(layer, shape)
        np.testing.assert_array_equal(mask.max(axis=axes), mask.min(axis=axes))
        channels = mask.max(axis=axes)
        np.testing.assert_allclose(np.unique(channels), [0, 1 / 0.6], rtol=1e-5)
        assert abs((channels == 0).mean() - 0.4) < 5 * math.sqrt(0.24 / 400)


def test_rows_share_numbers_where_the_noise_shape_says_so() -> None:
    shared = mask_of(ours.layers.Dropout(0.5, noise_shape=(1, None)), (300,), rows=8)
    np.testing.assert_allclose(np.unique(shared), [0, 2], rtol=1e-5)
    own = mask_of(ours.layers.Dropout(0.5, noise_shape=(None, None)), (300,), rows=8)
    assert len(np.unique(own.round(4))) > 4


def test_gaussian_noise_has_its_moments() -> None:
    n = 20_000
    for layer, mean, deviation in (
        (ours.layers.GaussianNoise(0.3), 1.0, 0.3),
        (ours.layers.GaussianDropout(0.2), 1.0, 0.5),
    ):
        values = mask_of(layer, (n,))
        assert abs(values.mean() - mean) < 5 * deviation / math.sqrt(n)
        assert abs(values.std() / deviation - 1) < 5 / math.sqrt(2 * n)


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    values = mask_of(ours.layers.AlphaDropout(0.3), (20_000,))
    alpha = -1.6732632423543772 * 1.0507009873554805
    a = (0.7 * (1 + 0.3 * alpha**2)) ** -0.5
    kept, dropped = a - a * alpha * 0.3, a * alpha - a * alpha * 0.3
    assert np.all((abs(values - kept) < 1e-5) | (abs(values - dropped) < 1e-5))
    assert abs((abs(values - dropped) < 1e-3).mean() - 0.3) < 5 * math.sqrt(0.21 / 20_000)


def test_noise_of_a_seed_is_the_same_again_and_of_none_is_not() -> None:
    one, two = (mask_of(ours.layers.GaussianNoise(0.5, seed=4), (50,)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    three, four = (mask_of(ours.layers.GaussianNoise(0.5), (50,)) for _ in range(2))
    assert (three != four).any()


@pytest.mark.parametrize(
    "layer",
    [
        lambda k: k.layers.Embedding(7, 3),
        lambda k: k.layers.Embedding(7, 3, embeddings_initializer="zeros", mask_zero=True),
        lambda k: k.layers.Masking(),
        lambda k: k.layers.Masking(mask_value=-1.0),
        lambda k: k.layers.Rescaling(0.5, offset=1.0),
        lambda k: k.layers.Rescaling(2.0),
        lambda k: k.layers.Normalization(mean=[1.0, 2.0], variance=[3.0, 4.0]),
        lambda k: k.layers.Reshape((3, -1)),
        lambda k: k.layers.Permute((2, 1)),
        lambda k: k.layers.RepeatVector(3),
        lambda k: k.layers.GaussianNoise(0.3, seed=1),
        lambda k: k.layers.GaussianDropout(0.3),
        lambda k: k.layers.AlphaDropout(0.3, seed=2),
        lambda k: k.layers.Dropout(0.3),
        lambda k: k.layers.SpatialDropout2D(0.3, seed=2),
    ],
)
def test_configs(layer: Any) -> None:
    theirs, mine = layer(keras), layer(ours)
    expected = keras.saving.serialize_keras_object(theirs)["config"]
    actual = {**ours.saving.serialize_keras_object(mine)["config"], "name": 0}
    skipped = {"dtype"} if "trainable" not in expected else set()
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in actual.items()}
    assert {k: v for k, v in plain.items() if k not in skipped} == {
        k: list(v) if isinstance(v, tuple) else v for k, v in {**expected, "name": 0}.items() if k not in skipped
    }
    again = type(mine).from_config(mine.get_config())
    assert again.get_config() == mine.get_config()


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.Embedding(0, 3),
        lambda k: k.layers.Embedding(3, -1),
        lambda k: k.layers.Reshape((-1, -1)),
        lambda k: k.layers.Reshape((-2, 3)),
        lambda k: k.Sequential([k.Input((6,)), k.layers.Reshape((4, 2))]),
        lambda k: k.Sequential([k.Input((6,)), k.layers.Reshape((4, -1))]),
        lambda k: k.layers.Permute((1, 3)),
        lambda k: k.layers.Permute((0, 1)),
        lambda k: k.Sequential([k.Input((6,)), k.layers.Permute((2, 1))]),
        lambda k: k.layers.RepeatVector(0),
        lambda k: k.layers.RepeatVector(2.5),
        lambda k: k.Sequential([k.Input((6, 2)), k.layers.RepeatVector(2)]),
        lambda k: k.layers.GaussianNoise(1.5),
        lambda k: k.layers.GaussianDropout(-0.1),
        lambda k: k.layers.AlphaDropout(2),
        lambda k: k.layers.Dropout(0.5, noise_shape="abc"),
        lambda k: k.layers.Dropout(0.5, noise_shape=(None, 0)),
        lambda k: k.layers.SpatialDropout2D(0.5, data_format="x"),
        lambda k: k.Sequential([k.Input((6,)), k.layers.SpatialDropout1D(0.5)]),
        lambda k: k.layers.Normalization(mean=[1.0]),
        lambda k: k.layers.Normalization(mean=[1.0], variance=[1.0, 2.0]),
        lambda k: k.layers.Normalization(axis=-1, mean=[[1.0]], variance=[[1.0]]),
        lambda k: k.Sequential([k.Input((3,)), k.layers.Normalization(mean=[1.0, 2], variance=[1.0, 2])]),
        lambda k: k.Sequential([k.Input((3,)), k.layers.Normalization(axis=4, mean=1.0, variance=2.0)]),
    ],
)
def test_refusals(call: Any) -> None:
    with pytest.raises(Exception) as theirs:
        call(keras)
    with pytest.raises(Exception) as mine:
        call(ours)
    assert isinstance(mine.value, type(theirs.value))


def test_what_is_not_supported_says_so() -> None:
    for make, message in (
        (lambda: ours.layers.Embedding(2, 2, weights=[np.zeros((2, 2))]), "set_weights"),
        (lambda: ours.Sequential([ours.Input((3,)), ours.layers.Dropout(0.5, noise_shape=(4, 3))]), "fixed number"),
    ):
        with pytest.raises(NotImplementedError, match=message):
            make()
