"""Sequential models: structure, weights, configs."""

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from leptonai import InvalidStateError, LeptonError, NotSupportedError, keras

layers = keras.layers


def small() -> keras.Sequential:
    return keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="relu"), layers.Dense(2)])


def test_arguments_that_a_function_does_not_have_are_refused() -> None:
    inputs = keras.Input((3,))
    config = json.loads(keras.Model(inputs, keras.ops.relu(inputs)).to_json())
    function = next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Relu")
    assert keras.models.model_from_json(json.dumps(config)).count_params() == 0
    function["inbound_nodes"][0]["kwargs"]["slope"] = 0.5
    with pytest.raises(ValueError, match="slope"):
        keras.models.model_from_json(json.dumps(config))


def test_losses_of_layers_are_refused() -> None:
    class Penalised(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(keras.ops.sum(inputs, axis=1))
            return inputs

    with pytest.raises(NotSupportedError, match="ActivityRegularization"):
        Penalised()(keras.Input((3,)))


def test_layers_and_weights_are_named_as_keras_names_them() -> None:
    model = small()
    assert model.name == "sequential"
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert [weight.path for weight in model.weights] == [
        "dense/kernel",
        "dense/bias",
        "dense_1/kernel",
        "dense_1/bias",
    ]
    assert [weight.shape for weight in model.weights] == [(3, 4), (4,), (4, 2), (2,)]
    assert small().layers[0].name == "dense_2"


def test_clear_session_starts_names_anew() -> None:
    small()
    keras.utils.clear_session()
    assert small().layers[0].name == "dense"


def test_a_model_without_input_shape_is_built_by_its_first_data() -> None:
    model = keras.Sequential([layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    assert model.predict(np.ones((5, 3))).shape == (5, 2)
    assert model.built
    assert model.input_shape == (None, 3)


def test_build_gives_weights() -> None:
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 3))
    assert model.count_params() == 8
    with pytest.raises(ValueError, match="input_shape"):
        model.build((None, 4))


def test_count_params_of_a_model_that_is_not_built_is_an_error() -> None:
    with pytest.raises(InvalidStateError):
        keras.Sequential([layers.Dense(2)]).count_params()


def test_add_and_pop_keep_the_other_weights() -> None:
    model = small()
    kernel = model.get_weights()[0]
    model.add(layers.Dense(1))
    assert model.output_shape == (None, 1)
    assert np.array_equal(model.get_weights()[0], kernel)
    assert model.pop().name == "dense_2"
    assert model.output_shape == (None, 2)
    assert np.array_equal(model.get_weights()[0], kernel)
    assert len(model.weights) == 4


def test_pop_of_an_empty_model_is_an_error() -> None:
    with pytest.raises(ValueError, match="pop"):
        keras.Sequential().pop()


def test_layers_are_indexed_and_found_by_name() -> None:
    model = small()
    assert len(model) == 2
    assert model[-1] is model.layers[1]
    assert model.get_layer("dense_1") is model.layers[1]
    assert model.get_layer(index=0) is model.layers[0]
    with pytest.raises(ValueError, match="dense, dense_1"):
        model.get_layer("dens")


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        keras.Sequential([layers.Dense(1, name="a"), layers.Dense(1, name="a")])


@pytest.mark.parametrize("wrong", [3, "dense", None, keras.losses.MeanSquaredError()])
def test_what_is_no_layer_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="layer"):
        keras.Sequential([wrong])


def test_set_weights_replaces_all_or_none() -> None:
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match="4 arrays"):
        model.set_weights(before[:3])
    with pytest.raises(ValueError, match=r"weight|shape|kernel|bias"):
        model.set_weights([np.zeros_like(before[0]), *before[1:3], np.zeros(3)])
    for old, now in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, now)


def test_layers_show_and_change_their_weights() -> None:
    model = small()
    layer = model.layers[1]
    assert layer.count_params() == 10
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel + 1, bias + 2])
    assert np.array_equal(model.get_weights()[2], kernel + 1)
    assert np.array_equal(np.asarray(layer.weights[1]), bias + 2)


def test_config_round_trip() -> None:
    model = small()
    again = keras.Sequential.from_config(json.loads(json.dumps(model.get_config())))
    assert again.get_config() == model.get_config()
    assert keras.models.model_from_json(model.to_json()).get_config() == model.get_config()


