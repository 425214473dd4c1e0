"""From the code of a loss or a metric to graphs of `keras.ops`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import NotSupportedError
from .. import ops
from ..graph import KerasTensor, reading_objective
from ..layers.core import InputLayer
from ..layers.traced import Weight
from ..losses import symbolic
from ..losses.loss import Loss
from ..metrics import MeanMetricWrapper
from ..metrics.metric import Metric
from ..models.functional import Connection

Shape = tuple[int, ...]

_REMEDY = "its value must be a tensor that is computed from its arguments with keras.ops"


def _graph(name: str, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> dict[str, Any]:
    config = Connection(name, list(inputs), list(outputs)).config
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def _entry(name: str, shape: Shape) -> KerasTensor:
    return InputLayer(shape=shape, name=name).output


def _is_called(loss: Any) -> bool:
    """Whether values come from calling it: a function, or a class that has a `__call__` of its own."""
    return not isinstance(loss, Loss) or type(loss).__call__ is not Loss.__call__


def loss_graph(loss: Any, name: str, target: Shape, prediction: Shape) -> dict[str, Any]:
    """A loss's values as a graph of targets and predictions."""
    with reading_objective(f"loss '{name}'"):
        true, pred = _entry("y_true", target), _entry("y_pred", prediction)
        if not isinstance(loss, Loss):
            values = loss(*symbolic.same_rank(true, pred))
        else:
            values = loss(true, pred) if _is_called(loss) else loss.call(true, pred)
        if not isinstance(values, KerasTensor):
            raise NotSupportedError(f"loss '{name}' gives {values!r}: {_REMEDY}")
        return _graph(name, [true, pred], [values])


def metric_config(metric: Metric, target: Shape | None, prediction: Shape, is_weighted: bool) -> dict[str, Any]:
    """A metric as the library takes it.

    Args:
        target: The shape of the targets, without the batch; None when it is not known yet.
        is_weighted: Whether it may be given sample weights, one a row.
    """
    names = _state_names(metric)
    config: dict[str, Any] = {
        "name": metric.name,
        "state": [
            {"name": _written_name(name), "shape": list(variable.shape)}
            for name, variable in zip(names, metric.variables, strict=True)
        ],
        "update": None,
        "weighted_update": None,
        "mean_of_function": type(metric) is MeanMetricWrapper,
        "result": _result(metric, names),
    }
    if target is not None:
        config["update"] = _update(metric, names, [target, prediction])
        if is_weighted:
            config["weighted_update"] = _update(metric, names, [target, prediction, ()])
    return {
        "module": "leptonai.metrics",
        "class_name": "TracedMetric",
        "config": config,
        "registered_name": None,
    }


def _state_names(metric: Metric) -> list[str]:
    if not metric.variables:
        raise NotSupportedError(
            f"metric '{metric.name}' has no state: make it in __init__ with self.add_weight, let update_state add to "
            "it, and compute result from it"
        )
    names: list[str] = []
    for variable in metric.variables:
        base = variable.name or "state"
        name, count = base, 1
        while name in names:
            name, count = f"{base}_{count}", count + 1
        names.append(name)
    return names


def _written_name(name: str) -> str:
    """What a part of the state is called in graphs, where functions have names such as "sum"."""
    return f"{name}_state"


def _with_symbols(metric: Metric, names: list[str], read: Callable[[list[KerasTensor]], Any]) -> Any:
    """Reads code of a metric while symbolic tensors stand for its state."""
    symbols = [
        Weight(_written_name(name), variable.shape, {"class_name": "Zeros", "config": {}}, False).tensor
        for name, variable in zip(names, metric.variables, strict=True)
    ]
    for variable, symbol in zip(metric.variables, symbols, strict=True):
        variable._symbol = symbol
    try:
        return read(symbols)
    finally:
        for variable in metric.variables:
            variable._symbol = None


