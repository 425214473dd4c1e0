"""Automatic names: dense, dense_1, ... per class, counted in the whole process as Keras does."""

import re
import threading

_counts: dict[str, int] = {}
_lock = threading.Lock()


def snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def automatic_name(class_name: str) -> str:
    """The next free name for an object of a class."""
    name = snake_case(class_name)
    with _lock:
        count = _counts.get(name, 0)
        _counts[name] = count + 1
    return f"{name}_{count}" if count else name


def reset_names() -> None:
    """Starts counting anew."""
    with _lock:
        _counts.clear()
