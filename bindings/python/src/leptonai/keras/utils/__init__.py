"""Utilities."""

from .numerical import to_categorical
from .progbar import Progbar
from .random import set_random_seed
from .state import clear_session

__all__ = ["Progbar", "clear_session", "set_random_seed", "to_categorical"]
