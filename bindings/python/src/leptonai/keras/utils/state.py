"""Process-wide state."""

from .._names import reset_names


def clear_session(free_memory: bool = True) -> None:
    """Starts the automatic names (dense, dense_1, ...) anew."""
    reset_names()
