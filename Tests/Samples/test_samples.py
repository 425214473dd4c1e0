"""Each sample is one program in C, Python and Swift: all three print the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, compile_c, run

SAMPLES = ROOT / "samples"
DATA = SAMPLES / "data" / "breast_cancer_wisconsin.csv"
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
LANGUAGES = ("c", "python", "swift")
PRODUCTS = {
    "01-linear-regression": "linear-regression",
    "02-diagnosis": "diagnosis",
    "03-elastic": "elastic",
    "04-budget": "budget",
    "05-own-allocator": "own-allocator",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """The command of each sample in each language."""
    scratch = ROOT / ".build-samples"
    run("swift", "build", "-c", "release", "--package-path", SAMPLES / "swift", "--scratch-path", scratch)
    folder = tmp_path_factory.mktemp("samples")
    support = SAMPLES / "c" / "support"
    commands: dict[tuple[str, str], list[str]] = {}
    for name, swift_product in PRODUCTS.items():
        sources = sorted((SAMPLES / "c" / name).glob("*.c"))
        program = compile_c(sources[0], folder / name, *sources[1:], support / "sample.c", f"-I{support}")
        commands[name, "c"] = [str(program)]
        commands[name, "python"] = [str(PYTHON), str(SAMPLES / "python" / name / "main.py")]
        commands[name, "swift"] = [str(scratch / "release" / swift_product)]
    return commands


def results(output: str) -> str:
    """What a sample found out: everything before the bill, which tells time and so differs between runs."""
    found, bill = output.split("bill:\n")
    assert bill.strip()
    return found


def bill_lines(output: str) -> Iterator[str]:
    """The bill without its numbers and identifiers."""
    for line in output.split("bill:\n")[1].splitlines():
        yield re.sub(r"\s+|-+", " ", re.sub(r"\S*\d\S*", "N", line)).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_linear_regression(programs: dict[tuple[str, str], list[str]], language: str) -> None:
    output = run(*programs["01-linear-regression", language])
    match = re.search(r"prediction for 6: (\S+)", output)
    assert match is not None
    assert 24.9 < float(match.group(1)) < 25.5
    assert "utilisation while allocated: cores 100.0 %" in output
    assert "utilisation after release: cores 0.0 %" in output


def test_linear_regression_is_the_same_in_every_language(programs: dict[tuple[str, str], list[str]]) -> None:
    outputs = [run(*programs["01-linear-regression", language]) for language in LANGUAGES]
    assert results(outputs[0]) == results(outputs[1]) == results(outputs[2])
    bills = [list(bill_lines(output)) for output in outputs]
    assert bills[0] == bills[1] == bills[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_diagnosis(programs: dict[tuple[str, str], list[str]], language: str) -> None:
    output = run(*programs["02-diagnosis", language], DATA)
    match = re.search(r"test accuracy: (\S+) % of 114", output)
    assert match is not None
    assert float(match.group(1)) >= 95


def test_diagnosis_is_the_same_in_every_language_and_with_a_store(
    programs: dict[tuple[str, str], list[str]], tmp_path: Path
) -> None:
    outputs = [run(*programs["02-diagnosis", language], DATA) for language in LANGUAGES]
    for language in LANGUAGES:
        store = tmp_path / language
        outputs.append(run(*programs["02-diagnosis", language], DATA, "--store", store))
        assert any(store.rglob("*")), f"{language}: nothing was stored"
    assert len({results(output) for output in outputs}) == 1


def test_elastic_is_the_same_in_every_language(programs: dict[tuple[str, str], list[str]], tmp_path: Path) -> None:
    outputs = [run(*programs["03-elastic", language], tmp_path / language) for language in LANGUAGES]
    assert outputs[0].count("the same bits: yes") == 2
    assert "killed after 4 of 10 epochs, it went on and ended 7 more" in outputs[0]
    assert len({results(output) for output in outputs}) == 1


def test_own_allocator_is_the_same_in_every_language(programs: dict[tuple[str, str], list[str]]) -> None:
    outputs = [run(*programs["05-own-allocator", language]) for language in LANGUAGES]
    assert "lent 2 nodes\ntwo more: refused\ngrown to 3 nodes: cores 75.0 %" in outputs[0]
    assert "got 3 nodes back" in outputs[0]
    assert len({results(output) for output in outputs}) == 1


def test_budget_is_the_same_in_every_language(programs: dict[tuple[str, str], list[str]]) -> None:
    outputs = [run(*programs["04-budget", language]) for language in LANGUAGES]
    # What is estimated depends on the machine.
    found = {re.sub(r"for \S+ EUR", "for N EUR", results(output)) for output in outputs}
    assert len(found) == 1, outputs
    lines = found.pop().splitlines()
    assert lines[0] == "estimated: 80 steps on 2 cores for N EUR"
    assert lines[2:] == [
        "warning: half of the budget is spent",
        "the fit was stopped by its budget",
        "its weights are usable: yes",
        "a further request is refused",
    ]
    for output in outputs:
        assert "Estimated for a fit:" in output.split("bill:\n")[1]
