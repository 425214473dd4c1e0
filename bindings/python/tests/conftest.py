"""Fixtures. The tests run against the installed package, not against the sources."""

from collections.abc import Iterator

import numpy as np
import pytest

from leptonai import LeptonClient, keras


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    keras.utils.clear_session()


@pytest.fixture
def client() -> Iterator[LeptonClient]:
    with LeptonClient(nodes=5) as client:
        yield client


@pytest.fixture
def linear() -> keras.Sequential:
    """One weight and one bias, compiled, with weights 2 and 1."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    model.set_weights([np.full((1, 1), 2.0), np.ones(1)])
    return model


@pytest.fixture
def points() -> tuple[np.ndarray, np.ndarray]:
    """64 points on a line."""
    x = np.linspace(-1, 1, 64, dtype=np.float32).reshape(-1, 1)
    return x, 3 * x - 0.5
