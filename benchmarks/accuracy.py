"""What models reach on scikit-learn's bundled data sets, here and in Keras: mean and standard deviation of five seeds.

A seed decides how the rows are divided into those that are trained on and those that are tested, and the initial
weights and the order of the rows in each package's own way.
"""

import os
import statistics
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from harness import FULL, Figures, Pace, table
from numpy.typing import NDArray

Array = NDArray[Any]
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Set:
    hidden: tuple[int, ...]
    epochs: int
    outputs: int = 1
    is_regression: bool = False


# load_NAME of sklearn.datasets.
SETS = {
    "digits": Set((64, 32), 20, outputs=10),
    "wine": Set((16,), 40, outputs=3),
    "diabetes": Set((32, 16), 60, is_regression=True),
    "breast_cancer": Set((16,), 20),
}


def divided(name: str, seed: int) -> tuple[Array, Array, Array, Array]:
    """Three quarters to train on, a quarter to test with; columns are scaled to mean 0 and deviation 1."""
    import sklearn.datasets

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    train, test = np.split(order, [3 * len(x) // 4])
    x = ((x - x[train].mean(axis=0)) / (x[train].std(axis=0) + 1e-6)).astype(np.float32)
    if SETS[name].is_regression:
        y = ((y - y[train].mean()) / y[train].std()).astype(np.float32)
    return x[train], y[train], x[test], y[test]


def score(keras: Any, name: str, seed: int) -> float:
    """Accuracy on the rows that were not trained on; of a regression, the share of the variance that is explained."""
    chosen = SETS[name]
    x, y, x_test, y_test = divided(name, seed)
    keras.utils.set_random_seed(seed)
    last = "linear" if chosen.is_regression else "softmax" if chosen.outputs > 1 else "sigmoid"
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            *(keras.layers.Dense(units, activation="relu") for units in chosen.hidden),
            keras.layers.Dense(chosen.outputs, activation=last),
        ]
    )
    losses = {"linear": "mean_squared_error", "softmax": "sparse_categorical_crossentropy"}
    model.compile(optimizer="adam", loss=losses.get(last, "binary_crossentropy"))
    model.fit(x, y, batch_size=32, epochs=chosen.epochs, verbose=0)
    predicted = model.predict(x_test, verbose=0)
    if chosen.is_regression:
        return 1 - float(np.mean((predicted[:, 0] - y_test) ** 2) / np.var(y_test))
    classes = predicted.argmax(axis=1) if chosen.outputs > 1 else predicted[:, 0] > 0.5
    return float(np.mean(classes == y_test))


def measure(name: str, pace: Pace) -> Figures:
    absent = [module for module in ("sklearn", "keras", "jax") if find_spec(module) is None]
    if absent:
        return {"skipped": f"{' and '.join(absent)} not installed"}
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    from leptonai import keras as ours

    seeds = SEEDS if pace == FULL else SEEDS[:2]
    return {
        name: {
            package: [score(module, name, seed) for seed in seeds]
            for package, module in (("lepton", ours), ("keras", keras))
        }
        for name in SETS
    }


def render(name: str, figures: Figures) -> str:
    title = "### Accuracy\n\n"
    if "skipped" in figures:
        return f"{title}Skipped: {figures['skipped']}."
    rows = []
    for name, values in figures.items():
        means = {package: statistics.mean(scores) for package, scores in values.items()}
        deviations = {package: statistics.stdev(scores) for package, scores in values.items()}
        agrees = abs(means["lepton"] - means["keras"]) <= deviations["keras"]
        cells = [f"{means[package]:.4f} ± {deviations[package]:.4f}" for package in ("lepton", "keras")]
        what = "explained variance" if SETS[name].is_regression else "accuracy"
        rows.append([f"{name}, {what}", *cells, "yes" if agrees else "no"])
    seeds = len(next(iter(figures.values()))["keras"])
    header = [f"mean and standard deviation of {seeds} seeds", "lepton", "Keras", "within one deviation of Keras's"]
    return f"{title}{table(header, rows)}"
