"""The networks in Keras's words, which are ours too: `keras` is either package."""

from typing import Any

from workloads import Workload


def build(keras: Any, workload: Workload) -> Any:
    """The network of a workload, not compiled."""
    builders = {"dense": _dense, "cnn": _convolutional, "transformer": _transformer}
    return builders.get(workload.kind, _recurrent)(keras, workload)


def _dense(keras: Any, workload: Workload) -> Any:
    return keras.Sequential(
        [
            keras.Input(workload.shape),
            *(keras.layers.Dense(units, activation="relu") for units in workload.hidden),
            keras.layers.Dense(workload.outputs, activation="sigmoid" if workload.outputs == 1 else "softmax"),
        ]
    )


def _convolutional(keras: Any, workload: Workload) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(workload.shape),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(workload.outputs, activation="softmax"),
        ]
    )


def _recurrent(keras: Any, workload: Workload) -> Any:
    layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[workload.kind]
    return keras.Sequential([keras.Input(workload.shape), layer(64), keras.layers.Dense(workload.outputs)])


def _transformer(keras: Any, workload: Workload) -> Any:
    layers = keras.layers
    width = workload.shape[-1]
    x = keras.Input(workload.shape)
    attended = layers.MultiHeadAttention(4, width // 4)(x, x)
    middle = layers.LayerNormalization()(layers.Add()([x, attended]))
    fed = layers.Dense(width)(layers.Dense(4 * width, activation="relu")(middle))
    last = layers.LayerNormalization()(layers.Add()([middle, fed]))
    mean = layers.GlobalAveragePooling1D()(last)
    return keras.Model(x, layers.Dense(workload.outputs, activation="softmax")(mean))
