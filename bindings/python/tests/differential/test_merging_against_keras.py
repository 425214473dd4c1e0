"""Merge layers and EinsumDense: outputs, and gradients through a few training steps, against Keras."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours

RNG = np.random.default_rng(5)
ROWS = 17


def check(build: Callable[[Any], Any], shapes: list[tuple[int, ...]], epochs: int = 2) -> None:
    """The same functional model in both, from Keras's weights."""
    keras.utils.clear_session()
    ours.utils.clear_session()
    theirs, mine = build(keras), build(ours)
    assert [w.path for w in mine.weights] == [w.path for w in theirs.weights]
    assert [w.shape for w in mine.weights] == [w.shape for w in theirs.weights]
    mine.set_weights(theirs.get_weights())
    data: Any = [RNG.normal(size=(ROWS, *shape)).astype("float32") for shape in shapes]
    x = data[0] if len(data) == 1 else data
    expected = theirs.predict(x, verbose=0)
    agree(mine.predict(x, verbose=0), expected, PASS)
    y = RNG.normal(size=expected.shape).astype("float32")
    theirs.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse", jit_compile=False)
    mine.compile(optimizer=ours.optimizers.SGD(0.05), loss="mse")
    arguments: dict[str, Any] = {"epochs": epochs, "batch_size": 9, "shuffle": False, "verbose": 0}
    agree(mine.fit(x, y, **arguments).history["loss"], theirs.fit(x, y, **arguments).history["loss"], TRAINED)
    for weight, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, TRAINED)


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"])
def test_merges(name: str) -> None:
    def build(k: Any) -> Any:
        a, b = k.Input((3, 4)), k.Input((4,))
        left, right = k.layers.Dense(5)(a), k.layers.Dense(5)(b)
        inputs = [left, right] if name == "Subtract" else [left, right, left]
        return k.Model([a, b], k.layers.Dense(2)(getattr(k.layers, name)()(inputs)))

    check(build, [(3, 4), (4,)])


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_concatenation(axis: int) -> None:
    def build(k: Any) -> Any:
        a, b = k.Input((3, 4)), k.Input((3, 4))
        joined = k.layers.Concatenate(axis=axis)([k.layers.Dense(4)(a), b, a])
        return k.Model([a, b], k.layers.Dense(2)(joined))

    check(build, [(3, 4), (3, 4)], 1)


@pytest.mark.parametrize(
    ("axes", "shapes", "normalize"),
    [
        (1, [(4,), (4,)], False),
        (-1, [(3, 4), (5, 4)], True),
        ((1, 2), [(3, 5), (4, 3)], False),
        ((2, 1), [(3, 4), (4,)], True),
    ],
)
def test_dot(axes: Any, shapes: list[tuple[int, ...]], normalize: bool) -> None:
    def build(k: Any) -> Any:
        inputs = [k.Input(shape) for shape in shapes]
        dense = [k.layers.Dense(shape[-1])(x) for x, shape in zip(inputs, shapes, strict=True)]
        return k.Model(inputs, k.layers.Dense(2)(k.layers.Dot(axes=axes, normalize=normalize)(dense)))

    check(build, shapes, 1)


@pytest.mark.parametrize(
    ("equation", "output_shape", "bias_axes", "shape"),
    [
        ("ab,bc->ac", 5, "c", (4,)),
        ("abc,cd->abd", (None, 5), "d", (3, 4)),
        ("...x,xy->...y", 5, "y", (2, 3, 4)),
        ("abc,cde->abde", (None, 2, 5), "de", (3, 4)),
        ("abc,cde->abde", (None, 2, 5), "e", (3, 4)),
        ("abcd,cde->abe", (None, 5), "e", (3, 2, 4)),
        ("abc,bd->adc", (5, None), "d", (3, 4)),
        ("abc,bcd->abd", (3, 5), "bd", (3, 4)),
        ("ab...,bc->ac...", 5, "c", (4, 3)),
        ("abc,dc->abd", (None, 5), None, (3, 4)),
        ("abc,cd->adb", (5, 3), "d", (3, 4)),
    ],
)
def test_einsum_dense(equation: str, output_shape: Any, bias_axes: str | None, shape: tuple[int, ...]) -> None:
    def build(k: Any) -> Any:
        x = k.Input(shape)
        layer = k.layers.EinsumDense(
            equation,
            output_shape,
            activation="tanh",
            bias_axes=bias_axes,
            bias_initializer=k.initializers.Constant(0.3),
        )
        return k.Model(x, layer(k.layers.Dense(shape[-1])(x)))

    check(build, [shape], 1)


def test_einsum_dense_begins_with_keras_variance() -> None:
    def limit(k: Any) -> float:
        model = k.Sequential([k.Input((3, 16)), k.layers.EinsumDense("abc,cde->abde", (None, 8, 32), name="e")])
        return float(np.abs(model.get_weights()[0]).max())

    assert abs(limit(ours) / limit(keras) - 1) < 0.02


@pytest.mark.parametrize("name", ["Add", "Multiply", "Concatenate", "Subtract", "Dot"])
def test_shapes_that_do_not_fit(name: str) -> None:
    for k in (keras, ours):
        layer = k.layers.Dot(axes=1) if name == "Dot" else getattr(k.layers, name)()
        with pytest.raises(ValueError, match=r"\(.*3.*\).*4|3.*!= 4|4.*\(.*3"):
            layer([k.Input((5, 3) if name == "Concatenate" else (3,)), k.Input((4,))])
        with pytest.raises((ValueError, TypeError)):
            layer(k.Input((3,)))
    three = [ours.Input((3,)) for _ in range(3)]
    with pytest.raises(ValueError, match="exactly 2 inputs"):
        ours.layers.Subtract()(three)


@pytest.mark.parametrize("equation", ["ab,bc", "ab,bc->ad", "ab,bcd->ac", "...b,bc->ac"])
def test_equations_that_are_none(equation: str) -> None:
    for k in (keras, ours):
        with pytest.raises((ValueError, TypeError)):
            k.layers.EinsumDense(equation, 5)(k.Input((4,)))
