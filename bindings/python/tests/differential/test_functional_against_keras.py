"""Functional models: several inputs and outputs, shared layers, models inside models, compared with Keras's."""

from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours

RNG = np.random.default_rng(11)
A = RNG.normal(size=(37, 4)).astype("float32")
B = RNG.normal(size=(37, 3)).astype("float32")
P = RNG.normal(size=(37, 2)).astype("float32")
Q = RNG.integers(0, 3, size=(37, 1))


def two_by_two(k: Any, outputs: str = "list") -> Any:
    """Two inputs, a shared layer, a model inside, two outputs."""
    a, b = k.Input((4,), name="a"), k.Input((3,), name="b")
    shared = k.layers.Dense(5, activation="tanh", name="shared")
    left = shared(k.layers.Dense(6, activation="relu", name="left")(a))
    right = shared(k.layers.Dense(6, name="right")(b))
    head = k.Sequential([k.Input((5,)), k.layers.Dense(4, activation="relu", name="inside")], name="head")
    first = k.layers.Dense(2, name="first")(head(left))
    second = k.layers.Dense(3, activation="softmax", name="second")(head(right))
    return k.Model([a, b], {"p": first, "q": second} if outputs == "dict" else [first, second], name="both")


def pair(outputs: str = "list") -> tuple[Any, Any]:
    theirs, mine = two_by_two(keras, outputs), two_by_two(ours, outputs)
    assert [w.path for w in mine.weights] == [w.path for w in theirs.weights]
    assert [w.shape for w in mine.weights] == [w.shape for w in theirs.weights]
    mine.set_weights(theirs.get_weights())
    return theirs, mine


COMPILED: list[tuple[str, dict[str, Any]]] = [
    ("list", {"loss": ["mse", "sparse_categorical_crossentropy"]}),
    (
        "list",
        {
            "loss": {"first": "mse", "second": "sparse_categorical_crossentropy"},
            "loss_weights": {"first": 0.5, "second": 2.0},
            "metrics": [["mae"], ["accuracy"]],
        },
    ),
    (
        "dict",
        {
            "loss": {"p": "mse", "q": "sparse_categorical_crossentropy"},
            "loss_weights": {"p": 0.25, "q": 1.0},
            "metrics": {"p": ["mae", "mse"], "q": ["accuracy"]},
            "weighted_metrics": {"q": ["accuracy"]},
        },
    ),
]


@pytest.mark.parametrize(("outputs", "compiled"), COMPILED)
def test_several_inputs_and_outputs(outputs: str, compiled: dict[str, Any]) -> None:
    theirs, mine = pair(outputs)
    x = [A, B] if outputs == "list" else {"a": A, "b": B}
    y = [P, Q] if outputs == "list" else {"p": P, "q": Q}
    before, expected = mine.predict(x, verbose=0), theirs.predict(x, verbose=0)
    for key in range(2) if outputs == "list" else ("p", "q"):
        agree(before[key], expected[key], PASS)
    theirs.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False, **compiled)
    mine.compile(optimizer=ours.optimizers.Adam(0.01), **compiled)
    arguments: dict[str, Any] = {"epochs": 3, "batch_size": 8, "shuffle": False, "verbose": 0, "validation_split": 0.2}
    expected_history = theirs.fit(x, y, **arguments).history
    history = mine.fit(x, y, **arguments).history
    assert list(history) == list(expected_history)
    for name, values in expected_history.items():
        agree(history[name], values, TRAINED)
    for weight, expected_weight in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected_weight, TRAINED)
    agree(mine.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), TRAINED)


def test_configs_go_both_ways() -> None:
    theirs, mine = pair("dict")
    read = ours.models.model_from_json(theirs.to_json())
    written = keras.models.model_from_json(mine.to_json())
    for model in (read, written):
        assert [w.path for w in model.weights] == [w.path for w in theirs.weights]
        model.set_weights(theirs.get_weights())
        result = model.predict({"a": A, "b": B}, verbose=0)
        for key in ("p", "q"):
            agree(result[key], theirs.predict({"a": A, "b": B}, verbose=0)[key], PASS)


