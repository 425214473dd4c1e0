"""Masks that reach the outputs of a model weigh its losses and metrics, as in Keras.

In the steps of a fit, Keras on JAX loses the mask before it computes metrics; on PyTorch and TensorFlow, and when it
evaluates, it does not. Metrics of training are therefore compared with what Keras says when it evaluates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from judge import PASS, TRAINED, agree, keras, ours, pair

Make = Callable[[Any], Any]
ROWS, STEPS, WIDTH = 26, 5, 3


@dataclass
class Masked:
    """A model with a mask at an output, and what it learns from."""

    build: Make
    x: Any
    y: Any
    compiled: Callable[[Any], dict[str, Any]]
    sample_weight: Any = None
    trains_as_it_predicts: bool = True


def sequences(seed: int, width: int = WIDTH, rows: int = ROWS) -> np.ndarray:
    """Sequences of which some steps are 0: none, the last, or any."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, STEPS, width)).astype("float32")
    x[np.arange(STEPS) >= rng.integers(1, STEPS + 1, size=(rows, 1))] = 0
    x[rng.random((rows, STEPS)) < 0.1] = 0
    return x


def words(seed: int, count: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, count, size=(ROWS, STEPS)).astype("int32")


def targets(seed: int, width: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(ROWS, STEPS, width)).astype("float32")


def compare(case: Masked) -> None:
    theirs, mine = pair(case.build)
    for model, k in ((theirs, keras), (mine, ours)):
        model.compile(**case.compiled(k), **({"jit_compile": False} if k is keras else {}))
    weighted = {} if case.sample_weight is None else {"sample_weight": case.sample_weight}
    # Before anything is learned, what a step of training reports is what an evaluation does.
    evaluated = {"verbose": 0, "return_dict": True, "batch_size": ROWS, **weighted}
    before = theirs.evaluate(case.x, case.y, **evaluated)
    reported = mine.evaluate(case.x, case.y, **evaluated)
    assert list(reported) == list(before)
    agree(list(reported.values()), list(before.values()), TRAINED)
    if case.trains_as_it_predicts:
        start = mine.get_weights()
        reported = mine.train_on_batch(case.x, case.y, return_dict=True, **weighted)
        agree([reported[name] for name in before], list(before.values()), TRAINED)
        mine.set_weights(start)
        mine.compile(**case.compiled(ours))

    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "batch_size": 8, "validation_split": 0.3}
    arguments |= weighted
    expected = theirs.fit(case.x, case.y, **arguments).history
    actual = mine.fit(case.x, case.y, **arguments).history
    assert list(actual) == list(expected)
    for name in expected:
        if name.startswith("val_") or name == "loss" or name.endswith("_loss"):
            agree(actual[name], expected[name], TRAINED)
    for weight, expected_weight in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected_weight, TRAINED)


def chain(*layers: Make, shape: tuple[int, ...] = (STEPS, WIDTH)) -> Make:
    return lambda k: k.Sequential([k.Input(shape), *(make(k.layers) for make in layers)])


LAYERS: dict[str, Make] = {
    "dense": chain(lambda k: k.Masking(), lambda k: k.Dense(4, "tanh"), lambda k: k.Dense(2)),
    "recurrent": chain(
        lambda k: k.Masking(), lambda k: k.LSTM(4, return_sequences=True), lambda k: k.TimeDistributed(k.Dense(2))
    ),
    "both ways": chain(
        lambda k: k.Masking(),
        lambda k: k.Bidirectional(k.GRU(3, return_sequences=True), merge_mode="sum"),
        lambda k: k.LayerNormalization(),
        lambda k: k.Dense(2),
    ),
    "batch normalisation": chain(
        lambda k: k.Masking(),
        lambda k: k.Dense(4),
        lambda k: k.BatchNormalization(momentum=0.8),
        lambda k: k.Activation("tanh"),
        lambda k: k.Dense(2),
    ),
    "cells": chain(
        lambda k: k.Masking(),
        lambda k: k.RNN([k.SimpleRNNCell(3), k.GRUCell(4)], return_sequences=True),
        lambda k: k.Dense(2, activity_regularizer="l2"),
    ),
    "a mask that stops": chain(lambda k: k.Masking(), lambda k: k.Conv1D(2, 1)),
    "mean of steps": chain(
        lambda k: k.Masking(),
        lambda k: k.GlobalAveragePooling1D(),
        lambda k: k.RepeatVector(STEPS),
        lambda k: k.Dense(2),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_masks_go_through_layers(name: str) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]}

    compare(Masked(LAYERS[name], sequences(1), targets(2), compiled, None, "normalisation" not in name))


LOSSES: dict[str, tuple[str, dict[str, Any]]] = {
    "sum": ("Huber", {"reduction": "sum", "delta": 0.5}),
    "by weights": ("MeanSquaredError", {"reduction": "mean_with_sample_weight"}),
    "labels of 0 and 1": ("Hinge", {}),
    "cosine": ("CosineSimilarity", {}),
    "dice": ("Dice", {}),
    "sum of tversky": ("Tversky", {"reduction": "sum"}),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_sample_weights(name: str) -> None:
    kind, arguments = LOSSES[name]
    weighted = name not in ("dice", "cosine")
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, size=(ROWS, STEPS, 2)).astype("float32")
    weights = rng.uniform(0.2, 2, size=(ROWS, STEPS)).astype("float32") if weighted else None

    def compiled(k: Any) -> dict[str, Any]:
        metrics = ["mae", k.metrics.RootMeanSquaredError(), k.metrics.BinaryAccuracy(), k.metrics.Precision(name="p")]
        return {
            "optimizer": k.optimizers.SGD(0.02),
            "loss": getattr(k.losses, kind)(**arguments),
            "metrics": metrics,
            "weighted_metrics": [k.metrics.MeanSquaredError(name="both"), k.metrics.CosineSimilarity()],
        }

    # Biases keep predictions from 0, at which Keras's cosine has no slope.
    build = chain(lambda k: k.Masking(), lambda k: k.Dense(3, "tanh"), lambda k: k.Dense(2, bias_initializer="ones"))
    compare(Masked(build, sequences(4), y, compiled, weights))


