"""Recurrent layers, their cells and wrappers, in Keras and here."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

ROWS, TIME, FEATURES = 29, 5, 3


def sequences(seed: int, outputs: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, TIME, FEATURES)).astype("float32")
    return x, rng.normal(size=(ROWS, *outputs)).astype("float32")


def trained_alike(build: Callable[[Any], Any], x: Any, y: Any) -> None:
    """The same predictions, and the same weights after three steps. One batch: Keras compiles a program for every
    shape, and for recurrent layers a long one."""
    theirs, mine = pair(build)
    agree_all(mine.predict(x, verbose=0), theirs.predict(x, verbose=0), PASS)
    losses = []
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(optimizer=k.optimizers.Adam(0.01), loss="mse")
        history = model.fit(x, y, epochs=3, batch_size=ROWS, shuffle=False, verbose=0).history
        losses.append(history["loss"])
    agree(losses[1], losses[0], TRAINED)
    agree_all(mine.get_weights(), theirs.get_weights(), TRAINED)


def agree_all(mine: Any, theirs: Any, tolerance: dict[str, float]) -> None:
    if not isinstance(theirs, list | tuple):
        mine, theirs = [mine], [theirs]
    for one, other in zip(mine, theirs, strict=True):
        agree(one, other, tolerance)


def chain(*layers: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda k: k.Sequential([k.Input((TIME, FEATURES)), *(make(k.layers) for make in layers)])


def dense(n: int = 2) -> Callable[[Any], Any]:
    return lambda layers: layers.Dense(n)


def random_layer(kind: str, seed: int, last: bool) -> Callable[[Any], Any]:
    """A layer with random arguments."""
    rng = np.random.default_rng(seed)
    arguments: dict[str, Any] = {
        "units": int(rng.integers(1, 11)),
        "activation": str(rng.choice(["tanh", "sigmoid", "relu", "linear"])),
        "use_bias": bool(rng.integers(2)),
        "bias_initializer": "glorot_uniform" if kind == "GRU" else "zeros",
        "go_backwards": bool(rng.integers(2)),
        "unroll": bool(rng.integers(2)),
        "return_sequences": not last,
    }
    if kind == "LSTM":
        arguments["unit_forget_bias"] = bool(rng.integers(2))
    if kind == "GRU":
        arguments["reset_after"] = bool(rng.integers(2))
    if kind != "SimpleRNN":
        arguments["recurrent_activation"] = str(rng.choice(["sigmoid", "tanh"]))
        arguments["implementation"] = int(rng.integers(1, 3))
    return lambda layers: getattr(layers, kind)(**arguments)


@pytest.mark.parametrize(
    ("build", "outputs"),
    [
        (chain(lambda k: k.LSTM(7, return_sequences=True), lambda k: k.GRU(9), dense()), (2,)),
        (chain(lambda k: k.GRU(6, return_sequences=True), lambda k: k.LSTM(4, return_sequences=True)), (TIME, 4)),
        (chain(*(random_layer(kind, 1, kind == "GRU") for kind in ("SimpleRNN", "LSTM", "GRU")), dense()), (2,)),
        (chain(*(random_layer(kind, 4, kind == "SimpleRNN") for kind in ("GRU", "LSTM", "SimpleRNN")), dense()), (2,)),
        (
            chain(
                lambda k: k.RNN([k.LSTMCell(4), k.GRUCell(3, reset_after=False)], return_sequences=True),
                lambda k: k.RNN(k.SimpleRNNCell(2), go_backwards=True),
            ),
            (2,),
        ),
    ],
)
def test_chains_train_alike(build: Callable[[Any], Any], outputs: tuple[int, ...]) -> None:
    x, y = sequences(3, outputs)
    trained_alike(build, x, y)


def test_both_ways_train_alike() -> None:
    x, y = sequences(5, (2,))
    build = chain(
        lambda k: k.Bidirectional(k.LSTM(4, return_sequences=True)),
        lambda k: k.Bidirectional(k.GRU(3, return_sequences=True), merge_mode="ave"),
        lambda k: k.Bidirectional(
            k.GRU(3, return_sequences=True),
            merge_mode="sum",
            backward_layer=k.SimpleRNN(3, return_sequences=True, go_backwards=True),
        ),
        lambda k: k.Bidirectional(k.SimpleRNN(3), merge_mode="mul"),
        dense(),
    )
    trained_alike(build, x, y)


def test_layers_over_time_train_alike() -> None:
    x, y = sequences(6, (TIME, 2))
    build = chain(
        lambda k: k.TimeDistributed(k.Dense(6, activation="tanh")),
        lambda k: k.LSTM(4, return_sequences=True),
        lambda k: k.TimeDistributed(k.Flatten()),
        lambda k: k.TimeDistributed(k.Dense(2)),
    )
    trained_alike(build, x, y)


def stateful_model(kind: str, merge: bool) -> Callable[[Any], Any]:
    states = 2 if kind == "LSTM" else 1

    def build(k: Any) -> Any:
        x = k.Input((TIME, FEATURES))
        initial = [k.Input((4,)) for _ in range(states * (2 if merge else 1))]
        layer = getattr(k.layers, kind)(4, return_sequences=True, return_state=True)
        if merge:
            layer = k.layers.Bidirectional(layer, merge_mode=None)
        outputs = layer(x, initial_state=initial)
        decoded = getattr(k.layers, kind)(4)(outputs[0], initial_state=list(outputs[-states:]))
        return k.Model([x, *initial], [*outputs, k.layers.Dense(2)(decoded)])

    return build


@pytest.mark.parametrize(("kind", "merge"), [("LSTM", False), ("GRU", False), ("SimpleRNN", True)])
def test_states_go_in_and_come_out(kind: str, merge: bool) -> None:
    rng = np.random.default_rng(8)
    model = stateful_model(kind, merge)(keras)
    x = [rng.normal(size=(ROWS, *shape[1:])).astype("float32") for shape in (tensor.shape for tensor in model.inputs)]
    y = [rng.normal(size=(ROWS, *shape[1:])).astype("float32") for shape in (tensor.shape for tensor in model.outputs)]
    trained_alike(stateful_model(kind, merge), x, y)


@pytest.mark.parametrize(
    ("layer", "mean_square"),
    [
        # One input of 1 at two steps, dropped at both or at none: (2 + 2)^2 in half of the rows.
        ({"dropout": 0.5}, 8.0),
        # Steps of 1 with a kernel of 1: 1 where the state is dropped, 1 + 2 (1 + 0) else.
        ({"recurrent_dropout": 0.5}, 5.0),
    ],
)
def test_dropout_has_one_pattern_for_all_steps(layer: dict[str, float], mean_square: float) -> None:
    model = ours.Sequential(
        [
            ours.Input((2, 1)),
            ours.layers.SimpleRNN(
                1,
                activation=None,
                use_bias=False,
                kernel_initializer="ones",
                recurrent_initializer="ones",
                seed=1,
                **layer,
            ),
        ]
    )
    model.compile(optimizer=ours.optimizers.SGD(0.0), loss="mse")
    ones = np.ones((4096, 2, 1), dtype="float32")
    loss = model.fit(ones, np.zeros((4096, 1)), batch_size=4096, verbose=0).history["loss"][0]
    assert abs(loss - mean_square) < 0.5
    agree(model.predict(ones[:1], verbose=0), [[2.0]], PASS)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_dropout_of_gates_trains_and_repeats(kind: str) -> None:
    x, y = sequences(1, (4,))
    losses = []
    for _ in range(2):
        ours.utils.set_random_seed(3)
        model = ours.Sequential(
            [ours.Input((TIME, FEATURES)), getattr(ours.layers, kind)(4, dropout=0.3, recurrent_dropout=0.2)]
        )
        model.compile(optimizer="adam", loss="mse")
        losses.append(model.fit(x, y, epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert np.isfinite(losses).all()


LAYERS: list[Callable[[Any], Any]] = [
    lambda k: k.LSTM(3, name="a", dropout=0.5, seed=4, zero_output_for_mask=True),
    lambda k: k.GRU(3, name="a", reset_after=False, return_state=True),
    lambda k: k.SimpleRNN(3, name="a", activation=None, go_backwards=True),
    lambda k: k.RNN([k.LSTMCell(2, name="b"), k.GRUCell(3, name="c")], name="a", return_sequences=True),
    lambda k: k.Bidirectional(k.LSTM(2, return_sequences=True, name="b"), name="a", merge_mode=None),
    lambda k: k.StackedRNNCells([k.SimpleRNNCell(2, name="b", seed=1)], name="a"),
]


@pytest.mark.parametrize("make", LAYERS)
def test_configs_are_those_of_keras(make: Callable[[Any], Any]) -> None:
    for k in (keras, ours):
        k.backend.clear_session()
    theirs, mine = make(keras.layers), make(ours.layers)
    assert plain(mine.get_config()) == plain(theirs.get_config())
    again = type(mine).from_config(theirs.get_config())
    assert plain(again.get_config()) == plain(theirs.get_config())


def plain(config: Any) -> Any:
    """Without what depends on whether a layer has been built, and with initializers in one form."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if key not in ("build_config", "shared_object_id")}
    if isinstance(config, list | tuple):
        return [plain(value) for value in config]
    return config


