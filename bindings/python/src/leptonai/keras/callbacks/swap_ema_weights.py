"""Measuring a model with the moving averages of its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import _core
from ...errors import InvalidStateError
from .callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the moving averages that the optimizer keeps of the weights (`use_ema=True`) in the weights' place while the
    model is evaluated or predicts, and the weights back afterwards.

    Args:
        swap_on_epoch: Whether they are also exchanged from the end of an epoch to the beginning of the next, so that a
            ModelCheckpoint after this callback saves the averages.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._ema_weights_in_model = False

    def _averages(self) -> dict[str, int]:
        """By path of the weight, where its average stands in the optimizer's state."""
        handle = self.model._handle
        names = [
            _core.model_optimizer_weight_info(handle, index)[0]
            for index in range(_core.model_optimizer_weight_count(handle))
        ]
        found = {
            name.removeprefix("average/"): place for place, name in enumerate(names) if name.startswith("average/")
        }
        if not found:
            raise InvalidStateError("SwapEMAWeights needs an optimizer with use_ema=True")
        return found

    def _state(self) -> list[Any]:
        handle = self.model._handle
        arrays = [
            np.empty(_core.model_optimizer_weight_info(handle, index)[1], np.float32)
            for index in range(_core.model_optimizer_weight_count(handle))
        ]
        _core.model_get_optimizer_weights(handle, arrays)
        return arrays

    def _exchange(self, finalize: bool = False) -> None:
        """Weights and averages change places; with `finalize` the averages become the weights instead."""
        averages, state, weights = self._averages(), self._state(), self.model.get_weights()
        for weight in self.model.weights:
            place = averages.get(weight.path)
            if place is None:
                continue
            if finalize:
                state[place] = weights[weight.index]
            else:
                state[place], weights[weight.index] = weights[weight.index], state[place]
        if not finalize:
            self.model.set_weights(weights)
        _core.model_set_optimizer_weights(self.model._handle, state)

    def _put(self, averages_in_model: bool) -> None:
        if self._ema_weights_in_model != averages_in_model:
            self._exchange()
            self._ema_weights_in_model = averages_in_model

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch and not self._ema_weights_in_model:
            self._put(True)
            if self.params is not None and epoch == self.params["epochs"] - 1:
                # The end of fit puts the averages into the model, which would bring the weights back.
                self._exchange(finalize=True)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put(False)
