"""Reading the code of a user's layer, model, loss or metric by running it once on symbolic tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import LeptonError, NotSupportedError


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
