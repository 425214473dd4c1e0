"""Every layer trains to the same bits on 1, 2 and 5 nodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from leptonai import LeptonClient, keras

L = keras.layers
Maker = Callable[[], object]

# Layers for samples of each shape. Dropout and noise draw from counters, shuffling too, so they are no exception.
SEQUENCES: dict[str, Maker] = {
    "Conv1D": lambda: L.Conv1D(8, 3, padding="causal", activation="relu"),
    "Conv1DTranspose": lambda: L.Conv1DTranspose(6, 3, strides=2),
    "SeparableConv1D": lambda: L.SeparableConv1D(6, 3),
    "DepthwiseConv1D": lambda: L.DepthwiseConv1D(3, depth_multiplier=2),
    "MaxPooling1D": lambda: L.MaxPooling1D(2),
    "AveragePooling1D": lambda: L.AveragePooling1D(3, strides=1, padding="same"),
    "UpSampling1D": lambda: L.UpSampling1D(2),
    "SimpleRNN": lambda: L.SimpleRNN(8, return_sequences=True),
    "LSTM": lambda: L.LSTM(8, dropout=0.2, recurrent_dropout=0.1),
    "GRU": lambda: L.GRU(8, go_backwards=True),
    "LSTM of other activations": lambda: L.LSTM(6, activation="elu", recurrent_activation="hard_sigmoid"),
    "SpectralNormalization": lambda: L.SpectralNormalization(L.Conv1D(8, 3)),
    "GRU reset before": lambda: L.GRU(8, reset_after=False),
    "Bidirectional": lambda: L.Bidirectional(L.LSTM(5, return_sequences=True)),
    "TimeDistributed": lambda: L.TimeDistributed(L.Dense(7, activation="tanh")),
    "Masking": L.Masking,
    "SpatialDropout1D": lambda: L.SpatialDropout1D(0.3),
    "EinsumDense": lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 6), bias_axes="d"),
    "GlobalMaxPooling1D": L.GlobalMaxPooling1D,
}
VECTORS: dict[str, Maker] = {
    "Dropout": lambda: L.Dropout(0.4),
    "GaussianDropout": lambda: L.GaussianDropout(0.3),
    "GaussianNoise": lambda: L.GaussianNoise(0.3),
    "AlphaDropout": lambda: L.AlphaDropout(0.2),
    "BatchNormalization": lambda: L.BatchNormalization(momentum=0.8),
    "LayerNormalization": L.LayerNormalization,
    "RMSNormalization": L.RMSNormalization,
    "GroupNormalization": lambda: L.GroupNormalization(groups=3),
    "UnitNormalization": L.UnitNormalization,
    "PReLU": L.PReLU,
    "regularised Dense": lambda: L.Dense(9, kernel_regularizer="l2", kernel_constraint="max_norm", activation="gelu"),
}
IMAGES: dict[str, Maker] = {
    "Conv2D": lambda: L.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
    "Conv2D in groups": lambda: L.Conv2D(6, 3, groups=3, dilation_rate=2),
    "Conv2DTranspose": lambda: L.Conv2DTranspose(4, 3, strides=2, padding="same"),
    "SeparableConv2D": lambda: L.SeparableConv2D(5, 3),
    "DepthwiseConv2D": lambda: L.DepthwiseConv2D(3),
    "MaxPooling2D": lambda: L.MaxPooling2D(2),
    "AveragePooling2D": lambda: L.AveragePooling2D(3, padding="same"),
    "BatchNormalization of images": L.BatchNormalization,
    "SpatialDropout2D": lambda: L.SpatialDropout2D(0.3),
}
VOLUMES: dict[str, Maker] = {
    "Conv3D": lambda: L.Conv3D(3, 2),
    "MaxPooling3D": lambda: L.MaxPooling3D(2),
}
SHAPES = [((6, 6), SEQUENCES), ((30,), VECTORS), ((8, 8, 3), IMAGES), ((4, 4, 4, 2), VOLUMES)]
CASES = [pytest.param(shape, make, id=name) for shape, makers in SHAPES for name, make in makers.items()]


def trained(nodes: int, make_model: Callable[[], keras.Model], x: np.ndarray) -> list[bytes]:
    """The weights after two epochs, and the history, as bytes."""
    rng = np.random.default_rng(2)
    keras.utils.set_random_seed(11)
    model = make_model()
    # 150 rows in batches of 64: two shards each, and a shorter last batch.
    y = rng.normal(size=(len(x), 1)).astype("float32")
    weights = rng.random(len(x)).astype("float32")
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    with LeptonClient(nodes=nodes) as client:
        history = client.fit(model, x, y, batch_size=64, epochs=2, sample_weight=weights, verbose=0).history
    figures = np.array([history[name] for name in sorted(history)])
    return [weight.tobytes() for weight in model.get_weights()] + [figures.tobytes()]


def expect_the_same_bits(make_model: Callable[[], keras.Model], x: np.ndarray) -> None:
    one = trained(1, make_model, x)
    assert trained(2, make_model, x) == one
    assert trained(5, make_model, x) == one


def with_head(inputs: object, features: object) -> keras.Model:
    """A head that makes a batch worth several shards."""
    wide = L.Dense(256, activation="relu")(L.Flatten()(features))
    return keras.Model(inputs, L.Dense(1)(L.Dense(96, activation="tanh")(wide)))


@pytest.mark.parametrize(("shape", "make"), CASES)
def test_layers(shape: tuple[int, ...], make: Callable[[], keras.layers.Layer]) -> None:
    def model() -> keras.Model:
        inputs = keras.Input(shape)
        return with_head(inputs, make()(inputs))

    x = np.random.default_rng(1).normal(size=(150, *shape)).astype("float32")
    x[x < -1.5] = 0
    expect_the_same_bits(model, x)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_embeddings(mask_zero: bool) -> None:
    def model() -> keras.Model:
        inputs = keras.Input((10,))
        return with_head(inputs, L.LSTM(6)(L.Embedding(20, 5, mask_zero=mask_zero)(inputs)))

    expect_the_same_bits(model, np.random.default_rng(1).integers(0, 20, (150, 10)).astype("float32"))


def test_attention_and_merges() -> None:
    def model() -> keras.Model:
        inputs = keras.Input((6, 8))
        attended = L.MultiHeadAttention(2, 4, dropout=0.1)(inputs, inputs, use_causal_mask=True)
        added = L.LayerNormalization()(L.Add()([inputs, attended]))
        scored = L.Attention(use_scale=True)([added, inputs])
        additive = L.AdditiveAttention()([inputs, added])
        both = [L.Concatenate()([scored, additive]), L.Multiply()([scored, additive]), L.Maximum()([added, inputs])]
        return with_head(inputs, L.Concatenate()(both))

    expect_the_same_bits(model, np.random.default_rng(1).normal(size=(150, 6, 8)).astype("float32"))


def test_grouped_attention() -> None:
    def model() -> keras.Model:
        inputs = keras.Input((6, 8))
        return with_head(inputs, L.GroupQueryAttention(4, 4, 2, use_gate=True, sliding_window=3)(inputs, inputs))

    expect_the_same_bits(model, np.random.default_rng(1).normal(size=(150, 6, 8)).astype("float32"))


@pytest.mark.parametrize("loss", ["ctc", "circle"])
def test_losses_of_sequences_and_of_whole_batches(loss: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(150, 12, 16)).astype("float32")
    y = rng.integers(1, 5, (150, 4)) if loss == "ctc" else rng.integers(0, 6, (150,))
    results = []
    for nodes in (1, 2, 5):
        keras.utils.set_random_seed(4)
        inputs = keras.Input((12, 16))
        hidden = L.Dense(300, activation="relu")(inputs)
        embedded = L.UnitNormalization()(L.Dense(8)(L.Flatten()(hidden)))
        model = keras.Model(inputs, L.Dense(5)(hidden) if loss == "ctc" else embedded)
        model.compile(keras.optimizers.Adam(0.01), loss)
        with LeptonClient(nodes=nodes) as client:
            client.fit(model, x, y, batch_size=64, epochs=2, verbose=0)
        results.append([weight.tobytes() for weight in model.get_weights()])
    assert results[1] == results[0]
    assert results[2] == results[0]


def test_stateful_layers() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(192, 6, 6)).astype("float32"), rng.normal(size=(192, 1)).astype("float32")
    results = []
    for nodes in (1, 2, 5):
        keras.utils.set_random_seed(6)
        inputs = keras.Input(batch_shape=(64, 6, 6))
        model = with_head(inputs, L.LSTM(8, stateful=True, return_sequences=True)(inputs))
        model.compile(keras.optimizers.Adam(0.01), "mse")
        with LeptonClient(nodes=nodes) as client:
            client.fit(model, x, y, batch_size=64, epochs=2, shuffle=False, verbose=0)
            predicted = client.predict(model, x)
        results.append([*(weight.tobytes() for weight in model.get_weights()), predicted.tobytes()])
    assert results[1] == results[0]
    assert results[2] == results[0]
