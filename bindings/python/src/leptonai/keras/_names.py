"""Automatic names: dense, dense_1, ... per class, counted in the whole process as Keras does."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_counts: dict[str, int] = {}
_lock = threading.Lock()
_apart = threading.local()


def snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def object_name(thing: Any) -> str:
    """What Keras calls a function or an object: its own name, or that of the function or class."""
    own = getattr(thing, "name", None)
    return own if isinstance(own, str) else snake_case(getattr(thing, "__name__", None) or type(thing).__name__)


def automatic_name(class_name: str) -> str:
    """The next free name for an object of a class."""
    name = snake_case(class_name)
    counts: dict[str, int] = getattr(_apart, "counts", None) or _counts
    with _lock:
        count = counts.get(name, 0)
        counts[name] = count + 1
    return f"{name}_{count}" if count else name


@contextmanager
def names_apart() -> Iterator[None]:
    """Counts names of its own, in this thread, so that those of the user's objects go on as they were."""
    before = getattr(_apart, "counts", None)
    _apart.counts = {"": 0}
    try:
        yield
    finally:
        _apart.counts = before


def reset_names() -> None:
    """Starts counting anew."""
    with _lock:
        _counts.clear()
