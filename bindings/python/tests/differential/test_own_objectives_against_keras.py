"""Losses and metrics of one's own, compared with the same code in Keras."""

from typing import Any

import numpy as np
import pytest
from judge import TRAINED, agree, keras, ours, pair

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 4)).astype(np.float32)
NUMBERS = RNG.normal(size=(40, 3)).astype(np.float32)
LABELS = RNG.integers(0, 3, 40)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
BITS = (RNG.random((40, 3)) < 0.4).astype(np.float32)
WEIGHTS = RNG.uniform(0.2, 2, 40).astype(np.float32)


def network(k: Any, activation: str = "tanh", units: int = 3) -> Any:
    return k.Sequential([k.Input((4,)), k.layers.Dense(6, "relu"), k.layers.Dense(units, activation)])


def train(make: Any, compiled: Any, x: Any, y: Any, **fit: Any) -> None:
    """Compares histories, weights and evaluations; `compiled` gives the arguments of compile for a keras module."""
    keras.utils.set_random_seed(7)
    theirs, mine = pair(make)
    theirs.compile(**{"optimizer": k_optimizer(keras), **compiled(keras)}, jit_compile=False)
    mine.compile(**{"optimizer": k_optimizer(ours), **compiled(ours)})
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "batch_size": 20, **fit}
    expected = theirs.fit(x, y, **arguments).history
    actual = mine.fit(x, y, **arguments).history
    assert list(actual) == list(expected)
    for name, values in expected.items():
        agree(actual[name], values, TRAINED)
    for weight, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, TRAINED)
    weights = {"sample_weight": fit["sample_weight"]} if "sample_weight" in fit else {}
    measured = theirs.evaluate(x, y, verbose=0, return_dict=True, batch_size=17, **weights)
    own = mine.evaluate(x, y, verbose=0, return_dict=True, batch_size=17, **weights)
    assert list(own) == list(measured)
    for name, value in measured.items():
        agree(own[name], value, TRAINED)


def k_optimizer(k: Any) -> Any:
    return k.optimizers.SGD(0.05, momentum=0.5)


