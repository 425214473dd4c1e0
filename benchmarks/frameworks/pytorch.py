"""PyTorch, eager, Adam as one fused kernel: a plain loop over slices of a shuffled index, with no DataLoader."""

from typing import Any

import torch
from torch import nn
from workloads import Floats, Workload

from frameworks.pytorch_models import build, prepare


class PyTorch:
    def __init__(self, workload: Workload, rows: int) -> None:
        torch.set_num_threads(2)
        self._batch = workload.batch
        x, y = workload.data(rows)
        self._x = prepare(torch.from_numpy(x), workload)
        self._y = torch.from_numpy(y)
        self._network = build(workload)
        # The losses take logits, as PyTorch recommends; the last activation is for predictions alone.
        self._activation: nn.Module = nn.Softmax(dim=1)
        self._loss: nn.Module = nn.CrossEntropyLoss()
        if workload.loss == "mean_squared_error":
            self._activation, self._loss = nn.Identity(), nn.MSELoss()
        elif workload.loss == "binary_crossentropy":
            self._activation, self._loss = nn.Sigmoid(), nn.BCEWithLogitsLoss()
            self._y = self._y.to(torch.float32).unsqueeze(1)
        self._optimizer = torch.optim.Adam(self._network.parameters(), fused=True)

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            order = torch.randperm(len(self._x))
            total = torch.zeros(())
            for start in range(0, len(order), self._batch):
                rows = order[start : start + self._batch]
                self._optimizer.zero_grad()
                loss = self._loss(self._network(self._x[rows]), self._y[rows])
                loss.backward()
                self._optimizer.step()
                total += loss.detach()

    def predict(self, x: Floats) -> Any:
        with torch.inference_mode():
            return self._activation(self._network(torch.from_numpy(x)))

    def predict_all(self) -> Any:
        with torch.inference_mode():
            return self._activation(self._network(self._x))


def create(workload: Workload, rows: int, variant: str) -> PyTorch:
    return PyTorch(workload, rows)
