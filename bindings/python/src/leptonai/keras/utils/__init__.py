"""Utilities."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from .numerical import normalize, to_categorical
from .progbar import Progbar
from .py_dataset import PyDataset, Sequence
from .random import set_random_seed
from .state import (
    clear_session,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

if TYPE_CHECKING:
    from ..saving import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from .drawing import model_to_dot, plot_model
    from .images import image_dataset_from_directory
    from .packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
    from .sequences import pad_sequences, split_dataset, timeseries_dataset_from_array

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "image_dataset_from_directory",
    "is_interactive_logging_enabled",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

_LATER = {
    "CustomObjectScope": "keras.saving",
    "custom_object_scope": "keras.saving",
    "deserialize_keras_object": "keras.saving",
    "get_custom_objects": "keras.saving",
    "get_registered_name": "keras.saving",
    "get_registered_object": "keras.saving",
    "image_dataset_from_directory": "images",
    "model_to_dot": "drawing",
    "pack_x_y_sample_weight": "packing",
    "pad_sequences": "sequences",
    "plot_model": "drawing",
    "register_keras_serializable": "keras.saving",
    "serialize_keras_object": "keras.saving",
    "split_dataset": "sequences",
    "timeseries_dataset_from_array": "sequences",
    "unpack_x_y_sample_weight": "packing",
}
"""Modules that are read when one of their names is asked for."""

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.utils", __all__, _LATER)
