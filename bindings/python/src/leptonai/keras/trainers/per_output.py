"""What `compile` is given for a model's outputs: one thing, one for each in order, or by the outputs' names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ... import _core
from ...errors import bad_argument
from .. import losses, metrics, optimizers
from ..metrics import Metric
from ..saving import serialize_keras_object


def described(chosen: Any) -> Any:
    """A loss, metric or optimizer as JSON can hold it."""
    if isinstance(chosen, str):
        return chosen
    config = serialize_keras_object(chosen)
    if isinstance(chosen, optimizers.Optimizer):
        config["config"] = chosen._library_config()
    return config


def text_of(value: Any) -> str:
    """As the library takes it: a bare name, or JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _each(structure: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(structure, dict) and "class_name" not in structure:
        return {name: _each(item, function) for name, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [_each(item, function) for item in structure]
    return None if structure is None else function(structure)


def loss_config(loss: Any) -> Any:
    """The loss of each output: None, one, a list or a dict."""
    return _each(loss, lambda item: described(losses.get(item)))


def weights_config(weights: Any) -> Any:
    """The weight of each loss, likewise."""
    if weights is not None and not isinstance(weights, list | tuple | dict | float | int):
        raise bad_argument("loss_weights", "a number, or a list or dict of numbers", weights)
    return _each(weights, lambda item: item.item() if hasattr(item, "item") else item)


def chosen_metrics(argument: str, chosen: Any) -> Any:
    """The metrics, made from names and configs, nested as they were given."""
    if chosen is None:
        return []
    if not isinstance(chosen, list | tuple | dict):
        raise bad_argument(argument, "a list, tuple or dict of metrics", chosen)
    return _each(chosen, metrics.chosen)


def metric_texts(chosen: Any) -> tuple[str, ...]:
    """As the library takes them: one text for each, or one for a dict."""
    if isinstance(chosen, dict):
        return (json.dumps(_each(chosen, described)),) if chosen else ()
    return tuple("null" if item is None else text_of(_each(item, described)) for item in chosen)


def flat_metrics(chosen: Any) -> list[str | Metric]:
    """All of them, without None."""
    if isinstance(chosen, dict):
        return [metric for item in chosen.values() for metric in flat_metrics([item])]
    if isinstance(chosen, list | tuple):
        return [metric for item in chosen for metric in flat_metrics(item)]
    return [] if chosen is None else [chosen]


def compile_as(handle: Any, compiled: dict[str, Any]) -> None:
    """Compiles a model of the library as another one was."""
    _core.model_compile(
        handle,
        json.dumps(compiled["optimizer"]),
        None if compiled["loss"] is None else json.dumps(compiled["loss"]),
        metric_texts(compiled["metrics"]),
        metric_texts(compiled["weighted_metrics"]),
        None if compiled["loss_weights"] is None else json.dumps(compiled["loss_weights"]),
    )