def losses_of(k: Any) -> dict[str, Any]:
    ops = k.ops

    def weighted_error(y_true: Any, y_pred: Any) -> Any:
        error = y_true - y_pred
        return ops.mean(ops.where(error > 0, 2.0 * ops.square(error), ops.abs(error)), axis=-1)

    def of_elements(y_true: Any, y_pred: Any) -> Any:
        return ops.square(y_true - y_pred)

    def of_batch(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred))

    def root_of_batch(y_true: Any, y_pred: Any) -> Any:
        return ops.sqrt(ops.mean(ops.square(y_true - y_pred))) + 0.01 * ops.sum(ops.square(y_pred))

    def overlap(y_true: Any, y_pred: Any) -> Any:
        true, pred = ops.reshape(y_true, (-1,)), ops.reshape(y_pred, [-1])
        both = ops.sum(true * pred)
        return 1 - (2.0 * both + 1.0) / (ops.sum(true) + ops.sum(pred) + 1.0)

    def by_column(y_true: Any, y_pred: Any) -> Any:
        both = ops.sum(y_true * y_pred, axis=0)
        return 1 - both / (ops.sum(ops.square(y_true), axis=0) + ops.sum(ops.square(y_pred), axis=0) + 1e-3)

    def standardised(y_true: Any, y_pred: Any) -> Any:
        centred = (y_pred - ops.mean(y_pred, axis=0, keepdims=True)) / (ops.std(y_pred, axis=0) + 0.5)
        return ops.mean(ops.square(y_true - centred), axis=-1)

    def correlation(y_true: Any, y_pred: Any) -> Any:
        true, pred = y_true - ops.mean(y_true), y_pred - ops.mean(y_pred)
        return 1.0 - ops.sum(true * pred) / (ops.sqrt(ops.sum(true**2) * ops.sum(pred**2)) + 1e-6)

    def built_of_losses(y_true: Any, y_pred: Any) -> Any:
        return (
            k.losses.mean_squared_error(y_true, y_pred)
            + 0.5 * k.losses.huber(y_true, y_pred, delta=0.5)
            + 0.1 * k.losses.MeanAbsoluteError()(y_true, y_pred)
        )

    class Quantile(k.losses.Loss):  # type: ignore[name-defined,misc]
        def __init__(self, share: float = 0.7, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.share = share

        def call(self, y_true: Any, y_pred: Any) -> Any:
            error = y_true - y_pred
            return ops.mean(ops.maximum(self.share * error, (self.share - 1.0) * error), axis=-1)

    class Doubled(k.losses.MeanSquaredError):  # type: ignore[name-defined,misc]
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return 2.0 * super().call(y_true, y_pred)

    return {
        "weighted_error": weighted_error,
        "of_elements": of_elements,
        "of_batch": of_batch,
        "root_of_batch": root_of_batch,
        "overlap": overlap,
        "by_column": by_column,
        "standardised": standardised,
        "correlation": correlation,
        "built_of_losses": built_of_losses,
        "quantile": Quantile(name="quantile"),
        "quantile_sum": Quantile(0.3, reduction="sum"),
        "quantile_mean": Quantile(0.3, reduction="mean_with_sample_weight"),
        "doubled": Doubled(),
    }


@pytest.mark.parametrize("name", list(losses_of(ours)))
def test_a_loss_of_ones_own_trains_as_in_keras(name: str) -> None:
    y = np.abs(NUMBERS) if name == "overlap" else NUMBERS
    activation = "sigmoid" if name == "overlap" else "tanh"
    train(
        lambda k: network(k, activation),
        lambda k: {"loss": losses_of(k)[name], "metrics": ["mae"]},
        X,
        y,
        validation_split=0.2,
    )


@pytest.mark.parametrize("name", ["weighted_error", "root_of_batch", "quantile_sum", "quantile_mean"])
def test_sample_weights_weigh_it(name: str) -> None:
    train(network, lambda k: {"loss": losses_of(k)[name]}, X, NUMBERS, sample_weight=WEIGHTS)


def test_class_weights_and_accuracy() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        def focal(y_true: Any, y_pred: Any) -> Any:
            shares = k.ops.clip(y_pred, 1e-7, 1.0)
            return -k.ops.sum(y_true * (1 - shares) ** 2 * k.ops.log(shares), axis=-1)

        return {"loss": focal, "metrics": ["accuracy"], "weighted_metrics": ["mse"]}

    train(lambda k: network(k, "softmax"), compiled, X, ONE_HOT, class_weight={0: 1.0, 1: 3.0, 2: 0.5})


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
def test_class_numbers(shape: tuple[int, ...]) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        def smoothed(y_true: Any, y_pred: Any) -> Any:
            labels = k.ops.one_hot(k.ops.cast(k.ops.reshape(y_true, (-1,)), "int32"), 3) * 0.9 + 0.1 / 3
            return k.losses.categorical_crossentropy(labels, y_pred)

        def sparse(y_true: Any, y_pred: Any) -> Any:
            return k.losses.sparse_categorical_crossentropy(y_true, y_pred)

        return {"loss": smoothed, "metrics": ["accuracy", sparse]}

    train(lambda k: network(k, "softmax"), compiled, X, LABELS.reshape(shape))


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
def test_a_row_of_one_number(shape: tuple[int, ...]) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        def loss(y_true: Any, y_pred: Any) -> Any:
            return k.ops.square(y_true - y_pred)

        return {"loss": loss}

    train(lambda k: network(k, units=1), compiled, X, NUMBERS[:, :1].reshape(shape))


def two_outputs(k: Any) -> Any:
    inputs = k.Input((4,))
    hidden = k.layers.Dense(5, "relu")(inputs)
    outputs = [k.layers.Dense(3, "tanh", name="a")(hidden), k.layers.Dense(3, "softmax", name="b")(hidden)]
    return k.Model(inputs, outputs)


@pytest.mark.parametrize("form", ["list", "dict", "one"])
def test_several_outputs(form: str) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        own, plain = losses_of(k)["weighted_error"], "mse"
        if form == "one":
            return {"loss": own}
        if form == "list":
            return {"loss": [own, plain], "loss_weights": [0.5, 2.0], "metrics": [[own], ["mae"]]}
        return {"loss": {"b": own, "a": losses_of(k)["of_batch"]}, "metrics": {"b": [own, "accuracy"]}}

    theirs, mine = pair(two_outputs)
    theirs.compile(optimizer=k_optimizer(keras), jit_compile=False, **compiled(keras))
    mine.compile(optimizer=k_optimizer(ours), **compiled(ours))
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "batch_size": 16}
    expected = theirs.fit(X, [NUMBERS, ONE_HOT], **arguments).history
    actual = mine.fit(X, [NUMBERS, ONE_HOT], **arguments).history
    assert sorted(actual) == sorted(expected)
    for name, values in expected.items():
        agree(actual[name], values, TRAINED)