@pytest.mark.parametrize(("ignored", "weighted"), [(None, False), (2, True)])
def test_words(ignored: int | None, weighted: bool) -> None:
    build = chain(
        lambda k: k.Embedding(6, 4, mask_zero=True),
        lambda k: k.SimpleRNN(4, return_sequences=True),
        lambda k: k.Dense(4, "softmax"),
        shape=(STEPS,),
    )

    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": k.optimizers.Adam(0.02),
            "loss": k.losses.SparseCategoricalCrossentropy(ignore_class=ignored),
            "metrics": ["accuracy", k.metrics.SparseTopKCategoricalAccuracy(2)],
        }

    labels = words(6, 4)
    weights = np.random.default_rng(7).uniform(0.1, 2, size=(ROWS, STEPS)).astype("float32") if weighted else None
    compare(Masked(build, words(5), labels, compiled, weights))


MERGES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda k, a, b: k.add([a, b]),
    "multiply": lambda k, a, b: k.multiply([a, b]),
    "concatenate steps": lambda k, a, b: k.Concatenate(axis=1)([a, b]),
    "one without a mask": lambda k, a, b: k.concatenate([a, k.Conv1D(2, 1)(b)]),
    "attention": lambda k, a, b: k.Attention()([a, b]),
    "heads": lambda k, a, b: k.MultiHeadAttention(2, 2)(a, b),
}


@pytest.mark.parametrize("name", MERGES)
def test_masks_go_through_layers_of_two_inputs(name: str) -> None:
    def build(k: Any) -> Any:
        inputs = [k.Input((STEPS, WIDTH)), k.Input((STEPS, WIDTH))]
        first, second = (k.layers.Masking()(each) for each in inputs)
        return k.Model(inputs, k.layers.Dense(2)(MERGES[name](k.layers, first, second)))

    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": "mse", "metrics": ["mae"]}

    y = np.tile(targets(8), (1, 2, 1)) if "steps" in name else targets(8)
    x = [sequences(9), sequences(10)]
    compare(Masked(build, x, y, compiled))


def test_outputs_with_and_without_a_mask() -> None:
    def build(k: Any) -> Any:
        inputs = k.Input((STEPS, WIDTH))
        hidden = k.layers.GRU(4, return_sequences=True, name="hidden")(k.layers.Masking()(inputs))
        outputs = [k.layers.Dense(2, name="steps")(hidden), k.layers.Dense(1, name="all")(k.layers.Flatten()(hidden))]
        return k.Model(inputs, outputs)

    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": k.optimizers.SGD(0.1),
            "loss": ["mse", "mae"],
            "loss_weights": [0.3, 2.0],
            "metrics": [["mae"], ["mse"]],
        }

    y = [targets(11), np.random.default_rng(12).normal(size=(ROWS, 1)).astype("float32")]
    compare(Masked(build, sequences(13), y, compiled))


def test_batches_that_a_mask_leaves_nothing_of() -> None:
    x = sequences(14)
    x[:8] = 0
    normal = chain(lambda k: k.Masking(), lambda k: k.BatchNormalization(), lambda k: k.Dense(2))

    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": "mse", "metrics": ["mae"]}

    for build in (LAYERS["dense"], normal):
        compare(Masked(build, x, targets(15), compiled, None, build is not normal))


def test_a_mask_of_rows() -> None:
    x = sequences(16)[:, 0]
    x[::4] = 0
    y = np.random.default_rng(17).normal(size=(ROWS, 2)).astype("float32")
    weights = np.random.default_rng(18).uniform(0.2, 2, size=ROWS).astype("float32")
    build = chain(lambda k: k.Masking(), lambda k: k.Dense(3, "tanh"), lambda k: k.Dense(2), shape=(WIDTH,))

    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mse"]}

    compare(Masked(build, x, y, compiled, weights))


def test_a_weight_for_each_sequence_weighs_all_of_its_steps() -> None:
    _, mine = pair(LAYERS["dense"])
    mine.compile(loss="mse", weighted_metrics=["mae"])
    weights = np.random.default_rng(19).uniform(0.2, 2, size=ROWS).astype("float32")
    x, y = sequences(20), targets(21)
    whole = mine.evaluate(x, y, sample_weight=weights, verbose=0)
    single = mine.evaluate(x, y, sample_weight=np.repeat(weights[:, None], STEPS, 1), verbose=0)
    agree(whole, single, PASS)


def test_masks_that_fit_nothing_are_refused() -> None:
    model = ours.Sequential([ours.Input((STEPS, WIDTH)), ours.layers.Masking()])
    with pytest.raises(ValueError, match="mask of the output"):
        model.compile(loss=ours.losses.CategoricalCrossentropy(axis=1))
    with pytest.raises(NotImplementedError, match="last axis"):
        ours.Sequential([ours.Input((STEPS, WIDTH)), ours.layers.Masking(), ours.layers.BatchNormalization(axis=1)])
