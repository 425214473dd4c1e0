"""InputLayer and Dense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import bad_argument, refuse_unless_default
from .. import activations, initializers
from ..graph import KerasTensor, Node
from ..saving import public
from .layer import Layer, standardize_shape

if TYPE_CHECKING:
    from ..models.variable import Variable


@public("keras.layers")
class InputLayer(Layer):
    """Says what a model takes.

    Args:
        shape: Extents of one sample.
        batch_size: A fixed number of rows, or None for any.
        dtype: "string" for text, which StringLookup, Hashing and TextVectorization take; by default "float32". Another
            one says what the data is like.
        batch_shape: `(batch_size, *shape)`, instead of the two.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        refuse_unless_default(
            "Input",
            {"sparse": "give dense arrays", "ragged": "pad the rows to one length"},
            sparse=(bool(sparse), False),
            ragged=(bool(ragged), False),
            input_tensor=(input_tensor, None),
            optional=(optional, False),
        )
        if (shape is None) == (batch_shape is None) or (batch_shape is not None and batch_size is not None):
            raise bad_argument(
                "shape",
                "either shape (and batch_size) or batch_shape",
                f"shape={shape}, batch_size={batch_size}, batch_shape={batch_shape}",
            )
        super().__init__(name=name, **kwargs)
        self._dtype = _element_type(dtype)
        if batch_shape is not None:
            self.batch_shape = standardize_shape("batch_shape", batch_shape)
        else:
            self.batch_shape = (batch_size, *standardize_shape("shape", shape))

    @property
    def output(self) -> KerasTensor:
        """The symbolic tensor of this input."""
        if not self._nodes:
            self._add_node(Node(self, (), {}), [[None, *self.batch_shape[1:]]])
            self._nodes[0].outputs[0].dtype = self._dtype
            if self.batch_shape[0] is not None:
                self._nodes[0].outputs[0].fix_batch(self.batch_shape[0])
        return self._nodes[0].outputs[0]

    @property
    def dtype(self) -> str:
        """What the data is like."""
        return self._dtype

    @property
    def input(self) -> KerasTensor:
        """The same tensor: data enters here."""
        return self.output

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self._dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": False,
        }


def _element_type(dtype: Any) -> str:
    if dtype is None:
        return "float32"
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    if name == "str":
        return "string"
    if not isinstance(name, str):
        raise bad_argument("dtype", 'a name such as "float32" or "string"', dtype)
    return name


def Input(  # noqa: N802  Keras's name
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: None = None,
    optional: bool = False,
) -> KerasTensor:
    """What a model takes, as its first member: `Sequential([Input((4,)), Dense(1)])`. Arguments as InputLayer."""
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name).output


@public("keras.layers")
class Dense(Layer):
    """activation(inputs @ kernel + bias), on the last axis.

    Args:
        units: Outputs, at least 1.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial weights.
        kernel_regularizer, bias_regularizer: Penalties of keras.regularizers on the weights.
        activity_regularizer: A penalty on the outputs.
        kernel_constraint, bias_constraint: What keras.constraints makes the weights obey.

    Other arguments are Keras's and not supported by this version.
    """

    _ruled_weights = ("kernel", "bias")

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: None = None,
        lora_alpha: None = None,
        quantization_config: None = None,
        **kwargs: Any,
    ) -> None:
        if isinstance(units, bool) or not hasattr(units, "__index__") or units.__index__() <= 0:
            raise bad_argument("units", "a positive integer", units)
        refuse_unless_default(
            "Dense",
            {},
            lora_rank=(lora_rank, None),
            lora_alpha=(lora_alpha, None),
            quantization_config=(quantization_config, None),
        )
        super().__init__(
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.units = units.__index__()
        self.activation = activations.name_of(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge("Dense")

    @property
    def kernel(self) -> Variable:
        """The weights that inputs are multiplied with, of shape (inputs, units).

        Raises:
            AttributeError: The layer is not part of a model that is built.
        """
        return self._own("kernel")

    @property
    def bias(self) -> Variable | None:
        """The weights that are added, of shape (units,); None without `use_bias`, and before the model is built."""
        return self._own("bias") if self.use_bias and self.built else None

    def _own(self, name: str) -> Variable:
        for weight in self.weights:
            if weight.name == name:
                return weight
        raise AttributeError(f"the layer {self.name} has no {name} yet: add it to a model that knows its input")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": self.activation,
            "use_bias": self.use_bias,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
            "quantization_config": None,
        }
