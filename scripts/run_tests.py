"""Runs every group of tests, says what each came to, and ends with the line "N passed, M failed".

A group is a command and a way to count its results. A group that crashed, ran nothing, or failed without naming a
failing test counts as one failure, so that silence is never taken for success.

Usage: run_tests.py [GROUP ...]; without names all groups run, in the order below.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
GROUP_SECONDS = 40 * 60


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True)
class Group:
    name: str
    commands: list[list[str]]
    count: Callable[[str, str], Counts]
    """From the group's name and what the last command printed."""


@dataclass(frozen=True)
class Result:
    name: str
    counts: Counts
    seconds: float
    note: str = ""


def count_tap(name: str, output: str) -> Counts:
    """Counts Test Anything Protocol lines: "ok 1 - name", "not ok 2 - name", "ok 3 # SKIP why"."""
    counts = Counts()
    for line in output.splitlines():
        match = re.match(r"(not )?ok\b(.*)", line.strip())
        if match is None:
            continue
        if re.search(r"#\s*skip", match.group(2), re.IGNORECASE):
            counts += Counts(skipped=1)
        elif match.group(1):
            counts += Counts(failed=1)
        else:
            counts += Counts(passed=1)
    return counts


def count_junit(name: str, output: str) -> Counts:
    """Counts the test cases in every JUnit file that the group wrote."""
    counts = Counts()
    for report in sorted(REPORTS.glob(f"{name}*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                counts += Counts(failed=1)
            elif case.find("skipped") is not None:
                counts += Counts(skipped=1)
            else:
                counts += Counts(passed=1)
    return counts


def pytest(name: str, *arguments: str) -> Group:
    report = f"--junitxml={REPORTS / name}.xml"
    options = ["-q", "-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none", report]
    command = [str(PYTHON), "-m", "pytest", *options, *arguments]
    return Group(name, [command], count_junit)


def groups() -> list[Group]:
    # Apart from the others: tests of kernels switch the instruction set of the whole process.
    swift = [
        ["swift", "test", "-c", "release", "--disable-xctest", *choice, "--xunit-output", str(REPORTS / report)]
        for choice, report in (
            (("--skip", "KernelTests"), "swift-core.xml"),
            (("--filter", "KernelTests"), "swift-kernels.xml"),
        )
    ]
    python_tests = "bindings/python/tests"
    return [
        Group("lint", [["scripts/lint.sh"]], count_tap),
        Group("c", [["Tests/CAPITests/run.sh"]], count_tap),
        Group("valgrind", [["Tests/CAPITests/run.sh", "valgrind"]], count_tap),
        Group("symbols", [["Tests/CAPITests/check_symbols.sh"]], count_tap),
        pytest("python", python_tests, f"--ignore={python_tests}/differential"),
        # Keras takes most of the time of these: on all cores, file by file.
        pytest("differential", f"{python_tests}/differential", "-n", "auto", "--dist", "loadfile"),
        Group("swift", swift, count_junit),
        pytest("samples", "Tests/Samples"),
        pytest("consumers", "Tests/Consumers", "Tests/Documents"),
    ]


def run_group(group: Group) -> Result:
    print(f"\n===== {group.name}", flush=True)
    started = time.monotonic()
    for report in REPORTS.glob(f"{group.name}*.xml"):
        report.unlink()
    status, output = 0, ""
    for command in group.commands:
        status, output = run(group.name, command)
        if status != 0:
            break
    try:
        counts = group.count(group.name, output)
    except ElementTree.ParseError as error:
        counts, status = Counts(), status or 1
        output += f"\nunreadable report: {error}"
    seconds = time.monotonic() - started
    if status != 0 and counts.failed == 0:
        return Result(group.name, counts + Counts(failed=1), seconds, f"ended with status {status}")
    if counts.passed + counts.failed == 0:
        return Result(group.name, Counts(failed=1), seconds, "ran nothing")
    return Result(group.name, counts, seconds)


def run(name: str, command: list[str]) -> tuple[int, str]:
    """Runs a command, shows what it prints as it prints it, and keeps a copy in build/reports."""
    print("$", shlex.join(command), flush=True)
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        print(error, flush=True)
        return 127, str(error)
    lines: list[str] = []
    watch = threading.Timer(GROUP_SECONDS, stop, [process])
    watch.start()
    try:
        assert process.stdout is not None
        with (REPORTS / f"{name}.log").open("w") as log:
            for line in process.stdout:
                lines.append(line)
                log.write(line)
                sys.stdout.write(line)
                sys.stdout.flush()
        return process.wait(), "".join(lines)
    finally:
        watch.cancel()
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a group's command and whatever it started that is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def summary(results: list[Result]) -> Counts:
    total = Counts()
    print("\n===== summary")
    for result in results:
        counts = result.counts
        total += counts
        skipped = f", {counts.skipped} skipped" if counts.skipped else ""
        note = f"  ({result.note})" if result.note else ""
        line = f"{result.name:<14}{counts.passed:>6} passed, {counts.failed} failed{skipped}"
        print(f"{line:<52}{result.seconds:>7.1f} s{note}")
    return total


def main(names: list[str]) -> int:
    # So that an interrupted run ends what it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    known = groups()
    unknown = sorted(set(names) - {group.name for group in known})
    if unknown:
        print(f"no such group: {', '.join(unknown)}. Known: {', '.join(group.name for group in known)}")
        return 2
    REPORTS.mkdir(parents=True, exist_ok=True)
    results = [run_group(group) for group in known if not names or group.name in names]
    total = summary(results)
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 0 if total.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
