"""What lookup layers have in Keras's files beside their config: vocabularies as text, and weights of terms.

Keras writes a vocabulary that a layer has learned to `assets/layers/string_lookup/vocabulary.txt`, one term a line and
the special ones first; one that it was made with is in its config. Ours are always in the config, which Keras reads as
well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._names import snake_case
from .tree import MODELS, kind_of, unique

if TYPE_CHECKING:
    from .archive import Archive

LOOKUPS = ("StringLookup", "IntegerLookup", "TextVectorization")


def _places(fields: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The lookup layers of a model's config: where each stands in a file, its class and its own config."""
    layers = fields.get("layers")
    if not isinstance(layers, list):
        return
    prefix = f"{path}/layers" if path else "layers"
    used: dict[str, int] = {}
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("class_name"), str):
            continue
        kind, own = kind_of(layer), layer.get("config")
        if not isinstance(own, dict):
            continue
        place = f"{prefix}/{unique(snake_case(kind), used)}"
        if kind in MODELS:
            yield from _places(own, place)
        elif kind in LOOKUPS:
            yield place, kind, own


def restore(config: dict[str, Any], archive: Archive) -> None:
    """Puts the vocabularies that Keras wrote beside the config into it.

    Raises:
        NotSupportedError: Files of other layers.
    """
    fields = config.get("config")
    read: set[str] = set()
    for place, kind, own in _places(fields if isinstance(fields, dict) else {}):
        names = (f"assets/{place}/vocabulary.txt", f"assets/{place}/_lookup_layer/vocabulary.txt")
        read.update(names)
        text = archive.text(names[0])
        if own.get("vocabulary") is not None or text is None:
            continue
        lines: list[Any] = text.split("\n")
        while lines and lines[-1] == "":
            lines.pop()
        if not lines:
            continue
        own["vocabulary"] = [_number(line) for line in lines] if kind == "IntegerLookup" else lines
        own["has_input_vocabulary"] = False
        if own.get("output_mode") == "tf_idf":
            own["idf_weights"] = archive.numbers(f"{place}/vars/idf_weights")[: len(lines)]
    archive.refuse_assets(read)


def _number(line: str) -> Any:
    try:
        return int(line)
    except ValueError:
        return line


def idf_weights(kind: str, fields: Mapping[str, Any]) -> list[float] | None:
    """What Keras keeps as a variable of a layer in output mode "tf_idf": a weight for each place of the output."""
    given = fields.get("idf_weights")
    if kind not in LOOKUPS or fields.get("output_mode") != "tf_idf" or not given:
        return None
    oov = [fields.get("oov_token", "[UNK]")] * fields.get("num_oov_indices", 1)
    front = 0 if fields["vocabulary"][: len(oov)] == oov else len(oov)
    weights = [sum(given) / len(given)] * front + list(given)
    size = fields["max_tokens"] if fields.get("pad_to_max_tokens") else len(weights)
    return weights + [0.0] * (size - len(weights))
