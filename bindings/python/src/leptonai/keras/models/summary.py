"""The table that `summary` prints: chains and graphs of layers, models in models, what is trained.

Laid out as Keras 3.15 does (keras/src/utils/summary_utils.py) with rich's tables.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

from ... import _core
from ...errors import bad_argument

if TYPE_CHECKING:
    from .model import Model

_RIGHT, _CENTRE = {"Param #"}, {"Trainable"}


def summary_text(model: Model, *, line_length: int | None, **arguments: Any) -> str:
    """The whole text. The library gives what stands above and below the table."""
    whole = _core.model_summary(model._handle, min(line_length or 88, 1000))
    first, _, rest = whole.partition("\n")
    totals = rest[rest.rindex("┘\n") + 2 :]
    return f"{first}\n{table(model, line_length=line_length, **arguments)}{totals}"


def nodes_of(model: Model) -> list[Any]:
    """The calls that a model consists of."""
    found: dict[int, Any] = {}
    stack = [tensor._operation._nodes[tensor._node_index] for tensor in model.outputs]
    while stack:
        node = stack.pop()
        if id(node) not in found:
            found[id(node)] = node
            stack += [tensor._operation._nodes[tensor._node_index] for tensor in node.inputs]
    return list(found.values())


def _is_chain(nodes: list[Any]) -> bool:
    """Whether a graph is printed as a chain: each call takes one tensor, and no two stand side by side."""
    taken = [id(tensor) for node in nodes for tensor in node.inputs]
    operations = {id(node.operation) for node in nodes}
    starts = sum(not node.inputs for node in nodes)
    return (
        starts <= 1
        and len(operations) == len(nodes)
        and len(set(taken)) == len(taken)
        and all(len(node.inputs) <= 1 for node in nodes)
    )


def table(
    model: Model,
    *,
    line_length: int | None,
    positions: Any,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Any,
) -> str:
    """The table's lines."""
    is_graph = not hasattr(model, "add")
    nodes = nodes_of(model) if is_graph and model.built else []
    is_chain = not is_graph or _is_chain(nodes)
    layers = _shown(model, nodes) if nodes else list(model.layers)
    header = ["Layer (type)", "Output Shape", "Param #"]
    places: list[float] = [0.45, 0.80, 1.0]
    default = 88
    if not is_chain:
        header.append("Connected to")
        places = [0.3, 0.56, 0.74, 1.0]
        default = 108
    if positions is not None:
        places = [float(place) for place in positions]
        if len(places) != len(header):
            raise bad_argument("positions", f"{len(header)} numbers, one a column", positions)
    if show_trainable:
        header.append("Trainable")
        places = [place * 0.9 for place in places] + [1.0]
        default += 12
    length = line_length or min(default, shutil.get_terminal_size().columns - 4)
    widths = _widths(places, length)
    rows: list[list[str]] = []
    for layer in _in_range(layers, layer_range):
        _add_rows(rows, layer, 0, expand_nested, show_trainable, None if is_chain else nodes)
    return _drawn(header, rows, widths)


def _shown(model: Model, nodes: list[Any]) -> list[Any]:
    """What a graph's table shows, in the order of the model's config."""
    used = {id(node.operation): node.operation for node in nodes}
    known = [layer for layer in model._layers if id(layer) in used]
    return known + [operation for operation in used.values() if all(operation is not layer for layer in known)]


def _widths(places: list[float], length: int) -> list[int]:
    """Room for text in each column: the bars and blanks of the table are taken off as rich does it."""
    widths: list[int] = []
    for place in places:
        width = int(place * length) - sum(widths)
        if width < 4:
            raise bad_argument("line_length", "enough characters for the table", length)
        widths.append(width)
    excess = sum(widths) + 3 * len(widths) + 1 - length
    reduced = []
    for place, width in enumerate(widths):
        part = round(excess / (len(widths) - place))
        excess -= part
        reduced.append(max(width - part, 1))
    return reduced


