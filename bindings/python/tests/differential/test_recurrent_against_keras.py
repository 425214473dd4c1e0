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


def test_stateful_says_what_to_do() -> None:
    with pytest.raises(NotImplementedError, match="initial_state"):
        ours.layers.LSTM(3, stateful=True)
