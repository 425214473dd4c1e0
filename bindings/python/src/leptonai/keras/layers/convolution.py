"""Convolution over one, two or three spatial axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import bad_argument, refuse_unless_default
from .. import activations, initializers
from ..saving import public
from .windows import SpatialLayer, data_format_of, extents, whole

if TYPE_CHECKING:
    from ..models.variable import Variable


class _Convolving(SpatialLayer):
    """What all convolutions have.

    Args:
        kernel_size: Extents of the window.
        strides: How far the window moves from one output to the next.
        padding: "valid" or "same", and in Conv1D "causal".
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the elements of the window.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(padding, str):
            raise bad_argument("padding", '"valid" or "same"', padding)
        self.kernel_size = extents("kernel_size", kernel_size, self.rank)
        self.strides = extents("strides", strides, self.rank)
        self.dilation_rate = extents("dilation_rate", dilation_rate, self.rank)
        self.padding = padding.lower()
        self.data_format = data_format_of(data_format)
        self.activation = activations.name_of(activation)
        self.use_bias = bool(use_bias)

    @property
    def bias(self) -> Variable | None:
        """The weights that are added, one for each filter; None without `use_bias`, and before the model is built."""
        return self._own("bias") if self.use_bias and self.built else None

    def _window_config(self) -> dict[str, Any]:
        return {
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": self.activation,
            "use_bias": self.use_bias,
        }


class _Convolution(_Convolving):
    _ruled_weights = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        **kwargs: Any,
    ) -> None:
        refuse_unless_default(
            type(self).__name__,
            {},
            lora_rank=(lora_rank, None),
            lora_alpha=(lora_alpha, None),
        )
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.filters = whole("filters", filters)
        self.groups = whole("groups", groups)
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge_config()

    @property
    def kernel(self) -> Variable:
        """The weights, of shape (*kernel_size, channels // groups, filters).

        Raises:
            AttributeError: The layer is not part of a model that is built.
        """
        return self._own("kernel")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "groups": self.groups,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }


@public("keras.layers")
class Conv1D(_Convolution):
    """activation(convolution of (batch, steps, channels) + bias).

    Args:
        filters: Channels of the output.
        kernel_size: Steps under the window.
        strides: How far the window moves from one output to the next.
        padding: "valid", "same" or "causal".
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the steps under the window.
        groups: Channels are convolved in so many groups.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial weights.

    Other arguments are Keras's and not supported by this version.
    """

    rank = 1


@public("keras.layers")
class Conv2D(_Convolution):
    """activation(convolution of (batch, rows, columns, channels) + bias). Arguments as of Conv1D, without "causal"."""

    rank = 2


@public("keras.layers")
class Conv3D(_Convolution):
    """The same over (batch, depth, rows, columns, channels)."""

    rank = 3


class _Transposed(_Convolving):
    _ruled_weights = ("kernel", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.filters = whole("filters", filters)
        self.output_padding = (
            None if output_padding is None else extents("output_padding", output_padding, self.rank, least=0)
        )
        self.kernel_initializer = initializers.config_of(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge_config()

    @property
    def kernel(self) -> Variable:
        """The weights, of shape (*kernel_size, filters, channels).

        Raises:
            AttributeError: The layer is not part of a model that is built.
        """
        return self._own("kernel")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "output_padding": self.output_padding,
            "kernel_initializer": self.kernel_initializer,
            "bias_initializer": self.bias_initializer,
        }


@public("keras.layers")
class Conv1DTranspose(_Transposed):
    """The gradient of a convolution as a layer: makes (batch, steps, channels) longer where strides are above 1.

    Args:
        filters: Channels of the output.
        kernel_size: Steps under the window.
        strides: How far the window moves in the output from one input to the next.
        padding: "valid" or "same".
        output_padding: How much longer the output is than the shortest one; less than the stride.
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the steps under the window.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
        kernel_initializer, bias_initializer: Initial weights.

    Other arguments are Keras's and not supported by this version.
    """

    rank = 1


@public("keras.layers")
class Conv2DTranspose(_Transposed):
    """The same over (batch, rows, columns, channels)."""

    rank = 2


@public("keras.layers")
class Conv3DTranspose(_Transposed):
    """The same over (batch, depth, rows, columns, channels)."""

    rank = 3


class _Depthwise(_Convolving):
    _ruled_weights = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            depthwise_regularizer=depthwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = whole("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.config_of(depthwise_initializer, "depthwise_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge_config()

    @property
    def kernel(self) -> Variable:
        """The weights, of shape (*kernel_size, channels, depth_multiplier).

        Raises:
            AttributeError: The layer is not part of a model that is built.
        """
        return self._own("kernel")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            **self._window_config(),
            "depthwise_initializer": self.depthwise_initializer,
            "bias_initializer": self.bias_initializer,
        }


@public("keras.layers")
class DepthwiseConv1D(_Depthwise):
    """Each channel of (batch, steps, channels) convolved with kernels of its own.

    Args:
        kernel_size: Steps under the window.
        strides: How far the window moves from one output to the next.
        padding: "valid" or "same".
        depth_multiplier: Kernels, and channels of the output, for each channel.
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the steps under the window.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
        depthwise_initializer, bias_initializer: Initial weights.

    Other arguments are Keras's and not supported by this version.
    """

    rank = 1


@public("keras.layers")
class DepthwiseConv2D(_Depthwise):
    """The same over (batch, rows, columns, channels)."""

    rank = 2


class _Separable(_Convolving):
    _ruled_weights = ("depthwise", "pointwise", "bias")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            depthwise_regularizer=depthwise_regularizer,
            pointwise_regularizer=pointwise_regularizer,
            bias_regularizer=bias_regularizer,
            depthwise_constraint=depthwise_constraint,
            pointwise_constraint=pointwise_constraint,
            bias_constraint=bias_constraint,
            **kwargs,
        )
        self.filters = whole("filters", filters)
        self.depth_multiplier = whole("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.config_of(depthwise_initializer, "depthwise_initializer")
        self.pointwise_initializer = initializers.config_of(pointwise_initializer, "pointwise_initializer")
        self.bias_initializer = initializers.config_of(bias_initializer, "bias_initializer")
        self._judge_config()

    @property
    def depthwise_kernel(self) -> Variable:
        """The weights of each channel's own convolution, of shape (*kernel_size, channels, depth_multiplier)."""
        return self._own("depthwise_kernel")

    @property
    def pointwise_kernel(self) -> Variable:
        """The weights that mix the channels, of shape (1, ..., channels * depth_multiplier, filters)."""
        return self._own("pointwise_kernel")

    def get_config(self) -> dict[str, Any]:
        return {
            "activity_regularizer": None,
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "filters": self.filters,
            **self._window_config(),
            "depthwise_initializer": self.depthwise_initializer,
            "pointwise_initializer": self.pointwise_initializer,
            "bias_initializer": self.bias_initializer,
        }


@public("keras.layers")
class SeparableConv1D(_Separable):
    """A depthwise convolution of (batch, steps, channels), and one with a window of one step that mixes the channels.

    Args:
        filters: Channels of the output.
        kernel_size: Steps under the window.
        strides: How far the window moves from one output to the next.
        padding: "valid" or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the steps under the window.
        depth_multiplier: Channels that the depthwise part makes of each.
        activation: A name or function of keras.activations; None is linear.
        use_bias: Whether a bias is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: Initial weights.

    Other arguments are Keras's and not supported by this version.
    """

    rank = 1


@public("keras.layers")
class SeparableConv2D(_Separable):
    """The same over (batch, rows, columns, channels)."""

    rank = 2
