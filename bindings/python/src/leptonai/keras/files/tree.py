"""Where each weight of a model stands in a `.weights.h5` file.

Keras names groups after the attributes that lead to a layer and, in lists of layers, after the layers' classes with a
number for the second and later of a class: `layers/dense_1/vars/0`, `layers/bidirectional/forward_layer/cell/vars/2`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._names import snake_case

MODELS = ("Sequential", "Functional", "Model")
_RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_PARTS = {
    "Bidirectional": ("forward_layer", "backward_layer"),
    "MultiHeadAttention": ("query_dense", "key_dense", "value_dense", "output_dense"),
    "GroupedQueryAttention": ("_query_dense", "_key_dense", "_value_dense", "_output_dense"),
}
# Files go by the names of Keras's classes, which for this one is not the name that users know.
_CLASSES = {"GroupQueryAttention": "GroupedQueryAttention"}


@dataclass(frozen=True)
class Group:
    """A group of the file with variables of its own.

    Attributes:
        path: The group that has the group "vars".
        name: The layer's name, which Keras writes beside it.
        weights: Indices into the model's weights, in the file's order.
        idf_weights: What a lookup layer has in the output mode "tf_idf".
    """

    path: str
    name: str
    weights: tuple[int, ...]
    idf_weights: tuple[float, ...] | None = None


def groups_of(config: Mapping[str, Any], paths: Sequence[str]) -> list[Group]:
    """The groups of a model.

    Args:
        config: The model's config, as the library gives it.
        paths: Of the model's weights, such as "dense/kernel".
    """
    weights = list(enumerate(paths))
    fields = config["config"]
    return [Group("", fields["name"], ()), *_layers(fields, "", weights)]


def _layers(fields: Mapping[str, Any], path: str, weights: list[tuple[int, str]]) -> Iterator[Group]:
    """The groups of a model's layers; `weights` are the model's, with their paths within it."""
    own: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for index, name in weights:
        layer, _, rest = name.partition("/")
        own[layer].append((index, rest))
    prefix = f"{path}/layers" if path else "layers"
    used: dict[str, int] = {}
    is_chain = "input_layers" not in fields
    for layer in fields["layers"]:
        kind, layer_fields = kind_of(layer), layer["config"]
        if is_chain and kind == "InputLayer":
            continue
        name = unique(snake_case(kind), used)
        yield from _groups(layer, f"{prefix}/{name}", own[layer_fields["name"]])


def kind_of(layer: Mapping[str, Any]) -> str:
    name: str = layer["class_name"]
    return _CLASSES.get(name, name)


def unique(name: str, used: dict[str, int]) -> str:
    count = used.get(name, 0)
    used[name] = count + 1
    return f"{name}_{count}" if count else name


def _groups(layer: Mapping[str, Any], path: str, weights: list[tuple[int, str]]) -> Iterator[Group]:
    """The groups of a layer and of the layers in it."""
    kind, fields = kind_of(layer), layer["config"]
    name = fields.get("name") or ""
    if kind in MODELS:
        yield Group(path, name, ())
        yield from _layers(fields, path, weights)
        return
    if kind == "TimeDistributed" and isinstance(fields.get("layer"), Mapping):
        yield Group(path, name, ())
        yield from _groups(fields["layer"], f"{path}/layer", _within(weights))
        return
    if kind == "SpectralNormalization" and isinstance(fields.get("layer"), Mapping):
        # The kernel stands in both groups.
        yield Group(path, name, tuple(index for index, _ in weights[:2]))
        yield from _groups(fields["layer"], f"{path}/layer", _within([*weights[:1], *weights[2:]]))
        return
    parts = _PARTS.get(kind)
    if parts is not None and fields.get("use_gate"):
        parts = (*parts[:2], "_gate_dense", *parts[2:])
    if kind in _RECURRENT:
        yield Group(path, name, ())
        cell = fields.get("cell")
        if isinstance(cell, Mapping) and cell["class_name"] == "StackedRNNCells":
            cells = [f"{path}/cell/cells/{each}" for each in _cell_names(cell)]
            yield Group(f"{path}/cell", cell["config"].get("name") or "", ())
            yield from _split(cells, weights)
        else:
            yield Group(f"{path}/cell", "", tuple(index for index, _ in weights))
        return
    if parts is not None:
        yield Group(path, name, ())
        ends = "/cell" if kind == "Bidirectional" else ""
        yield from _split([f"{path}/{part}{ends}" for part in parts], weights)
        return
    from .vocabularies import idf_weights

    idf = idf_weights(kind, fields)
    own = None if idf is None else tuple(idf)
    yield Group(path, name, tuple(index for index, _ in weights), own)
    if kind == "TextVectorization":
        # Keras has a StringLookup inside.
        yield Group(f"{path}/_lookup_layer", "", (), own)


def _within(weights: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The weights of a wrapper's only layer, named within it where the wrapper names it."""
    firsts = {name.partition("/")[0] for _, name in weights if "/" in name}
    if len(firsts) != 1 or not all("/" in name for _, name in weights):
        return weights
    return [(index, name.partition("/")[2]) for index, name in weights]


def _cell_names(cell: Mapping[str, Any]) -> list[str]:
    used: dict[str, int] = {}
    return [unique(snake_case(each["class_name"]), used) for each in cell["config"]["cells"]]


def _split(paths: list[str], weights: list[tuple[int, str]]) -> Iterator[Group]:
    """Deals weights out to as many groups: by what stands before their last name where that tells the groups apart,
    otherwise evenly."""
    by_parent: dict[str, list[int]] = defaultdict(list)
    for index, name in weights:
        by_parent[name.rpartition("/")[0]].append(index)
    parts = list(by_parent.values())
    if len(parts) != len(paths):
        every = [index for index, _ in weights]
        size = len(every) // len(paths)
        parts = [every[number * size : (number + 1) * size] for number in range(len(paths))]
    for path, part in zip(paths, parts, strict=True):
        yield Group(path, path.rpartition("/")[2], tuple(part))
