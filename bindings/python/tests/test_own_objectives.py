"""Losses and metrics of one's own: what is refused, how they are kept, and that nodes do not change the numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leptonai import LeptonClient, keras

ops = keras.ops
RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = RNG.normal(size=(40, 3)).astype(np.float32)


def error(y_true: Any, y_pred: Any) -> Any:
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Distance(keras.losses.Loss):
    def __init__(self, scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.scale * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale}


class Largest(keras.metrics.Metric):
    def __init__(self, name: str = "largest", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign(self.total + ops.sum(ops.max(ops.abs(y_true - y_pred), axis=-1)))

    def result(self) -> Any:
        return self.total / 2.0


def network(units: int = 3) -> Any:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, name="out")])


def refused(kind: type[Exception], text: str, **compiled: Any) -> None:
    model = network()
    with pytest.raises(kind, match=text):
        model.compile("sgd", **compiled)
        model.fit(X, Y, verbose=0)


def test_code_that_cannot_be_read_says_what_to_do() -> None:
    def numpy(y_true: Any, y_pred: Any) -> Any:
        return np.mean((y_true - y_pred) ** 2)

    def branch(y_true: Any, y_pred: Any) -> Any:
        return error(y_true, y_pred) if ops.sum(y_pred) > 0 else error(y_true, 2 * y_pred)

    def number(y_true: Any, y_pred: Any) -> Any:
        return 1.0

    def broken(y_true: Any, y_pred: Any) -> Any:
        return y_pred.numpy()

    def ranks(y_true: Any, y_pred: Any) -> Any:
        return ops.sum(y_true, axis=-1) - y_pred

    def product(y_true: Any, y_pred: Any) -> Any:
        return ops.max(y_pred, axis=0)

    for function, text in (
        (numpy, "keras.ops"),
        (branch, "condition"),
        (number, "loss 'number' gives 1.0"),
        (broken, "loss 'broken'"),
        (ranks, "same number of axes"),
        (product, "axis 0 is the batch"),
    ):
        refused(Exception, text, loss=function)
        with pytest.raises((ValueError, TypeError, NotImplementedError)):
            model = network()
            model.compile("sgd", loss=function)
            model.fit(X, Y, verbose=0)
    refused(ValueError, "trained on one number", loss=Distance(reduction="none"))


class Wrong(keras.metrics.Metric):
    def __init__(self, how: str) -> None:
        super().__init__(name="wrong")
        self.how = how
        if how != "stateless":
            self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        part = ops.sum(y_pred)
        if self.how == "maximum":
            self.total.assign(ops.maximum(self.total, part))
        elif self.how == "decay":
            self.total.assign(0.9 * self.total + part)
        elif self.how == "of itself":
            self.total.assign(self.total + part * self.total)
        elif self.how == "replaced":
            self.total.assign(3.0)
        elif self.how == "rows":
            self.total.assign(self.total + ops.sum(y_pred, axis=-1))
        elif self.how == "branch" and part > 0:
            self.total.assign_add(part)

    def result(self) -> Any:
        if self.how == "dict":
            return {"a": self.total + 0.0}
        return 1.0 if self.how in ("constant", "stateless") else self.total / 2.0


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("maximum", "may only add to 'total'"),
        ("decay", "may only add to 'total'"),
        ("of itself", "may only add to 'total'"),
        ("replaced", "may only grow"),
        ("rows", "over the batch"),
        ("branch", "condition"),
        ("constant", "compute it from the state"),
        ("stateless", "has no state"),
        ("dict", "dict"),
    ],
)
def test_metrics_that_do_not_fit_say_what_to_do(how: str, text: str) -> None:
    refused(Exception, text, loss="mse", metrics=[Wrong(how)])


def test_states_may_be_named_like_functions() -> None:
    class Sums(keras.metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="sums")
            self.sum = self.add_weight(shape=(3,), name="sum", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.sum.assign_add(ops.sum(y_true, axis=0))

        def result(self) -> Any:
            return ops.sum(self.sum)

    model = network()
    model.compile("sgd", "mse", metrics=[Sums()])
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0, return_dict=True)["sums"], Y.sum(), rtol=1e-4)


def test_layers_and_weights_in_a_loss_are_refused() -> None:
    dense = keras.layers.Dense(3)
    refused(Exception, "weights", loss=lambda y_true, y_pred: error(y_true, dense(y_pred)))


def test_one_or_several_nodes_give_the_same_bits() -> None:
    def whole(y_true: Any, y_pred: Any) -> Any:
        centred = y_pred - ops.mean(y_pred, axis=0)
        return ops.sqrt(ops.mean(ops.square(y_true - centred))) + 0.01 * ops.std(y_pred)

    x, y = RNG.normal(size=(300, 200)).astype(np.float32), RNG.normal(size=(300, 5)).astype(np.float32)
    results = []
    for nodes in (1, 2, 5):
        with LeptonClient(nodes=nodes) as client:
            keras.utils.set_random_seed(4)
            model = keras.Sequential([keras.layers.Dense(400, "relu"), keras.layers.Dense(5)])
            model.compile("adam", loss=whole, metrics=[error, Largest()])
            history = client.fit(model, x, y, epochs=2, batch_size=128, verbose=0, validation_split=0.1)
            results.append(([weight.tobytes() for weight in model.get_weights()], history.history))
    assert results[0] == results[1] == results[2]


def test_it_is_read_anew_for_other_targets_and_keeps_the_optimizer() -> None:
    model = network(1)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss=lambda a, b: ops.mean(ops.abs(a - b), axis=-1))
    model.fit(X, Y[:, :1], verbose=0, batch_size=40)
    model.fit(X, Y[:, 0], verbose=0, batch_size=40)
    assert int(model.optimizer.iterations) == 2

    def batches() -> Any:
        for start in range(0, 40, 10):
            yield X[start : start + 10], Y[start : start + 10, :1]

    model.fit(batches(), verbose=0)
    assert int(model.optimizer.iterations) == 6


def test_reading_leaves_names_alone() -> None:
    keras.utils.clear_session()
    model = network()
    model.compile("sgd", loss=error, metrics=[Largest()])
    model.fit(X, Y, verbose=0)
    x = keras.Input((3,))
    assert ops.square(x).name == "square"
    assert keras.layers.Add().name == "add"


def test_the_file_of_the_library_has_what_was_read(tmp_path: Path) -> None:
    model = network()
    model.compile("sgd", loss=error, metrics=[Distance(name="far").call, Largest()])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = keras.models.load_model(tmp_path / "m.safetensors")
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    loaded.fit(X, Y, verbose=0)
    with pytest.raises(Exception, match="has no `call`"):
        loaded.loss(Y, Y)


def test_keras_files_have_names(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    model = network()
    model.compile("sgd", loss=Distance(2.0), metrics=[error, Largest()])
    model.fit(X, Y, verbose=0)
    path = tmp_path / "m.keras"
    model.save(path)
    config = model.get_compile_config()
    assert config is not None
    assert config["loss"]["registered_name"] == "Distance"
    assert config["metrics"][0] == {
        "module": "builtins",
        "class_name": "function",
        "config": "error",
        "registered_name": "function",
    }
    with pytest.raises(TypeError, match="Could not locate"):
        keras.models.load_model(path)
    objects = {"Distance": Distance, "error": error, "Largest": Largest}
    loaded = keras.models.load_model(path, custom_objects=objects)
    assert loaded.loss["config"]["scale"] == 2.0 if isinstance(loaded.loss, dict) else loaded.loss.scale == 2.0
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    with keras.saving.custom_object_scope(objects):
        assert keras.models.load_model(path).evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert keras.models.load_model(path, compile=False).predict(X, verbose=0).shape == (40, 3)


def test_registered_names() -> None:
    @keras.saving.register_keras_serializable("mine")
    class Registered(Distance):
        pass

    written = keras.losses.serialize(Registered(3.0))
    assert written["registered_name"] == "mine>Registered"
    assert keras.losses.deserialize(written).scale == 3.0
    assert keras.saving.get_registered_object("mine>Registered") is Registered


def test_activations_on_symbolic_tensors() -> None:
    x = keras.Input((6,))
    relu = keras.activations.relu(x, negative_slope=0.1, max_value=1.0, threshold=0.2)
    outputs = [relu, *(getattr(keras.activations, name)(x) for name in ("tanh", "mish", "gelu", "glu", "softmax"))]
    data = RNG.normal(size=(9, 6)).astype(np.float32)
    results = keras.Model(x, outputs).predict(data, verbose=0)
    expected = [
        keras.activations.relu(data, negative_slope=0.1, max_value=1.0, threshold=0.2),
        *(getattr(keras.activations, name)(data) for name in ("tanh", "mish", "gelu", "glu", "softmax")),
    ]
    for result, wanted in zip(results, expected, strict=True):
        np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6)
    layer = keras.layers.Dense(6, activation=lambda value: ops.tanh(value) * 2, kernel_initializer="identity")
    np.testing.assert_allclose(layer(data), 2 * np.tanh(data), rtol=1e-5, atol=1e-6)
