"""Runs the contestants of a comparison in turns, and what the figures come to."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
PROGRAMS = BUILD / "bench"
THREADS = 2


@dataclass(frozen=True)
class Summary:
    """Of figures that were measured several times."""

    median: float
    minimum: float
    maximum: float

    @staticmethod
    def of(values: Sequence[float]) -> Summary:
        return Summary(statistics.median(values), min(values), max(values))

    def scaled(self, factor: float) -> Summary:
        return Summary(self.median * factor, self.minimum * factor, self.maximum * factor)


def environment() -> dict[str, str]:
    """Two threads for everybody, and nothing that holds back a BLAS which chooses its kernels itself."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        result[name] = str(THREADS)
    result["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=true"
    result["PYTHONDONTWRITEBYTECODE"] = "1"
    return result


def use_two_cores() -> None:
    """Keeps this process, and those it starts, on two cores, whatever the machine has."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


def framework(name: str, task: str, workload: str) -> list[str]:
    """The command that measures a framework of frameworks/."""
    return [sys.executable, str(HERE / "worker.py"), name, task, workload]


def program(name: str, *arguments: str) -> list[str]:
    """The command that runs a program of c/."""
    return [str(PROGRAMS / name), *arguments]


class Contestant:
    """A process that works when it is its turn and waits otherwise."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self._answer() != "ready":
            raise RuntimeError(f"{' '.join(command)} did not get ready")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def turn(self, seconds: float) -> float:
        """Samples per second over at least about `seconds`."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        samples, elapsed = self._answer().split()
        return float(samples) / float(elapsed)

    def close(self) -> None:
        self._process.communicate()


def compete(commands: dict[str, list[str]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Samples per second of each contestant in each round: A B C, A B C, ..."""
    contestants: dict[str, Contestant] = {}
    rates: dict[str, list[float]] = {name: [] for name in commands}
    try:
        for name, command in commands.items():
            contestants[name] = Contestant(command)
        for _ in range(rounds):
            for name, contestant in contestants.items():
                rates[name].append(contestant.turn(seconds))
    finally:
        for contestant in contestants.values():
            contestant.close()
    return rates


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Summary:
    """How many times as fast we are, each ratio from one round."""
    return Summary.of([a / b for a, b in zip(ours, theirs, strict=True)])


def number(value: float) -> str:
    """Three figures that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cells(summary: Summary) -> list[str]:
    return [number(summary.median), f"{number(summary.minimum)} to {number(summary.maximum)}"]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown; all columns but the first are numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
