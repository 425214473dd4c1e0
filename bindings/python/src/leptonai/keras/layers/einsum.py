"""EinsumDense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import bad_argument, refuse_unless_default
from .. import activations, initializers
from ..saving import public
from .layer import Layer


@public("keras.layers")
class EinsumDense(Layer):
    """activation(einsum(equation, inputs, kernel) + bias).

    Args:
        equation: Such as "abc,cd->abd", the batch included; "..." stands for axes before or after the named ones.
        output_shape: Extents of the output without the batch and what "..." stands for; None takes the input's.
        activation: A name or function of keras.activations; None is linear.
        bias_axes: Output axes with a bias of their own, as letters of the equation; None for no bias.
        kernel_initializer, bias_initializer: Initial weights.
        kernel_regularizer, bias_regularizer: Penalties of keras.regularizers on the weights.
        kernel_constraint, bias_constraint: What keras.constraints makes them obey.

    Other arguments are Keras's and not supported by this version.
    """

    _ruled_weights = ("kernel", "bias")

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        gptq_unpacked_column_size: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default(
            "EinsumDense",
            {},
            lora_rank=(lora_rank, None),
            lora_alpha=(lora_alpha, None),
            gptq_unpacked_column_size=(gptq_unpacked_column_size, None),
            quantization_config=(quantization_config, None),
        )
        if not isinstance(equation, str):
            raise bad_argument("equation", "a text", equation)
        super().__init__(
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.bias_axes = bias_axes
        self.activation = activations.name_of(activation)
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge("EinsumDense")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "equation": self.equation,
            "output_shape": list(self.partial_output_shape),
            "activation": self.activation,
            "bias_axes": self.bias_axes,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "lora_rank": None,
            "lora_alpha": None,
            "gptq_unpacked_column_size": None,
            "quantization_config": None,
        }
