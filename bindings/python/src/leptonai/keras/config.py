"""`keras.config`: what can be asked, and the settings that have one value here."""

from typing import TYPE_CHECKING, Any

from ..errors import NotSupportedError, bad_argument
from ._missing import missing_from
from .backend import backend, epsilon, floatx, image_data_format
from .utils.state import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "backend",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.config", __all__)


def _only(argument: str, value: object, known: object, why: str) -> None:
    if value != known:
        raise NotSupportedError(f"{argument}: {value!r} is not supported by this version; {why}", argument=argument)


def set_floatx(value: str) -> None:
    """Accepts "float32"."""
    if value not in ("bfloat16", "float16", "float32", "float64"):
        raise bad_argument("value", "float16, bfloat16, float32 or float64", value)
    _only("value", value, "float32", "arithmetic is in float32")


def set_epsilon(value: float) -> None:
    """Accepts 1e-7."""
    _only("value", value, epsilon(), "the small number of Keras's formulas is 1e-7")


def set_image_data_format(data_format: str) -> None:
    """Accepts "channels_last"."""
    if data_format not in ("channels_first", "channels_last"):
        raise bad_argument("data_format", "channels_first or channels_last", data_format)
    _only("data_format", data_format, "channels_last", "give data_format to the layers that have it")


def set_backend(backend: str) -> None:
    """Accepts "lepton"."""
    _only("backend", backend, "lepton", "this package has one, its own library")


def dtype_policy() -> str:
    """ "float32"."""
    return "float32"


def set_dtype_policy(policy: Any) -> None:
    """Accepts "float32"."""
    _only("policy", getattr(policy, "name", policy), "float32", "arithmetic is in float32")


def enable_traceback_filtering() -> None:
    """Accepted: tracebacks are never cut."""


def disable_traceback_filtering() -> None:
    """Accepted: tracebacks are never cut."""


def is_traceback_filtering_enabled() -> bool:
    """False: tracebacks are never cut."""
    return False
