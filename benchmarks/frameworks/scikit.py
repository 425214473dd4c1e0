"""scikit-learn's MLPClassifier; `partial_fit` is one epoch."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from workloads import Floats, Workload


class Scikit:
    def __init__(self, workload: Workload, rows: int) -> None:
        self._x, self._y = workload.data(rows)
        self._classes = np.unique(self._y)
        # No penalty on the weights, which the others do not have either.
        self._model = MLPClassifier(workload.hidden, solver="adam", alpha=0.0, batch_size=workload.batch)
        # It has no weights, and predicts nothing, before it has seen a batch.
        self._model.partial_fit(self._x[: workload.batch], self._y[: workload.batch], classes=self._classes)

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self._model.partial_fit(self._x, self._y, classes=self._classes)

    def predict(self, x: Floats) -> Any:
        return self._model.predict_proba(x)

    def predict_all(self) -> Any:
        return self._model.predict_proba(self._x)


def create(workload: Workload, rows: int, variant: str) -> Scikit:
    return Scikit(workload, rows)
