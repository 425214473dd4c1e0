"""Models learn real data as well as Keras's do, from equal weights, each in its own order of rows.

benchmarks/accuracy.py does it at length: more data sets, more seeds, and weights of one's own.
"""

from typing import Any

import numpy as np
import pytest
from judge import keras, ours

datasets = pytest.importorskip("sklearn.datasets")

SEEDS = (1, 2, 3)


def accuracies(package: Any, name: str, epochs: int) -> list[float]:
    """On the quarter of the rows that was not trained on, one for each seed; it also draws weights and divides rows."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)).astype(np.float32)
    layers = package.layers
    # Our models draw their orders of rows from the seed that they were made with.
    package.utils.set_random_seed(0)
    model = package.Sequential(
        [
            package.Input((x.shape[1],)),
            layers.Dense(32, activation="relu"),
            layers.Dense(int(y.max()) + 1, activation="softmax"),
        ]
    )
    # SGD keeps nothing from one seed to the next, so that one model, compiled once, does for all.
    model.compile(package.optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    results = []
    for seed in SEEDS:
        package.utils.set_random_seed(seed)
        random = np.random.default_rng(seed)
        model.set_weights([random.normal(scale=0.1, size=weight.shape) for weight in model.get_weights()])
        train, test = np.split(random.permutation(len(x)), [3 * len(x) // 4])
        model.fit(x[train], y[train], batch_size=32, epochs=epochs, verbose=0)
        results.append(model.evaluate(x[test], y[test], batch_size=len(test), verbose=0)[1])
    return results


@pytest.mark.parametrize(("name", "epochs"), [("wine", 20), ("digits", 6)])
def test_mean_accuracy_is_that_of_keras(name: str, epochs: int) -> None:
    theirs, mine = (accuracies(package, name, epochs) for package in (keras, ours))
    assert np.mean(mine) > 0.9
    # The deviation of three seeds is known roughly; half a row of the smaller set is the least.
    assert abs(np.mean(mine) - np.mean(theirs)) <= max(np.std(theirs, ddof=1), 0.011)
