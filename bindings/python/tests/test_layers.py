"""Layers, initializers, losses, metrics and optimizers as descriptions: arguments, configs, refusals."""

import json
from typing import Any

import numpy as np
import pytest

from leptonai import NotSupportedError, keras

layers, initializers, losses, metrics, optimizers = (
    keras.layers,
    keras.initializers,
    keras.losses,
    keras.metrics,
    keras.optimizers,
)

OBJECTS = [
    layers.InputLayer((3,)),
    layers.Dense(3, activation="tanh", use_bias=False, kernel_initializer=initializers.HeNormal(seed=1)),
    layers.Activation("softmax"),
    layers.Dropout(0.25, seed=3),
    layers.Flatten(),
    initializers.Zeros(),
    initializers.Ones(),
    initializers.Constant(2.0),
    initializers.GlorotUniform(seed=1),
    initializers.GlorotNormal(),
    initializers.HeUniform(),
    initializers.HeNormal(),
    initializers.LecunUniform(),
    initializers.LecunNormal(),
    initializers.RandomNormal(1.0, 2.0, seed=3),
    initializers.TruncatedNormal(stddev=0.1),
    initializers.RandomUniform(0, 1),
    initializers.VarianceScaling(2.0, "fan_out", "uniform"),
    initializers.Orthogonal(0.5),
    losses.MeanSquaredError(),
    losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
    losses.CategoricalCrossentropy(label_smoothing=0.2),
    losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics.Accuracy(),
    metrics.BinaryAccuracy(threshold=0.3),
    metrics.CategoricalAccuracy(name="hits"),
    metrics.SparseCategoricalAccuracy(),
    metrics.MeanAbsoluteError(),
    metrics.MeanSquaredError(),
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.Adam(0.1, 0.8, 0.9, 1e-5),
]


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: type(thing).__name__)
def test_config_round_trip_through_json(thing: Any) -> None:
    config = keras.saving.serialize_keras_object(thing)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert type(again) is type(thing)
    assert again.get_config() == json.loads(json.dumps(thing.get_config()))


@pytest.mark.parametrize("units", [0, -1, 1.5, "3", None, True])
def test_units_must_be_a_positive_integer(units: Any) -> None:
    with pytest.raises(ValueError, match="units"):
        layers.Dense(units)


