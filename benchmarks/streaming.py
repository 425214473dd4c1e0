"""Memory of a fit whose rows come from a file: it stays flat when the file grows.

A process of its own fits a model to a memory-mapped `.npy` file and reports what its own memory came to. The file's
pages that the system keeps mapped are told apart: it takes them back when somebody needs them. The process may not
have more than `LIMIT` of memory of its own, which the larger file does not fit into.

python streaming.py FILE: the process.
"""

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

MEBIBYTE = 1 << 20
WIDTH = 1024
LIMIT = 700 * MEBIBYTE
SIZES = (64, 256, 1024)
"""Of the files, in MiB."""
QUICK_SIZES = (16, 64)


class Watch:
    """The largest memory of this process, looked at every few milliseconds."""

    def __init__(self) -> None:
        self.own = self.mapped = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _look(self) -> None:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        self.own = max(self.own, int(status["RssAnon"].split()[0]) // 1024)
        self.mapped = max(self.mapped, int(status["RssFile"].split()[0]) // 1024)

    def _run(self) -> None:
        while not self._done.wait(0.005):
            self._look()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()
        self._look()


def fit(path: str) -> dict[str, float]:
    """What the process does."""
    from leptonai import LeptonClient, keras

    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    x = np.load(path, mmap_mode="r")
    y = np.arange(len(x), dtype=np.int32) % 10
    model = keras.Sequential(
        [keras.Input((WIDTH,)), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    client = LeptonClient(nodes=2)
    client.fit(model, x[:256], y[:256], batch_size=128, verbose=0)
    watch = Watch()
    start = time.perf_counter()
    client.fit(model, x, y, batch_size=128, epochs=2, verbose=0)
    elapsed = time.perf_counter() - start
    watch.stop()
    return {"own": watch.own, "mapped": watch.mapped, "rate": 2 * len(x) / elapsed}


def write(path: Path, size: int) -> None:
    """A file of `size` MiB, a block at a time."""
    rows = size * MEBIBYTE // (WIDTH * 4)
    random = np.random.default_rng(1)
    mapped = np.lib.format.open_memmap(path, "w+", np.float32, (rows, WIDTH))
    for start in range(0, rows, 4096):
        mapped[start : start + 4096] = random.random((min(4096, rows - start), WIDTH), np.float32)


def measure(name: str, pace: Any) -> dict[str, Any]:
    from harness import FULL, PROGRAMS, environment

    if not Path("/proc/self/status").exists():
        return {"skipped": "memory is measured through /proc, which this system does not have"}
    figures = {}
    path = PROGRAMS / "streamed.npy"
    for size in SIZES if pace == FULL else QUICK_SIZES:
        try:
            write(path, size)
            command = [sys.executable, __file__, str(path)]
            done = subprocess.run(command, env=environment(), check=True, stdout=subprocess.PIPE, text=True)
            figures[str(size)] = json.loads(done.stdout)
        finally:
            path.unlink(missing_ok=True)
    return {"sizes": figures, "limit": LIMIT // MEBIBYTE}


def render(name: str, figures: dict[str, Any]) -> str:
    from harness import number, table

    title = "### Training from a memory-mapped file\n\n"
    if "skipped" in figures:
        return f"{title}Skipped: {figures['skipped']}."
    rows = [
        [f"{size} MiB", number(values["own"]), number(values["mapped"]), number(values["rate"])]
        for size, values in figures["sizes"].items()
    ]
    own = [values["own"] for values in figures["sizes"].values()]
    header = ["file", "peak of the process's own memory, MiB", "pages of the file, MiB", "samples/s"]
    return (
        f"{title}{table(header, rows)}\n\nFrom the smallest file to the largest, the process's own memory changes by "
        f"{own[-1] - own[0]} MiB. It may not have more than {figures['limit']} MiB."
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    print(json.dumps(fit(sys.argv[1])))