def test_weights_have_the_names_of_keras() -> None:
    for make in LAYERS[:5]:
        paths = []
        for k in (keras, ours):
            k.backend.clear_session()
            inputs = k.Input((TIME, FEATURES))
            outputs = make(k.layers)(inputs)
            model = k.Model(inputs, outputs)
            paths.append([(weight.path.removeprefix("functional/"), weight.name) for weight in model.weights])
        assert paths[0] == paths[1]


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda k: k.LSTM(0), "units"),
        (lambda k: k.LSTM(3, activation="tahn"), "tahn"),
        (lambda k: k.LSTM(3, use_cudnn="yes"), "use_cudnn"),
        (lambda k: k.GRU(3, recurrent_initializer="orthogonall"), "orthogonall"),
        (lambda k: k.RNN(k.Dense(3)), "cell"),
        (lambda k: k.Bidirectional(k.Dense(3)), ""),
        (lambda k: k.Bidirectional(k.LSTM(3), merge_mode="max"), "Invalid merge mode"),
        (lambda k: k.Bidirectional(k.LSTM(3), backward_layer=k.LSTM(3)), "different `go_backwards`"),
        (
            lambda k: k.Bidirectional(k.LSTM(3), backward_layer=k.LSTM(3, go_backwards=True, return_sequences=True)),
            "return_sequences",
        ),
        (lambda k: k.LSTM(3)(k.Input((4,))), "ndim=3|3 axes"),
        (lambda k: k.Bidirectional("lstm"), ""),
    ],
)
def test_refusals_are_of_the_same_kind(make: Callable[[Any], Any], word: str) -> None:
    class Both:
        """Layers and Input of one package."""

        def __init__(self, k: Any) -> None:
            self.k = k

        def __getattr__(self, name: str) -> Any:
            return getattr(self.k.layers, name)

    for k in (keras, ours):
        with pytest.raises((ValueError, TypeError), match=word if k is ours else ""):
            make(Both(k))


