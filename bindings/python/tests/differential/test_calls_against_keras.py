"""What a call of a layer says beside its inputs, the mode and masks, compared with Keras's: in functional models, in
configs and files, and in code of one's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

ROWS, STEPS, WIDTH = 26, 5, 3
Make = Callable[[Any], Any]


def sequences(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, STEPS, WIDTH)).astype("float32")
    x[np.arange(STEPS) >= rng.integers(1, STEPS + 1, size=(ROWS, 1))] = 0
    return x


def words(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 5, size=(ROWS, STEPS)).astype("int32")


def calls(model: Any) -> list[Any]:
    """What the config of a model says of its calls beside their tensors."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            return value["config"]["keras_history"]
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value

    return [
        (layer["name"], {name: plain(value) for name, value in node["kwargs"].items() if value is not None})
        for layer in json.loads(model.to_json())["config"]["layers"]
        for node in layer["inbound_nodes"]
    ]


def compare(theirs: Any, mine: Any, x: Any, y: Any) -> None:
    agree(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "batch_size": 8}
    histories: list[Any] = []
    for model, k, extra in ((theirs, keras, {"jit_compile": False}), (mine, ours, {})):
        model.compile(k.optimizers.SGD(0.1), "mse", **extra)
        histories.append(model.fit(x, y, **arguments).history["loss"])
    agree(histories[1], histories[0], TRAINED)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)
    agree(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), TRAINED)


def modes(k: Any) -> Any:
    """In a functional model, the mode of the model wins over that of a call."""
    inner_inputs = k.Input((4,))
    inner = k.Model(inner_inputs, k.layers.BatchNormalization(name="inner_norm")(inner_inputs), name="inner")
    chain = k.Sequential([k.Input((4,)), k.layers.BatchNormalization(name="chain_norm")], name="chain")
    inputs = k.Input((6,), name="inputs")
    hidden = k.layers.Dense(4, name="first")(inputs, training=False)
    hidden = k.layers.Dropout(0.0, name="drop")(hidden, training=True)
    hidden = k.layers.BatchNormalization(momentum=0.7, name="norm")(hidden, training=False)
    hidden = inner(hidden, training=False)
    hidden = chain(hidden, training=False)
    return k.Model(inputs, k.layers.Dense(2, name="last")(hidden))


def explicit_masks(k: Any) -> Any:
    inputs, mask = k.Input((STEPS, WIDTH), name="inputs"), k.Input((STEPS,), dtype="bool", name="mask")
    hidden = k.layers.GRU(4, return_sequences=True, name="gru")(inputs, mask=mask)
    hidden = k.layers.BatchNormalization(name="norm")(hidden, mask=mask)
    hidden = k.layers.Bidirectional(k.layers.SimpleRNN(3, return_sequences=True), name="both")(hidden, mask=mask)
    hidden = k.layers.TimeDistributed(k.layers.Dense(4), name="each")(hidden, mask=mask)
    hidden = k.layers.Attention(name="attention")([hidden, hidden], mask=[mask, mask])
    hidden = k.layers.GlobalAveragePooling1D(name="mean")(hidden, mask=mask)
    return k.Model([inputs, mask], k.layers.Dense(2, name="last")(hidden))


def heads(k: Any) -> Any:
    inputs, mask = k.Input((STEPS, WIDTH), name="inputs"), k.Input((STEPS,), dtype="bool", name="mask")
    layer = k.layers.MultiHeadAttention(2, 3, name="heads")
    hidden = layer(inputs, inputs, query_mask=mask, value_mask=mask)
    return k.Model([inputs, mask], k.layers.Dense(2, name="last")(k.layers.Flatten(name="flat")(hidden)))


def masked_scores(k: Any) -> Any:
    inputs, mask = k.Input((STEPS,), name="inputs"), k.Input((STEPS,), dtype="bool", name="mask")
    hidden = k.layers.Softmax(name="soft")(k.layers.Dense(STEPS, name="first")(inputs), mask=mask)
    # The mask would reach the loss, which has no value for each of its elements.
    hidden = k.layers.Conv1D(1, 1, name="stop")(k.layers.Reshape((STEPS, 1), name="wide")(hidden))
    hidden = k.layers.Flatten(name="flat")(hidden)
    return k.Model([inputs, mask], k.layers.Dense(2, name="last")(hidden))


def implicit_and_computed(k: Any) -> Any:
    inputs = k.Input((STEPS,), name="inputs")
    embed = k.layers.Embedding(5, 4, mask_zero=True, name="embed")
    hidden = embed(inputs)
    hidden = k.layers.LSTM(3, name="lstm")(hidden, mask=embed.compute_mask(inputs), training=False)
    return k.Model(inputs, k.layers.Dense(2, name="last")(hidden))


