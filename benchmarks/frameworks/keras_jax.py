"""Keras on JAX, its fastest backend here: `fit` as it stands, or several steps in one compiled call (":steps")."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
from workloads import Floats, Workload

STEPS_PER_CALL = 16
PREDICT_BATCH = 4096


class KerasJax:
    def __init__(self, workload: Workload, steps_per_call: int) -> None:
        self._batch = workload.batch
        self._x, self._y = workload.data()
        *hidden, last = workload.widths[1:]
        self._model = keras.Sequential(
            [
                keras.Input(shape=(workload.widths[0],)),
                *(keras.layers.Dense(units, activation="relu") for units in hidden),
                keras.layers.Dense(last, activation=workload.last_activation),
            ]
        )
        self._model.compile(optimizer="adam", loss=workload.loss, steps_per_execution=steps_per_call)

    def train(self, epochs: int) -> None:
        self._model.fit(self._x, self._y, batch_size=self._batch, epochs=epochs, verbose=0)

    def predict(self, x: Floats) -> Any:
        return self._model.predict(x, verbose=0)

    def predict_all(self) -> Any:
        return self._model.predict(self._x, batch_size=PREDICT_BATCH, verbose=0)


def create(workload: Workload, variant: str) -> KerasJax:
    return KerasJax(workload, STEPS_PER_CALL if variant == "steps" else 1)