def test_a_part_of_a_trained_model() -> None:
    """The layers are shared: training one model changes the other."""
    results = []
    for k in (keras, ours):
        a = k.Input((4,))
        code = k.layers.Dense(2, activation="tanh", kernel_initializer=k.initializers.Constant(0.1), name="code")(a)
        decoded = k.layers.Dense(4, kernel_initializer=k.initializers.Constant(-0.2), name="decoded")(code)
        encoder, whole = k.Model(a, code), k.Model(a, decoded)
        whole.compile(optimizer=k.optimizers.SGD(0.1), loss="mse")
        whole.fit(A, A, epochs=2, batch_size=10, shuffle=False, verbose=0)
        results.append(encoder.predict(A, verbose=0))
        encoder.set_weights([np.ones((4, 2)), np.zeros(2)])
        results.append(whole.predict(A, verbose=0))
    agree(results[2], results[0], TRAINED)
    agree(results[3], results[1], TRAINED)


@pytest.mark.parametrize("frozen", ["left", "head"])
def test_frozen_layers_and_models(frozen: str) -> None:
    theirs, mine = pair()
    for k, model in ((keras, theirs), (ours, mine)):
        model.get_layer(frozen).trainable = False
        model.compile(optimizer=k.optimizers.SGD(0.1), loss=["mse", "sparse_categorical_crossentropy"])
        model.fit([A, B], [P, Q], epochs=2, shuffle=False, verbose=0)
    assert len(mine.trainable_weights) == len(theirs.trainable_weights)
    for weight, expected in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected, TRAINED)


def test_a_model_of_ones_own_class() -> None:
    results = []
    for k in (keras, ours):

        class Mine(k.Model):  # type: ignore[misc, name-defined]
            def __init__(self, k: Any) -> None:
                super().__init__()
                self.first = k.layers.Dense(6, activation="relu", kernel_initializer=k.initializers.Constant(0.3))
                self.second = k.layers.Dense(2, kernel_initializer=k.initializers.Constant(0.2))

            def call(self, inputs: Any) -> Any:
                return self.second(self.first(inputs))

        model = Mine(k)
        model.compile(optimizer=k.optimizers.SGD(0.05), loss="mse")
        history = model.fit(A, P, epochs=2, shuffle=False, verbose=0).history["loss"]
        results.append((history, model.predict(A, verbose=0)))
    agree(results[1][0], results[0][0], TRAINED)
    agree(results[1][1], results[0][1], TRAINED)


def test_layers_called_on_arrays() -> None:
    for k in (keras, ours):
        layer = k.layers.Dense(3, kernel_initializer="ones", bias_initializer="ones")
        np.testing.assert_allclose(np.asarray(layer(A)), A.sum(1, keepdims=True) + 1 + np.zeros((1, 3)), rtol=1e-5)
        assert [w.shape for w in layer.weights] == [(4, 3), (3,)]
        layer.set_weights([np.zeros((4, 3)), np.full(3, 2.0)])
        assert np.all(np.asarray(layer(A)) == 2)


def disconnected(k: Any) -> None:
    k.Model(k.Input((2,)), k.layers.Dense(1)(k.Input((2,))))


def twice_one_name(k: Any) -> None:
    a = k.Input((2,))
    k.Model(a, k.layers.Dense(1, name="x")(k.layers.Dense(2, name="x")(a)))


def no_tensors(k: Any) -> None:
    k.Model(k.Input((2,)), 3)


def too_few_inputs(k: Any) -> None:
    a, b = k.Input((2,)), k.Input((2,))
    k.Model([a, b], [k.layers.Dense(1)(a), k.layers.Dense(1)(b)]).predict(np.zeros((3, 2)), verbose=0)


def wrong_name_of_an_input(k: Any) -> None:
    a, b = k.Input((2,), name="a"), k.Input((2,), name="b")
    model = k.Model([a, b], [k.layers.Dense(1)(a), k.layers.Dense(1)(b)])
    model.predict({"a": np.zeros((3, 2)), "c": np.zeros((3, 2))}, verbose=0)


def one_loss_too_many(k: Any) -> None:
    a = k.Input((2,))
    model = k.Model(a, [k.layers.Dense(1)(a), k.layers.Dense(1)(a)])
    model.compile("sgd", ["mse", "mse", "mse"])
    model.fit(np.zeros((3, 2)), [np.zeros((3, 1)), np.zeros((3, 1))], verbose=0)


@pytest.mark.parametrize(
    "mistake",
    [disconnected, twice_one_name, no_tensors, too_few_inputs, wrong_name_of_an_input, one_loss_too_many],
)
def test_refused_as_keras_refuses(mistake: Any) -> None:
    for k in (keras, ours):
        with pytest.raises((ValueError, KeyError)):
            mistake(k)
