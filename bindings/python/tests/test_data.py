"""What is accepted as data, and what is refused with which error."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from leptonai import (
    InvalidArgumentError,
    LeptonError,
    NonFiniteError,
    ShapeMismatchError,
    TypeMismatchError,
    keras,
)

X = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def adder() -> keras.Sequential:
    """Sums three numbers."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model


def expected() -> np.ndarray:
    return X.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    "dtype",
    ["f2", "f4", "f8", "g", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f4", ">i8"],
)
def test_number_types_are_taken(adder: keras.Sequential, dtype: str) -> None:
    assert np.array_equal(adder.predict(X.astype(dtype)), expected())


def test_booleans_are_taken(adder: keras.Sequential) -> None:
    assert adder.predict(X > 4).tolist() == [[0], [1], [3], [3]]


@pytest.mark.parametrize(
    "view",
    [
        np.asfortranarray(X),
        np.repeat(X, 2, axis=0)[::2],
        X[::-1],
        np.flip(np.flip(X, 1).copy(), 1),
        np.broadcast_to(X[:, :, None], (4, 3, 2))[:, :, 1],
        X.tolist(),
        tuple(map(tuple, X.tolist())),
        [row.tolist() for row in X],
        pd.DataFrame(X),
    ],
    ids=["fortran", "every other", "reversed", "flipped", "broadcast", "list", "tuples", "rows", "table"],
)
def test_views_and_nests_are_taken(adder: keras.Sequential, view: Any) -> None:
    assert np.array_equal(adder.predict(view), np.asarray(view, np.float32).sum(axis=1, keepdims=True))


def test_a_field_of_records_is_taken() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    records = np.zeros(4, dtype=[("kind", "S3"), ("value", "f4")])
    records["value"] = [1, 2, 3, 4]
    assert model.predict(records["value"]).ravel().tolist() == [1, 2, 3, 4]


def test_a_series_is_one_column() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]})
    assert model.predict(frame["x"]).shape == (3, 1)
    assert model.evaluate(frame["x"], frame["y"], verbose=0) == 0


def test_float32_arrays_are_not_copied(adder: keras.Sequential) -> None:
    x = X.copy()
    adder.predict(x)
    assert x.flags.writeable
    x.flags.writeable = False
    assert np.array_equal(adder.predict(x), expected())


def test_one_array_in_a_list_is_the_input(adder: keras.Sequential) -> None:
    assert np.array_equal(adder.predict([X]), expected())


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ([[1, 2, 3], [4, 5]], ShapeMismatchError),
        ([1, [2, 3]], ShapeMismatchError),
        ([["a", "b", "c"]], TypeMismatchError),
        ("abc", TypeMismatchError),
        (np.array([[1, None, 2]]), TypeMismatchError),
        (np.array([[1j, 2, 3]]), TypeMismatchError),
        (np.array([["2020-01-01"] * 3], dtype="M8[D]"), TypeMismatchError),
        ([[10**30, 1, 2]], TypeMismatchError),
        (pd.DataFrame({"a": ["x"], "b": [1], "c": [2]}), TypeMismatchError),
        (object(), TypeMismatchError),
        ({"a": X, "b": X}, InvalidArgumentError),
        (X[:, :2], ShapeMismatchError),
        (X.reshape(2, 2, 3), ShapeMismatchError),
        (np.float32(3), ShapeMismatchError),
        (np.ma.masked_less(X, 3), LeptonError),
        (np.zeros((1,) * 9), ShapeMismatchError),
    ],
    ids=str,
)
def test_what_is_no_data_is_refused(adder: keras.Sequential, data: Any, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        adder.predict(data)
    assert str(raised.value)
    with pytest.raises(error):
        adder.fit(data, np.ones((4, 1)), verbose=0)


def test_missing_data_is_refused(adder: keras.Sequential) -> None:
    with pytest.raises(ValueError, match="x"):
        adder.predict(None)
    with pytest.raises(ValueError, match="y"):
        adder.fit(X, verbose=0)


def test_empty_data_is_refused_by_fit(adder: keras.Sequential) -> None:
    with pytest.raises(ValueError):
        adder.fit(X[:0], np.ones((0, 1)), verbose=0)
    with pytest.raises(ValueError):
        adder.fit([], [], verbose=0)


def test_different_numbers_of_rows_are_refused(adder: keras.Sequential) -> None:
    with pytest.raises(ValueError, match="3"):
        adder.fit(X, np.ones((3, 1)), verbose=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nonfinite_numbers_are_refused_unless_allowed(adder: keras.Sequential, value: float) -> None:
    y = np.ones((4, 1), np.float32)
    bad = X.copy()
    bad[2, 1] = value
    before = adder.get_weights()[0]
    for call in (
        lambda: adder.predict(bad),
        lambda: adder.predict(np.repeat(bad, 50, axis=0), verbose=0),
        lambda: adder.fit(bad, y, verbose=0),
        lambda: adder.fit(X, y * value, verbose=0),
        lambda: adder.evaluate(bad, y, verbose=0),
    ):
        with pytest.raises(NonFiniteError):
            call()
    assert np.array_equal(before, adder.get_weights()[0])
    assert not np.isfinite(adder.predict(bad, nonfinite="allow")[2, 0])
    assert np.isfinite(adder.predict(bad, nonfinite="allow")[0, 0])
    assert not np.isfinite(adder.evaluate(bad, y, verbose=0, nonfinite="allow"))
