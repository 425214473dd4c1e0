"""Runs the contestants of a comparison in turns, and what the figures come to."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frameworks import ENTRIES, missing
from workloads import Workload

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
PROGRAMS = BUILD / "bench"
THREADS = 2

Figures = dict[str, Any]
"""What was measured: what JSON can hold."""


@dataclass(frozen=True)
class Pace:
    """How much time is spent on a figure."""

    rounds: int
    seconds: float
    """Of a turn, at least."""
    share: float = 1
    """Of the rows that an epoch has."""

    def rows(self, rows: int) -> int:
        return max(1, int(rows * self.share))


FULL = Pace(rounds=5, seconds=1.0)
QUICK = Pace(rounds=2, seconds=0.1, share=1 / 8)


def summary(values: Sequence[float], factor: float = 1) -> dict[str, float]:
    return {
        "median": statistics.median(values) * factor,
        "minimum": min(values) * factor,
        "maximum": max(values) * factor,
    }


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """The ratio of the medians, and the extremes of the ratios of one round."""
    rounds = [a / b for a, b in zip(ours, theirs, strict=True)]
    return {**summary(rounds), "median": statistics.median(ours) / statistics.median(theirs)}


def environment() -> dict[str, str]:
    """Two threads for everybody, and nothing that holds back a BLAS which chooses its kernels itself."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        result[name] = str(THREADS)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        result[name] = str(THREADS)
    result["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=true"
    # No accelerators, and errors alone from TensorFlow's log.
    result["CUDA_VISIBLE_DEVICES"] = ""
    result["TF_CPP_MIN_LOG_LEVEL"] = "3"
    result["PYTHONDONTWRITEBYTECODE"] = "1"
    return result


def use_two_cores() -> None:
    """Keeps this process, and those it starts, on two cores, whatever the machine has."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


@dataclass(frozen=True)
class Entrant:
    """Who takes part in a comparison."""

    label: str
    command: Sequence[str]
    is_peer: bool
    skipped: str = ""
    """Why it cannot take part."""


def program(label: str, name: str, *arguments: str) -> Entrant:
    """A program of c/."""
    return Entrant(label, [str(PROGRAMS / name), *arguments], is_peer=False)


def frameworks(task: str, workload: Workload, rows: int) -> list[Entrant]:
    """The frameworks that know the workload's kind of network; ours is the first."""
    return [
        Entrant(
            entry.label,
            [sys.executable, str(HERE / "worker.py"), name, task, workload.name, str(rows)],
            entry.is_peer,
            missing(name),
        )
        for name, entry in ENTRIES.items()
        if workload.kind in entry.kinds
    ]


class Contestant:
    """A process that works when it is its turn and waits otherwise."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            env={**environment(), **(variables or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._answer() != "ready":
            self.process.communicate()
            raise RuntimeError("ended before it was ready")

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def turn(self, seconds: float) -> float:
        """Samples per second over at least about `seconds`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        answer = self._answer().split()
        if len(answer) != 2:
            raise RuntimeError("ended before its turn did")
        return float(answer[0]) / float(answer[1])

    def close(self) -> None:
        self.process.communicate()


@dataclass
class Competition:
    """Samples per second of each in each round, and who did not take part."""

    rates: dict[str, list[float]]
    peers: list[str]
    skipped: dict[str, str]


def compete(entrants: Sequence[Entrant], pace: Pace) -> Competition:
    """Measures in turns, A B C, A B C, ...; who fails is noted, and the others go on."""
    skipped = {entrant.label: entrant.skipped for entrant in entrants if entrant.skipped}
    contestants: dict[str, Contestant] = {}
    rates: dict[str, list[float]] = {}
    try:
        for entrant in entrants:
            if entrant.skipped:
                continue
            try:
                contestants[entrant.label] = Contestant(entrant.command)
                rates[entrant.label] = []
            except (RuntimeError, OSError) as error:
                skipped[entrant.label] = str(error)
        for _ in range(pace.rounds):
            for label in list(rates):
                try:
                    rates[label].append(contestants[label].turn(pace.seconds))
                except (RuntimeError, OSError) as error:
                    skipped[label] = str(error)
                    del rates[label]
    finally:
        for contestant in contestants.values():
            contestant.close()
    peers = [entrant.label for entrant in entrants if entrant.is_peer and entrant.label in rates]
    return Competition(rates, peers, skipped)


def compare(entrants: Sequence[Entrant], ours: str, pace: Pace) -> Figures:
    """Rates, and how many times as fast `ours` is as each of the others."""
    competition = compete(entrants, pace)
    if ours not in competition.rates:
        raise RuntimeError(f"{ours} was not measured: {competition.skipped[ours]}")
    mine = competition.rates[ours]
    return {
        "rates": {label: summary(values) for label, values in competition.rates.items()},
        "ratios": {label: ratio(mine, values) for label, values in competition.rates.items() if label != ours},
        "peers": competition.peers,
        "skipped": competition.skipped,
    }


def number(value: float) -> str:
    """Three figures that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def cells(values: Mapping[str, float]) -> list[str]:
    return [number(values["median"]), f"{number(values['minimum'])} to {number(values['maximum'])}"]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown; all columns but the first are numbers."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def comparison_table(figures: Figures, unit: str = "samples/s") -> str:
    """What `compare` returned; who was skipped is in it too."""
    rows = []
    for label, rates in figures["rates"].items():
        ratios = figures["ratios"].get(label)
        name = f"**{label}**" if ratios is None else label
        rows.append([name, *cells(rates), *(cells(ratios) if ratios else ["", ""])])
    rows += [[label, "skipped", why, "", ""] for label, why in figures["skipped"].items()]
    return table(["", unit, "min to max", "lepton is times as fast", "min to max"], rows)
