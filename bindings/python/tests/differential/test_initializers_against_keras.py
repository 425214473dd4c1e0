"""Initialisers, compared with Keras's."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import keras, ours

INITIALIZERS: dict[str, Callable[[Any], Any]] = {
    **{
        name: (lambda k, name=name: getattr(k.initializers, name)())
        for name in (
            "GlorotUniform",
            "GlorotNormal",
            "HeUniform",
            "HeNormal",
            "LecunUniform",
            "LecunNormal",
            "RandomNormal",
            "RandomUniform",
            "TruncatedNormal",
            "VarianceScaling",
            "Zeros",
            "Ones",
        )
    },
    "RandomNormal(1, 2)": lambda k: k.initializers.RandomNormal(1.0, 2.0),
    "RandomUniform(0, 3)": lambda k: k.initializers.RandomUniform(0.0, 3.0),
    "TruncatedNormal(-1, 0.5)": lambda k: k.initializers.TruncatedNormal(-1.0, 0.5),
    "Constant(2.5)": lambda k: k.initializers.Constant(2.5),
    **{
        f"VarianceScaling({mode}, {distribution})": (
            lambda k, mode=mode, distribution=distribution: k.initializers.VarianceScaling(3.0, mode, distribution)
        )
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("uniform", "truncated_normal", "untruncated_normal")
    },
}


def kernel(k: Any, initializer: Any, shape: tuple[int, int] = (300, 200)) -> np.ndarray:
    model = k.Sequential([k.Input(shape[:1]), k.layers.Dense(shape[1], kernel_initializer=initializer)])
    return np.asarray(model.get_weights()[0], np.float64)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_initializers_draw_from_the_same_distribution(name: str) -> None:
    make = INITIALIZERS[name]
    expected, actual = kernel(keras, make(keras)), kernel(ours, make(ours))
    n, sigma = expected.size, expected.std()
    # Six standard errors of a difference of means; of standard deviations at most as much again.
    assert abs(actual.mean() - expected.mean()) <= 6 * sigma * math.sqrt(2 / n)
    assert abs(actual.std() - sigma) <= 6 * sigma * math.sqrt(2 / n)
    # Quantiles tell a truncated from a plain normal distribution. Near the ends, where density is low, they wander
    # most: by less than a tenth of sigma at these sizes.
    for share in (0.01, 0.25, 0.5, 0.75, 0.99):
        assert abs(np.quantile(actual, share) - np.quantile(expected, share)) <= 0.1 * sigma + 1e-12
    bounded = "Uniform" in name or "uniform" in name or ("runcated" in name and "untruncated" not in name)
    if bounded and sigma:
        assert abs(actual.max() - expected.max()) <= 0.05 * sigma
        assert abs(actual.min() - expected.min()) <= 0.05 * sigma
    if sigma == 0:
        assert np.array_equal(actual, expected)
    else:
        assert not np.array_equal(actual, kernel(ours, make(ours)))


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (30, 30)])
def test_orthogonal(shape: tuple[int, int]) -> None:
    for k in (keras, ours):
        matrix = kernel(k, k.initializers.Orthogonal(gain=2.0), shape)
        product = matrix @ matrix.T if shape[0] <= shape[1] else matrix.T @ matrix
        np.testing.assert_allclose(product, 4 * np.eye(min(shape)), atol=1e-5)
