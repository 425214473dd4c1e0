"""The Lepton SDK, on two nodes of one core."""

from typing import Any

from leptonai import LeptonClient, keras
from workloads import Floats, Workload

from frameworks.keras_models import build


class Lepton:
    def __init__(self, workload: Workload, rows: int) -> None:
        self._client = LeptonClient(nodes=2)
        self._batch = workload.batch
        self._x, self._y = workload.data(rows)
        self._model = build(keras, workload)
        self._model.compile(optimizer="adam", loss=workload.loss)

    def train(self, epochs: int) -> None:
        self._client.fit(self._model, self._x, self._y, batch_size=self._batch, epochs=epochs, verbose=0)

    def predict(self, x: Floats) -> Any:
        return self._model.predict(x)

    def predict_all(self) -> Any:
        return self._client.predict(self._model, self._x, verbose=0)


def create(workload: Workload, rows: int, variant: str) -> Lepton:
    return Lepton(workload, rows)