def masked_models(k: Any) -> Any:
    inner_inputs = k.Input((STEPS, WIDTH))
    inner = k.Model(inner_inputs, k.layers.LSTM(3, name="inner_lstm")(inner_inputs), name="inner")
    inputs, mask = k.Input((STEPS, WIDTH), name="inputs"), k.Input((STEPS,), dtype="bool", name="mask")
    return k.Model([inputs, mask], k.layers.Dense(2, name="last")(inner(inputs, mask=mask)))


def implicit_masks(k: Any) -> Any:
    """Keras writes into its config what calls were given by itself."""
    inputs = k.Input((STEPS, WIDTH), name="inputs")
    hidden = k.layers.Masking(name="masking")(inputs)
    hidden = k.layers.GRU(3, return_sequences=True, name="gru")(hidden)
    hidden = k.layers.Dropout(0.0, name="drop")(hidden)
    hidden = k.layers.BatchNormalization(name="norm")(hidden)
    hidden = k.layers.TimeDistributed(k.layers.Dense(3), name="each")(hidden)
    hidden = k.layers.MultiHeadAttention(2, 2, name="heads")(hidden, hidden)
    return k.Model(inputs, k.layers.Dense(2, name="last")(k.layers.GlobalAveragePooling1D(name="mean")(hidden)))


def implicit_words(k: Any) -> Any:
    inputs = k.Input((STEPS,), name="inputs")
    hidden = k.layers.Embedding(5, 4, mask_zero=True, name="embed")(inputs)
    hidden = k.layers.LSTM(3, name="lstm")(hidden)
    return k.Model(inputs, k.layers.Dense(2, name="last")(hidden))


def masks_of(x: np.ndarray) -> np.ndarray:
    return np.any(x != 0, axis=-1)


def data(build: Make) -> Any:
    rng = np.random.default_rng(3)
    if build is modes:
        return rng.normal(size=(ROWS, 6)).astype("float32")
    if build is masked_scores:
        return [rng.normal(size=(ROWS, STEPS)).astype("float32"), masks_of(sequences(3))]
    if build in (implicit_and_computed, implicit_words):
        return words(3)
    return sequences(3) if build is implicit_masks else [sequences(3), masks_of(sequences(4))]


BUILDS = [
    modes,
    explicit_masks,
    heads,
    masked_scores,
    implicit_and_computed,
    masked_models,
    implicit_masks,
    implicit_words,
]


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
def test_calls(build: Make, tmp_path: Path) -> None:
    theirs, mine = pair(build)
    if not build.__name__.startswith("implicit"):
        assert calls(mine) == calls(theirs)
    # Keras's file here: the same config comes out again, and Keras reads it.
    theirs.save(tmp_path / "theirs.keras")
    loaded = ours.models.load_model(tmp_path / "theirs.keras")
    assert calls(loaded) == calls(theirs)
    loaded.save(tmp_path / "ours.keras")
    back = keras.models.load_model(tmp_path / "ours.keras")
    assert calls(back) == calls(theirs)
    x = data(build)
    expected = theirs.predict(x, verbose=0)
    for model in (loaded, back):
        agree(model.predict(x, verbose=0), expected, PASS)
    y = np.random.default_rng(5).normal(size=(ROWS, 2)).astype("float32")
    compare(theirs, loaded, x, y)
    mine.compile(ours.optimizers.SGD(0.1), "mse")
    mine.fit(x, y, epochs=2, shuffle=False, verbose=0, batch_size=8)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)


def test_layers_that_take_no_mask_refuse_one() -> None:
    mask = ours.Input((STEPS,))
    for layer in (ours.layers.Dense(2), ours.layers.Dropout(0.5), ours.layers.LayerNormalization()):
        with pytest.raises(ValueError, match="mask"):
            layer(ours.Input((STEPS, WIDTH)), mask=mask)


# ------------------------------------------------------------- code of one's own


def own_model(k: Any, forward: Callable[[Any, Any, Any], Any], *layers: Callable[[Any], Any]) -> Any:
    """A model of one's own class with some layers, called as `forward` says."""

    class Own(k.Model):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.parts = [make(k.layers) for make in layers]
            self.last = k.layers.Dense(2, name="last")

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.last(forward(self, inputs, training))

    model = Own()
    model(np.zeros((1, 6), "float32"))
    return model