def _in_range(layers: list[Any], names: Any) -> list[Any]:
    if names is None:
        return layers
    if not isinstance(names, list | tuple) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise bad_argument("layer_range", "two names of layers", names)
    first = [place for place, layer in enumerate(layers) if re.match(names[0], layer.name)]
    last = [place for place, layer in enumerate(layers) if re.match(names[1], layer.name)]
    if not first or not last:
        raise bad_argument("layer_range", "names of layers of the model", names)
    if min(first) > max(last):
        return layers[min(last) : max(first) + 1]
    return layers[min(first) : max(last) + 1]


def _add_rows(
    rows: list[list[str]], layer: Any, level: int, expand: bool, show_trainable: bool, nodes: list[Any] | None
) -> None:
    prefix = "   " * level + "└ " if level else ""
    fields = [f"{prefix}{layer.name} ({type(layer).__name__})", _shape(layer), _count(layer)]
    if nodes is not None:
        fields.append(_connections(layer, nodes))
    if show_trainable:
        has_weights = bool(getattr(layer, "weights", ()))
        fields.append("-" if not has_weights else "Y" if layer.trainable else "N")
    rows.append(fields)
    inner = list(getattr(layer, "layers", ()) or ()) if expand else []
    for each in inner:
        _add_rows(rows, each, level + 1, expand, show_trainable, nodes)


def _shape(layer: Any) -> str:
    try:
        outputs = layer._nodes[0].outputs
    except (AttributeError, IndexError):
        try:
            return str(layer.output.shape)
        except AttributeError:
            return "?"
    shapes = [str(tensor.shape) for tensor in outputs]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _count(layer: Any) -> str:
    if not hasattr(layer, "count_params"):
        return "0"
    if not getattr(layer, "built", True):
        return "0 (unbuilt)"
    return f"{layer.count_params():,}"


def _connections(layer: Any, nodes: list[Any]) -> str:
    known = {id(node) for node in nodes}
    tensors = [tensor for node in getattr(layer, "_nodes", ()) if id(node) in known for tensor in node.inputs]
    parts = [
        f"{tensor._operation.name}[{tensor._node_index}][{getattr(tensor, '_tensor_index', 0)}]" for tensor in tensors
    ]
    return ", ".join(parts) or "-"


def _drawn(header: list[str], rows: list[list[str]], widths: list[int]) -> str:
    def rule(left: str, line: str, joint: str, right: str) -> str:
        return left + joint.join(line * (width + 2) for width in widths) + right

    def row(cells: list[str], bar: str) -> list[str]:
        broken = [_broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
        lines = []
        for number in range(max(map(len, broken))):
            parts = [cell[number] if number < len(cell) else "" for cell in broken]
            aligned = [_aligned(part, width, name) for part, width, name in zip(parts, widths, header, strict=True)]
            lines.append(f"{bar} " + f" {bar} ".join(aligned) + f" {bar}")
        return lines

    lines = [rule("┏", "━", "┳", "┓"), *row(header, "┃"), rule("┡", "━", "╇", "┩")]
    for number, cells in enumerate(rows):
        if number:
            lines.append(rule("├", "─", "┼", "┤"))
        lines += row(cells, "│")
    lines.append(rule("└", "─", "┴", "┘"))
    return "\n".join(lines) + "\n"


def _aligned(text: str, width: int, column: str) -> str:
    if column in _RIGHT:
        return text.rjust(width)
    if column in _CENTRE:
        left = (width - len(text)) // 2
        return (" " * left + text).ljust(width)
    return text.ljust(width)


def _broken(text: str, width: int) -> list[str]:
    """Broken between words, as rich does; a word that is longer than its column is cut."""
    lines: list[str] = []
    line = ""
    for word in re.findall(r"\s*\S+\s*", text):
        length = len(word.rstrip())
        if line and len(line) + length > width:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    stripped = [part.rstrip() for part in lines]
    return [part if len(part) <= width else part[: width - 1] + "…" for part in stripped]