@pytest.mark.parametrize(
    "layer",
    [
        lambda k: k.SimpleRNN(4, activation="elu", return_sequences=True, go_backwards=True),
        lambda k: k.LSTM(4, activation="gelu", recurrent_activation="hard_sigmoid", return_sequences=True),
        lambda k: k.GRU(4, activation="softsign", recurrent_activation="softmax", return_sequences=True),
        lambda k: k.Bidirectional(
            k.LSTM(3, activation="log_softmax", return_sequences=True),
            backward_layer=k.GRU(
                3, activation="silu", reset_after=False, use_bias=False, return_sequences=True, go_backwards=True
            ),
        ),
        lambda k: k.RNN([k.GRUCell(3, recurrent_activation="mish"), k.LSTMCell(2)], return_sequences=True),
    ],
)
def test_any_activation_trains_alike(layer: Callable[[Any], Any]) -> None:
    x, y = sequences(11, (2,))
    x[3:9, 3:] = 0
    x[11, 1] = 0
    trained_alike(chain(lambda k: k.Masking(), layer, lambda k: k.LSTM(3), dense()), x, y)


def test_activations_take_states_and_drop() -> None:
    def build(k: Any) -> Any:
        x, h, c = k.Input((TIME, FEATURES)), k.Input((4,)), k.Input((4,))
        layer = k.layers.LSTM(4, activation="softplus", recurrent_activation="relu6", return_state=True)
        return k.Model([x, h, c], layer(x, initial_state=[h, c]))

    rng = np.random.default_rng(12)
    x = [rng.normal(size=(ROWS, *shape)).astype("float32") for shape in ((TIME, FEATURES), (4,), (4,))]
    y = [rng.normal(size=(ROWS, 4)).astype("float32") for _ in range(3)]
    trained_alike(build, x, y)
    losses = []
    for _ in range(2):
        ours.utils.set_random_seed(3)
        model = ours.Sequential(
            [
                ours.Input((TIME, FEATURES)),
                ours.layers.GRU(4, activation="elu", dropout=0.3, recurrent_dropout=0.2, implementation=1),
            ]
        )
        model.compile(optimizer="adam", loss="mse")
        losses.append(model.fit(*sequences(1, (4,)), epochs=2, verbose=0).history["loss"])
    assert losses[0] == losses[1]
    assert np.isfinite(losses).all()


