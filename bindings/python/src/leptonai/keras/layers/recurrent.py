"""SimpleRNN, LSTM, GRU, their cells, and RNN over cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from ...errors import bad_argument, refuse_unless_default
from .. import activations, initializers
from ..saving import deserialize_keras_object, public, serialize_keras_object
from .layer import Layer

_PARTS = ("kernel", "recurrent", "bias")


def _positive(argument: str, value: Any) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() <= 0:
        raise bad_argument(argument, "a positive integer", value)
    return int(value.__index__())


def _rate(argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise bad_argument(argument, "a number", value)
    # Keras clamps rates.
    return min(1.0, max(0.0, float(value)))


class _Cell:
    """What layers and cells of one kind share: the arguments of a cell."""

    units: int
    activation: str
    recurrent_activation: str
    use_bias: bool
    dropout: float
    recurrent_dropout: float
    seed: int | None
    implementation: int
    _fields: ClassVar[tuple[str, ...]] = ()

    def _set_cell(self, arguments: dict[str, Any], implementation: int) -> None:
        """Takes over the constructor's arguments, by name."""
        regularize = "use dropout, or stop training earlier"
        refuse_unless_default(
            type(self).__name__,
            {f"{part}_regularizer": regularize for part in _PARTS},
            **{
                f"{part}_{kind}": (arguments[f"{part}_{kind}"], None)
                for kind in ("regularizer", "constraint")
                for part in _PARTS
            },
        )
        self.units = _positive("units", arguments["units"])
        self.activation = activations.name_of(arguments["activation"])
        if "recurrent_activation" in arguments:
            self.recurrent_activation = activations.name_of(arguments["recurrent_activation"])
        self.use_bias = bool(arguments["use_bias"])
        for part in _PARTS:
            name = f"{part}_initializer"
            setattr(self, name, initializers.config_of(arguments[name], name))
        self.dropout = _rate("dropout", arguments["dropout"])
        self.recurrent_dropout = _rate("recurrent_dropout", arguments["recurrent_dropout"])
        self.seed = arguments["seed"]
        self.implementation = implementation
        for name in self._fields:
            setattr(self, name, bool(arguments[name]))

    def _cell_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"units": self.units, "activation": self.activation}
        if hasattr(self, "recurrent_activation"):
            config["recurrent_activation"] = self.recurrent_activation
        config["use_bias"] = self.use_bias
        for part in _PARTS:
            config[f"{part}_initializer"] = getattr(self, f"{part}_initializer")
        for kind in ("regularizer", "constraint"):
            for part in _PARTS:
                config[f"{part}_{kind}"] = None
        config["dropout"] = self.dropout
        config["recurrent_dropout"] = self.recurrent_dropout
        for name in self._fields:
            config[name] = getattr(self, name)
        config["seed"] = self.seed
        if self.implementation != 2:
            config["implementation"] = self.implementation
        return config


class _CellLayer(_Cell, Layer):
    """A cell on its own, for `RNN`."""

    @property
    def state_size(self) -> int | list[int]:
        """Units of the state, or of each state."""
        return self.units

    @property
    def output_size(self) -> int:
        """Units of the output."""
        return self.units

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._cell_config()}


class _Sequence(Layer):
    """How a recurrent layer walks a sequence and what it gives."""

    def __init__(
        self,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)

    def reset_state(self) -> None:
        """Lets the next batch begin with states of 0, in the models that a stateful layer is part of."""
        self._reset_states()

    def reset_states(self) -> None:
        """As `reset_state`."""
        self.reset_state()

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
        }


class _CellSequence(_Cell, _Sequence):
    """A cell over a sequence."""

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **self._cell_config(), "activity_regularizer": None}
        if type(self) is SimpleRNN and self.seed is None:
            # Keras leaves it out here.
            del config["seed"]
        return config


def _refuse_cudnn(use_cudnn: object) -> None:
    if use_cudnn not in ("auto", True, False):
        raise bad_argument("use_cudnn", 'one of "auto", True, False', use_cudnn)
    if use_cudnn is True:
        raise bad_argument("use_cudnn", '"auto" or False: there is no cuDNN here', use_cudnn)


