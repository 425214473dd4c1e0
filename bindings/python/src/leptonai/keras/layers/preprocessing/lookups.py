"""StringLookup and IntegerLookup."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from ....errors import InvalidArgumentError, bad_argument, refuse_unless_default
from ...graph import is_symbolic
from ...saving import public
from ...trainers.arrays import to_array
from .adapting import Preprocessing, batches
from .numbers import _SPARSE, _called, plain


class Lookup(Preprocessing):
    """What layers with a vocabulary have in common."""

    _integer_mode = "int"
    output_mode: str
    mask_token: Any
    oov_token: Any
    num_oov_indices = 1
    invert = False

    def _begin(self, vocabulary: Any, idf_weights: Any, is_static: bool | None) -> None:
        """Notes the vocabulary that the layer was made with, and has the arguments judged.

        Args:
            is_static: Whether the vocabulary is one that `adapt` must not change; None when that is not said.
        """
        self._has_input_vocabulary = vocabulary is not None if is_static is None else is_static
        self._given: list[Any] | None = None
        self._idf: list[float] | None = None
        if vocabulary is None and idf_weights is not None:
            raise bad_argument("idf_weights", "nothing without a vocabulary", idf_weights)
        if vocabulary is None:
            self._judge(type(self).__name__)
        else:
            self._take(vocabulary, idf_weights)

    def _terms(self, vocabulary: Any) -> list[Any]:
        if isinstance(vocabulary, str):
            if self.output_mode == "tf_idf":
                raise bad_argument("vocabulary", "a list of terms in output mode 'tf_idf'", vocabulary)
            if not Path(vocabulary).is_file():
                raise bad_argument("vocabulary", "a list of terms or the path of a file", vocabulary)
            lines = Path(vocabulary).read_text(encoding="utf-8").split("\n")
            return [self._term(line) for line in (lines[:-1] if lines[-1] == "" else lines)]
        return [self._term(term) for term in np.asarray(vocabulary, dtype=object).ravel().tolist()]

    def _term(self, term: Any) -> Any:
        if isinstance(term, bytes):
            return term.decode("utf-8")
        return plain(term)

    def _take(self, vocabulary: Any, idf_weights: Any) -> None:
        idf = None if idf_weights is None else [float(weight) for weight in np.ravel(idf_weights)]
        self._change(_given=self._terms(vocabulary), _idf=idf)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the terms, instead of finding them with `adapt`.

        Args:
            vocabulary: Terms, or the path of a file with one a line; special terms may stand at the beginning.
            idf_weights: One for each, in output mode "tf_idf".

        Raises:
            ValueError: No term, one that is there twice, more than `max_tokens`.
        """
        self._take(vocabulary, idf_weights)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds the terms: the most frequent first.

        Args:
            data: An array or list, or an iterable of arrays.
            steps: How many arrays of an iterable to take.

        Raises:
            ValueError: The layer was made with a vocabulary.
        """
        if self._has_input_vocabulary:
            raise InvalidArgumentError(
                f"Cannot adapt layer '{self.name}' after setting a static vocabulary via `vocabulary` argument or "
                "`set_vocabulary()` method."
            )
        # A part of several that has no rows of its own is one document.
        parts = (
            array[np.newaxis] if is_part and array.ndim == 1 and self._documents_are_rows else np.atleast_1d(array)
            for array, is_part in batches(data, lists_are_batches=False, steps=steps)
        )
        config = self._adapted(parts)
        self._change(_given=config["vocabulary"], _idf=config["idf_weights"])

    @property
    def _documents_are_rows(self) -> bool:
        """Whether the terms of a row stand beside each other in the data, rather than in one text."""
        return True

    def _unadapted(self) -> Lookup:
        config = {**self.get_config(), "vocabulary": None, "idf_weights": None}
        return type(self).from_config(config)

    @property
    def _specials(self) -> list[Any]:
        masks = [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []
        return masks + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The terms, in the order of their indices.

        Args:
            include_special_tokens: Whether masks and places of unknown terms are among them.
        """
        given = list(self._given or ())
        specials = self._specials
        if specials and given[: len(specials)] == specials:
            given = given[len(specials) :]
        return specials + given if include_special_tokens else given

    def vocabulary_size(self) -> int:
        """Number of terms, special ones included."""
        return len(self.get_vocabulary())

    def _vocabulary_config(self) -> dict[str, Any]:
        is_known = self.output_mode != "int" or self._given is not None
        return {
            "idf_weights": self._idf,
            "vocabulary": self._given,
            "vocabulary_size": self.vocabulary_size() if is_known and self._given is not None else None,
        }

    def _lookup_config(self) -> dict[str, Any]:
        layer: Any = self
        return {
            "invert": layer.invert,
            "max_tokens": layer.max_tokens,
            "num_oov_indices": layer.num_oov_indices,
            "oov_token": layer.oov_token,
            "mask_token": layer.mask_token,
            "output_mode": layer.output_mode,
            "sparse": False,
            "pad_to_max_tokens": layer.pad_to_max_tokens,
            **self._vocabulary_config(),
            "oov_method": layer.oov_method,
            "salt": layer.salt,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described; a vocabulary in a file is not read.

        Raises:
            ValueError: The path of a file as the vocabulary.
        """
        if isinstance(config.get("vocabulary"), str):
            raise bad_argument("vocabulary", "a list of terms: files that a config names are not read", "a path")
        return cls(**config)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Layer`; with `invert`, terms come out.

        Raises:
            InvalidStateError: There is no vocabulary, and `output_mode` needs its size.
        """
        if len(args) == 1 and not is_symbolic(args) and self.invert:
            return self._inverted(to_array("inputs", args[0]))
        return _called(self, super().__call__, args, kwargs)

    def _inverted(self, indices: Any) -> Any:
        terms = self.get_vocabulary()
        is_known = (indices >= 0) & (indices < len(terms))
        table = np.array([*terms, self.oov_token], dtype=object if isinstance(self.oov_token, str) else np.int64)
        return table[np.where(is_known, indices, len(terms)).astype(np.int64)]


def _taken(kwargs: dict[str, Any]) -> bool | None:
    """Takes out what configs have beside the arguments; what they say of the vocabulary."""
    for ignored in ("dtype", "vocabulary_size"):
        kwargs.pop(ignored, None)
    is_static: bool | None = kwargs.pop("has_input_vocabulary", None)
    return is_static


def _settings(layer: Any, output_mode: str, max_tokens: int | None, pad_to_max_tokens: bool) -> None:
    layer.output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
    layer.max_tokens = max_tokens
    layer.pad_to_max_tokens = bool(pad_to_max_tokens)


@public("keras.layers")
class StringLookup(Lookup):
    """Words as indices of a vocabulary.

    Args:
        max_tokens: The most terms, special ones included.
        num_oov_indices: Places for unknown words; with several a hash chooses, with 0 they are an error.
        mask_token: The word of index 0, if there is such a word.
        oov_token: What an unknown index gives with `invert`.
        vocabulary: Terms, or the path of a file with one a line; without it `adapt` finds them.
        idf_weights: One for each term, in output mode "tf_idf".
        invert: Whether indices become words; on arrays only.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: Whether vectors are as long as `max_tokens`.
        encoding: "utf-8".
        salt: For the hash of unknown words.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        oov_method: str = "floormod",
        **kwargs: Any,
    ) -> None:
        refuse_unless_default("StringLookup", _SPARSE, sparse=(bool(sparse), False))
        is_static = _taken(kwargs)
        super().__init__(name=name, **kwargs)
        _settings(self, output_mode, max_tokens, pad_to_max_tokens)
        self.num_oov_indices = num_oov_indices
        self.mask_token = plain(mask_token)
        self.oov_token = plain(oov_token)
        self.invert = bool(invert)
        self.encoding = encoding
        self.oov_method = oov_method
        self.salt = [salt, salt] if isinstance(salt, int) else plain(salt)
        self._begin(vocabulary, idf_weights, is_static)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._lookup_config(), "encoding": self.encoding}


@public("keras.layers")
class IntegerLookup(Lookup):
    """Whole numbers as indices of a vocabulary. Arguments as StringLookup.

    Args:
        oov_method: How several places for unknown numbers are chosen: "floormod" or "farmhash".
        salt: For the latter.
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default("IntegerLookup", _SPARSE, sparse=(bool(sparse), False))
        is_static = _taken(kwargs)
        if vocabulary_dtype != "int64":
            raise bad_argument("vocabulary_dtype", "'int64'", vocabulary_dtype)
        super().__init__(name=name, **kwargs)
        _settings(self, output_mode, max_tokens, pad_to_max_tokens)
        self.num_oov_indices = num_oov_indices
        self.mask_token = plain(mask_token)
        self.oov_token = plain(oov_token)
        self.vocabulary_dtype = vocabulary_dtype
        self.invert = bool(invert)
        self.oov_method = oov_method
        self.salt = [salt, salt] if isinstance(salt, int) else plain(salt)
        self._begin(vocabulary, idf_weights, is_static)

    def _term(self, term: Any) -> Any:
        if isinstance(term, str):
            try:
                return int(term)
            except ValueError:
                raise bad_argument("vocabulary", "whole numbers", term) from None
        return plain(term)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._lookup_config(), "vocabulary_dtype": self.vocabulary_dtype}