def test_activations_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="glu"):
        ours.layers.LSTM(4, activation="glu")
    with pytest.raises(NotImplementedError, match="512 time steps"):
        ours.Sequential([ours.Input((600, 1)), ours.layers.LSTM(1, activation="elu")])


# ------------------------------------------------------------------ stateful

BATCH = 6


def stateful(k: Any, merge: bool = False) -> Any:
    layers = k.layers
    first = layers.LSTM(3, stateful=True, return_sequences=True, name="first")
    if merge:
        first = layers.Bidirectional(layers.GRU(3, stateful=True, return_sequences=True), name="first")
    rest = layers.RNN([layers.GRUCell(3), layers.SimpleRNNCell(2)], stateful=True, name="second")
    return k.Sequential([k.Input(batch_shape=(BATCH, TIME, FEATURES)), first, rest, layers.Dense(2)])


@pytest.mark.parametrize("merge", [False, True])
def test_states_are_kept_from_call_to_call(merge: bool) -> None:
    # Keras on JAX keeps states in calls, and forgets them in fit and predict.
    theirs, mine = pair(lambda k: stateful(k, merge))
    rng = np.random.default_rng(13)
    batches = [rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32") for _ in range(4)]
    for x in batches[:3]:
        agree(mine(x), theirs(x), PASS)
    theirs.layers[0].reset_state()
    mine.layers[0].reset_state()
    agree(mine(batches[3]), theirs(batches[3]), PASS)
    theirs.layers[0].reset_states()
    # Keras's own way fails for cells on top of each other.
    for states in theirs.layers[1].states:
        for state in states if isinstance(states, list | tuple) else [states]:
            state.assign(np.zeros(state.shape))
    for layer in mine.layers[:2]:
        layer.reset_states()
    expected = np.concatenate([np.asarray(theirs(x)) for x in batches])
    agree(mine.predict(np.concatenate(batches), verbose=0), expected, PASS)
    agree(mine.predict(batches[0], verbose=0), theirs(batches[0]), PASS)


def explicit(k: Any) -> Any:
    """The first layer of `stateful` and a head, with the states as inputs and outputs."""
    x, h, c = k.Input((TIME, FEATURES)), k.Input((3,)), k.Input((3,))
    y, h_after, c_after = k.layers.LSTM(3, return_state=True)(x, initial_state=[h, c])
    return k.Model([x, h, c], [k.layers.Dense(2)(y), h_after, c_after])


def test_training_with_states_is_training_with_states_given() -> None:
    theirs = explicit(keras)
    theirs.compile(
        optimizer=keras.optimizers.SGD(0.1), loss=["mse", "mse", "mse"], loss_weights=[1, 0, 0], jit_compile=False
    )

    def build(**arguments: Any) -> Any:
        model = ours.Sequential(
            [ours.Input(**arguments), ours.layers.LSTM(3, stateful=True, name="first"), ours.layers.Dense(2)]
        )
        model.set_weights(theirs.get_weights())
        model.compile(optimizer=ours.optimizers.SGD(0.1), loss="mse")
        return model

    models = [build(batch_shape=(BATCH, TIME, FEATURES)), build(batch_shape=(BATCH, None, FEATURES))]
    batchwise = build(shape=(TIME, FEATURES), batch_size=BATCH)
    rng = np.random.default_rng(14)
    x = rng.normal(size=(3 * BATCH, TIME, FEATURES)).astype("float32")
    y = rng.normal(size=(3 * BATCH, 2)).astype("float32")
    h = c = np.zeros((BATCH, 3), "float32")
    losses = []
    for _ in range(2):
        total = 0.0
        for start in range(0, len(x), BATCH):
            rows = slice(start, start + BATCH)
            states = [x[rows], h, c]
            _, after_h, after_c = (np.asarray(part) for part in theirs(states))
            loss = np.asarray(theirs.train_on_batch(states, [y[rows], after_h, after_c]))[0]
            agree(batchwise.train_on_batch(x[rows], y[rows]), loss, TRAINED)
            h, c = after_h, after_c
            total += float(loss)
        losses.append(total / 3)
    for mine in models:
        history = mine.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0).history
        agree(history["loss"], losses, TRAINED)
    for mine in (*models, batchwise):
        agree_all(mine.get_weights(), theirs.get_weights(), TRAINED)
        # The states go on from the training.
        agree(mine.predict(x[:BATCH], verbose=0), theirs([x[:BATCH], h, c])[0], TRAINED)
        mine.layers[0].reset_state()
        zeros = np.zeros_like(h)
        agree(mine.evaluate(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0), mse(theirs, x, y, zeros), TRAINED)


