"""The networks in PyTorch; they end in logits, as its losses want them."""

import itertools

import torch
from torch import Tensor, nn
from workloads import Workload


def build(workload: Workload) -> nn.Module:
    if workload.kind == "dense":
        return _dense(workload.widths)
    if workload.kind == "cnn":
        return _convolutional(workload.outputs)
    if workload.kind == "transformer":
        return Transformer(workload)
    return Recurrent(workload)


def prepare(x: Tensor, workload: Workload) -> Tensor:
    """Images have their channels first in PyTorch."""
    return x.permute(0, 3, 1, 2).contiguous() if workload.kind == "cnn" else x


def _dense(widths: tuple[int, ...]) -> nn.Module:
    layers: list[nn.Module] = []
    for inputs, units in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _convolutional(classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(5 * 5 * 64, classes),
    )


class Recurrent(nn.Module):
    def __init__(self, workload: Workload) -> None:
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU}[workload.kind]
        self.layer = layer(workload.shape[-1], 64, batch_first=True)
        self.last = nn.Linear(64, workload.outputs)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.last(self.layer(x)[0][:, -1])
        return result


class Transformer(nn.Module):
    def __init__(self, workload: Workload) -> None:
        super().__init__()
        width = workload.shape[-1]
        self.block = nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.0, batch_first=True)
        self.last = nn.Linear(width, workload.outputs)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.last(torch.mean(self.block(x), dim=1))
        return result
