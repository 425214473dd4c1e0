"""Models, and where they come from."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from .model import Model
from .saving import clone_model, load_model, model_from_json, save_model
from .sequential import Sequential

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.models", __all__)
