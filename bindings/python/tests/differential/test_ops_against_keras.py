"""`keras.ops` in functional models, and layers of one's own class, compared with Keras's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours

from leptonai import NotSupportedError

X = np.random.default_rng(5).uniform(0.2, 0.9, size=(11, 3, 4)).astype("float32")
ROW = np.linspace(0.3, 0.7, 12, dtype="float32").reshape(1, 3, 4)

CASES: dict[str, Callable[[Any, Any], Any]] = {
    "arithmetic": lambda o, x: (2.0 * x + 1.0 - x / 3.0) ** 2.0 - abs(-x) % 0.4,
    "unary": lambda o, x: o.exp(x) + o.log(x) * o.sqrt(x) - o.tanh(o.sin(x)) + o.rsqrt(x) + o.erf(x),
    "comparisons": lambda o, x: o.where(x > 0.5, x, o.zeros_like(x)) + o.cast(x < 0.3, "float32"),
    "reductions": lambda o, x: (
        o.mean(x, axis=-1, keepdims=True) + o.max(x, axis=[1, 2], keepdims=True) * o.std(x, axis=2, keepdims=True)
    ),
    "logsumexp": lambda o, x: o.logsumexp(x, axis=1),
    "norm": lambda o, x: o.normalize(x, axis=-1) + o.moments(x, axes=[2], keepdims=True)[1],
    "shapes": lambda o, x: o.transpose(o.reshape(x, (-1, 2, 6)), (0, 2, 1)),
    "axes": lambda o, x: o.squeeze(o.expand_dims(x, 2), 2) + o.swapaxes(o.swapaxes(x, 1, 2), 1, 2),
    "joining": lambda o, x: o.concatenate([x, o.stack([x[:, :, 0], x[:, :, 1]], axis=-1)], axis=-1),
    "slices": lambda o, x: x[:, 1:, ::-1] * x[:, :2, ...] + x[:, -1, None, :],
    "split": lambda o, x: o.split(x, 2, axis=2)[0] * o.split(x, 2, axis=2)[1],
    "matmul": lambda o, x: o.matmul(x, o.transpose(x, (0, 2, 1))) @ x,
    "constants": lambda o, x: (
        o.matmul(x, np.arange(8, dtype="float32").reshape(4, 2)) + np.array([1.0, -1.0], "float32")
    ),
    "take": lambda o, x: o.take(x, [2, 0, 1], axis=1) + o.flip(x, axis=1) + o.roll(x, 1, axis=2),
    "pad": lambda o, x: o.pad(x, ((0, 0), (1, 0), (0, 2))) + 1.0,
    "tile": lambda o, x: o.repeat(x, 2, axis=1) * o.tile(x, (1, 2, 1)),
    "cumsum": lambda o, x: o.cumsum(x, axis=1) - o.cumprod(x, axis=2),
    "softmax": lambda o, x: o.softmax(x, axis=1) + o.log_softmax(x, axis=-1),
    "activations": lambda o, x: o.relu(x - 0.5) + o.gelu(x) + o.silu(x) + o.leaky_relu(x - 0.5) + o.elu(x - 0.5),
    "clip": lambda o, x: o.clip(x, 0.3, 0.6) + o.round(x * 10.0) + o.floor(x * 5.0),
    "pairs": lambda o, x: o.maximum(x, 0.5) * o.minimum(x, 0.6) + o.arctan2(x, x + 1.0) + o.logaddexp(x, 1.0),
    "triangle": lambda o, x: o.tril(x) - o.triu(x, 1),
    "top": lambda o, x: o.top_k(x, 2)[0] + o.sort(x, axis=-1)[:, :, 2:],
    "einsum": lambda o, x: o.einsum("bij,bkj->bik", x, x) + o.einsum("bij,jk->bik", x, np.ones((4, 3), "float32")),
    "tensordot": lambda o, x: o.tensordot(x, np.arange(8, dtype="float32").reshape(4, 2), axes=1),
    "tensordot over named axes": lambda o, x: o.tensordot(x, np.ones((3, 5, 4), "float32"), axes=[[1, 2], [0, 2]]),
    "attention": lambda o, x: o.dot_product_attention(
        o.reshape(x, (-1, 3, 2, 2)),
        o.reshape(x + 0.1, (-1, 3, 2, 2)),
        o.reshape(x, (-1, 3, 2, 2)),
        mask=np.array([[True, True, True], [True, True, False], [False, True, True]]),
        scale=0.7,
    ),
    "causal attention": lambda o, x: o.dot_product_attention(
        o.reshape(x, (-1, 6, 2, 1)), o.reshape(x, (-1, 6, 2, 1)), o.reshape(x, (-1, 6, 2, 1)), is_causal=True
    ),
    "attention with a bias": lambda o, x: o.dot_product_attention(
        o.reshape(x, (-1, 3, 2, 2)),
        o.reshape(x + 0.1, (-1, 3, 2, 2)),
        o.reshape(x, (-1, 3, 2, 2)),
        bias=np.linspace(-1, 1, 18, dtype="float32").reshape(1, 2, 3, 3),
        mask=np.array([[[[True, True, True], [True, True, False], [False, True, True]]]]),
        is_causal=True,
    ),
    "binary crossentropy": lambda o, x: (
        o.binary_crossentropy(x, x * 0.9) + o.binary_crossentropy(x, x * 3 - 1, from_logits=True)
    ),
    "categorical crossentropy": lambda o, x: (
        o.categorical_crossentropy(x, x + 0.1) + o.categorical_crossentropy(x, x, from_logits=True)
    ),
    "sparse categorical crossentropy": lambda o, x: o.sparse_categorical_crossentropy(o.argmax(x, axis=-1), x + 0.2),
    "roots and sinc": lambda o, x: (
        o.cbrt(x) + o.sinc(x) + o.heaviside(x - 0.5, np.ones(4, "float32")) + o.fabs(x - 0.4)
    ),
    "pairs with one row for all": lambda o, x: (
        o.fmax(x, ROW) + o.fmin(x, ROW) + o.fmod(x, ROW) + o.logaddexp(x, ROW) + o.hypot(x, ROW)
    ),
    "pairs that ignore NaN": lambda o, x: o.fmax(x, 0.5) + o.fmin(x, 0.7) + o.fmod(x, 0.3) + o.logaddexp2(x, 0.2),
    "numbers": lambda o, x: o.nan_to_num(o.log(x - 0.5), nan=0.25) + o.threshold(x, 0.4, 0.1),
    "closeness": lambda o, x: o.cast(o.isclose(x, o.round(x * 10.0) / 10.0, 0.1, 0.01), "float32") + x,
    "without NaN": lambda o, x: (
        o.nansum(o.sqrt(x - 0.4), axis=1) + o.nanmean(o.sqrt(x - 0.3), axis=1) + o.nanmax(x, 1) - o.nanmin(x, 1)
    ),
    "medians": lambda o, x: o.median(x, axis=1, keepdims=True) + o.median(x, axis=2, keepdims=True) + o.ptp(x, 2, True),
    "counts": lambda o, x: o.cast(o.count_nonzero(o.relu(x - 0.5), axis=2), "float32") + x[:, :, 0],
    "differences": lambda o, x: o.diff(x, axis=1)[:, :, :3] + o.diff(x, n=2, axis=1)[:, :, :3] + o.diff(x)[:, 1:, :],
    "vector product": lambda o, x: o.cross(x[:, :, :3], x[:, :, 1:]),
    "diagonals": lambda o, x: o.diagonal(x, 1, 1, 2) + o.expand_dims(o.trace(x, -1, axis1=1, axis2=2), -1),
    "stacked": lambda o, x: o.hstack([x, x * 2.0]),
    "gates": lambda o, x: o.glu(x),
    "one_hot": lambda o, x: o.one_hot(o.argmax(x, axis=-1), 4),
}


@pytest.mark.parametrize("case", CASES)
def test_functions_in_models(case: str) -> None:
    results = []
    config = None
    for k in (keras, ours):
        entry = k.Input((3, 4), name="x")
        model = k.Model(entry, CASES[case](k.ops, entry), name="functions")
        results.append(model.predict(X, verbose=0))
        config = config or model.to_json()
        if k is ours:
            agree(ours.models.model_from_json(config).predict(X, verbose=0), results[0], PASS)
            agree(keras.models.model_from_json(model.to_json()).predict(X, verbose=0), results[0], PASS)
    agree(results[1], results[0], {"rtol": 2e-5, "atol": 2e-6})


# Through whole numbers and truth values no gradient flows.
STEPS = {"one_hot", "clip", "sparse categorical crossentropy", "counts", "closeness"}


@pytest.mark.parametrize("case", sorted(set(CASES) - STEPS))
def test_gradients_of_functions(case: str) -> None:
    """Through a training step of a layer before the functions."""
    weights = []
    for k in (keras, ours):
        entry = k.Input((3, 4))
        before = k.layers.Dense(4, kernel_initializer="identity", use_bias=False)(entry)
        out = CASES[case](k.ops, before)
        model = k.Model(entry, k.layers.Flatten()(out))
        model.compile(k.optimizers.SGD(0.05), "mse")
        target = np.linspace(-1, 1, 11 * model.output_shape[1]).reshape(11, -1).astype("float32")
        model.fit(X, target, batch_size=11, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights()[0])
    agree(weights[1], weights[0], TRAINED)


ARRAYS: dict[str, Callable[[Any, Any], Any]] = {
    **{name: CASES[name] for name in CASES if name not in ("slices", "constants")},
    "made": lambda o, x: o.full((2, 3), 1.5) + o.linspace(0, 1, 3) + o.eye(2, 3) + o.tri(2, 3) + o.ones((2, 3)),
    "identity": lambda o, x: o.identity(3) + o.logspace(0.0, 1.0, 3) + o.outer(np.arange(3.0), np.arange(3.0)),
    "whole arrays": lambda o, x: o.ravel(x) + o.vdot(x, x) + o.size(x),
    "blocks": lambda o, x: o.slice(x, (1, 0, 2), (3, 2, 2)) + o.inner(x[1:4, :2, :2], np.eye(2, dtype="float32")),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_functions_of_arrays(case: str) -> None:
    results = [np.asarray(ARRAYS[case](k.ops, X if k is ours else k.ops.convert_to_tensor(X))) for k in (keras, ours)]
    agree(results[1], results[0], {"rtol": 2e-5, "atol": 2e-6})


def own_layer(k: Any) -> Any:
    class Scaled(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.after = k.layers.Dense(2, kernel_initializer=k.initializers.Constant(0.5), name="after")

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(
                shape=(input_shape[-1], self.units), initializer=k.initializers.Constant(0.3), name="kernel"
            )
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")

        def call(self, inputs: Any, training: Any = None) -> Any:
            product = k.ops.matmul(inputs, self.kernel) * self.scale
            return self.after(k.ops.tanh(product) + k.ops.mean(product, axis=-1, keepdims=True))

    return Scaled


@pytest.mark.parametrize("kind", ["sequential", "functional", "inside"])
def test_layers_of_ones_own_class(kind: str) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(30, 5)).astype("float32"), rng.normal(size=(30, 2)).astype("float32")
    results = []
    for k in (keras, ours):
        layer = own_layer(k)(3, name="scaled")
        if kind == "functional":
            entry = k.Input((5,))
            model = k.Model(entry, layer(entry))
        elif kind == "sequential":
            model = k.Sequential([k.Input((5,)), layer])
        else:
            entry = k.Input((5,))
            inner = k.Model(entry, layer(entry), name="inner")
            model = k.Sequential([k.Input((5,)), inner])
        model.compile(k.optimizers.Adam(0.01), "mse")
        history = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"]
        results.append((history, model.predict(x, verbose=0), [w.shape for w in model.weights]))
    agree(results[1][0], results[0][0], TRAINED)
    agree(results[1][1], results[0][1], TRAINED)
    assert results[1][2] == results[0][2]


def test_what_cannot_be_read_says_so() -> None:
    class Deciding(ours.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs if ours.ops.sum(inputs, axis=-1) > 0 else -inputs

    class UsingNumPy(ours.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return np.exp(inputs)

    class OverTheBatch(ours.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs - ours.ops.mean(inputs, axis=0)

    for cls, message in ((Deciding, "symbolic"), (UsingNumPy, "keras.ops"), (OverTheBatch, "batch")):
        with pytest.raises(NotSupportedError, match=message):
            cls()(ours.Input((3,)))
