"""Summaries, and layers that are not trained, compared with Keras's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import Build, Case, compare, everything, keras, ours, regression, sgd


def summaries(build: Build, prepare: Callable[[Any, Any], None] | None = None, **arguments: Any) -> tuple[str, str]:
    texts: list[str] = []
    for k in (keras, ours):
        k.utils.clear_session()
        model = build(k)
        if prepare is not None:
            prepare(k, model)
        model.summary(print_fn=texts.append, **arguments)
    return texts[0], texts[1]


@pytest.mark.parametrize("length", [None, 60, 88, 120])
def test_summary_text(length: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Keras cuts its table off at the width of the terminal: make it wide enough for the table.
    monkeypatch.setenv("COLUMNS", "200")
    expected, actual = summaries(everything, line_length=length)
    assert actual == expected


def test_summary_of_a_model_that_is_not_built() -> None:
    expected, actual = summaries(lambda k: k.Sequential([k.layers.Dense(3), k.layers.Dense(2)]))
    assert actual == expected


def test_summary_of_long_names_and_large_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def build(k: Any) -> Any:
        return k.Sequential(
            [k.Input((2000,)), k.layers.Dense(1500, name="a_layer_whose_name_does_not_fit_into_its_column_at_all")]
        )

    expected, actual = summaries(build)
    assert actual == expected


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_summary_of_a_trained_model(optimizer: str) -> None:
    def train(_: Any, model: Any) -> None:
        model.compile(optimizer, "mse")
        model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)

    expected, actual = summaries(lambda k: k.Sequential([k.Input((3,)), k.layers.Dense(1)]), train)
    assert actual == expected


def test_summary_of_frozen_layers() -> None:
    def build(k: Any) -> Any:
        return k.Sequential([k.Input((3,)), k.layers.Dense(4, trainable=False), k.layers.Dense(1)])

    expected, actual = summaries(build)
    assert actual == expected


def test_frozen_layers_stay_as_they_are() -> None:
    _, x, y = regression(50)

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((7,)), k.layers.Dense(4, trainable=False), k.layers.Dense(2)])

    compare(Case(build, x, y, sgd))
