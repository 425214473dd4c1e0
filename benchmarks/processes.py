"""Whole processes: wall time and peak memory of a C program, of imports, and of a small job; the library's size."""

import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec

from harness import BUILD, HERE, PROGRAMS, Figures, Pace, cells, environment, number, ratio, summary, table

OUR_JOB = "the article's job, lepton"


@dataclass(frozen=True)
class Process:
    label: str
    command: list[str]
    runs: int = 2
    """In each round."""
    needs: tuple[str, ...] = ()
    """Python modules without which it is skipped."""
    variables: dict[str, str] = field(default_factory=dict)
    is_rival: bool = False
    """Does our job."""

    def skipped(self) -> str:
        absent = [module for module in self.needs if find_spec(module) is None]
        return f"{' and '.join(absent)} not installed" if absent else ""


def python(code: str, *needs: str) -> Process:
    return Process(f"python -c '{code}'", [sys.executable, "-c", code], needs=needs)


def processes() -> list[Process]:
    def job(name: str) -> list[str]:
        return [sys.executable, str(HERE / "jobs" / f"regression_{name}.py")]

    backends = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "torch"}
    return [
        Process("C program, nothing", [str(PROGRAMS / "nothing")], runs=20),
        Process("C program, client and model", [str(PROGRAMS / "startup")], runs=20),
        python("pass"),
        python("import numpy"),
        python("import leptonai"),
        python("import torch", "torch"),
        python("from sklearn.neural_network import MLPClassifier", "sklearn"),
        Process(OUR_JOB, job("lepton")),
        *(
            Process(
                f"the article's job, Keras on {label}",
                job("keras"),
                runs=1,
                needs=("keras", backend),
                variables={"KERAS_BACKEND": backend},
                is_rival=True,
            )
            for backend, label in backends.items()
        ),
    ]


def spawn(process: Process, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds and peak MiB of each run."""
    # Modules are compiled at the first run and read after that, as they are for a user.
    variables = {**environment(), **process.variables}
    del variables["PYTHONDONTWRITEBYTECODE"]
    command = [str(PROGRAMS / "spawn"), str(runs), *process.command]
    done = subprocess.run(command, env=variables, check=True, stdout=subprocess.PIPE, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [float(line[0]) * 1000 for line in lines], [int(line[1]) / 1024 for line in lines]


def measure(name: str, pace: Pace) -> Figures:
    everything = processes()
    entrants = [process for process in everything if not process.skipped()]
    times: dict[str, list[float]] = {process.label: [] for process in entrants}
    memory: dict[str, list[float]] = {process.label: [] for process in entrants}
    for process in entrants:
        spawn(process, 1)
    for _ in range(pace.rounds):
        for process in entrants:
            new_times, new_peaks = spawn(process, process.runs)
            # The best of a round is what it takes when nobody disturbs.
            times[process.label].append(min(new_times))
            memory[process.label].append(max(new_peaks))
    rivals = [process.label for process in entrants if process.is_rival]
    return {
        "milliseconds": {label: summary(values) for label, values in times.items()},
        "mebibytes": {label: summary(values) for label, values in memory.items()},
        "ratios": {rival: ratio(times[rival], times[OUR_JOB]) for rival in rivals},
        "memory_ratios": {rival: ratio(memory[rival], memory[OUR_JOB]) for rival in rivals},
        "peers": rivals,
        "skipped": {process.label: process.skipped() for process in everything if process.skipped()},
        "library_bytes": (BUILD / "lib" / "liblepton.so").stat().st_size,
    }


def render(name: str, figures: Figures) -> str:
    rows = []
    for label, times in figures["milliseconds"].items():
        row = [label, *cells(times), number(figures["mebibytes"][label]["median"])]
        for ratios in (figures["ratios"], figures["memory_ratios"]):
            row.append(number(ratios[label]["median"]) if label in ratios else "")
        rows.append(row)
    rows += [[label, "skipped", why, "", "", ""] for label, why in figures["skipped"].items()]
    header = ["", "milliseconds", "min to max", "peak MiB", "lepton is times as fast", "memory, times lepton's"]
    return (
        f"### Whole processes\n\n{table(header, rows)}\n\n"
        f"`liblepton.so`, stripped: {figures['library_bytes'] / 1e6:.1f} MB"
    )
