"""What a step of training spends its time on: products, element-wise work, the optimizer, and everything else.

`perf` samples the process while it trains, with a build of the library that has names of functions. Each sample counts
for the kind of function that it fell into.
"""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from harness import FULL, HERE, PROGRAMS, Contestant, Figures, Pace, table
from workloads import WORKLOADS

PROFILED = ("mlp-128", "mlp-32", "tabular", "cnn", "lstm", "gru", "transformer")
SHOWN = 6
"""Functions that are named for each network."""
ATTEMPTS = 5

# The first that fits a function's name. Kernels end in _f32; the pool's threads serve, spin and yield.
KINDS = {
    "products": r"gemm|bli_|pack_f32|convolution|depthwise|winograd",
    "optimizer": r"(adam\w*|sgd\w*|decay|schedule_free)_f32",
    "element-wise": r"_f32|mem(cpy|move|set)|exp|tanh|philox",
    "waiting": r"SharedState|spin|pause|futex|sched|idle|syscall",
}
OVERHEAD = "overhead"


def kind_of(function: str) -> str:
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, function)), OVERHEAD)


def library_with_names() -> Path | None:
    """A folder with the library as it was linked, before its names were stripped."""
    linked = HERE.parent / ".build-c" / "release" / "libLeptonC.so"
    if not linked.exists():
        return None
    folder = PROGRAMS / "with-names"
    folder.mkdir(exist_ok=True)
    link = folder / "liblepton.so.0"
    link.unlink(missing_ok=True)
    link.symlink_to(linked)
    return folder


def readable(function: str) -> str:
    """The name of a Swift function without the signature, where the tool that knows them is there."""
    if not function.startswith("$s") or shutil.which("swift") is None:
        return function
    command = ["swift", "demangle", "--compact", "--simplified", function]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("(")[0].strip()


def record(contestant: Contestant, seconds: float, data: Path) -> bool:
    """Whether `perf` could sample the process while it worked."""
    options = ["-q", "-e", "cpu-clock", "-F", "1999", "-o", str(data), "-p", str(contestant.process.pid)]
    with subprocess.Popen(["perf", "record", *options, "--", "sleep", str(seconds)], stderr=subprocess.DEVNULL) as perf:
        while perf.poll() is None:
            contestant.turn(0.5)
        return perf.returncode == 0


def sampled(workload: str, rows: int, seconds: float, folder: Path) -> list[tuple[float, str]]:
    """Functions and their shares of the time, largest first; empty where `perf` does not work."""
    data = PROGRAMS / f"{workload}.perf"
    command = [sys.executable, str(HERE / "worker.py"), "lepton", "train", workload, str(rows)]
    contestant = Contestant(command, {"LD_LIBRARY_PATH": str(folder)})
    try:
        # It gives up when a thread ends just as it attaches itself: that is no reason to do without.
        if not any(record(contestant, seconds, data) for _ in range(ATTEMPTS)):
            return []
    finally:
        contestant.close()
    report = ["perf", "report", "-i", str(data), "-q", "--stdio", "--no-children", "-F", "overhead,sym", "-t", "|"]
    lines = subprocess.run(report, check=True, capture_output=True, text=True).stdout.splitlines()
    data.unlink()
    parts = [line.split("|", 1) for line in lines if "|" in line and not line.startswith("#")]
    return [(float(share.strip().rstrip("%")), readable(name.split("]", 1)[-1].strip())) for share, name in parts]


def measure(name: str, pace: Pace) -> Figures:
    folder = library_with_names()
    if shutil.which("perf") is None or folder is None:
        return {"skipped": "perf is not installed" if folder else "the library was not built here"}
    figures: Figures = {}
    for workload in PROFILED:
        rows = pace.rows(WORKLOADS[workload].rows)
        functions = sampled(workload, rows, 4.0 if pace == FULL else 1.0, folder)
        if not functions:
            return {"skipped": "perf may not sample processes here"}
        shares: dict[str, float] = defaultdict(float)
        for share, function in functions:
            shares[kind_of(function)] += share
        figures[workload] = {"shares": shares, "functions": functions[:SHOWN]}
    return figures


def render(name: str, figures: Figures) -> str:
    title = "### Where the time of training goes\n\n"
    if "skipped" in figures:
        return f"{title}Skipped: {figures['skipped']}."
    kinds = [*KINDS, OVERHEAD]
    rows = [
        [WORKLOADS[name].title, *(f"{values['shares'].get(kind, 0):.1f} %" for kind in kinds)]
        for name, values in figures.items()
    ]
    functions = [
        [WORKLOADS[name].title, ", ".join(f"{function} {share:.1f} %" for share, function in values["functions"])]
        for name, values in figures.items()
    ]
    return f"{title}{table(['', *kinds], rows)}\n\n{table(['', 'functions that take most'], functions)}"