def block(k: Any) -> Any:
    """A layer of one's own that passes the mode on only to one of its layers."""

    class Block(k.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm = k.BatchNormalization(momentum=0.8)
            self.drop = k.Dropout(0.9)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.norm(self.drop(inputs, training=training))

    return Block()


FORWARD: dict[str, tuple[Callable[[Any, Any, Any], Any], Any]] = {
    "inference": (
        lambda own, x, mode: own.parts[1](own.parts[0](x, training=False), training=False),
        (lambda k: k.BatchNormalization(momentum=0.8), lambda k: k.Dropout(0.5)),
    ),
    "one of two": (
        lambda own, x, mode: own.parts[1](own.parts[0](x, training=mode), training=False),
        (lambda k: k.BatchNormalization(momentum=0.8), lambda k: k.AlphaDropout(0.5)),
    ),
    "a block": (lambda own, x, mode: own.parts[0](x, training=False), (block,)),
    "a chain": (
        lambda own, x, mode: own.parts[0](x, training=False),
        (lambda k: keras_of(k).Sequential([k.BatchNormalization(), k.GaussianNoise(0.9), k.Dropout(0.5)]),),
    ),
    "recurrent": (
        lambda own, x, mode: own.parts[1](own.parts[0](x), training=False),
        (lambda k: k.Reshape((3, 2)), lambda k: k.LSTM(3, dropout=0.5, recurrent_dropout=0.5)),
    ),
    "spectral": (
        lambda own, x, mode: own.parts[0](x, training=False),
        (lambda k: k.SpectralNormalization(k.Dense(4)),),
    ),
}


def keras_of(layers: Any) -> Any:
    return keras if layers is keras.layers else ours


@pytest.mark.parametrize("name", FORWARD)
def test_the_mode_of_a_call_in_own_code(name: str) -> None:
    forward, layers = FORWARD[name]
    theirs, mine = pair(lambda k: own_model(k, forward, *layers))
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(ROWS, 6)).astype("float32"), rng.normal(size=(ROWS, 2)).astype("float32")
    compare(theirs, mine, x, y)


def test_dropout_that_always_drops() -> None:
    """Predictions of a model whose code says so differ from call to call, around the same mean."""
    layers = (lambda k: k.Dense(40, activation="relu"), lambda k: k.Dropout(0.5))
    model = own_model(ours, lambda own, x, mode: own.parts[1](own.parts[0](x), training=True), *layers)
    x = np.random.default_rng(8).normal(size=(300, 6)).astype("float32")
    several = np.stack([model.predict(x, verbose=0) for _ in range(400)])
    assert np.ptp(several, axis=0).min() > 0
    still = own_model(ours, lambda own, x, mode: own.parts[1](own.parts[0](x)), *layers)
    still.set_weights(model.get_weights())
    deviation = several.std(axis=0) / np.sqrt(len(several))
    assert (np.abs(several.mean(axis=0) - still.predict(x, verbose=0)) < 6 * deviation + 1e-6).all()
    # Rows do not share what is dropped, wherever they stand.
    same = model.predict(np.repeat(x[:1], 300, axis=0), verbose=0)
    assert len(np.unique(same[:, 0])) > 290
    assert not np.array_equal(model(x), model(x))
    model.compile(loss="mse")
    y = np.zeros((300, 2), "float32")
    assert len({model.evaluate(x, y, verbose=0) for _ in range(4)}) == 4


def test_what_would_depend_on_the_batch_is_refused() -> None:
    for layer in (lambda k: k.BatchNormalization(), lambda k: k.SpectralNormalization(k.Dense(2))):
        with pytest.raises(NotImplementedError, match="training=True"):
            own_model(ours, lambda own, x, mode: own.parts[0](x, training=True), layer)


def test_masks_given_in_own_code() -> None:
    class Step:
        def __call__(self, k: Any) -> Any:
            class Mean(k.layers.Layer):  # type: ignore[misc, name-defined]
                def call(self, inputs: Any, mask: Any = None) -> Any:
                    kept = k.ops.expand_dims(k.ops.cast(mask, "float32"), -1)
                    return k.ops.sum(inputs * kept, axis=1) / k.ops.sum(kept, axis=1)

            class Own(k.Model):  # type: ignore[misc, name-defined]
                def __init__(self) -> None:
                    super().__init__()
                    self.lstm = k.layers.LSTM(4, return_sequences=True)
                    self.mean = Mean()
                    self.last = k.layers.Dense(2)

                def call(self, inputs: Any) -> Any:
                    mask = k.ops.any(k.ops.not_equal(inputs, 0), axis=-1)
                    return self.last(self.mean(self.lstm(inputs, mask=mask), mask=mask))

            model = Own()
            model(np.ones((1, STEPS, WIDTH), "float32"))
            return model

    theirs, mine = pair(Step())
    compare(theirs, mine, sequences(9), np.random.default_rng(10).normal(size=(ROWS, 2)).astype("float32"))
