"""TextVectorization."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ....errors import NotSupportedError, refuse_unless_default
from ...graph import is_symbolic
from ...saving import public
from .adapting import to_data
from .lookups import Lookup, _settings, _taken
from .numbers import _SPARSE, plain

_LOWER = "lower_and_strip_punctuation"


@public("keras.layers")
class TextVectorization(Lookup):
    """Text as the indices of its words, or as one vector over the vocabulary.

    Args:
        max_tokens: The most terms, special ones included.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" or None.
        split: "whitespace", "character" or None.
        ngrams: Runs of up to so many words are terms too; a tuple names the lengths.
        output_mode: "int", "multi_hot", "count" or "tf_idf".
        output_sequence_length: To which rows of indices are cut or filled up with 0; a model needs it.
        pad_to_max_tokens, vocabulary, idf_weights, encoding: As StringLookup.
    """

    mask_token = ""
    oov_token = "[UNK]"

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = _LOWER,
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default(
            "TextVectorization",
            {**_SPARSE, "ragged": "results are dense arrays"},
            sparse=(bool(sparse), False),
            ragged=(bool(ragged), False),
        )
        for argument, value in (("standardize", standardize), ("split", split)):
            if callable(value):
                raise NotSupportedError(
                    f"{argument}: functions are not supported; prepare the text before it is given, or use one of the "
                    "names",
                    argument=argument,
                )
        is_static = _taken(kwargs)
        super().__init__(name=name, **kwargs)
        _settings(self, output_mode, max_tokens, pad_to_max_tokens)
        self._standardize = standardize
        self._split = split
        self._ngrams = tuple(ngrams) if isinstance(ngrams, list | tuple) else ngrams
        self._output_sequence_length = output_sequence_length
        self._encoding = encoding
        self._bounded: dict[int, TextVectorization] = {}
        self._begin(vocabulary, idf_weights, is_static)

    @property
    def _documents_are_rows(self) -> bool:
        return self._split is None

    def _changed(self) -> None:
        self._bounded = {}
        super()._changed()

    def get_config(self) -> dict[str, Any]:
        layer: Any = self
        return {
            **super().get_config(),
            "max_tokens": layer.max_tokens,
            "standardize": self._standardize,
            "split": self._split,
            "ngrams": plain(self._ngrams),
            "output_mode": self.output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": layer.pad_to_max_tokens,
            "sparse": False,
            "ragged": False,
            **self._vocabulary_config(),
            "encoding": self._encoding,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described."""
        ngrams = config.get("ngrams")
        return super().from_config({**config, "ngrams": tuple(ngrams) if isinstance(ngrams, list) else ngrams})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Layer`; on arrays, rows of indices without a length of their own are as long as the longest."""
        if len(args) != 1 or is_symbolic(args):
            return super().__call__(*args, **kwargs)
        array = to_data("inputs", args[0])
        if array.ndim == 0:
            return self(array.reshape(1), **kwargs)[0]
        if self._split is None and array.ndim == 1:
            array = array[:, np.newaxis]
        if self.output_mode != "int" or self._split is None or self._output_sequence_length is not None:
            return super(Lookup, self).__call__(array, **kwargs)
        return self._to_the_longest(array)

    def _to_the_longest(self, array: Any) -> Any:
        pieces = len if self._split == "character" else lambda text: len(text.split())
        most = max((pieces(text) for text in array.ravel()), default=0)
        widths = range(1, self._ngrams + 1) if isinstance(self._ngrams, int) else self._ngrams or (1,)
        longest = max(sum(max(most - width + 1, 0) for width in widths), 1)
        # A power of two, so that few lengths are made.
        bound = 1 << (longest - 1).bit_length()
        if bound not in self._bounded:
            self._bounded[bound] = type(self).from_config(
                {**self.get_config(), "output_sequence_length": bound, "name": f"{self.name}_{bound}"}
            )
        rows = self._bounded[bound](array)
        # No term has index 0, which fills up.
        used = np.flatnonzero(rows.any(axis=0))
        return rows[:, : used[-1] + 1 if used.size else 0]
