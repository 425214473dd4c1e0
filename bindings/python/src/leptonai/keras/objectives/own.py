"""Which losses and metrics of a compiled model are the user's own, and their graphs for the shapes of its data."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from ... import _core
from .._names import object_name
from ..losses.loss import Loss
from ..metrics import MeanMetricWrapper, Metric
from ..saving import function_name, is_public

Shape = tuple[int, ...]


def is_own_loss(loss: Any) -> bool:
    """Whether a loss is a function or a class of the user's."""
    if isinstance(loss, str | dict) or loss is None:
        return False
    return not is_public(type(loss)) if isinstance(loss, Loss) else function_name(loss) is None


def is_own_metric(metric: Any) -> bool:
    """Whether a metric is of a class of the user's, or the mean of a function of theirs."""
    if not isinstance(metric, Metric):
        return False
    return not is_public(type(metric)) or (type(metric) is MeanMetricWrapper and function_name(metric._fn) is None)


def loss_name(loss: Any) -> str:
    """What the library calls a loss."""
    return object_name(loss)


def _traced_loss(loss: Any, graph: dict[str, Any] | None) -> dict[str, Any]:
    reduction = loss.reduction if isinstance(loss, Loss) else "sum_over_batch_size"
    config = {"name": loss_name(loss), "reduction": reduction, "graph": graph}
    return {"module": "leptonai.losses", "class_name": "TracedLoss", "config": config, "registered_name": None}


def described_loss(loss: Any) -> dict[str, Any]:
    """An own loss before the shapes of its data are known."""
    return _traced_loss(loss, None)


def described_metric(metric: Metric) -> dict[str, Any]:
    """An own metric likewise; what its `result` is, is known."""
    from .reading import metric_config

    return metric_config(metric, None, (), False)


def each(structure: Any, function: Callable[[Any], Any]) -> Any:
    """What `compile` was given for a model's outputs, with `function` applied to each loss or metric in it."""
    if isinstance(structure, dict) and "class_name" not in structure:
        return {name: each(item, function) for name, item in structure.items()}
    if isinstance(structure, list | tuple):
        return [each(item, function) for item in structure]
    return None if structure is None else function(structure)


class OwnObjectives:
    """The losses and metrics of a compiled model, some of which are the user's own.

    Args:
        losses, weights: As `compile` was given them: losses are objects or names.
        metrics, weighted_metrics: Likewise.
    """

    def __init__(self, losses: Any, weights: Any, metrics: Any, weighted_metrics: Any) -> None:
        self._losses = losses
        self._weights = weights
        self._metrics = metrics
        self._weighted_metrics = weighted_metrics
        self._read_for: Any = None

    def written(self, write: Callable[[Any], Any]) -> dict[str, Any]:
        """The parts of a compile config, each loss and metric as `write` has it."""
        return {
            "loss": each(self._losses, write),
            "metrics": each(self._metrics, write),
            "weighted_metrics": each(self._weighted_metrics, write),
        }

    def read(
        self,
        handle: Any,
        names: Sequence[str],
        outputs: Sequence[Shape],
        targets: Sequence[Shape],
        described: Callable[[Any], Any],
    ) -> None:
        """Reads them for the shapes of data, unless that was done already, and gives the library the graphs.

        Args:
            names: Of the model's outputs.
            outputs, targets: The shapes of the outputs and of their targets, without the batch.
            described: Says how one that is not the user's own is written.
        """
        key = (id(handle), tuple(outputs), tuple(targets))
        if key == self._read_for:
            return
        losses = _for_outputs(self._losses, names)
        plain = [_listed(item) for item in _for_outputs(self._metrics, names, is_list=True)]
        weighted = [_listed(item) for item in _for_outputs(self._weighted_metrics, names, is_list=True)]
        used = [
            bool(loss is not None or own or other) for loss, own, other in zip(losses, plain, weighted, strict=True)
        ]
        shapes = _target_shapes(list(targets), used)

        def one_metric(place: int, metric: Any, is_weighted: bool) -> Any:
            from .reading import metric_config

            if not is_own_metric(metric):
                return described(metric)
            return metric_config(metric, shapes[place], outputs[place], is_weighted)

        def one_loss(place: int, loss: Any) -> Any:
            from .reading import loss_graph

            if loss is None or not is_own_loss(loss):
                return None if loss is None else described(loss)
            shape = shapes[place]
            if shape is None:
                return described_loss(loss)
            return _traced_loss(loss, loss_graph(loss, loss_name(loss), shape, outputs[place]))

        read_losses = [one_loss(place, loss) for place, loss in enumerate(losses)]
        read_plain = [[one_metric(place, metric, False) for metric in items] for place, items in enumerate(plain)]
        read_weighted = [[one_metric(place, metric, True) for metric in items] for place, items in enumerate(weighted)]
        _core.model_set_objectives(
            handle,
            "sgd",
            json.dumps(read_losses[0] if len(names) == 1 else read_losses),
            _texts(read_plain),
            _texts(read_weighted),
            None if self._weights is None else json.dumps(self._weights),
        )
        self._read_for = key


def _texts(metrics: list[list[Any]]) -> tuple[str, ...]:
    """As the library takes them: the metrics of one output, or a list for each of several."""
    entries: list[Any] = metrics[0] if len(metrics) == 1 else metrics
    return tuple(entry if isinstance(entry, str) else json.dumps(entry) for entry in entries)


def _listed(item: Any) -> list[Any]:
    if isinstance(item, list | tuple):
        return [metric for each in item for metric in _listed(each)]
    return [] if item is None else [item]


def _for_outputs(given: Any, names: Sequence[str], is_list: bool = False) -> list[Any]:
    """What each output gets of what `compile` was given, which the library has found to be in order."""
    if isinstance(given, dict) and "class_name" not in given:
        if len(names) == 1:
            return [list(given.values()) if is_list else next(iter(given.values()), None)]
        return [given.get(name) for name in names]
    if len(names) == 1 and is_list:
        return [given]
    if isinstance(given, list | tuple):
        return list(given) if len(given) == len(names) else [None] * len(names)
    return [given for _ in names]


def _target_shapes(targets: list[Shape], used: list[bool]) -> list[Shape | None]:
    """The targets' shapes by output: there may be none for outputs that nothing is computed from."""
    if len(targets) == len(used):
        return list(targets)
    left = iter(targets)
    return [next(left, None) if is_used else None for is_used in used]
