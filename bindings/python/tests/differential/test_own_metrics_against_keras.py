"""Metrics of one's own, and metrics with several values, compared with the same code in Keras."""

from typing import Any

import numpy as np
import pytest
from judge import TRAINED, agree, keras, ours
from test_own_objectives_against_keras import LABELS, NUMBERS, ONE_HOT, WEIGHTS, X, network, train


def metrics_of(k: Any) -> dict[str, Any]:
    ops = k.ops

    def absolute(y_true: Any, y_pred: Any) -> Any:
        return ops.abs(y_true - y_pred)

    def largest(y_true: Any, y_pred: Any) -> Any:
        return ops.max(ops.abs(y_true - y_pred), axis=-1)

    def of_batch(y_true: Any, y_pred: Any) -> Any:
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred)))

    class Spread(k.metrics.Metric):  # type: ignore[name-defined,misc]
        """The standard deviation of the errors, from three sums."""

        def __init__(self, name: str = "spread", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.total = self.add_weight(name="total", initializer="zeros")
            self.squares = self.add_weight(name="squares", initializer="zeros")
            self.count = self.add_weight(name="count", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            error = y_true - y_pred
            weight = ops.ones_like(error)
            if sample_weight is not None:
                weight = weight * ops.expand_dims(sample_weight, -1)
            self.total.assign(self.total + ops.sum(weight * error))
            self.squares.assign_add(ops.sum(weight * ops.square(error)))
            self.count.assign(ops.add(self.count, ops.sum(weight)))

        def result(self) -> Any:
            mean = self.total / self.count
            return ops.sqrt(self.squares / self.count - ops.square(mean))

    class Batches(k.metrics.Metric):  # type: ignore[name-defined,misc]
        def __init__(self, name: str = "batches", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.rows = self.add_weight(name="rows", initializer="zeros")
            self.count = self.add_weight(name="count", initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.rows.assign_add(ops.cast(ops.shape(y_true)[0], "float32"))
            self.count.assign_add(1.0)

        def result(self) -> Any:
            return self.rows / self.count

    class Confusion(k.metrics.Metric):  # type: ignore[name-defined,misc]
        """A matrix of sums; its result is the recall of each class."""

        def __init__(self, name: str = "recalls", **kwargs: Any) -> None:
            super().__init__(name=name, **kwargs)
            self.matrix = self.add_weight(name="matrix", shape=(3, 3), initializer="zeros")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            found = ops.one_hot(ops.argmax(y_pred, axis=-1), 3)
            cells = ops.expand_dims(y_true, -1) * ops.expand_dims(found, 1)
            self.matrix.assign(self.matrix + ops.sum(cells, axis=0))

        def result(self) -> Any:
            rows = ops.sum(self.matrix, axis=1)
            return ops.sum(self.matrix * np.eye(3, dtype="float32"), axis=1) / (rows + 1e-7)

    class Scaled(k.metrics.Mean):  # type: ignore[name-defined,misc]
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(3.0 * ops.abs(y_true - y_pred), sample_weight)

    class Root(k.metrics.MeanSquaredError):  # type: ignore[name-defined,misc]
        def result(self) -> Any:
            return ops.sqrt(super().result())

    return {
        "absolute": absolute,
        "largest": largest,
        "of_batch": of_batch,
        "wrapped": k.metrics.MeanMetricWrapper(absolute, name="wrapped"),
        "spread": Spread(),
        "batches": Batches(),
        "recalls": Confusion(),
        "scaled": Scaled(name="scaled"),
        "root": Root(name="root"),
    }


def test_metrics_of_ones_own() -> None:
    train(
        lambda k: network(k, "softmax"),
        lambda k: {"loss": "mse", "metrics": list(metrics_of(k).values())},
        X,
        ONE_HOT,
        validation_split=0.2,
        epochs=2,
    )


def test_weighted_metrics_of_ones_own() -> None:
    names = ("absolute", "largest", "spread", "scaled", "root")

    def compiled(k: Any) -> dict[str, Any]:
        made = metrics_of(k)
        return {
            "loss": made["largest"],
            "weighted_metrics": [made[name] for name in names],
            "metrics": [metrics_of(k)["absolute"], "mae"],
        }

    train(network, compiled, X, NUMBERS, sample_weight=WEIGHTS, epochs=2)


def test_metrics_with_several_values() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {
            "loss": "categorical_crossentropy",
            "metrics": [
                k.metrics.F1Score(average=None),
                k.metrics.Precision(thresholds=[0.5, 0.2, 0.35]),
                k.metrics.FalsePositives(thresholds=[0.3, 0.6]),
                k.metrics.R2Score(class_aggregation=None),
                k.metrics.FBetaScore(average=None, beta=2.0, threshold=0.4, name="fb"),
            ],
        }

    train(lambda k: network(k, "softmax"), compiled, X, ONE_HOT, validation_split=0.25, epochs=2)


def test_what_the_calls_on_batches_give() -> None:
    theirs, mine = network(keras, "softmax"), network(ours, "softmax")
    mine.set_weights(theirs.get_weights())
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(loss="mse", metrics=[k.metrics.F1Score(average=None), metrics_of(k)["recalls"], "mae"])
    expected, actual = theirs.test_on_batch(X, ONE_HOT), mine.test_on_batch(X, ONE_HOT)
    assert [np.shape(value) for value in actual] == [np.shape(value) for value in expected]
    for own, other in zip(actual, expected, strict=True):
        agree(own, other, TRAINED)


@pytest.mark.parametrize("name", ["wrapped", "spread", "batches", "recalls", "scaled", "root"])
def test_metrics_of_ones_own_on_arrays(name: str) -> None:
    theirs, mine = metrics_of(keras)[name], metrics_of(ours)[name]
    for rows in (slice(0, 15), slice(15, 40)):
        for metric in (theirs, mine):
            metric.update_state(ONE_HOT[rows], np.abs(NUMBERS[rows]))
    agree(mine.result(), theirs.result(), TRAINED)
    mine.reset_state()
    assert not np.any(np.asarray(mine.variables[0]))


def test_class_numbers_of_a_sparse_loss() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        def hits(y_true: Any, y_pred: Any) -> Any:
            return k.ops.cast(k.ops.equal(y_true, k.ops.argmax(y_pred, axis=-1)), "float32")

        return {"loss": "sparse_categorical_crossentropy", "metrics": [hits, "accuracy"]}

    train(lambda k: network(k, "softmax"), compiled, X, LABELS, epochs=2)


def test_names_are_keras_names() -> None:
    def RootOfAll(y_true: Any, y_pred: Any) -> Any:  # noqa: N802 (what becomes of it is tested)
        return (y_true - y_pred) ** 2.0

    names = []
    for k in (keras, ours):
        model = k.Sequential([k.Input((3,)), k.layers.Dense(1)])
        model.compile("sgd", "mse", metrics=[RootOfAll, lambda y_true, y_pred: y_true - y_pred])
        x = np.ones((4, 3), "float32")
        names.append(sorted(model.fit(x, x[:, :1], verbose=0).history))
    assert names[1] == names[0]
