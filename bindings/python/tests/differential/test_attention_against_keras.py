"""Attention layers: outputs, scores, masks, and gradients through a few training steps, against Keras."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import PASS, agree, keras, ours
from test_merging_against_keras import RNG, ROWS, check


def outputs_agree(build: Callable[[Any], Any], data: list[np.ndarray]) -> None:
    theirs, mine = build(keras), build(ours)
    mine.set_weights(theirs.get_weights())
    expected, actual = theirs.predict(data, verbose=0), mine.predict(data, verbose=0)
    for one, other in zip(actual, expected, strict=True) if isinstance(expected, list) else [(actual, expected)]:
        agree(one, other, PASS)


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"num_heads": 2, "key_dim": 3}, {}),
        ({"num_heads": 3, "key_dim": 2, "use_bias": False}, {"use_causal_mask": True}),
        ({"num_heads": 2, "key_dim": 4, "output_shape": 3, "bias_initializer": "ones"}, {}),
    ],
)
def test_multi_head_attention(arguments: dict[str, Any], call: dict[str, Any]) -> None:
    def build(k: Any) -> Any:
        a, b = k.Input((5, 4)), k.Input((7, 6))
        x, y = k.layers.Dense(4)(a), k.layers.Dense(6)(b)
        return k.Model([a, b], k.layers.MultiHeadAttention(**arguments)(x, y, **call))

    check(build, [(5, 4), (7, 6)], 1)


def test_self_attention() -> None:
    def build(k: Any) -> Any:
        a = k.Input((6, 8))
        x = k.layers.Dense(8)(a)
        attended = k.layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
        return k.Model(a, k.layers.Dense(3)(k.layers.Add()([x, attended])))

    check(build, [(6, 8)])


def test_key_and_mask() -> None:
    def build(k: Any) -> Any:
        q, v, w, m = k.Input((5, 4)), k.Input((7, 6)), k.Input((7, 3)), k.Input((5, 7))
        layer = k.layers.MultiHeadAttention(2, 3)
        return k.Model([q, v, w, m], layer(q, v, key=w, attention_mask=m))

    mask = (RNG.random((ROWS, 5, 7)) > 0.4).astype("float32")
    # A query that sees nothing.
    mask[0, 2] = 0
    outputs_agree(
        build, [RNG.normal(size=(ROWS, *shape)).astype("float32") for shape in ((5, 4), (7, 6), (7, 3))] + [mask]
    )


@pytest.mark.parametrize("causal", [False, True])
def test_scores(causal: bool) -> None:
    def build(k: Any) -> Any:
        q, v, m = k.Input((5, 4)), k.Input((7, 6)), k.Input((5, 7))
        # With value_dim other than key_dim, Keras on JAX computes this path alone.
        layer = k.layers.MultiHeadAttention(2, 3, value_dim=4)
        call = {"return_attention_scores": True, "use_causal_mask": causal}
        return k.Model([q, v, m], list(layer(q, v, attention_mask=m, **call)))

    mask = (RNG.random((ROWS, 5, 7)) > 0.4).astype("float32")
    outputs_agree(build, [RNG.normal(size=(ROWS, *shape)).astype("float32") for shape in ((5, 4), (7, 6))] + [mask])


@pytest.mark.parametrize("axes", [None, (2,), (1,), (1, 2)])
def test_attention_over_some_axes(axes: Any) -> None:
    def build(k: Any) -> Any:
        a = k.Input((3, 4, 5))
        x = k.layers.Dense(5)(a)
        return k.Model(a, k.layers.MultiHeadAttention(2, 3, attention_axes=axes)(x, x))

    check(build, [(3, 4, 5)], 1)


@pytest.mark.parametrize(
    ("name", "arguments", "call"),
    [
        ("Attention", {}, {}),
        ("Attention", {"use_scale": True}, {"use_causal_mask": True}),
        ("Attention", {"use_scale": True, "score_mode": "concat"}, {}),
        ("AdditiveAttention", {}, {"use_causal_mask": True}),
        ("AdditiveAttention", {"use_scale": False}, {}),
    ],
)
@pytest.mark.parametrize("with_key", [False, True])
def test_attention(name: str, arguments: dict[str, Any], call: dict[str, Any], with_key: bool) -> None:
    def build(k: Any) -> Any:
        a, b = k.Input((5, 4)), k.Input((7, 4))
        q, v = k.layers.Dense(4)(a), k.layers.Dense(4)(b)
        inputs = [q, v, k.layers.Dense(4)(b)] if with_key else [q, v]
        return k.Model([a, b], getattr(k.layers, name)(**arguments)(inputs, **call))

    check(build, [(5, 4), (7, 4)], 1)


@pytest.mark.parametrize("name", ["Attention", "AdditiveAttention"])
def test_attention_scores(name: str) -> None:
    def build(k: Any) -> Any:
        q, v = k.Input((5, 4)), k.Input((7, 4))
        return k.Model([q, v], list(getattr(k.layers, name)()([q, v], return_attention_scores=True)))

    outputs_agree(build, [RNG.normal(size=(ROWS, *shape)).astype("float32") for shape in ((5, 4), (7, 4))])


def test_dropout_of_weights_keeps_their_mean() -> None:
    inputs = ours.Input((8, 4))
    attended = ours.layers.MultiHeadAttention(2, 4, dropout=0.5, seed=3)(inputs, inputs)
    model = ours.Model(inputs, attended)
    x = RNG.normal(size=(16, 8, 4)).astype("float32")
    assert np.array_equal(model.predict(x, verbose=0), model.predict(x, verbose=0))
    model.compile(optimizer="sgd", loss="mse")
    losses = model.fit(x, np.zeros_like(x), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


def test_configs() -> None:
    for k, other in ((keras, ours), (ours, keras)):
        for layer in (
            k.layers.MultiHeadAttention(2, 3, value_dim=4, output_shape=(2, 3), attention_axes=1, name="m"),
            k.layers.Attention(use_scale=True, score_mode="concat", name="a"),
            k.layers.AdditiveAttention(dropout=0.25, name="b"),
            k.layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", activation="relu", name="e"),
            k.layers.Dot(axes=(1, 2), normalize=True, name="d"),
            k.layers.Concatenate(axis=1, name="c"),
        ):
            config = layer.get_config()
            mine = getattr(other.layers, type(layer).__name__).from_config(config).get_config()
            for key, value in mine.items():
                if key not in ("dtype", "kernel_initializer", "bias_initializer"):
                    expected = config.get(key, value)
                    expected = list(expected) if isinstance(expected, tuple) else expected
                    assert (list(value) if isinstance(value, tuple) else value) == expected, key


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.MultiHeadAttention(0, 3),
        lambda k: k.layers.MultiHeadAttention(2, -1),
        lambda k: k.layers.MultiHeadAttention(2, 3)(k.Input((5, 4)), k.Input((7, 4)), key=k.Input((6, 4))),
        lambda k: k.layers.Attention(score_mode="other"),
        lambda k: k.layers.Attention()(k.Input((5, 4))),
        lambda k: k.layers.Attention()([k.Input((5, 4))]),
    ],
)
def test_refusals(make: Callable[[Any], Any]) -> None:
    for k in (keras, ours):
        with pytest.raises(ValueError):
            make(k)
