"""Models with axes of unknown length, in Keras and here."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

from leptonai import LeptonClient

Build = Callable[[Any], Any]


def words(k: Any) -> Any:
    layers = k.layers
    return k.Sequential(
        [
            k.Input((None,)),
            layers.Embedding(11, 6, mask_zero=True),
            layers.LSTM(5, return_sequences=True),
            layers.Bidirectional(layers.GRU(4)),
            layers.Dense(2),
        ]
    )


def signals(k: Any) -> Any:
    layers = k.layers
    x = k.Input((None, 3))
    y = layers.Conv1D(6, 3, padding="same", activation="relu")(x)
    y = layers.MaxPooling1D(2)(y)
    y = layers.BatchNormalization()(y)
    z = layers.Conv1D(6, 4, strides=2)(y)
    pooled = layers.Concatenate()([layers.GlobalAveragePooling1D()(y), layers.GlobalMaxPooling1D()(z)])
    return k.Model(x, layers.Dense(2)(pooled))


def attending(k: Any) -> Any:
    layers = k.layers
    query, value = k.Input((None, 4)), k.Input((None, 4))
    x = layers.MultiHeadAttention(2, 3)(query, value)
    x = layers.LayerNormalization()(layers.Add()([x, query]))
    x = layers.Attention()([x, value])
    x = layers.TimeDistributed(layers.Dense(5, activation="tanh"))(x)
    x = layers.Conv1D(4, 2, padding="causal")(layers.ZeroPadding1D(1)(x))
    x = layers.Cropping1D(1)(layers.UpSampling1D(2)(x))
    return k.Model([query, value], layers.Dense(2)(k.ops.mean(x, axis=1) + k.ops.max(x[:, 1:], axis=1)))


def pictures(k: Any) -> Any:
    """Down and up again, with a path across."""
    layers = k.layers
    x = k.Input((None, None, 2))
    first = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(5, 3, padding="same", activation="relu")(layers.MaxPooling2D()(first))
    y = layers.Conv2DTranspose(3, 2, strides=2)(y)
    y = layers.Concatenate()([first, y])
    y = layers.SeparableConv2D(2, 3, padding="same")(y)
    return k.Model(x, y)


def batches(name: str, seed: int, lengths: list[int]) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        rows = int(rng.integers(7, 11))
        y: Any = rng.normal(size=(rows, 2)).astype("float32")
        if name == "words":
            x: Any = rng.integers(0, 11, size=(rows, length)).astype("float32")
        elif name == "signals":
            x = rng.normal(size=(rows, length, 3)).astype("float32")
        elif name == "attending":
            x = tuple(rng.normal(size=(rows, n, 4)).astype("float32") for n in (length, length + 2))
        else:
            x = rng.normal(size=(rows, length, length + 4, 2)).astype("float32")
            y = rng.normal(size=(rows, length, length + 4, 2)).astype("float32")
        made.append((x, y))
    return made


def plain(k: Any) -> dict[str, Any]:
    return {"jit_compile": False} if k is keras else {}


MODELS: dict[str, Build] = {"words": words, "signals": signals, "attending": attending, "pictures": pictures}


def as_one(x: Any) -> Any:
    return list(x) if isinstance(x, tuple) else x


@pytest.mark.parametrize("name", MODELS)
def test_batches_of_several_lengths_train_alike(name: str) -> None:
    theirs, mine = pair(MODELS[name])
    assert mine.output_shape == theirs.output_shape
    data = batches(name, 1, [10, 16, 10] if name != "pictures" else [8, 12, 8])
    for x, _ in data:
        agree(mine.predict(as_one(x), verbose=0), theirs(as_one(x)), PASS)
    losses = []
    for model, k in ((theirs, keras), (mine, ours)):
        # Keras operation by operation: it would compile a program for every length.
        model.compile(optimizer=k.optimizers.SGD(0.05), loss="mse", metrics=["mae"], **plain(k))
        losses.append([])
        for _ in range(2):
            for x, y in data:
                losses[-1].append(model.train_on_batch(as_one(x), y))
    agree(losses[1], losses[0], TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)
    x, y = data[1]
    agree(mine.test_on_batch(as_one(x), y), theirs.test_on_batch(as_one(x), y), TRAINED)


def test_a_generator_changes_the_length_from_batch_to_batch() -> None:
    theirs, mine = pair(words)
    # More lengths than plans are kept for.
    data = batches("words", 2, [5, 9, 6, 5, 7, 9, 4, 8, 10, 3, 2])

    def source() -> Iterator[tuple[Any, Any]]:
        while True:
            yield from data

    histories = []
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(optimizer=k.optimizers.SGD(0.1), loss="mse", **plain(k))
        arguments = {"validation_data": batches("words", 3, [6])[0], "verbose": 0}
        histories.append(model.fit(source(), steps_per_epoch=len(data), epochs=2, **arguments).history)
    for name in ("loss", "val_loss"):
        agree(histories[1][name], histories[0][name], TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)


def test_fit_on_arrays_of_one_length_and_validation_of_another() -> None:
    theirs, mine = pair(signals)
    (x, y), (vx, vy) = batches("signals", 4, [12, 18])
    histories = []
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(optimizer=k.optimizers.SGD(0.05), loss="mse", **plain(k))
        arguments = {"validation_data": (vx, vy), "batch_size": 5, "shuffle": False, "verbose": 0}
        histories.append(model.fit(x, y, epochs=3, **arguments).history)
    for name in ("loss", "val_loss"):
        agree(histories[1][name], histories[0][name], TRAINED)


@pytest.mark.parametrize("name", MODELS)
def test_shapes_and_configs_are_as_in_keras(name: str) -> None:
    for k in (keras, ours):
        k.backend.clear_session()
    theirs, mine = MODELS[name](keras), MODELS[name](ours)
    assert [tuple(t.shape) for t in mine.outputs] == [tuple(t.shape) for t in theirs.outputs]
    # Keras does not list functions among the layers.
    for other in theirs.layers:
        one = mine.get_layer(other.name)
        if hasattr(one, "output"):
            assert tuple(one.output.shape) == tuple(other.output.shape), one.name
    config = mine.get_config()
    assert config["layers"][0]["config"]["batch_shape"] == list(theirs.inputs[0].shape)
    again = type(mine).from_config(config)
    again.set_weights(mine.get_weights())
    x = as_one(batches(name, 5, [8])[0][0])
    agree(again.predict(x, verbose=0), mine.predict(x, verbose=0), {"rtol": 0, "atol": 0})
    text = mine.to_json()
    keras_again = keras.models.model_from_json(text)
    assert [tuple(t.shape) for t in keras_again.outputs] == [tuple(t.shape) for t in theirs.outputs]
    agree(ours.models.model_from_json(theirs.to_json()).count_params(), theirs.count_params(), PASS)


def test_the_summary_shows_none() -> None:
    lines: list[str] = []
    words(ours).summary(print_fn=lines.append)
    assert "(None, None, 6)" in "\n".join(map(str, lines))


@pytest.mark.parametrize(
    "build",
    [
        lambda k: k.Sequential([k.Input((None,)), k.layers.Dense(3)]),
        lambda k: k.Sequential([k.Input((None, 3)), k.layers.Flatten(), k.layers.Dense(3)]),
        lambda k: k.Sequential([k.Input((None, 3)), k.layers.Permute((2, 1)), k.layers.LSTM(3)]),
        lambda k: k.Sequential([k.Input((4, None)), k.layers.Conv1D(3, 2)]),
        lambda k: k.Sequential([k.Input((None, None)), k.layers.BatchNormalization()]),
    ],
)
def test_weights_do_not_depend_on_an_unknown_length(build: Build) -> None:
    with pytest.raises((ValueError, TypeError)):
        build(keras)
    with pytest.raises(ValueError, match=r"known length|None"):
        build(ours)


def test_what_does_not_fit_is_refused() -> None:
    model = signals(ours)
    with pytest.raises(ValueError, match=r"\(None, None, 3\)"):
        model.predict(np.zeros((2, 5, 4), "float32"), verbose=0)
    with pytest.raises(ValueError, match="at least 1"):
        model.predict(np.zeros((2, 0, 3), "float32"), verbose=0)
    # Too short for the windows of a layer.
    with pytest.raises(ValueError, match="conv1d"):
        model.predict(np.zeros((2, 4, 3), "float32"), verbose=0)
    x, y = batches("signals", 6, [12])[0]
    before = model.get_weights()
    model.compile(optimizer="sgd", loss="mse")
    with pytest.raises(ValueError):
        model.fit(x[:, :4], y, verbose=0)
    for one, other in zip(model.get_weights(), before, strict=True):
        agree(one, other, {"rtol": 0, "atol": 0})
    agree(model.predict(x, verbose=0).shape, (len(x), 2), PASS)


def test_the_last_axis_may_be_unknown_where_nothing_depends_on_it() -> None:
    model = ours.Sequential([ours.Input((None,)), ours.layers.Activation("sigmoid")])
    model.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(7)
    for length in (3, 5, 3):
        x = rng.uniform(size=(4, length)).astype("float32")
        y = (x > 0.5).astype("float32")
        theirs = keras.Sequential([keras.Input((None,)), keras.layers.Activation("sigmoid")])
        theirs.compile(optimizer="sgd", loss="binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        agree(model.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), PASS)


def test_nested_and_shared_models_take_any_length() -> None:
    def build(k: Any) -> Any:
        encoder = k.Sequential([k.Input((None, 3)), k.layers.GRU(4, return_sequences=True), k.layers.LSTM(3)])
        a, b = k.Input((None, 3)), k.Input((6, 3))
        return k.Model([a, b], k.layers.Dense(2)(k.layers.Subtract()([encoder(a), encoder(b)])))

    theirs, mine = pair(build)
    rng = np.random.default_rng(8)
    for length in (4, 7):
        x = [rng.normal(size=(5, n, 3)).astype("float32") for n in (length, 6)]
        agree(mine.predict(x, verbose=0), theirs(x), PASS)


def test_texts_are_as_long_as_the_longest() -> None:
    k = ours
    layer = k.layers.TextVectorization(vocabulary=["a", "b", "c", "d"])
    model = k.Sequential(
        [k.Input((), dtype="string"), layer, k.layers.Embedding(6, 3, mask_zero=True), k.layers.LSTM(2)]
    )
    assert layer.output.shape == (None, None)
    texts = np.array(["a b c", "d", "b z a d c"])
    rows = np.array([[2, 3, 4, 0, 0], [5, 0, 0, 0, 0], [3, 1, 2, 5, 4]], "float32")
    rest = k.Sequential([k.Input((None,)), *model.layers[1:]])
    agree(model.predict(texts, verbose=0), rest.predict(rows, verbose=0), PASS)
    agree(model.predict(texts[:2], verbose=0), rest.predict(rows[:2, :3], verbose=0), PASS)
    model.compile(optimizer="sgd", loss="mse")
    y = np.random.default_rng(9).normal(size=(3, 2)).astype("float32")
    expected = model.evaluate(texts, y, verbose=0)
    history = model.fit(texts, y, batch_size=3, epochs=2, verbose=0).history
    assert history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert history["loss"][1] < history["loss"][0]
    again = k.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    agree(again.predict(texts, verbose=0), model.predict(texts, verbose=0), {"rtol": 0, "atol": 0})


@pytest.mark.parametrize("name", ["words", "pictures"])
def test_any_number_of_nodes_gives_the_same_bits(name: str) -> None:
    x, y = batches(name, 10, [16])[0]
    x, y = np.concatenate([x] * 9), np.concatenate([y] * 9)
    results = []
    for nodes in (1, 2, 5):
        ours.utils.set_random_seed(3)
        model = MODELS[name](ours)
        model.compile(optimizer="adam", loss="mse")
        with LeptonClient(nodes=nodes) as client, client.allocate(nodes=nodes) as allocation:
            client.fit(model, x, y, epochs=2, batch_size=64, verbose=0, allocation=allocation)
        results.append(model.get_weights())
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert one.tobytes() == two.tobytes()
