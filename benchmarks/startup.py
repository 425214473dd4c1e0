"""Whole processes: wall time and peak memory of a C program, of imports, and of a small job; the library's size."""

import subprocess
import sys
from dataclasses import asdict
from typing import Any

from harness import BUILD, HERE, Summary, cells, environment, program, table, use_two_cores

C_RUNS = 50
PYTHON_RUNS = 2
ROUNDS = 5


def commands() -> dict[str, tuple[int, list[str]]]:
    """Name: runs in each round, and the command."""
    python = {
        "python -c pass": "pass",
        "python -c 'import numpy'": "import numpy",
        "python -c 'import leptonai'": "import leptonai",
        "python -c 'import torch'": "import torch",
        "python -c 'import keras' (JAX)": "import keras",
        "python -c 'from sklearn.neural_network ...'": "from sklearn.neural_network import MLPClassifier",
    }
    jobs = {"regression job, lepton": "lepton", "regression job, Keras on JAX": "keras"}
    return {
        "C program, nothing": (C_RUNS, program("nothing")),
        "C program, client and model": (C_RUNS, program("startup")),
        **{name: (PYTHON_RUNS, [sys.executable, "-c", code]) for name, code in python.items()},
        **{name: (1, [sys.executable, str(HERE / "jobs" / f"regression_{job}.py")]) for name, job in jobs.items()},
    }


def spawn(runs: int, command: list[str]) -> tuple[list[float], list[float]]:
    """Seconds and peak MiB of each run."""
    # Modules are compiled at the first run and read after that, as they are for a user.
    variables = {**environment(), "KERAS_BACKEND": "jax"}
    del variables["PYTHONDONTWRITEBYTECODE"]
    done = subprocess.run(
        program("spawn", str(runs), *command), env=variables, check=True, stdout=subprocess.PIPE, text=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return [float(line[0]) for line in lines], [int(line[1]) / 1024 for line in lines]


def run() -> dict[str, Any]:
    seconds: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    for name, (_, command) in commands().items():
        spawn(1, command)
        seconds[name], memory[name] = [], []
    for _ in range(ROUNDS):
        for name, (runs, command) in commands().items():
            new_times, new_peaks = spawn(runs, command)
            seconds[name] += new_times
            memory[name] += new_peaks
    milliseconds = {name: Summary.of(values).scaled(1000) for name, values in seconds.items()}
    peaks = {name: Summary.of(values) for name, values in memory.items()}
    library = (BUILD / "lib" / "liblepton.so").stat().st_size
    print("\n### Whole processes: wall time in milliseconds, peak memory in MiB\n")
    lines = [[name, *cells(milliseconds[name]), f"{peaks[name].median:.1f}"] for name in seconds]
    print(table(["", "median", "min to max", "peak memory"], lines))
    print(f"\n`liblepton.so`, stripped: {library / 1e6:.1f} MB", flush=True)
    return {
        "milliseconds": {name: asdict(summary) for name, summary in milliseconds.items()},
        "peak_mebibytes": {name: asdict(summary) for name, summary in peaks.items()},
        "library_bytes": library,
    }


if __name__ == "__main__":
    use_two_cores()
    run()