@public("keras.layers")
class SimpleRNNCell(_CellLayer):
    """h = activation(x @ kernel + h_before @ recurrent_kernel + bias) at each time step, as a cell.

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.

    Other arguments are Keras's and not supported by this version.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        super().__init__(**kwargs)
        self._set_cell(arguments, 2)
        self._judge("SimpleRNNCell")


@public("keras.layers")
class LSTMCell(_CellLayer):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997), as a cell.

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        recurrent_activation: That of the gates.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.

    Other arguments are Keras's and not supported by this version.
    """

    _fields = ("unit_forget_bias",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        implementation = _positive("implementation", kwargs.pop("implementation", 2) + 1) - 1
        super().__init__(**kwargs)
        self._set_cell(arguments, implementation)
        self._judge("LSTMCell")

    @property
    def state_size(self) -> list[int]:
        """Units of the output and of the cell."""
        return [self.units, self.units]


@public("keras.layers")
class GRUCell(_CellLayer):
    """Gated recurrent unit (Cho et al., 2014), as a cell.

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        recurrent_activation: That of the gates.
        reset_after: Whether the reset gate is applied after the product of the state.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.

    Other arguments are Keras's and not supported by this version.
    """

    _fields = ("reset_after",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        implementation = _positive("implementation", kwargs.pop("implementation", 2) + 1) - 1
        super().__init__(**kwargs)
        self._set_cell(arguments, implementation)
        self._judge("GRUCell")


@public("keras.layers")
class SimpleRNN(_CellSequence):
    """h = activation(x @ kernel + h_before @ recurrent_kernel + bias) at each time step.

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.
        return_sequences: Whether all outputs are given, (batch, time, units), or the last one.
        return_state: Whether the last state is given too.
        go_backwards: From the last time step to the first.
        stateful: Whether a batch begins with the states that the rows of the batch before ended with. The input then
            has a fixed number of rows: `Input(batch_shape=(4, None, 8))`.
        unroll: Accepted; it changes nothing here.

    Other arguments are Keras's and not supported by this version.
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        super().__init__(
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._set_cell(arguments, 2)
        self._judge("SimpleRNN")


@public("keras.layers")
class LSTM(_CellSequence):
    """Long short-term memory (Hochreiter & Schmidhuber, 1997).

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        recurrent_activation: That of the gates.
        unit_forget_bias: Whether the forget gate's bias begins at 1.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.
        return_sequences: Whether all outputs are given, (batch, time, units), or the last one.
        return_state: Whether the last state is given too.
        go_backwards: From the last time step to the first.
        stateful: Whether a batch begins with the states that the rows of the batch before ended with. The input then
            has a fixed number of rows: `Input(batch_shape=(4, None, 8))`.
        unroll: Accepted; it changes nothing here.

    Other arguments are Keras's and not supported by this version.
    """

    _fields = ("unit_forget_bias",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        implementation = _positive("implementation", kwargs.pop("implementation", 2) + 1) - 1
        _refuse_cudnn(use_cudnn)
        super().__init__(
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._set_cell(arguments, implementation)
        self._judge("LSTM")


@public("keras.layers")
class GRU(_CellSequence):
    """Gated recurrent unit (Cho et al., 2014).

    Args:
        units: Extent of the output and of the state.
        activation: A name or function of keras.activations.
        recurrent_activation: That of the gates.
        reset_after: Whether the reset gate is applied after the product of the state.
        use_bias: Whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: Initial weights.
        dropout, recurrent_dropout: Rates for the inputs and for the state; the pattern is that of all time steps.
        seed: Makes the patterns reproducible.
        return_sequences: Whether all outputs are given, (batch, time, units), or the last one.
        return_state: Whether the last state is given too.
        go_backwards: From the last time step to the first.
        stateful: Whether a batch begins with the states that the rows of the batch before ended with. The input then
            has a fixed number of rows: `Input(batch_shape=(4, None, 8))`.
        unroll: Accepted; it changes nothing here.

    Other arguments are Keras's and not supported by this version.
    """

    _fields = ("reset_after",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        recurrent_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        recurrent_constraint: None = None,
        bias_constraint: None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        implementation = _positive("implementation", kwargs.pop("implementation", 2) + 1) - 1
        _refuse_cudnn(use_cudnn)
        super().__init__(
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self._set_cell(arguments, implementation)
        self._judge("GRU")


@public("keras.layers")
class StackedRNNCells(Layer):
    """Cells on top of each other: each takes at every time step what the one before gives.

    Args:
        cells: A list of cells.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        for cell in cells:
            _check_cell("cells", cell)
        super().__init__(**kwargs)
        self.cells = list(cells)
        self._judge("StackedRNNCells")

    @property
    def state_size(self) -> list[Any]:
        """What each cell says."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Units of the last cell."""
        return int(self.cells[-1].output_size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        cells = [deserialize_keras_object(cell) for cell in config.pop("cells", [])]
        return cls(cells, **config)


def _check_cell(argument: str, cell: Any) -> None:
    if not isinstance(cell, _CellLayer | StackedRNNCells):
        raise bad_argument(argument, "SimpleRNNCell, LSTMCell, GRUCell or StackedRNNCells", cell)


@public("keras.layers")
class RNN(_Sequence):
    """A cell over a sequence: `RNN(LSTMCell(64))` is `LSTM(64)`.

    Args:
        cell: A cell, or a list of cells on top of each other.
        return_sequences: Whether all outputs are given, (batch, time, units), or the last one.
        return_state: Whether the last states are given too.
        go_backwards: From the last time step to the first.
        stateful: Whether a batch begins with the states that the rows of the batch before ended with. The input then
            has a fixed number of rows: `Input(batch_shape=(4, None, 8))`.
        unroll: Accepted; it changes nothing here.
        zero_output_for_mask: Whether the output of a masked step is 0 rather than that of the step before.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, list | tuple):
            cell = StackedRNNCells(cell)
        _check_cell("cell", cell)
        super().__init__(
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )
        self.cell = cell
        self._judge("RNN")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cell": serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("cell", {})), **config)
