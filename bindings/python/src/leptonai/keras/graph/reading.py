"""Reading the code of a user's layer, model, loss or metric by running it once on symbolic tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ...errors import LeptonError, NotSupportedError
from .._names import names_apart

_over_batch: ContextVar[bool] = ContextVar("over_batch", default=False)


def is_over_batch() -> bool:
    """Whether what is read may add up over the rows of the batch: a loss or a metric."""
    return _over_batch.get()


@contextmanager
def reading_objective(name: str) -> Iterator[None]:
    """The same as `reading`, of a loss or a metric."""
    token = _over_batch.set(True)
    try:
        with names_apart(), reading(name):
            yield
    finally:
        _over_batch.reset(token)


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns what NumPy and Python say about symbolic tensors into one clear error."""
    try:
        yield
    except LeptonError:
        raise
    except (TypeError, AttributeError, NotImplementedError) as error:
        raise NotSupportedError(
            f"{name}: its code cannot be read: {error}. It is run once on symbolic tensors and afterwards entirely in "
            "the library: use layers and keras.ops, and neither NumPy nor decisions that depend on values"
        ) from error


class _Mode:
    """What stands for `training` in code that is read: it may be passed on to layers, which follow the model's mode."""

    def __bool__(self) -> bool:
        raise NotSupportedError(
            "code that decides by `training` cannot be read: it is run once, and serves for training and for "
            "inference; use layers that differ in training, such as Dropout, and pass training on to them"
        )

    def __repr__(self) -> str:
        return "training"


MODE = _Mode()


def mode_arguments(call: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """`training` for a method that takes it and was not given it, or nothing."""
    if "training" in given or "training" not in inspect.signature(call).parameters:
        return {}
    return {"training": MODE}
