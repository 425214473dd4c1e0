"""What `compile` is given for a model's outputs: one thing, one for each in order, or by the outputs' names."""

from __future__ import annotations

import json
from typing import Any

from ... import _core
from ...errors import bad_argument
from .. import losses, metrics, optimizers
from ..metrics import Metric
from ..objectives.own import OwnObjectives, described_loss, described_metric, each, is_own_loss, is_own_metric
from ..saving import serialize_keras_object


def described(chosen: Any) -> Any:
    """A loss, metric or optimizer as the library takes it, in what JSON can hold."""
    if isinstance(chosen, str):
        return chosen
    if isinstance(chosen, Metric) and is_own_metric(chosen):
        return described_metric(chosen)
    if not isinstance(chosen, Metric | optimizers.Optimizer | dict) and is_own_loss(chosen):
        return described_loss(chosen)
    config = serialize_keras_object(chosen)
    if isinstance(chosen, optimizers.Optimizer):
        config["config"] = chosen._library_config()
    return config


def text_of(value: Any) -> str:
    """As the library takes it: a bare name, or JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def written(chosen: Any) -> Any:
    """A loss or metric as Keras writes it in files: one of the user's own by its name."""
    if chosen is None or isinstance(chosen, str):
        return chosen
    if isinstance(chosen, metrics.MeanMetricWrapper) and chosen._is_bare:
        return serialize_keras_object(chosen._fn)
    return serialize_keras_object(chosen)


def chosen_losses(loss: Any) -> Any:
    """The loss of each output, made from names and configs: None, one, a list or a dict."""
    return each(loss, losses.get)


def own_among(losses: Any, weights: Any, plain: Any, weighted: Any) -> OwnObjectives | None:
    """What keeps losses and metrics some of which are the user's own; None when none is."""
    found = [is_own_metric(metric) for metric in (*flat_metrics(plain), *flat_metrics(weighted))]
    each(losses, lambda item: found.append(is_own_loss(item)))
    return OwnObjectives(losses, weights, plain, weighted) if any(found) else None


def loss_texts(losses: Any) -> str | None:
    """The losses as the library takes them."""
    config = each(losses, described)
    return None if config is None else text_of(config)


def weights_config(weights: Any) -> Any:
    """The weight of each loss, likewise."""
    if weights is not None and not isinstance(weights, list | tuple | dict | float | int):
        raise bad_argument("loss_weights", "a number, or a list or dict of numbers", weights)
    return each(weights, lambda item: item.item() if hasattr(item, "item") else item)


def chosen_metrics(argument: str, chosen: Any) -> Any:
    """The metrics, made from names and configs, nested as they were given."""
    if chosen is None:
        return []
    if not isinstance(chosen, list | tuple | dict):
        raise bad_argument(argument, "a list, tuple or dict of metrics", chosen)
    return each(chosen, metrics.chosen)


def metric_texts(chosen: Any) -> tuple[str, ...]:
    """As the library takes them: one text for each, or one for a dict."""
    if isinstance(chosen, dict):
        return (json.dumps(each(chosen, described)),) if chosen else ()
    return tuple("null" if item is None else text_of(each(item, described)) for item in chosen)


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
