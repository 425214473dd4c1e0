"""GroupQueryAttention, SpectralNormalization, and the losses CTC and Circle, in Keras and here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

Build = Callable[[Any], Any]
ROWS = 23


def trained_alike(build: Build, x: Any, y: Any, loss: str = "mse", rate: float = 0.05) -> tuple[Any, Any]:
    """The same outputs, losses and weights over two epochs of batches, and the same outputs after them."""
    theirs, mine = pair(build)
    agree(mine.predict(x, verbose=0), theirs(x), PASS)
    arguments = {"epochs": 2, "batch_size": 12, "shuffle": False, "verbose": 0}
    losses = []
    for model, k in ((theirs, keras), (mine, ours)):
        plain = {"jit_compile": False} if k is keras else {}
        model.compile(optimizer=k.optimizers.SGD(rate), loss=loss, **plain)
        losses.append(model.fit(x, y, **arguments).history["loss"])
    agree(losses[1], losses[0], TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)
    agree(mine.predict(x, verbose=0), theirs(x), TRAINED)
    return theirs, mine


def numbers(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, *shape)).astype("float32")


# ------------------------------------------------------------------ attention


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ({"num_query_heads": 3, "num_key_value_heads": 1, "use_bias": False}, {"use_causal_mask": True}),
        ({"num_query_heads": 2, "num_key_value_heads": 2, "use_gate": True, "sliding_window": 2}, {}),
        ({"num_query_heads": 4, "num_key_value_heads": 2, "sliding_window": 3}, {"use_causal_mask": True}),
    ],
)
def test_grouped_attention_trains_alike(arguments: dict[str, Any], call: dict[str, Any]) -> None:
    def build(k: Any) -> Any:
        a, b = k.Input((5, 4)), k.Input((5, 6))
        layer = k.layers.GroupQueryAttention(3, kernel_regularizer="l2", **arguments)
        return k.Model([a, b], layer(k.layers.Dense(4)(a), k.layers.Dense(4)(b), **call))

    trained_alike(build, [numbers(1, 5, 4), numbers(2, 5, 6)], numbers(3, 5, 4))


def test_grouped_attention_masks_and_scores() -> None:
    def build(k: Any) -> Any:
        words, mask = k.Input((6,)), k.Input((6, 6))
        x = k.layers.Embedding(9, 4, mask_zero=True)(words)
        layer = k.layers.GroupQueryAttention(2, 4, 2, use_gate=True)
        return k.Model([words, mask], list(layer(x, x, attention_mask=mask, return_attention_scores=True)))

    theirs, mine = pair(build)
    rng = np.random.default_rng(4)
    words = rng.integers(0, 9, (ROWS, 6)).astype("float32")
    words[:, 0] = 1
    mask = (rng.random((ROWS, 6, 6)) > 0.3).astype("float32")
    mask[:, :, 0] = 1
    for one, other in zip(mine.predict([words, mask], verbose=0), theirs([words, mask]), strict=True):
        agree(one, other, PASS)


# ------------------------------------------------------------------ spectral normalization

WRAPPED: dict[str, tuple[Build, tuple[int, ...]]] = {
    "dense": (lambda k: k.SpectralNormalization(k.Dense(4, activation="tanh"), power_iterations=2), (5, 3)),
    "convolution": (lambda k: k.SpectralNormalization(k.Conv1D(4, 3, padding="same", use_bias=False)), (5, 3)),
    "einsum": (lambda k: k.SpectralNormalization(k.EinsumDense("abc,cd->abd", (5, 4), bias_axes="d")), (5, 3)),
    "embedding": (lambda k: k.SpectralNormalization(k.Embedding(7, 4)), (5,)),
    "zeros": (lambda k: k.SpectralNormalization(k.Dense(4, kernel_initializer="zeros")), (5, 3)),
}


@pytest.mark.parametrize("name", WRAPPED)
def test_spectral_normalization_trains_alike(name: str) -> None:
    make, shape = WRAPPED[name]
    x = numbers(5, *shape)
    if name == "embedding":
        x = np.abs(x * 3).astype("int32").clip(0, 6).astype("float32")

    def build(k: Any) -> Any:
        return k.Sequential([k.Input(shape), make(k.layers), k.layers.Flatten(), k.layers.Dense(2)])

    theirs, mine = trained_alike(build, x, numbers(6, 2))
    names = [weight.path.removeprefix("sequential/").split("/", 1)[-1] for weight in mine.layers[0].weights]
    assert [name.rpartition("/")[2] for name in names[:2]] == [w.name for w in theirs.layers[0].weights[:2]]


def test_files_go_both_ways(tmp_path: Path) -> None:
    def build(k: Any) -> Any:
        x = k.Input((5, 4))
        y = k.layers.SpectralNormalization(k.layers.Dense(4))(x)
        return k.Model(x, k.layers.GroupQueryAttention(2, 4, 2, use_gate=True)(y, y))

    theirs, mine = build(keras), build(ours)
    theirs.save(tmp_path / "theirs.keras")
    mine.save(tmp_path / "mine.keras")
    x = numbers(7, 5, 4)
    agree(ours.models.load_model(tmp_path / "theirs.keras").predict(x, verbose=0), theirs(x), PASS)
    agree(mine.predict(x, verbose=0), keras.models.load_model(tmp_path / "mine.keras")(x), PASS)


def plain(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if key not in ("build_config", "shared_object_id")}
    return config


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.layers.GroupQueryAttention(2, 4, 2, dropout=0.1, sliding_window=3, kernel_regularizer="l2"),
        lambda k: k.layers.SpectralNormalization(k.layers.Dense(3, name="inner"), power_iterations=3),
        lambda k: k.losses.CTC(reduction="sum"),
        lambda k: k.losses.Circle(gamma=64.0, margin=0.25, remove_diagonal=False),
    ],
)
def test_configs_are_those_of_keras(make: Build) -> None:
    for k in (keras, ours):
        k.backend.clear_session()
    theirs, mine = make(keras), make(ours)
    assert plain(mine.get_config()) == plain(theirs.get_config())
    again = type(mine).from_config(theirs.get_config())
    assert plain(again.get_config()) == plain(theirs.get_config())
    assert mine.name == theirs.name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda k: k.layers.GroupQueryAttention(2, 3, 2), "divisible"),
        (lambda k: k.layers.GroupQueryAttention(2, 4, 2, sliding_window=0), "sliding_window"),
        (
            lambda k: k.layers.GroupQueryAttention(2, 4, 2)(k.Input((5, 4)), k.Input((5, 6))),
            "`query_shape` and `value_shape` must be equal",
        ),
        (lambda k: k.layers.SpectralNormalization(k.layers.Dense(2), power_iterations=0), "greater than zero"),
        (
            lambda k: k.Sequential([k.Input((3,)), k.layers.SpectralNormalization(k.layers.ReLU())]),
            "no attribute 'kernel'",
        ),
        (lambda k: k.losses.CTC()(np.zeros((2, 3, 1)), np.zeros((2, 4, 5))), "Targets `y_true`"),
        (lambda k: k.losses.CTC()(np.zeros((2, 3)), np.zeros((2, 5))), "Logits `y_pred`"),
    ],
)
def test_refusals_are_of_the_same_kind(make: Build, message: str) -> None:
    for k in (keras, ours):
        with pytest.raises(ValueError, match=message):
            make(k)


# ------------------------------------------------------------------ CTC and Circle


def speech(k: Any) -> Any:
    return k.Sequential([k.Input((7, 3)), k.layers.Dense(6, activation="tanh"), k.layers.Dense(5)])


def labels(seed: int, length: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    made = rng.integers(1, 5, (ROWS, length))
    # Rows that are filled up, that repeat, and without a label.
    for row, count in enumerate(rng.integers(0, length + 1, ROWS)):
        made[row, count:] = 0
    made[1] = 2
    return made


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_ctc_trains_alike(reduction: str) -> None:
    rate = 0.002 if reduction == "sum" else 0.05
    x, y = numbers(8, 7, 3), labels(9)
    theirs, mine = pair(speech)
    weights = np.random.default_rng(10).uniform(0.5, 2, ROWS).astype("float32")
    losses = []
    for model, k in ((theirs, keras), (mine, ours)):
        plain = {"jit_compile": False} if k is keras else {}
        model.compile(optimizer=k.optimizers.SGD(rate), loss=k.losses.CTC(reduction=reduction), **plain)
        arguments = {"epochs": 2, "batch_size": 12, "shuffle": False, "verbose": 0, "sample_weight": weights}
        losses.append(model.fit(x, y, **arguments).history["loss"])
        losses[-1].append(model.evaluate(x, y, verbose=0))
    agree(losses[1], losses[0], TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)


def test_ctc_of_sequences_of_several_lengths() -> None:
    def build(k: Any) -> Any:
        return k.Sequential([k.Input((None, 3)), k.layers.GRU(4, return_sequences=True), k.layers.Dense(5)])

    theirs, mine = pair(build)
    for model, k in ((theirs, keras), (mine, ours)):
        plain = {"jit_compile": False} if k is keras else {}
        model.compile(optimizer=k.optimizers.SGD(0.05), loss="ctc", **plain)
    for time, length in ((8, 3), (6, 2), (8, 2), (8, 3)):
        x, y = numbers(time, time, 3), labels(length, length)
        agree(mine.train_on_batch(x, y), theirs.train_on_batch(x, y), TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)


def test_labels_that_do_not_fit_are_refused() -> None:
    model = speech(ours)
    model.compile(optimizer="sgd", loss="ctc")
    x, y = numbers(11, 7, 3), labels(12)
    y[3, 0] = 5
    with pytest.raises(ValueError, match="from 0 to 4"):
        model.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="y"):
        model.fit(x, labels(12)[..., None, None], verbose=0)
    with pytest.raises(NotImplementedError, match="metric"):
        model.compile(optimizer="sgd", loss="ctc", metrics=["accuracy"])
    flat = ours.Sequential([ours.Input((3,)), ours.layers.Dense(4)])
    with pytest.raises(ValueError, match="max_length"):
        flat.compile(optimizer="sgd", loss="ctc")


def embeddings(k: Any) -> Any:
    return k.Sequential([k.Input((6,)), k.layers.Dense(8, activation="tanh"), k.layers.UnitNormalization()])


@pytest.mark.parametrize(
    "arguments", [{}, {"gamma": 8.0, "margin": 0.25, "remove_diagonal": False, "reduction": "sum"}]
)
def test_circle_trains_alike(arguments: dict[str, Any]) -> None:
    x, y = numbers(13, 6), np.arange(ROWS) % 3
    theirs, mine = pair(embeddings)
    losses = []
    for model, k in ((theirs, keras), (mine, ours)):
        plain = {"jit_compile": False} if k is keras else {}
        model.compile(optimizer=k.optimizers.SGD(0.002), loss=k.losses.Circle(**arguments), **plain)
        fit = {"epochs": 2, "batch_size": 12, "shuffle": False, "verbose": 0}
        losses.append(model.fit(x, y, **fit).history["loss"])
        losses[-1].append(model.evaluate(x, y, verbose=0))
    agree(losses[1], losses[0], TRAINED)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(one, other, TRAINED)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("CTC", {}), ("CTC", {"reduction": None}), ("Circle", {}), ("Circle", {"gamma": 3.0, "reduction": "none"})],
)
def test_losses_on_arrays_agree(name: str, arguments: dict[str, Any]) -> None:
    y_pred: Any = numbers(14, 7, 5)
    y_true: Any = labels(15)
    if name == "Circle":
        y_pred = numbers(16, 4)
        y_pred /= np.linalg.norm(y_pred, axis=1, keepdims=True)
        y_true = np.arange(ROWS) % 4
        # A row alone in its label has no loss.
        y_true[5] = 9
    expected, actual = (getattr(k.losses, name)(**arguments)(y_true, y_pred) for k in (keras, ours))
    agree(actual, expected, {"rtol": 2e-5, "atol": 1e-5})
    # As training sees them.
    if "reduction" not in arguments:
        model = ours.Sequential([ours.Input(y_pred.shape[1:]), ours.layers.Identity()])
        model.compile(optimizer="sgd", loss=getattr(ours.losses, name)(**arguments))
        agree(model.evaluate(y_pred, y_true, batch_size=ROWS, verbose=0), expected, {"rtol": 2e-5, "atol": 1e-5})