def mse(model: Any, x: Any, y: Any, zeros: Any) -> float:
    return float(np.mean((np.asarray(model([x[:BATCH], zeros, zeros])[0]) - y[:BATCH]) ** 2))


def test_stateful_refusals() -> None:
    with pytest.raises(ValueError, match="batch size must be static"):
        ours.Sequential([ours.Input((TIME, FEATURES)), ours.layers.LSTM(3, stateful=True)])
    model = stateful(ours)
    model.compile(optimizer="sgd", loss="mse")
    x, y = np.zeros((BATCH * 2, TIME, FEATURES), "float32"), np.zeros((BATCH * 2, 2), "float32")
    for call in (
        lambda: model.fit(x, y, batch_size=4, verbose=0),
        lambda: model.fit(x[:-1], y[:-1], batch_size=BATCH, verbose=0),
        lambda: model.fit(x, y, batch_size=BATCH, validation_data=(x[:3], y[:3]), verbose=0),
        lambda: model.evaluate(x, y, batch_size=5, verbose=0),
        lambda: model.predict(x[:5], verbose=0),
        lambda: model.train_on_batch(x[:2], y[:2]),
        lambda: model(x[:1]),
    ):
        with pytest.raises(ValueError, match="Expected batch size: 6"):
            call()
    with pytest.raises(NotImplementedError, match="in a model"):
        ours.layers.LSTM(3, stateful=True)(x)
    with pytest.raises(NotImplementedError, match="TimeDistributed"):
        ours.Sequential(
            [
                ours.Input(batch_shape=(2, 3, TIME, FEATURES)),
                ours.layers.TimeDistributed(ours.layers.LSTM(3, stateful=True)),
            ]
        )
    with pytest.raises(AttributeError):
        ours.layers.Bidirectional(ours.layers.LSTM(3)).reset_state()


def test_stateful_models_say_so() -> None:
    theirs, mine = stateful(keras, True), stateful(ours, True)
    assert mine.inputs[0].shape == (BATCH, TIME, FEATURES)
    assert mine.layers[0].stateful
    assert [tuple(layer.output.shape) for layer in mine.layers] == [
        tuple(layer.output.shape) for layer in theirs.layers
    ]
    again = ours.models.model_from_json(mine.to_json())
    assert again.get_config() == mine.get_config()
    assert keras.models.model_from_json(mine.to_json()).layers[1].stateful
    lines: list[str] = []
    mine.summary(print_fn=lines.append)
    assert f"({BATCH}, 2)" in "\n".join(map(str, lines))
