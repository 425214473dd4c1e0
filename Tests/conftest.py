"""What the tests of samples, documents and consumers share: running programs, and one Swift consumer package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = "https://example.invalid/lepton-sdk"


def run(*command: str | Path, folder: Path = ROOT, **environment: str) -> str:
    """Standard output of a program that must succeed; on failure the test shows everything it printed."""
    completed = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, (
        f"{' '.join(map(str, command))} ended with status {completed.returncode}\n{completed.stdout}{completed.stderr}"
    )
    return completed.stdout


def prediction_for_six(output: str) -> float:
    """What a program for the squares of 1 to 5 answers, written after "prediction for 6:" or as numpy writes it."""
    match = re.search(r"(?:prediction for 6:|\[\[)\s*([-+\d.e]+)", output)
    assert match, f"no prediction in: {output!r}"
    return float(match.group(1))


def compile_c(source: Path, program: Path, *extra: str | Path, libraries: Path = ROOT / "build" / "lib") -> Path:
    """Compiles a C program with nothing but what pkg-config says, as a user would."""
    flags = run(
        "pkg-config",
        "--cflags",
        "--libs",
        "lepton",
        PKG_CONFIG_PATH=str(libraries / "pkgconfig"),
    ).split()
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
    run("cc", *warnings, source, *extra, *flags, "-lm", f"-Wl,-rpath,{libraries}", "-o", program)
    return program


@pytest.fixture(scope="session")
def run_as_swift_package(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Runs a Swift program in a package that depends on this one by URL and version.

    The repository is cloned into a temporary folder and tagged there, so what is tested is what is committed. The
    package is built once and each further program only compiles itself.
    """
    base = tmp_path_factory.mktemp("swift-package")
    clone = base / "lepton-sdk"
    package = base / "consumer"
    run("git", "clone", "--quiet", ROOT, clone)
    run("git", "-c", "tag.gpgSign=false", "tag", "--force", "0.1.0", folder=clone)
    shutil.copytree(ROOT / "Tests" / "Consumers" / "SwiftPackage", package)
    manifest = package / "Package.swift"
    text = manifest.read_text()
    assert PLACEHOLDER in text
    manifest.write_text(text.replace(PLACEHOLDER, clone.as_uri()))

    # SwiftPM remembers repositories and their tags by URL. Folders of its own keep the throw-away clone out of the
    # user's; what is there already of the other dependencies is borrowed, to spare the download.
    cache = base / "cache"
    users = Path.home() / ".cache" / "org.swift.swiftpm" / "repositories"
    if users.is_dir():
        shutil.copytree(users, cache / "repositories", symlinks=True)

    def run_program(source: str) -> str:
        (package / "Sources" / "Article" / "main.swift").write_text(source)
        options: list[str | Path] = ["-c", "release", "--cache-path", cache, "--security-path", base / "security"]
        run("swift", "build", *options, folder=package)
        return run(package / ".build" / "release" / "Article", folder=package)

    return run_program
