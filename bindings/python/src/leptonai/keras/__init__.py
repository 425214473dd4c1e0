"""Keras 3's interface to the Lepton SDK: its names, defaults, argument order, history keys and errors."""

from typing import TYPE_CHECKING

from . import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    regularizers,
    saving,
    utils,
)
from ._missing import missing_from
from .layers import Input, KerasTensor, Layer
from .models import Model, Sequential
from .version import KERAS_VERSION, version

__all__ = [
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "Sequential",
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
    "version",
]

__version__ = KERAS_VERSION

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras", __all__)
