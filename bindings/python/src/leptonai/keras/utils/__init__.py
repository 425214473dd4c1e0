"""Utilities."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from .numerical import to_categorical
from .progbar import Progbar
from .py_dataset import PyDataset, Sequence
from .random import set_random_seed
from .state import clear_session

__all__ = ["Progbar", "PyDataset", "Sequence", "clear_session", "set_random_seed", "to_categorical"]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.utils", __all__)
