"""What Keras refuses, compared with Keras's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from judge import keras, ours

import leptonai


@pytest.mark.parametrize(
    "call",
    [
        lambda k: k.layers.Dense(0),
        lambda k: k.layers.Dense(-3),
        lambda k: k.layers.Dropout(1.5),
        lambda k: k.optimizers.SGD(momentum=1.5),
        lambda k: k.initializers.get("glorot"),
        lambda k: k.activations.get("rellu"),
        lambda k: k.Sequential([3]),
        lambda k: k.Sequential([k.layers.Dense(1, name="a"), k.layers.Dense(1, name="a")]),
        lambda k: k.Sequential([k.Input((2,)), k.Input((2,))]),
        lambda k: k.Input(),
        lambda k: k.Input((2,), batch_shape=(None, 2)),
        lambda k: k.layers.Dense(1, units_=2),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).set_weights([]),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).get_layer("no"),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).compile("nosuch", "mse"),
        lambda k: k.Sequential([k.Input((2,)), k.layers.Dense(1)]).predict(np.ones((3, 5)), verbose=0),
    ],
)
def test_what_keras_refuses_we_refuse_with_its_kind_of_error(call: Callable[[Any], Any]) -> None:
    with pytest.raises(Exception) as theirs:
        call(keras)
    with pytest.raises(leptonai.LeptonError) as mine:
        call(ours)
    assert isinstance(mine.value, type(theirs.value))
