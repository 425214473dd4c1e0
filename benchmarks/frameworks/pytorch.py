"""PyTorch, eager: a plain loop over slices of a shuffled index, with no DataLoader in the way.

Adam as it comes, or as one fused kernel (":fused").
"""

from typing import Any

import torch
from torch import nn
from workloads import Floats, Workload


class PyTorch:
    def __init__(self, workload: Workload, fused: bool) -> None:
        torch.set_num_threads(2)
        self._batch = workload.batch
        x, y = workload.data()
        self._x = torch.from_numpy(x)
        self._y = torch.from_numpy(y)
        layers: list[nn.Module] = []
        for inputs, units in zip(workload.widths, workload.widths[1:], strict=False):
            layers += [nn.Linear(inputs, units), nn.ReLU()]
        # The losses take logits, as PyTorch recommends; the last activation is for predictions alone.
        self._network = nn.Sequential(*layers[:-1])
        self._activation: nn.Module = nn.Softmax(dim=1)
        self._loss: nn.Module = nn.CrossEntropyLoss()
        if workload.is_binary:
            self._activation = nn.Sigmoid()
            self._loss = nn.BCEWithLogitsLoss()
            self._y = self._y.to(torch.float32).unsqueeze(1)
        self._optimizer = torch.optim.Adam(self._network.parameters(), fused=fused)

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
        with torch.no_grad():
            return self._activation(self._network(torch.from_numpy(x)))

    def predict_all(self) -> Any:
        with torch.no_grad():
            return self._activation(self._network(self._x))


def create(workload: Workload, variant: str) -> PyTorch:
    return PyTorch(workload, variant == "fused")
