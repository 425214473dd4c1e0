"""An elastic fit: nodes join and leave while it runs, and the whole process is killed and goes on.

The weights are those of a fit that nothing disturbed, byte for byte.

python main.py [FOLDER]     the folder keeps the checkpoints
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle
from typing import Any

import numpy as np
from leptonai import LeptonClient, keras

ROWS, COLUMNS, EPOCHS, LAST_EPOCH = 256, 8, 10, 4


def make_model() -> keras.Sequential:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu", input_shape=[COLUMNS]),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


def data() -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.arange(ROWS)[:, None], np.arange(COLUMNS)[None, :]
    x = (rows * (columns + 3) % 23).astype(np.float32) / np.float32(23)
    return x, x[:, :1] * x[:, 1:2] - x[:, 2:3]


class Epochs(keras.callbacks.Callback):
    """Counts epochs, and does something after each."""

    def __init__(self, then: Callable[[int], None] = lambda count: None) -> None:
        super().__init__()
        self.count = 0
        self.then = then

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.count += 1
        self.then(self.count)


def die(epochs: int) -> None:
    if epochs == LAST_EPOCH:
        os.kill(os.getpid(), signal.SIGKILL)


def train_with_checkpoints(client: LeptonClient, epochs: Epochs) -> keras.Sequential:
    model = make_model()
    client.fit(model, *data(), epochs=EPOCHS, verbose=0, callbacks=[epochs], checkpoint="elastic", checkpoint_steps=5)
    return model


def compare(what: str, model: keras.Sequential, expected: list[np.ndarray]) -> None:
    pairs = zip(model.get_weights(), expected, strict=True)
    print(f"{what}: the same bits: {'yes' if all(np.array_equal(own, other) for own, other in pairs) else 'no'}")


def main(folder: str) -> None:
    client = LeptonClient(nodes=5, store=folder)

    # Nothing happens to this one.
    model = make_model()
    loss = client.fit(model, *data(), epochs=EPOCHS, verbose=0).history["loss"]
    print(f"loss: {loss[0]:.4f} in the first epoch, {loss[-1]:.4f} in the last")
    expected = model.get_weights()

    # Another number of nodes after each epoch.
    sizes = cycle([2, 1, 4, 3, 5])
    with client.allocate(nodes=2, min_nodes=1, max_nodes=5) as allocation:
        model = make_model()
        resize = Epochs(lambda count: allocation.resize(next(sizes)))
        client.fit(model, *data(), epochs=EPOCHS, verbose=0, callbacks=[resize], allocation=allocation)
    compare("1 to 5 nodes", model, expected)

    # A process that is killed in the middle, and this one, which goes on from its last checkpoint.
    child = subprocess.run([sys.executable, __file__, "--die", folder], check=False)
    if child.returncode != -signal.SIGKILL:
        sys.exit("the child process was to be killed")
    epochs = Epochs()
    model = train_with_checkpoints(client, epochs)
    print(f"killed after {LAST_EPOCH} of {EPOCHS} epochs, it went on and ended {epochs.count} more")
    compare("killed and gone on", model, expected)

    print("bill:")
    print(client.usage())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--die"]:
        train_with_checkpoints(LeptonClient(nodes=2, store=sys.argv[2]), Epochs(die))
    else:
        main(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="lepton-elastic-"))