def test_losses_on_arrays() -> None:
    for name, loss in losses_of(ours).items():
        other = losses_of(keras)[name]
        if isinstance(loss, ours.losses.Loss):
            agree(loss(NUMBERS, NUMBERS[::-1]), other(NUMBERS, NUMBERS[::-1]), TRAINED)
            agree(
                loss(NUMBERS, NUMBERS[::-1], sample_weight=WEIGHTS),
                other(NUMBERS, NUMBERS[::-1], sample_weight=WEIGHTS),
                TRAINED,
            )


BUILT_IN = [
    ("mean_squared_error", {}, "numbers"),
    ("mean_absolute_error", {}, "numbers"),
    ("mean_absolute_percentage_error", {}, "numbers"),
    ("mean_squared_logarithmic_error", {}, "positive"),
    ("cosine_similarity", {}, "numbers"),
    ("huber", {"delta": 0.4}, "numbers"),
    ("log_cosh", {}, "numbers"),
    ("poisson", {}, "positive"),
    ("hinge", {}, "bits"),
    ("squared_hinge", {}, "numbers"),
    ("categorical_hinge", {}, "one_hot"),
    ("kl_divergence", {}, "positive"),
    ("binary_crossentropy", {"label_smoothing": 0.1}, "bits"),
    ("binary_crossentropy", {"from_logits": True}, "bits"),
    ("binary_focal_crossentropy", {"apply_class_balancing": True}, "bits"),
    ("categorical_crossentropy", {"label_smoothing": 0.2}, "one_hot"),
    ("categorical_crossentropy", {"from_logits": True}, "one_hot"),
    ("categorical_focal_crossentropy", {}, "one_hot"),
    ("sparse_categorical_crossentropy", {}, "labels"),
    ("sparse_categorical_crossentropy", {"from_logits": True, "ignore_class": 1}, "labels"),
    ("dice", {}, "bits"),
    ("tversky", {"alpha": 0.3, "beta": 0.7, "axis": -1}, "bits"),
]


@pytest.mark.parametrize(("name", "arguments", "kind"), BUILT_IN)
def test_keras_losses_within_ones_own(name: str, arguments: dict[str, Any], kind: str) -> None:
    y = {"numbers": NUMBERS, "positive": np.abs(NUMBERS), "bits": BITS, "one_hot": ONE_HOT, "labels": LABELS}[kind]

    def compiled(k: Any) -> dict[str, Any]:
        def own(y_true: Any, y_pred: Any) -> Any:
            return 2.0 * getattr(k.losses, name)(y_true, y_pred, **arguments)

        return {"loss": own}

    theirs, mine = pair(lambda k: network(k, "sigmoid"))
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(optimizer=k_optimizer(k), **compiled(k), **({"jit_compile": False} if k is keras else {}))
    agree(mine.train_on_batch(X, y), theirs.train_on_batch(X, y), TRAINED)
    for weight, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, TRAINED)
