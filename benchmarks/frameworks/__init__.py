"""The frameworks that are compared, one module each, imported only in the process that measures it."""

import importlib
from typing import Any, Protocol

from workloads import Floats, Workload

# Name on the command line: module here. A name's part after the colon chooses a variant.
MODULES = {"lepton": "lepton", "pytorch": "pytorch", "keras": "keras_jax", "sklearn": "scikit"}


class Framework(Protocol):
    """A network and its data, set up in the constructor."""

    def train(self, epochs: int) -> None:
        """Trains on all rows, in a new order each epoch."""

    def predict(self, x: Floats) -> Any:
        """The network's outputs for a few rows, by the call that a user would make."""

    def predict_all(self) -> Any:
        """The network's outputs for all rows, by the call that a user would make."""


def create(name: str, workload: Workload) -> Framework:
    """Imports the framework called `name` and sets up the workload."""
    base, _, variant = name.partition(":")
    module = importlib.import_module(f"frameworks.{MODULES[base]}")
    framework: Framework = module.create(workload, variant)
    return framework
