"""Utilities."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from .numerical import normalize, to_categorical
from .progbar import Progbar
from .py_dataset import PyDataset, Sequence
from .random import set_random_seed
from .state import clear_session

if TYPE_CHECKING:
    from .drawing import model_to_dot, plot_model
    from .images import image_dataset_from_directory
    from .sequences import pad_sequences, split_dataset, timeseries_dataset_from_array

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "image_dataset_from_directory",
    "model_to_dot",
    "normalize",
    "pad_sequences",
    "plot_model",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
]

_LATER = {
    "image_dataset_from_directory": "images",
    "model_to_dot": "drawing",
    "pad_sequences": "sequences",
    "plot_model": "drawing",
    "split_dataset": "sequences",
    "timeseries_dataset_from_array": "sequences",
}
"""Modules that are read when one of their names is asked for."""

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.utils", __all__, _LATER)
