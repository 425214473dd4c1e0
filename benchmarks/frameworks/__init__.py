"""The frameworks that are compared, one module each, imported only in the process that measures it."""

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any, Protocol

from workloads import Floats, Workload


@dataclass(frozen=True)
class Entry:
    """A framework that can be measured."""

    label: str
    module: str
    variant: str
    needs: tuple[str, ...]
    """Python modules without which it is skipped."""
    kinds: tuple[str, ...] = ("dense", "cnn", "lstm", "gru", "transformer")
    """The networks that it is measured with."""
    is_peer: bool = True
    """Counts when the best peer is looked for: used as it comes, without changes to what a step is."""


OURS = "lepton"
ENTRIES = {
    OURS: Entry("lepton", "lepton", "", ("leptonai",), is_peer=False),
    "pytorch": Entry("PyTorch", "pytorch", "", ("torch",)),
    "jax": Entry("Keras on JAX", "keras_backend", "jax", ("keras", "jax")),
    "tensorflow": Entry("Keras on TensorFlow", "keras_backend", "tensorflow", ("keras", "tensorflow")),
    "torch": Entry("Keras on torch", "keras_backend", "torch", ("keras", "torch")),
    "sklearn": Entry("scikit-learn", "scikit", "", ("sklearn",), kinds=("dense",)),
    "jax-steps": Entry(
        "Keras on JAX, 16 steps a call", "keras_backend", "jax:steps", ("keras", "jax"), ("dense",), is_peer=False
    ),
}


class Framework(Protocol):
    """A network and its data, set up in the constructor."""

    def train(self, epochs: int) -> None:
        """Trains on all rows, in a new order each epoch."""

    def predict(self, x: Floats) -> Any:
        """The network's outputs for a few rows, by the call that a user would make."""

    def predict_all(self) -> Any:
        """The network's outputs for all rows, by the call that a user would make."""


def missing(name: str) -> str:
    """What keeps the framework called `name` from being measured; empty when it is there."""
    absent = [module for module in ENTRIES[name].needs if importlib.util.find_spec(module) is None]
    return f"{' and '.join(absent)} not installed" if absent else ""


def create(name: str, workload: Workload, rows: int) -> Framework:
    """Imports the framework called `name` and sets up the workload with so many rows."""
    entry = ENTRIES[name]
    module = importlib.import_module(f"frameworks.{entry.module}")
    framework: Framework = module.create(workload, rows, entry.variant)
    return framework
