"""Drawings of models, with Graphviz's program `dot`, an optional dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import InvalidStateError, bad_argument
from ..files.optional import MissingPackageError

if TYPE_CHECKING:
    from ..models.model import Model

_DIRECTIONS = ("TB", "BT", "LR", "RL")


class Dot:
    """A drawing as text in Graphviz's language."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def to_string(self) -> str:
        """The text."""
        return "\n".join(self._lines) + "\n"

    def write(self, path: str | os.PathLike[str], format: str | None = None) -> None:
        """Writes the drawing.

        Args:
            path: Its ending says the format: ".dot" and ".gv" are the text itself.
            format: Such as "png", "svg" or "pdf", instead of the ending.

        Raises:
            ImportError: Graphviz is not installed, and the format needs it.
        """
        target = Path(path)
        kind = format or target.suffix.lstrip(".").lower() or "png"
        if kind in ("dot", "gv", "raw"):
            target.write_text(self.to_string(), encoding="utf-8")
            return
        target.write_bytes(self.create(kind))

    def create(self, format: str = "png") -> bytes:
        """The drawing in a format of Graphviz's. Raises: as `write`."""
        program = shutil.which("dot")
        if program is None:
            raise MissingPackageError(
                "drawing a model needs Graphviz, whose program `dot` is not installed; get it from "
                "https://graphviz.org/download, or write a file that ends in .dot, which needs nothing"
            )
        if not format.isalnum():
            raise bad_argument("format", "a format of Graphviz, such as 'png'", format)
        done = subprocess.run(
            [program, f"-T{format}"], input=self.to_string().encode(), capture_output=True, check=False
        )
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip()
            raise bad_argument("format", "a format that dot can write", f"{format}: {message}")
        return done.stdout

    def _repr_svg_(self) -> str:
        """Shown by notebooks."""
        return self.create("svg").decode()


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | None = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Dot:
    """A model as a drawing: its layers, and arrows for what goes from one to the other.

    Args:
        show_shapes: Whether shapes of inputs and outputs are shown.
        show_dtype: Whether their types are.
        show_layer_names: Whether names of layers are.
        rankdir: "TB" from top to bottom, "LR" from left to right, and the reverse.
        expand_nested: Whether models that are layers are drawn with their own layers.
        dpi: Dots per inch.
        subgraph: Whether the drawing is a part of another.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is said which layers are trained.
    """
    if kwargs:
        raise bad_argument("model_to_dot", "its arguments", ", ".join(kwargs))
    if rankdir not in _DIRECTIONS:
        raise bad_argument("rankdir", ", ".join(_DIRECTIONS), rankdir)
    if not model.built:
        raise InvalidStateError(
            f"the model '{model.name}' is not built: build it, or fit it on data, before it is drawn"
        )
    drawing = _Drawing(show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable)
    drawing.add(model, "")
    kind = f"subgraph {_quoted('cluster_' + model.name)}" if subgraph else "digraph G"
    settings = f'rankdir={rankdir}; concentrate=true; node [shape=plaintext, fontname="Helvetica"];'
    resolution = "" if dpi is None else f" dpi={int(dpi)};"
    return Dot([f"{kind} {{", f"  {settings}{resolution}", *drawing.lines, "}"])


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | None = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    **kwargs: Any,
) -> Dot:
    """Draws a model into a file; arguments as `model_to_dot`. Its ending says the format; ".dot" needs no Graphviz."""
    drawing = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        **kwargs,
    )
    drawing.write(to_file)
    return drawing


def connections(model: Model) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """A model's layers in the order of the data, and pairs of those between which data goes."""
    operations: list[Any] = []
    edges: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    # Depth first and without recursion: a model may be deeper than Python's stack.
    stack: list[tuple[Any, bool]] = [(tensor._operation._nodes[tensor._node_index], False) for tensor in model.outputs]
    stack.reverse()
    while stack:
        node, is_done = stack.pop()
        if is_done:
            if all(node.operation is not known for known in operations):
                operations.append(node.operation)
            for tensor in node.inputs:
                edge = (tensor._operation, node.operation)
                if all(edge[0] is not known[0] or edge[1] is not known[1] for known in edges):
                    edges.append(edge)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.append((node, True))
        stack += [
            (tensor._operation._nodes[tensor._node_index], False)
            for tensor in reversed(node.inputs)
            if tensor._operation is not node.operation
        ]
    return operations, edges


class _Drawing:
    def __init__(
        self, shapes: bool, dtypes: bool, names: bool, nested: bool, activations: bool, trainable: bool
    ) -> None:
        self.lines: list[str] = []
        self._shapes = shapes
        self._dtypes = dtypes
        self._names = names
        self._nested = nested
        self._activations = activations
        self._trainable = trainable

    def add(self, model: Model, prefix: str) -> tuple[list[str], list[str]]:
        """Adds a model's layers; the names of those where data enters and leaves."""
        operations, edges = connections(model)
        ends: dict[int, tuple[list[str], list[str]]] = {}
        for operation in operations:
            name = f"{prefix}{operation.name}"
            if self._nested and hasattr(operation, "layers"):
                self.lines.append(f"  subgraph {_quoted('cluster_' + name)} {{ label={_quoted(operation.name)};")
                ends[id(operation)] = self.add(operation, f"{name}/")
                self.lines.append("  }")
            else:
                self.lines.append(f"  {_quoted(name)} [label=<{self._label(operation)}>];")
                ends[id(operation)] = ([name], [name])
        for source, target in edges:
            for left in ends[id(source)][1]:
                for right in ends[id(target)][0]:
                    self.lines.append(f"  {_quoted(left)} -> {_quoted(right)};")
        first = [end for tensor in model.inputs for end in ends.get(id(tensor._operation), ((), ()))[0]]
        last = [end for tensor in model.outputs for end in ends.get(id(tensor._operation), ((), ()))[1]]
        return first, last

    def _label(self, operation: Any) -> str:
        kind = type(operation).__name__
        title = f"{_escaped(operation.name)} (<b>{_escaped(kind)}</b>)" if self._names else f"<b>{_escaped(kind)}</b>"
        rows = [title]
        activation = getattr(operation, "activation", None)
        if self._activations and activation is not None:
            name = activation if isinstance(activation, str) else getattr(activation, "__name__", str(activation))
            rows.append(f"Activation: <b>{_escaped(name)}</b>")
        node = operation._nodes[0]
        for word, tensors in (("Input", node.inputs), ("Output", node.outputs)):
            if self._shapes and tensors:
                rows.append(f"{word} shape: <b>{_escaped(', '.join(str(tensor.shape) for tensor in tensors))}</b>")
        if self._dtypes and node.outputs:
            rows.append(f"Output dtype: <b>{_escaped(', '.join(str(tensor.dtype) for tensor in node.outputs))}</b>")
        if self._trainable and hasattr(operation, "trainable"):
            rows.append(f"Trainable: <b>{bool(operation.trainable)}</b>")
        cells = "".join(f'<tr><td bgcolor="{"black" if place == 0 else "white"}">{_coloured(row, place)}</td></tr>'
                        for place, row in enumerate(rows))  # fmt: skip
        return f'<table border="0" cellborder="1" cellspacing="0" cellpadding="8">{cells}</table>'


def _coloured(row: str, place: int) -> str:
    return f'<font color="white">{row}</font>' if place == 0 else row


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
