"""Layers around layers: Bidirectional, TimeDistributed and SpectralNormalization."""

from __future__ import annotations

from typing import Any, Self

from ...errors import bad_argument, refuse_unless_default
from ..saving import deserialize_keras_object, public, serialize_keras_object
from .layer import Layer
from .recurrent import _Sequence


@public("keras.layers")
class Bidirectional(Layer):
    """A recurrent layer, and another one that goes the other way; their outputs are merged.

    Args:
        layer: SimpleRNN, LSTM, GRU or RNN. The wrapper makes copies of its own.
        merge_mode: "concat", "sum", "mul", "ave", or None for two outputs.
        weights: Not supported by this version.
        backward_layer: The other layer, by default a copy of the first.
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: None = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        for argument, value in (("layer", layer), ("backward_layer", backward_layer)):
            if not isinstance(value, _Sequence) and (argument == "layer" or value is not None):
                raise bad_argument(argument, "SimpleRNN, LSTM, GRU or RNN", value)
        refuse_unless_default(
            "Bidirectional", {"weights": "use set_weights once the model is built"}, weights=(weights, None)
        )
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        self.forward_layer = _copy(layer, "forward_")
        if backward_layer is None:
            self.backward_layer = _copy(layer, "backward_", go_backwards=True)
        else:
            self.backward_layer = backward_layer
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.stateful = self.forward_layer.stateful
        self._judge("Bidirectional")
        for each in (self.forward_layer, self.backward_layer):
            each.zero_output_for_mask = each.return_sequences

    def reset_state(self) -> None:
        """Lets the next batch begin with states of 0.

        Raises:
            AttributeError: The layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError("Layer must be stateful.")
        self._reset_states()

    def reset_states(self) -> None:
        """As `reset_state`."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        layer = deserialize_keras_object(config.pop("layer", {}))
        other = config.pop("backward_layer", None)
        return cls(layer, backward_layer=None if other is None else deserialize_keras_object(other), **config)


@public("keras.layers")
class TimeDistributed(Layer):
    """A layer applied to every time step: (batch, time, ...) becomes (batch, time, ...).

    Args:
        layer: A layer with one input and one output.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise bad_argument("layer", "a layer", layer)
        super().__init__(**kwargs)
        self.layer = layer
        self._judge("TimeDistributed")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("layer", {})), **config)


@public("keras.layers")
class SpectralNormalization(Layer):
    """A layer whose kernel, or whose embeddings, are divided by their largest singular value in training.

    As in Keras on JAX, predictions use the kernel as it is, and the weights are those before the division.

    Args:
        layer: Dense, a convolution, Embedding or another layer with a kernel, without regularizers.
        power_iterations: Rounds in which each step improves the estimate of the singular value.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise bad_argument("layer", "a layer", layer)
        super().__init__(**kwargs)
        self.layer = layer
        self.power_iterations = power_iterations
        self._judge("SpectralNormalization")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "layer": serialize_keras_object(self.layer),
            "power_iterations": self.power_iterations,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("layer", {})), **config)


def _copy(layer: Any, prefix: str, **changes: Any) -> Any:
    config = serialize_keras_object(layer)
    name = f"{prefix}{layer.name.removeprefix(prefix)}"
    config["config"] = {**config["config"], **changes, "name": name}
    return deserialize_keras_object(config)
