"""Attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument, refuse_unless_default
from .. import initializers
from .._names import automatic_name
from ..saving import public
from .layer import Layer


@public("keras.layers")
class Attention(Layer):
    """Dot-product attention, called on a list [query, value] or [query, value, key].

    Args:
        use_scale: Whether the scores are multiplied by a trained number.
        score_mode: "dot", or "concat" for a trained number times the sum of tanh(query + key).
        dropout: Which part of the weights is dropped in training.
        seed: Makes the dropout reproducible.

    Calls take `use_causal_mask` and `return_attention_scores`.
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        self._judge(type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }


@public("keras.layers")
class AdditiveAttention(Attention):
    """Additive attention, called as `Attention`: scores are sums of tanh(query + key).

    Args:
        use_scale: Whether each element of the sums is multiplied by a trained number.
        dropout, seed: As in `Attention`.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["score_mode"]
        return config


def _count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise bad_argument(name, "a positive integer", value)
    return value


@public("keras.layers")
class MultiHeadAttention(Layer):
    """Multi-head attention, called with query, value and, by keyword, key.

    Args:
        num_heads: Number of heads.
        key_dim: Extent of each head of query and key.
        value_dim: Extent of each head of the value; None takes `key_dim`.
        dropout: Which part of the weights is dropped in training.
        use_bias: Whether the projections add a bias.
        output_shape: Extents that take the place of the query's last axis; None keeps it.
        attention_axes: Axes that are attended over; None for all between the batch and the last.
        kernel_initializer, bias_initializer: Initial weights.
        seed: Makes the dropout reproducible.

    Calls take `attention_mask`, of shape (batch, T, S), `use_causal_mask` and `return_attention_scores`. Other
    arguments are Keras's and not supported by this version.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default(
            "MultiHeadAttention",
            {
                "sliding_window": "give an attention_mask to the call",
                "use_gate": "multiply by a Dense layer with a sigmoid",
            },
            sliding_window=(sliding_window, None),
            use_gate=(use_gate, False),
            kernel_regularizer=(kernel_regularizer, None),
            bias_regularizer=(bias_regularizer, None),
            kernel_constraint=(kernel_constraint, None),
            bias_constraint=(bias_constraint, None),
        )
        self._num_heads = _count("num_heads", num_heads)
        self._key_dim = _count("key_dim", key_dim)
        self._value_dim = self._key_dim if value_dim is None else _count("value_dim", value_dim)
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._dropout = dropout
        self._use_bias = bool(use_bias)
        self._output_shape = [output_shape] if isinstance(output_shape, int) else output_shape
        self._attention_axes = [attention_axes] if isinstance(attention_axes, int) else attention_axes
        self._flash_attention = bool(flash_attention)
        if self._flash_attention and dropout > 0:
            raise bad_argument("dropout", "0 with flash_attention", dropout)
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self.seed = seed
        self._judge("MultiHeadAttention")

    @property
    def num_heads(self) -> int:
        """Number of heads."""
        return self._num_heads

    @property
    def key_dim(self) -> int:
        """Extent of each head of query and key."""
        return self._key_dim

    @property
    def value_dim(self) -> int:
        """Extent of each head of the value."""
        return self._value_dim

    @property
    def dropout(self) -> float:
        """Which part of the weights is dropped in training."""
        return self._dropout

    @property
    def use_bias(self) -> bool:
        """Whether the projections add a bias."""
        return self._use_bias

    @property
    def attention_axes(self) -> Sequence[int] | None:
        """Axes that are attended over, or None for all."""
        return self._attention_axes

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "dropout": self._dropout,
            "use_bias": self._use_bias,
            "use_gate": False,
            "output_shape": None if self._output_shape is None else list(self._output_shape),
            "attention_axes": None if self._attention_axes is None else list(self._attention_axes),
            "sliding_window": None,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "activity_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
            "seed": self.seed,
        }


@public("keras.layers")
class GroupQueryAttention(Layer):
    """Attention in which several heads of the query share one of key and value, called as `MultiHeadAttention`.

    Args:
        head_dim: Extent of each head.
        num_query_heads: Heads of the query.
        num_key_value_heads: Heads of key and value; divides `num_query_heads`.
        dropout: Which part of the weights is dropped in training.
        use_bias: Whether the projections add a bias.
        sliding_window: How far from its own position a query looks, this included; None for any distance.
        flash_attention: Accepted; it changes nothing here.
        kernel_initializer, bias_initializer: Initial weights.
        kernel_regularizer, bias_regularizer: Penalties of keras.regularizers on the weights.
        activity_regularizer: A penalty on the outputs.
        kernel_constraint, bias_constraint: What keras.constraints makes the weights obey.
        use_gate: Whether the result is multiplied by a sigmoid of another projection of the query.
        seed: Makes the dropout reproducible.
    """

    _ruled_weights = ("kernel", "bias")

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if flash_attention and dropout > 0:
            raise bad_argument("dropout", "0 with flash_attention", dropout)
        if kwargs.get("name") is None:
            # Keras's own name of the class.
            kwargs["name"] = automatic_name("GroupedQueryAttention")
        super().__init__(
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.head_dim = _count("head_dim", head_dim)
        self.num_query_heads = _count("num_query_heads", num_query_heads)
        self.num_key_value_heads = _count("num_key_value_heads", num_key_value_heads)
        self.dropout = dropout
        self.use_bias = bool(use_bias)
        self.use_gate = bool(use_gate)
        self.sliding_window = None if sliding_window is None else _count("sliding_window", sliding_window)
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self.seed = seed
        self._judge("GroupQueryAttention")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "sliding_window": self.sliding_window,
            "dropout": self.dropout,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "seed": self.seed,
        }
