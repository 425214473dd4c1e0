"""Convolution, pooling and what changes the edges of images, compared with Keras's: outputs, and a training step of a
layer behind another one, so that the gradients of its input and of its weights are checked too."""

import json
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

import leptonai

Make = Callable[[Any], Any]


def compare(shape: tuple[int, ...], make: Make, seed: int, extreme: bool = False) -> None:
    """A layer between one that scales its input by weights of its own, and a loss.

    Args:
        shape: Of a sample.
        make: The layer, given a keras module.
        seed: Of the data.
        extreme: Whether to round the data, so that many values are equal.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5, *shape)).astype("float32")
    if extreme:
        x = np.round(x)

    def build(k: Any) -> Any:
        return k.Sequential([k.Input(shape), k.layers.Dense(shape[-1], use_bias=False), make(k)])

    theirs, mine = pair(build)
    weights = theirs.get_weights()
    if extreme:
        weights[0] = np.eye(shape[-1], dtype="float32")
        mine.set_weights(weights)
    assert mine.output_shape == theirs.output_shape
    y = rng.normal(size=(len(x), *theirs.output_shape[1:])).astype("float32")
    (expected_loss, expected), gradients = judged(theirs, weights, x, y)
    agree(mine.predict(x, verbose=0), expected, PASS)
    mine.compile(ours.optimizers.SGD(0.5), "mse")
    agree(mine.fit(x, y, verbose=0, batch_size=len(x)).history["loss"], [expected_loss], PASS)
    for weight, old, gradient in zip(mine.get_weights(), weights, gradients, strict=True):
        agree(weight, old - 0.5 * np.asarray(gradient), TRAINED)
    layer, other = mine.layers[-1], theirs.layers[-1]
    config, expected_config = (json.loads(json.dumps(part.get_config())) for part in (layer, other))
    for key in ("name", "kernel_initializer", "depthwise_initializer", "pointwise_initializer", "bias_initializer"):
        config.pop(key, None)
        expected_config.pop(key, None)
    assert config == {key: value for key, value in expected_config.items() if key in config}
    assert set(expected_config) - set(config) <= {"activity_regularizer"}


def judged(model: Any, weights: list[Any], x: np.ndarray, y: np.ndarray) -> Any:
    """The mean squared error and the output of Keras's model, and its gradients: in one program, because compiling is
    what takes the time."""

    def loss(variables: list[Any], x: Any, y: Any) -> Any:
        output = model.stateless_call(variables, [], x)[0]
        return jax.numpy.mean((output - y) ** 2), output

    program = jax.jit(jax.value_and_grad(loss, has_aux=True), compiler_options={"xla_backend_optimization_level": 0})
    return program(weights, x, y)


def extents(rng: np.random.Generator, rank: int, low: int, high: int) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(low, high, size=rank))


def window(rng: np.random.Generator, rank: int) -> dict[str, Any]:
    """Strides or a dilation, and padding."""
    chosen: dict[str, Any] = {"padding": str(rng.choice(["valid", "same"]))}
    if rng.integers(2):
        chosen["strides"] = extents(rng, rank, 1, 4)
    elif rng.integers(2):
        chosen["dilation_rate"] = extents(rng, rank, 1, 3)
    return chosen


def shape_of(rng: np.random.Generator, rank: int, channels: int, first: bool) -> tuple[int, ...]:
    sizes = extents(rng, rank, 6, (0, 14, 10, 8)[rank])
    return (channels, *sizes) if first else (*sizes, channels)


ACTIVATIONS = ["relu", "tanh", None, "sigmoid", "softmax"]


@pytest.mark.parametrize(
    ("rank", "seed"), [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4), (3, 1), (3, 2)]
)
def test_convolutions(rank: int, seed: int) -> None:
    rng = np.random.default_rng(1000 * rank + seed)
    groups = int(rng.integers(1, 4)) if seed % 2 else 1
    channels, filters = groups * int(rng.integers(1, 6)), groups * int(rng.integers(1, 9))
    arguments = window(rng, rank)
    if rank == 1 and seed % 3 == 0:
        arguments["padding"] = "causal"
    # Keras on JAX runs groups forward only in some layouts; channels first is compared without.
    first = groups == 1 and seed == 2
    arguments |= {
        "groups": groups,
        "activation": ACTIVATIONS[seed % 5],
        "use_bias": bool(seed % 4),
        "data_format": "channels_first" if first else None,
    }
    kernel = extents(rng, rank, 1, 4)
    compare(
        shape_of(rng, rank, channels, first),
        lambda k: getattr(k.layers, f"Conv{rank}D")(filters, kernel, **arguments),
        seed,
    )


@pytest.mark.parametrize(("rank", "seed"), [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3), (3, 1)])
def test_transposed_convolutions(rank: int, seed: int) -> None:
    rng = np.random.default_rng(2000 * rank + seed)
    strides = extents(rng, rank, 1, 4)
    arguments: dict[str, Any] = {"padding": ["valid", "same"][seed % 2], "activation": ACTIVATIONS[seed]}
    if seed == 3:
        arguments["dilation_rate"] = 2
    else:
        arguments["strides"] = strides
    if seed == 1:
        arguments["output_padding"] = tuple(int(rng.integers(stride)) for stride in strides)
    if seed == 2:
        arguments |= {"use_bias": False, "data_format": "channels_first"}
    kernel = extents(rng, rank, 2, 5)
    sizes = extents(rng, rank, 2, 5)
    shape = (3, *sizes) if seed == 2 else (*sizes, 3)
    compare(shape, lambda k: getattr(k.layers, f"Conv{rank}DTranspose")(4, kernel, **arguments), seed)


@pytest.mark.parametrize(("rank", "seed"), [(1, 0), (1, 1), (2, 2), (2, 3)])
@pytest.mark.parametrize("kind", ["Depthwise", "Separable"])
def test_depthwise_and_separable_convolutions(kind: str, rank: int, seed: int) -> None:
    rng = np.random.default_rng(3000 * rank + seed)
    arguments = window(rng, rank)
    if "strides" in arguments:
        arguments["strides"] = arguments["strides"][0]
    first = seed == 3
    arguments |= {
        "depth_multiplier": int(rng.integers(1, 4)),
        "activation": ACTIVATIONS[seed],
        "use_bias": seed != 1,
        "data_format": "channels_first" if first else None,
    }
    kernel = extents(rng, rank, 1, 4)
    filters = () if kind == "Depthwise" else (int(rng.integers(1, 9)),)
    compare(
        shape_of(rng, rank, int(rng.integers(1, 6)), first),
        lambda k: getattr(k.layers, f"{kind}Conv{rank}D")(*filters, kernel, **arguments),
        seed,
    )


@pytest.mark.parametrize(("rank", "seed"), [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (2, 3), (3, 1)])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_pooling(kind: str, rank: int, seed: int) -> None:
    rng = np.random.default_rng(4000 * rank + seed)
    size = extents(rng, rank, 1, 4)
    arguments: dict[str, Any] = {"padding": ["valid", "same"][seed % 2]}
    if seed > 1:
        arguments["strides"] = extents(rng, rank, 1, 4)
    first = seed == 3
    if first:
        arguments["data_format"] = "channels_first"
    # Rounded values: the first of equal ones passes the gradient on.
    compare(
        shape_of(rng, rank, 4, first),
        lambda k: getattr(k.layers, f"{kind}Pooling{rank}D")(size, **arguments),
        seed,
        extreme=seed < 2,
    )


@pytest.mark.parametrize(("rank", "is_first"), [(1, False), (2, False), (3, True)])
@pytest.mark.parametrize("kind", ["Max", "Average"])
def test_global_pooling(kind: str, rank: int, is_first: bool) -> None:
    arguments = {"data_format": "channels_first", "keepdims": True} if is_first else {}
    # Equal largest values share the gradient.
    compare(
        shape_of(np.random.default_rng(rank), rank, 3, is_first),
        lambda k: getattr(k.layers, f"Global{kind}Pooling{rank}D")(**arguments),
        rank,
        extreme=not is_first,
    )


EDGES: list[tuple[tuple[int, ...], Make]] = [
    ((5, 3), lambda k: k.layers.ZeroPadding1D((1, 2))),
    ((3, 5), lambda k: k.layers.ZeroPadding1D(2, data_format="channels_first")),
    ((4, 5, 2), lambda k: k.layers.ZeroPadding2D(((1, 0), (2, 3)))),
    ((4, 5, 2), lambda k: k.layers.ZeroPadding2D((2, 1))),
    ((4, 3, 5, 2), lambda k: k.layers.ZeroPadding3D(1)),
    ((2, 4, 3, 5), lambda k: k.layers.ZeroPadding3D(((1, 0), (2, 3), (0, 0)), data_format="channels_first")),
    ((7, 3), lambda k: k.layers.Cropping1D((1, 2))),
    ((6, 7, 2), lambda k: k.layers.Cropping2D(((1, 0), (2, 3)))),
    ((2, 6, 7), lambda k: k.layers.Cropping2D(1, data_format="channels_first")),
    ((6, 7, 2), lambda k: k.layers.Cropping2D()),
    ((4, 5, 6, 2), lambda k: k.layers.Cropping3D((1, 2, 0))),
    ((4, 3), lambda k: k.layers.UpSampling1D(3)),
    ((4, 3, 2), lambda k: k.layers.UpSampling2D((2, 3))),
    ((2, 4, 3), lambda k: k.layers.UpSampling2D((2, 3), interpolation="bilinear", data_format="channels_first")),
    ((4, 1, 2), lambda k: k.layers.UpSampling2D((3, 2), interpolation="bilinear")),
    ((2, 3, 2, 2), lambda k: k.layers.UpSampling3D((2, 1, 3))),
    ((2, 3, 4), lambda k: k.layers.Flatten(data_format="channels_first")),
]


@pytest.mark.parametrize("index", range(len(EDGES)))
def test_edges_and_sizes(index: int) -> None:
    shape, make = EDGES[index]
    compare(shape, make, index)


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.Conv2D(0, 3),
        lambda k: k.layers.Conv2D(4, 0),
        lambda k: k.layers.Conv2D(4, (3, 3, 3)),
        lambda k: k.layers.Conv2D(4, "three"),
        lambda k: k.layers.Conv2D(4, 3, strides=0),
        lambda k: k.layers.Conv2D(4, 3, strides=2, dilation_rate=2),
        lambda k: k.layers.Conv2D(4, 3, padding="causal"),
        lambda k: k.layers.Conv2D(4, 3, padding="full"),
        lambda k: k.layers.Conv2D(4, 3, groups=3),
        lambda k: k.layers.Conv2D(4, 3, groups=0),
        lambda k: k.layers.Conv2D(4, 3, data_format="channels_middle"),
        lambda k: k.layers.Conv2D(4, 3, activation="rellu"),
        lambda k: k.layers.Conv2DTranspose(4, 3, strides=2, output_padding=2),
        lambda k: k.layers.Conv1DTranspose(4, 3, strides=2, dilation_rate=2),
        lambda k: k.layers.DepthwiseConv2D(3, depth_multiplier=0),
        lambda k: k.layers.SeparableConv1D(0, 3),
        lambda k: k.layers.MaxPooling2D((2, 2, 2)),
        lambda k: k.layers.MaxPooling2D(0),
        lambda k: k.layers.AveragePooling2D(),
        lambda k: k.layers.ZeroPadding2D((1, 2, 3)),
        lambda k: k.layers.Cropping2D(((1, 2), 3, 4)),
        lambda k: k.layers.UpSampling1D(1.5),
        lambda k: k.layers.UpSampling1D(0),
        lambda k: k.layers.GlobalMaxPooling2D(data_format="x"),
        lambda k: k.Sequential([k.Input((4, 4, 1)), k.layers.Conv2D(1, 5)]),
        lambda k: k.Sequential([k.Input((4, 1)), k.layers.Conv1D(1, 3, dilation_rate=2)]),
        lambda k: k.Sequential([k.Input((4, 4)), k.layers.Conv2D(1, 2)]),
        lambda k: k.Sequential([k.Input((4, 4, 3)), k.layers.Conv2D(4, 2, groups=2)]),
        lambda k: k.Sequential([k.Input((4, 4, 3)), k.layers.MaxPooling2D(5)]),
        lambda k: k.Sequential([k.Input((4, 4, 3)), k.layers.MaxPooling1D(2)]),
        lambda k: k.Sequential([k.Input((4, 4)), k.layers.GlobalAveragePooling2D()]),
        lambda k: k.Sequential([k.Input((4, 4)), k.layers.Cropping1D((2, 2))]),
        lambda k: k.Sequential([k.Input((4,)), k.layers.UpSampling1D()]),
    ],
)
def test_what_keras_refuses_we_refuse(call: Callable[[Any], Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as theirs:
        call(keras)
    with pytest.raises(leptonai.LeptonError) as mine:
        if isinstance(theirs.value, TypeError) and "missing 1 required" in str(theirs.value):
            with pytest.raises(TypeError, match="missing 1 required"):
                call(ours)
            raise leptonai.InvalidArgumentError("a missing argument is Python's own error")
        call(ours)
    assert isinstance(mine.value, (type(theirs.value), ValueError))


def test_other_interpolations_are_said_not_to_be_there() -> None:
    for name in ("bicubic", "lanczos3", "lanczos5"):
        with pytest.raises(leptonai.NotSupportedError, match="bilinear"):
            ours.layers.UpSampling2D(interpolation=name)


def test_the_other_names_are_the_same_classes() -> None:
    for name in ("Convolution2D", "MaxPool1D", "AvgPool3D", "GlobalAvgPool2D", "SeparableConvolution1D"):
        assert getattr(ours.layers, name).__name__ == getattr(keras.layers, name).__name__


def test_configs_cross_over() -> None:
    mine = ours.Sequential(
        [
            ours.Input((9, 9, 3)),
            ours.layers.Conv2D(6, (3, 2), strides=(2, 1), padding="same", groups=3, activation="relu"),
            ours.layers.ZeroPadding2D(((1, 2), (0, 1))),
            ours.layers.DepthwiseConv2D(2, depth_multiplier=2, dilation_rate=(1, 2)),
            ours.layers.Conv2DTranspose(4, 3, strides=2, output_padding=1, padding="same"),
            ours.layers.SeparableConv2D(5, 2, depth_multiplier=2),
            ours.layers.AveragePooling2D(2, strides=1),
            ours.layers.UpSampling2D(interpolation="bilinear"),
            ours.layers.Cropping2D(1),
            ours.layers.GlobalMaxPooling2D(),
        ]
    )
    theirs = keras.Sequential.from_config(json.loads(json.dumps(mine.get_config())))
    assert theirs.output_shape == mine.output_shape
    assert [weight.shape for weight in theirs.weights] == [weight.shape for weight in mine.weights]
    again = ours.Sequential.from_config(json.loads(json.dumps(theirs.get_config())))
    again.set_weights(mine.get_weights())
    x = np.random.default_rng(1).normal(size=(5, 9, 9, 3)).astype("float32")
    np.testing.assert_array_equal(again.predict(x, verbose=0), mine.predict(x, verbose=0))
