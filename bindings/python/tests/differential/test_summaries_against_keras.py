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


def graph(k: Any) -> Any:
    left, right = k.Input((3,), name="left"), k.Input((4,), name="right")
    shared = k.layers.Dense(4, name="shared")
    inner = k.Sequential([k.Input((4,)), k.layers.Dense(2, name="deep", trainable=False)], name="inner")
    first = shared(k.layers.Dense(4)(left))
    return k.Model([left, right], [inner(first), k.layers.Dense(1)(shared(right))], name="graph")


def chain(k: Any) -> Any:
    start = k.Input((3,), name="start")
    middle = k.Sequential([k.Input((3,)), k.layers.Dense(2), k.layers.Dense(2)], name="middle")
    return k.Model(start, k.layers.Dense(1)(middle(start)), name="chain")


def nested(k: Any) -> Any:
    innermost = k.Sequential([k.Input((2,)), k.layers.Dense(2)], name="innermost")
    inner = k.Sequential([k.Input((3,)), k.layers.Dense(2), innermost], name="inner")
    return k.Sequential([k.Input((3,)), inner, k.layers.Dropout(0.5), k.layers.Dense(1, trainable=False)], name="outer")


@pytest.mark.parametrize("build", [graph, chain, nested])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"expand_nested": True},
        {"show_trainable": True, "expand_nested": True},
        {"line_length": 70, "show_trainable": True},
        {"line_length": 140},
    ],
)
def test_summaries_of_graphs_and_nests(
    build: Build, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    expected, actual = summaries(build, **arguments)
    assert actual == expected


def test_a_part_of_a_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    expected, actual = summaries(everything, layer_range=("flatten", "dropout"))
    assert actual == expected
    expected, actual = summaries(everything, positions=[0.6, 0.85, 1.0])
    assert actual == expected
    for bad in ({"layer_range": ["none", "dense"]}, {"layer_range": 3}, {"positions": [0.5]}, {"line_length": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            everything(ours).summary(**bad)
