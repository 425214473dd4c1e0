"""The few functions of `keras.backend` that have a meaning here."""

from typing import TYPE_CHECKING

from ._missing import missing_from
from .utils.state import clear_session

if TYPE_CHECKING:
    from .config import set_epsilon, set_floatx, set_image_data_format

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

_LATER = {"set_epsilon": "keras.config", "set_floatx": "keras.config", "set_image_data_format": "keras.config"}

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.backend", __all__, _LATER)


def backend() -> str:
    """ "lepton"."""
    return "lepton"


def epsilon() -> float:
    """The small number of Keras's formulas, 1e-7."""
    return 1e-7


def floatx() -> str:
    """ "float32"."""
    return "float32"


def image_data_format() -> str:
    """ "channels_last"."""
    return "channels_last"