def test_clone_has_the_structure_but_not_the_weights() -> None:
    model = small()
    clone = keras.models.clone_model(model)
    assert clone.get_config() == model.get_config()
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])


def test_config_survives_late_building() -> None:
    model = keras.Sequential([layers.Dense(2)])
    model.build((None, 3))
    again = keras.Sequential.from_config(model.get_config())
    assert again.built
    assert again.count_params() == 8


def test_unknown_layer_in_a_config_names_the_nearest() -> None:
    config = small().get_config()
    config["layers"][1]["class_name"] = "Dens"
    with pytest.raises(ValueError, match="Dense"):
        keras.Sequential.from_config(config)


@pytest.mark.parametrize("text", ["{", "[]", "3", "[" * 100_000, '{"class_name": "Sequential", "config": {}}'])
def test_malformed_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        keras.models.model_from_json(text)


@pytest.mark.parametrize("change", [{"config": 3}, {"config": {}}, {"config": {"units": 1, "unit": 2}}], ids=str)
def test_malformed_layer_configs_are_refused(change: dict[str, Any]) -> None:
    config = small().get_config()
    config["layers"][1].update(change)
    with pytest.raises((ValueError, TypeError)) as raised:
        keras.Sequential.from_config(config)
    assert isinstance(raised.value, LeptonError)


def test_copying_says_what_to_do_instead() -> None:
    with pytest.raises(NotSupportedError, match="clone_model"):
        copy.deepcopy(small())


def test_summary_goes_to_print_fn_as_one_text() -> None:
    model = small()
    texts: list[str] = []
    model.summary(print_fn=texts.append)
    assert len(texts) == 1
    assert 'Model: "sequential"' in texts[0]
    assert "Total params: 26" in texts[0]


def test_call_is_inference(linear: keras.Sequential) -> None:
    assert linear(np.array([[3.0]])).tolist() == [[7.0]]
    with pytest.raises(NotSupportedError):
        linear(np.array([[3.0]]), training=True)


def test_seeded_models_have_equal_weights() -> None:
    keras.utils.set_random_seed(7)
    first = small()
    keras.utils.set_random_seed(7)
    second = small()
    third = small()
    assert np.array_equal(first.get_weights()[0], second.get_weights()[0])
    assert not np.array_equal(second.get_weights()[0], third.get_weights()[0])


def popped() -> keras.Sequential:
    """A model whose last layer was replaced."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    model.pop()
    model.add(keras.layers.Dense(1))
    return model


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.Sequential.from_config(small().get_config()),
        lambda: keras.models.model_from_json(small().to_json()),
        lambda: keras.models.clone_model(small()),
        popped,
    ],
    ids=["from_config", "model_from_json", "clone_model", "pop and add"],
)
def test_every_way_to_a_new_model_honours_the_seed(make: Callable[[], keras.Sequential]) -> None:
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(7)
        model = make()
        model.compile("sgd", "mse")
        x = np.linspace(-1, 1, 99).reshape(33, 3)[:, : model.input_shape[1]]
        model.fit(x, np.zeros((33, model.output_shape[1])), batch_size=4, verbose=0)
        weights.append(model.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


def test_subclasses_of_model_say_what_to_use() -> None:
    class Mine(keras.Model):
        pass

    with pytest.raises(NotSupportedError, match="a method `call`"):
        Mine().build((None, 2))


@pytest.mark.parametrize("member", ["quantize", "export", "train_step"])
def test_members_that_keras_has_say_what_to_use(linear: keras.Sequential, member: str) -> None:
    assert not hasattr(linear, member)
    with pytest.raises(NotSupportedError, match=r"use|float32|fit"):
        getattr(linear, member)
    with pytest.raises(AttributeError, match="has no attribute 'bogus'"):
        linear.bogus  # type: ignore[attr-defined]  # noqa: B018


def test_the_learning_rate_is_a_number_that_can_be_assigned(linear: keras.Sequential) -> None:
    linear.optimizer.learning_rate.assign(0.5)
    assert linear.optimizer.learning_rate == 0.5
    assert linear.optimizer.learning_rate.numpy() == 0.5
    assert "learning_rate=0.5" in repr(linear.optimizer)
    assert json.loads(json.dumps(linear.optimizer.get_config()))["learning_rate"] == 0.5
