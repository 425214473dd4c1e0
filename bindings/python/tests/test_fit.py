"""fit, evaluate and predict."""

from typing import Any

import numpy as np
import pytest

from leptonai import InvalidStateError, NotSupportedError, keras

Points = tuple[np.ndarray, np.ndarray]


def test_fit_learns_a_line(linear: keras.Sequential, points: Points) -> None:
    linear.optimizer.learning_rate = 0.1
    history = linear.fit(*points, epochs=100, verbose=0)
    assert history.history["loss"][-1] < 1e-3
    assert np.allclose(linear.get_weights()[0], 3, atol=0.1)


def test_history_is_python_floats(linear: keras.Sequential, points: Points) -> None:
    history = linear.fit(*points, epochs=3, verbose=0)
    assert list(history.history) == ["loss"]
    assert [type(value) for value in history.history["loss"]] == [float] * 3
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 2}
    assert history.model is linear
    assert linear.history is history


def test_initial_epoch_continues_the_count(linear: keras.Sequential, points: Points) -> None:
    assert linear.fit(*points, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]


def test_validation_adds_its_series(points: Points) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    split = model.fit(*points, epochs=2, validation_split=0.25, verbose=0)
    assert list(split.history) == ["loss", "mae", "val_loss", "val_mae"]
    given = model.fit(*points, epochs=2, validation_data=points, verbose=0)
    assert list(given.history) == ["loss", "mae", "val_loss", "val_mae"]


def test_evaluate_gives_loss_list_or_dict(linear: keras.Sequential, points: Points) -> None:
    loss = linear.evaluate(*points, verbose=0)
    assert isinstance(loss, float)
    linear.compile("sgd", "mse", metrics=["mae"])
    values = linear.evaluate(*points, verbose=0)
    assert isinstance(values, list)
    assert values[0] == pytest.approx(loss)
    assert linear.evaluate(*points, verbose=0, return_dict=True) == {"loss": values[0], "mae": values[1]}
    assert linear.metrics_names == ["loss", "mae"]


def test_evaluate_lists_metrics_as_compiled(points: Points) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mse", keras.metrics.BinaryAccuracy("a")], weighted_metrics=["mae"])
    by_name = model.evaluate(*points, verbose=0, return_dict=True)
    assert isinstance(by_name, dict)
    values = model.evaluate(*points, verbose=0)
    assert values == [by_name[name] for name in ("loss", "mse", "a", "mae")]
    assert model.metrics_names == ["loss", "mse", "a", "mae"]


def test_predict_of_few_and_of_many_rows_agrees(linear: keras.Sequential) -> None:
    x = np.linspace(-5, 5, 1000, dtype=np.float32).reshape(-1, 1)
    many = linear.predict(x, verbose=0)
    assert many.dtype == np.float32
    assert np.array_equal(many[:10], linear.predict(x[:10]))
    assert np.allclose(many, 2 * x + 1, rtol=1e-6, atol=1e-6)


def test_fit_before_compile_is_an_error(points: Points) -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    with pytest.raises(InvalidStateError, match="compile"):
        model.fit(*points)


@pytest.mark.parametrize(
    "argument",
    [
        {"batch_size": 0},
        {"batch_size": -1},
        {"batch_size": 2**40},
        {"batch_size": 1.5},
        {"epochs": 0},
        {"epochs": "3"},
        {"initial_epoch": -1},
        {"validation_split": 1.0},
        {"validation_split": -0.1},
        {"validation_split": 0.999},
        {"verbose": 3},
        {"verbose": "loud"},
        {"nonfinite": "maybe"},
        {"callbacks": [3]},
        {"class_weight": [1, 2]},
        {"class_weight": {"a": 1.0}},
        {"sample_weight": np.ones(3)},
        {"sample_weight": np.ones((64, 2))},
        {"sample_weight": np.ones(64), "class_weight": {0: 1.0}},
        {"validation_data": 3},
        {"validation_data": (np.ones((3, 1)), np.ones((2, 1)))},
        {"validation_batch_size": 0},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused_and_change_nothing(
    linear: keras.Sequential, points: Points, argument: dict[str, Any]
) -> None:
    before = linear.get_weights()
    with pytest.raises(ValueError):
        linear.fit(*points, **{"verbose": 0, **argument})
    assert np.array_equal(before[0], linear.get_weights()[0])
    linear.fit(*points, verbose=0)


def test_learning_rate_is_read_and_set(linear: keras.Sequential) -> None:
    assert linear.optimizer.learning_rate == pytest.approx(0.01)
    linear.optimizer.learning_rate = 0.25
    assert linear.optimizer.learning_rate == pytest.approx(0.25)
    with pytest.raises(ValueError, match="learning_rate"):
        linear.optimizer.learning_rate = -1.0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"optimizer": "sgdd", "loss": "mse"}, "sgd"),
        ({"optimizer": "sgd", "loss": "mean_squared_eror"}, "mean_squared_error"),
        ({"optimizer": "sgd", "loss": "mse", "metrics": ["acuracy"]}, "(?i)accuracy"),
    ],
)
def test_unknown_names_get_the_nearest_known_one(
    linear: keras.Sequential, arguments: dict[str, Any], hint: str
) -> None:
    with pytest.raises(ValueError, match=hint):
        linear.compile(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"run_eagerly": True},
        {"steps_per_execution": 4},
    ],
    ids=str,
)
def test_what_compile_does_not_do_yet_says_so(linear: keras.Sequential, arguments: dict[str, Any]) -> None:
    with pytest.raises(NotSupportedError):
        linear.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
