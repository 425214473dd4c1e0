"""Constants and weights beside tensors that have a batch: shapes and numbers are those of Keras, where an axis of one
element meets the batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import PASS, agree, keras, ours

ROWS = 5
X = np.random.default_rng(1).normal(size=(ROWS, 3, 4)).astype("float32")


def constant(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


CASES: dict[str, Callable[[Any, Any], Any]] = {
    "matmul": lambda o, x: o.matmul(x, constant(1, 4, 2)),
    "matmul on the left": lambda o, x: o.matmul(constant(1, 2, 3), x),
    "matmul of matrices": lambda o, x: o.matmul(x, constant(4, 2)),
    "matmul on the left of matrices": lambda o, x: o.matmul(constant(2, 3), x),
    "matmul of rows": lambda o, x: o.matmul(x[:, 0], constant(4, 1)) + o.matmul(x[:, 0, :1], constant(1, 2)),
    "matmul of vectors": lambda o, x: o.matmul(x, constant(4)) + o.matmul(x[:, 0], constant(4))[:, None],
    "matmul of four axes": lambda o, x: o.matmul(o.expand_dims(x, 2), constant(1, 3, 4, 2)),
    "matmul of three among four axes": lambda o, x: o.matmul(o.expand_dims(x, 2), constant(3, 4, 2)),
    "einsum": lambda o, x: o.einsum("bij,bjk->bik", x, constant(1, 4, 2)),
    "einsum on the left": lambda o, x: o.einsum("bki,bij->bkj", constant(1, 2, 3), x),
    "einsum without a batch": lambda o, x: o.einsum("bij,jk->bik", x, constant(4, 2)),
    "add": lambda o, x: x + constant(1, 3, 4) + constant(1, 1, 4) + constant(3, 1) + constant(4),
    "where": lambda o, x: o.where(x > 0, constant(1, 3, 1), constant(1, 1, 1)),
    "maximum": lambda o, x: o.maximum(constant(1, 1, 4), x),
    "full like": lambda o, x: o.full_like(x, constant(1, 3, 4)),
    "squared difference of a product": lambda o, x: o.square(o.matmul(x, constant(1, 4, 4)) - constant(1, 3, 4)),
}


def made(k: Any, function: Callable[[Any, Any], Any]) -> Any:
    inputs = k.Input((3, 4))
    return k.Model(inputs, function(k.ops, inputs))


@pytest.mark.parametrize("name", CASES)
def test_what_is_the_same_for_every_row(name: str) -> None:
    theirs, mine = made(keras, CASES[name]), made(ours, CASES[name])
    assert mine.output_shape == theirs.output_shape
    agree(mine(X), theirs(X), PASS)


REFUSED: dict[str, Callable[[Any, Any], Any]] = {
    "more rows": lambda o, x: o.matmul(x, constant(2, 4, 2)),
    "an axis before the batch": lambda o, x: o.matmul(x, constant(1, 1, 4, 2)),
    "rows as a matrix": lambda o, x: o.matmul(x[:, 0], x[:, :1]),
    "two batches": lambda o, x: o.matmul(o.expand_dims(x, 1), o.transpose(x, (0, 2, 1))),
    "joined to a constant": lambda o, x: o.concatenate([x, constant(2, 3, 4)], axis=1),
    "joined to a sample": lambda o, x: o.concatenate([x, constant(3, 4)], axis=1),
    "stacked with a sample": lambda o, x: o.stack([x, constant(3, 4)], axis=1),
    "an axis before the batch in a sum": lambda o, x: x + constant(1, 1, 3, 4),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_mix_the_batch_with_another_axis_is_refused(name: str) -> None:
    with pytest.raises((ValueError, NotImplementedError)):
        made(ours, REFUSED[name])
