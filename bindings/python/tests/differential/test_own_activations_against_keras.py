"""Functions of one's own as activations of layers: read once, and then as in Keras."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import PASS, Case, agree, compare, ours

from leptonai.errors import NotSupportedError

X = np.random.default_rng(1).normal(size=(23, 6, 4)).astype("float32")
Y = np.random.default_rng(2).normal(size=(23, 2)).astype("float32")


def bent(k: Any) -> Callable[[Any], Any]:
    return lambda x: x * k.ops.tanh(k.ops.softplus(x)) - 0.1


def shares(k: Any) -> Callable[[Any], Any]:
    """Looks at a whole row, whatever the number of axes."""

    def activation(x: Any) -> Any:
        powers = k.ops.exp(x - k.ops.max(x, axis=-1, keepdims=True))
        return powers / k.ops.sum(powers, axis=-1, keepdims=True)

    return activation


def layers(k: Any) -> Any:
    l = k.layers  # noqa: E741
    return k.Sequential(
        [
            k.Input((6, 4)),
            l.Conv1D(5, 2, activation=bent(k), kernel_regularizer="l2"),
            l.TimeDistributed(l.Dense(4, activation=shares(k))),
            l.Activation(bent(k)),
            l.SeparableConv1D(3, 2, activation=k.layers.LeakyReLU(negative_slope=0.2)),
            l.Flatten(),
            l.Dense(3, activation=shares(k), activity_regularizer="l2"),
            l.Dense(2, activation=lambda x: x + x),
        ]
    )


def compiled(k: Any) -> dict[str, Any]:
    return {"optimizer": k.optimizers.SGD(0.1), "loss": "mse"}


def test_activations() -> None:
    compare(Case(layers, X, Y, compiled, {"epochs": 2}))


def test_they_are_written_and_read(tmp_path: Path) -> None:
    model = layers(ours)
    expected = model.predict(X, verbose=0)
    again = ours.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    agree(again.predict(X, verbose=0), expected, PASS)
    assert again.to_json() == model.to_json()
    for ending in ("keras", "safetensors"):
        model.save(tmp_path / f"model.{ending}")
        agree(ours.models.load_model(tmp_path / f"model.{ending}").predict(X, verbose=0), expected, PASS)
    dense = ours.layers.Dense(3, activation=bent(ours), kernel_regularizer="l1")
    copied = ours.layers.Dense.from_config(dense.get_config())
    assert copied.get_config() == dense.get_config()


REFUSED: dict[str, Callable[[Any], Any]] = {
    "recurrent": lambda k: k.LSTM(3, activation=bent(ours)),
    "a cell": lambda k: k.GRUCell(3, recurrent_activation=bent(ours)),
    "a decision": lambda k: k.Dense(3, activation=lambda x: x if x > 0 else -x),
    "an array": lambda k: k.Dense(3, activation=lambda x: np.ones(3)),
    "weights": lambda k: k.Dense(3, activation=k.PReLU(shared_axes=[1])),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises((NotSupportedError, ValueError), match=r"activation|read|symbolic"):
        REFUSED[name](ours.layers)


def test_the_shape_stays() -> None:
    layer = ours.layers.Dense(4, activation=lambda x: ours.ops.sum(x, axis=-1))
    with pytest.raises(ValueError, match="keeps the shape"):
        layer(ours.Input((3,)))