def test_units_may_be_of_numpy() -> None:
    assert layers.Dense(np.int64(3)).get_config()["units"] == 3


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.5", None])
def test_dropout_rate_must_be_a_fraction(rate: Any) -> None:
    with pytest.raises(ValueError, match="rate"):
        layers.Dropout(rate)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: layers.Dense(1, kernel_regularizer=lambda x: 0), "kernel_regularizer"),
        (lambda: layers.Dense(1, bias_constraint=lambda x: x), "bias_constraint"),
        (lambda: layers.Dense(1, kernel_initializer=np.ones((2, 1))), "kernel_initializer"),
        (lambda: layers.Dense(1, kernel_initializer=lambda shape, dtype: 0), "kernel_initializer"),
        (lambda: layers.Dense(1, lora_rank=2), "lora_rank"),
        (lambda: layers.Dense(1, dtype="float16"), "dtype"),
        (lambda: layers.Input((3,), sparse=True), "sparse"),
        (lambda: losses.MeanSquaredError(dtype="float16"), "dtype"),
        (lambda: optimizers.SGD(learning_rate=lambda: 0.1), "learning_rate"),
    ],
)
def test_arguments_that_are_not_supported_yet_are_named(make: Any, argument: str) -> None:
    with pytest.raises(NotSupportedError, match=argument) as raised:
        make()
    assert raised.value.argument == argument


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: layers.Dense(1, unit=3), "unit"),
        (lambda: layers.Dense(1, name="a/b"), "name"),
        (lambda: layers.Dense(1, trainable=1), "trainable"),
        (lambda: layers.Dense(1, input_shape=(0,)), "input_shape"),
        (lambda: layers.Dense(1, input_shape=(-3,)), "input_shape"),
        (lambda: layers.Dense(1, kernel_initializer=3), "kernel_initializer"),
        (lambda: layers.Dense(1, activation=3), "activation"),
        (keras.Input, "shape"),
        (lambda: keras.Input((3,), batch_shape=(None, 3)), "shape"),
        (lambda: optimizers.SGD(momentum=2.0), "momentum"),
        (lambda: optimizers.SGD(momentum=1), "momentum"),
        (lambda: optimizers.Adam(beta_1=1.0), "beta_1"),
        (lambda: optimizers.SGD("fast"), "learning_rate"),
        (lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0), "clipvalue"),
        (lambda: optimizers.SGD(gradient_accumulation_steps=1), "gradient_accumulation_steps"),
        (lambda: optimizers.SGD(use_ema=True, ema_momentum=2), "ema_momentum"),
        (lambda: optimizers.SGD(use_ema=True, ema_overwrite_frequency=0.5), "ema_overwrite_frequency"),
        (lambda: optimizers.Ftrl(learning_rate_power=0.5), "learning_rate_power"),
        (lambda: optimizers.LossScaleOptimizer("sgd"), "inner_optimizer"),
        (lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0), "clipnorm"),
        (lambda: optimizers.schedules.ExponentialDecay(0.1, 0, 0.5), "decay_steps"),
        (lambda: optimizers.schedules.PiecewiseConstantDecay([1], [0.1]), "values"),
        (lambda: keras.regularizers.L2(-1.0), "l2"),
        (lambda: keras.regularizers.OrthogonalRegularizer(mode="x"), "mode"),
        (lambda: keras.regularizers.get("l1_l2"), "regularizer"),
        (lambda: keras.constraints.get("minmaxnorm"), "constraint"),
        (lambda: losses.BinaryCrossentropy(label_smoothing=2), "label_smoothing"),
        (lambda: metrics.AUC(num_thresholds=1), "num_thresholds"),
        (lambda: initializers.GlorotUniform(seed="a"), "seed"),
        (lambda: initializers.VarianceScaling(scale=0), "scale"),
        (lambda: initializers.get("glorot"), "initializer"),
        (lambda: keras.activations.get("rellu"), "activation"),
    ],
)
def test_wrong_arguments_are_named(make: Any, argument: str) -> None:
    with pytest.raises(ValueError, match=argument):
        make()


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        (lambda: layers.Dense(1, activation="rellu"), "relu"),
        (lambda: layers.Dense(1, kernel_initializer="glorot_unifrm"), "glorot_uniform|GlorotUniform"),
        (lambda: layers.Activation("sofmax"), "softmax"),
    ],
)
def test_unknown_names_get_the_nearest_known_one(layer: Any, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        keras.Sequential([keras.Input((2,)), layer()])


def test_sizes_that_overflow_are_refused() -> None:
    with pytest.raises((ValueError, MemoryError)):
        keras.Sequential([keras.Input((2**31,)), layers.Dense(2**31), layers.Dense(2**31)])


def test_dense_needs_two_axes() -> None:
    with pytest.raises(ValueError):
        keras.Sequential([layers.Dense(1)]).predict([1.0, 2.0])


def test_losses_and_metrics_compute_on_arrays() -> None:
    assert losses.MeanSquaredError()([[1.0], [3.0]], [[2.0], [5.0]], sample_weight=[1, 0.5]) == 1.5
    accuracy = metrics.Accuracy()
    accuracy.update_state([1.0, 2.0], [1.0, 3.0])
    assert accuracy([1.0], [1.0]) == pytest.approx(2 / 3)


def test_activation_functions_compute() -> None:
    x = np.array([-1000.0, -1.0, 0.0, 2.0, 1000.0])
    assert keras.activations.relu(x).tolist() == [0, 0, 0, 2, 1000]
    assert keras.activations.sigmoid(x).tolist() == pytest.approx([0, 0.268941421, 0.5, 0.880797078, 1])
    assert keras.activations.softmax(x[None]).tolist() == [[0, 0, 0, 0, 1]]
    assert layers.Dense(1, activation=keras.activations.relu).get_config()["activation"] == "relu"


def test_initial_weights_follow_the_initializer() -> None:
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(2, kernel_initializer=initializers.Constant(2.0), bias_initializer="ones")]
    )
    kernel, bias = model.get_weights()
    assert (kernel == 2).all()
    assert (bias == 1).all()


def test_seeded_initializers_repeat() -> None:
    def kernel() -> np.ndarray:
        initializer = initializers.HeNormal(seed=5)
        return keras.Sequential([keras.Input((9,)), layers.Dense(4, kernel_initializer=initializer)]).get_weights()[0]

    assert np.array_equal(kernel(), kernel())


def test_to_categorical() -> None:
    assert keras.utils.to_categorical([0, 2, 1], 4).tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0]]
    assert keras.utils.to_categorical([[1], [0]]).tolist() == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="class"):
        keras.utils.to_categorical([0, 3], 3)


def test_kernel_and_bias_are_the_weights_in_the_model() -> None:
    layer = layers.Dense(2)
    with pytest.raises(AttributeError, match="no kernel yet"):
        _ = layer.kernel
    assert layer.bias is None
    model = keras.Sequential([keras.Input((3,)), layer])
    layer.kernel.assign(np.full((3, 2), 0.5))
    assert layer.bias is not None
    layer.bias.assign([1, 2])
    assert (layer.kernel.name, layer.kernel.shape, layer.bias.shape) == ("kernel", (3, 2), (2,))
    np.testing.assert_array_equal(model.predict(np.ones((1, 3))), [[2.5, 3.5]])
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, use_bias=False)])
    assert model.layers[0].bias is None
