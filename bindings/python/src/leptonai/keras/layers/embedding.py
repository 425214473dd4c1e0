"""Vectors for whole numbers, and masks."""

from __future__ import annotations

import warnings
from typing import Any

from ...errors import bad_argument, refuse_unless_default
from .. import initializers, ops
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Embedding(Layer):
    """A learned vector for each whole number.

    Args:
        input_dim: How many numbers there are, 0 included; at most 2**24.
        output_dim: Length of a vector.
        embeddings_initializer: Initial vectors.
        embeddings_regularizer: A penalty of keras.regularizers on the vectors.
        embeddings_constraint: What keras.constraints makes them obey.
        mask_zero: Whether 0 stands for no value, which layers that know of masks pass over.

    Data with numbers that are not whole or have no vector is refused. Other arguments are Keras's and not supported by
    this version.
    """

    _ruled_weights = ("embeddings",)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: None = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() <= 0:
                raise bad_argument(name, "a positive integer", value)
        if kwargs.pop("input_length", None) is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=2)
        refuse_unless_default(
            "Embedding",
            {"weights": "set them with set_weights on the built model"},
            weights=(weights, None),
            lora_rank=(lora_rank, None),
            lora_alpha=(lora_alpha, None),
            quantization_config=(quantization_config, None),
        )
        super().__init__(
            embeddings_regularizer=embeddings_regularizer, embeddings_constraint=embeddings_constraint, **kwargs
        )
        self.input_dim = input_dim.__index__()
        self.output_dim = output_dim.__index__()
        self.embeddings_initializer = initializers.config_of(embeddings_initializer, "embeddings_initializer")
        self.mask_zero = bool(mask_zero)
        self._judge("Embedding")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Which of the numbers stand for a value: those other than 0, or None where 0 is one too."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": self.embeddings_initializer,
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }


@public("keras.layers")
class Masking(Layer):
    """Sets to 0 the time steps of which every element is a certain value, and lets later layers pass over them.

    Args:
        mask_value: The value.
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self._judge("Masking")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Which steps have an element of another value than `mask_value`."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}


@public("keras.layers")
class Identity(Layer):
    """Passes its input on."""
