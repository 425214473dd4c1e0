"""The quick starts of README.md, and the programs in the guides, run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT, compile_c, prediction_for_six, run

PYTHON = ROOT / "build" / "venv" / "bin" / "python"


def quick_start(language: str) -> str:
    """The fenced block that follows the marker `<!-- quick start: LANGUAGE -->`."""
    text = (ROOT / "README.md").read_text()
    match = re.search(rf"<!-- quick start: {language} -->\n```{language}\n(.*?)```", text, re.DOTALL)
    assert match, f"README.md has no quick start for {language}"
    return match.group(1)


def test_python_quick_start(tmp_path: Path) -> None:
    program = tmp_path / "quick_start.py"
    program.write_text(quick_start("python"))
    assert 24.9 < prediction_for_six(run(PYTHON, program, folder=tmp_path)) < 25.5


def test_c_quick_start(tmp_path: Path) -> None:
    source = tmp_path / "quick_start.c"
    source.write_text(quick_start("c"))
    program = compile_c(source, tmp_path / "quick_start")
    assert 24.9 < prediction_for_six(run(program, folder=tmp_path)) < 25.5


def test_swift_quick_start(run_as_swift_package: Callable[[str], str]) -> None:
    assert 24.9 < prediction_for_six(run_as_swift_package(quick_start("swift"))) < 25.5


def test_swift_guide(run_as_swift_package: Callable[[str], str]) -> None:
    text = (ROOT / "docs" / "swift.md").read_text()
    match = re.search(r"<!-- program: functional -->\n```swift\n(.*?)```", text, re.DOTALL)
    assert match, "docs/swift.md has no program"
    printed = run_as_swift_package(match.group(1))
    for name in ("length_loss", "loss", "same_accuracy", "same_loss"):
        assert re.search(rf"^{name} \[", printed, re.MULTILINE), printed
    assert printed.splitlines()[-1] == "[(200, 1), (200, 1)]"


def test_links_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("samples/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
