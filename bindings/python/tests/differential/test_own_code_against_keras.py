"""Lambda layers, and code of one's own that takes `training`, compared with Keras's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judge import TRAINED, agree, keras, ours

from leptonai import NotSupportedError

X = np.random.default_rng(2).normal(size=(20, 4)).astype("float32")
Y = np.random.default_rng(3).normal(size=(20, 1)).astype("float32")


def weights_after_training(k: Any, model: Any) -> list[np.ndarray]:
    model.compile(k.optimizers.Adam(0.05), "mse")
    model.fit(X, Y, batch_size=10, epochs=3, shuffle=False, verbose=0)
    return [*model.get_weights(), model.predict(X, verbose=0)]


def own_block(k: Any) -> Any:
    class Block(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            # A rate of 0 leaves nothing to chance, so that both come to the same weights.
            self.dropout = k.layers.Dropout(0.0)
            self.norm = k.layers.BatchNormalization(momentum=0.5)
            self.dense = k.layers.Dense(3, kernel_initializer=k.initializers.Constant(0.3), activation="tanh")

        def build(self, input_shape: Any) -> None:
            self.dense.build(input_shape)
            self.norm.build((input_shape[0], 3))

        def call(self, inputs: Any, training: bool = False) -> Any:
            return self.norm(self.dropout(self.dense(inputs), training=training), training=training)

    return Block()


@pytest.mark.parametrize("kind", ["layer", "model"])
def test_training_is_passed_on(kind: str) -> None:
    results = []
    for k in (keras, ours):
        last = k.layers.Dense(1, kernel_initializer=k.initializers.Constant(0.2))
        block = own_block(k)
        if kind == "layer":
            entry = k.Input((4,))
            model = k.Model(entry, last(block(entry)))
        else:

            class Own(k.Model):  # type: ignore[misc, name-defined]
                def __init__(self, block: Any, last: Any) -> None:
                    super().__init__()
                    self.block = block
                    self.last = last

                def call(self, inputs: Any, training: bool = False) -> Any:
                    return self.last(self.block(inputs, training=training))

            model = Own(block, last)
        results.append(weights_after_training(k, model))
    for mine, theirs in zip(results[1], results[0], strict=True):
        agree(mine, theirs, TRAINED)


def test_lambda_layers() -> None:
    results = []
    for k in (keras, ours):
        left, right = k.Input((4,)), k.Input((4,))
        twice = k.layers.Lambda(lambda x, factor: x * factor, arguments={"factor": 2.0})(left)
        ops = k.ops
        distance = k.layers.Lambda(
            lambda pair, ops=ops: ops.sqrt(ops.sum(ops.square(pair[0] - pair[1]), axis=1, keepdims=True) + 1e-6),
            output_shape=(1,),
        )([twice, right])
        last = k.layers.Dense(1, kernel_initializer=k.initializers.Constant(0.2))(distance)
        model = k.Model([left, right], last)
        model.compile("sgd", "mse")
        model.fit([X, X[::-1]], Y, batch_size=10, epochs=2, shuffle=False, verbose=0)
        results.append([*model.get_weights(), model.predict([X, X[::-1]], verbose=0)])
    for mine, theirs in zip(results[1], results[0], strict=True):
        agree(mine, theirs, TRAINED)


def test_lambda_layers_are_saved_as_what_they_compute(tmp_path: Path) -> None:
    layer = ours.layers.Lambda(ours.ops.square)
    model = ours.Sequential([ours.Input((4,)), layer, ours.layers.Dense(1)])
    with pytest.raises(NotSupportedError, match="Lambda"):
        layer.get_config()
    model.save(tmp_path / "model.safetensors")
    again = ours.models.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_decisions_by_training_are_refused() -> None:
    class Deciding(ours.layers.Layer):
        def call(self, inputs: Any, training: Any = None) -> Any:
            return inputs * 2.0 if training else inputs

    with pytest.raises(NotSupportedError, match="training"):
        Deciding()(ours.Input((4,)))
    with pytest.raises(ValueError, match="function"):
        ours.layers.Lambda("square")
