"""Keras on one of its backends: `fit` as it stands, or several steps in one compiled call (":steps")."""

import os
from typing import Any

from workloads import Floats, Workload

STEPS_PER_CALL = 16
PREDICT_BATCH = 4096


class KerasBackend:
    def __init__(self, workload: Workload, rows: int, backend: str, steps_per_call: int) -> None:
        os.environ["KERAS_BACKEND"] = backend
        import keras

        from frameworks.keras_models import build

        self._batch = workload.batch
        self._x, self._y = workload.data(rows)
        self._model = build(keras, workload)
        self._model.compile(optimizer="adam", loss=workload.loss, steps_per_execution=steps_per_call)

    def train(self, epochs: int) -> None:
        self._model.fit(self._x, self._y, batch_size=self._batch, epochs=epochs, verbose=0)

    def predict(self, x: Floats) -> Any:
        return self._model.predict(x, verbose=0)

    def predict_all(self) -> Any:
        return self._model.predict(self._x, batch_size=PREDICT_BATCH, verbose=0)


def create(workload: Workload, rows: int, variant: str) -> KerasBackend:
    backend, _, steps = variant.partition(":")
    return KerasBackend(workload, rows, backend, STEPS_PER_CALL if steps else 1)
