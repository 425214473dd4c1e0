"""Process-wide state."""

from .._names import reset_names


class _Logging:
    is_interactive = True


def clear_session(free_memory: bool = True) -> None:
    """Starts the automatic names (dense, dense_1, ...) anew."""
    reset_names()


def enable_interactive_logging() -> None:
    """Progress and messages go to standard output, as they do at first."""
    _Logging.is_interactive = True


def disable_interactive_logging() -> None:
    """Progress and messages go to the logger "leptonai" of the module logging, at the level INFO."""
    _Logging.is_interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages go to standard output."""
    return _Logging.is_interactive