def _result(metric: Metric, names: list[str]) -> dict[str, Any]:
    def read(symbols: list[KerasTensor]) -> dict[str, Any]:
        value = metric.result()
        held = getattr(value, "_held", None)
        value = value if held is None else held()
        if isinstance(value, dict):
            raise NotSupportedError(
                f"metric '{metric.name}': a result that is a dict is not supported; compile one metric for each value"
            )
        if not isinstance(value, KerasTensor):
            raise NotSupportedError(f"metric '{metric.name}': result gives {value!r}; compute it from the state")
        return _graph("result", [_entry("batch", (1,))], [value])

    with reading_objective(f"result of metric '{metric.name}'"):
        graph: dict[str, Any] = _with_symbols(metric, names, read)
        return graph


def _update(metric: Metric, names: list[str], shapes: list[Shape]) -> dict[str, Any]:
    entries = ["y_true", "y_pred", "sample_weight"]

    def read(symbols: list[KerasTensor]) -> dict[str, Any]:
        inputs = [_entry(name, shape) for name, shape in zip(entries, shapes, strict=False)]
        weights = {"sample_weight": inputs[2]} if len(inputs) > 2 else {}
        metric.update_state(inputs[0], inputs[1], **weights)
        added = []
        for name, variable, symbol in zip(names, metric.variables, symbols, strict=True):
            parts = _growth(variable._symbol, symbol)
            if parts is None:
                raise _grows_otherwise(metric, name)
            added.append(_total(parts, variable.shape, inputs[1], metric, name))
        _refuse_state(metric, names, symbols, added)
        return _graph("update", inputs, added)

    with reading_objective(f"update_state of metric '{metric.name}'"):
        graph: dict[str, Any] = _with_symbols(metric, names, read)
        return graph


def _grows_otherwise(metric: Metric, name: str) -> NotSupportedError:
    return NotSupportedError(
        f"metric '{metric.name}': update_state may only add to '{name}' what a batch gives, as in "
        f"self.{name}.assign(self.{name} + ...) or self.{name}.assign_add(...); what is computed from sums, result "
        "computes"
    )


def _growth(value: Any, symbol: KerasTensor) -> list[Any] | None:
    """What is added to a state: the terms of a sum of which the state is one; None for anything else."""
    if value is symbol:
        return []
    node = value._operation._nodes[value._node_index] if isinstance(value, KerasTensor) else None
    kind = getattr(node.operation, "_class_name", None) if node is not None else None
    if node is None or kind not in ("Add", "Subtract"):
        return None
    first, second = node.args
    parts = _growth(first, symbol)
    if parts is not None:
        return [*parts, second if kind == "Add" else ops.multiply(second, -1.0) if _is_tensor(second) else -second]
    parts = _growth(second, symbol) if kind == "Add" else None
    return None if parts is None else [*parts, first]


def _is_tensor(value: Any) -> bool:
    return isinstance(value, KerasTensor)


def _total(parts: list[Any], shape: Shape, batch: KerasTensor, metric: Metric, name: str) -> KerasTensor:
    """The terms added up, under the state's shape."""
    total: Any = parts[0] if parts else 0.0
    for part in parts[1:]:
        total = ops.add(total, part)
    if not isinstance(total, KerasTensor):
        # A number, which is the same for all batches.
        total = ops.add(ops.sum(ops.zeros_like(batch)), total)
    if total.shape != shape:
        if None in total.shape or len(total.shape) > len(shape):
            raise NotSupportedError(
                f"metric '{metric.name}': '{name}' of shape {shape} is given {total.shape}; reduce what the batch adds "
                "over the batch, with keras.ops.sum(..., axis=0), say"
            )
        total = ops.add(total, ops.zeros(shape))
    added: KerasTensor = total
    return added


def _refuse_state(metric: Metric, names: list[str], symbols: list[KerasTensor], added: list[KerasTensor]) -> None:
    """Refuses what a batch adds when it depends on the state itself."""
    stack: list[KerasTensor] = list(added)
    seen: set[int] = set()
    known = {id(symbol): name for symbol, name in zip(symbols, names, strict=True)}
    while stack:
        tensor = stack.pop()
        if id(tensor) in known:
            raise _grows_otherwise(metric, known[id(tensor)])
        if id(tensor) not in seen:
            seen.add(id(tensor))
            stack.extend(tensor._operation._nodes[tensor._node_index].inputs)
