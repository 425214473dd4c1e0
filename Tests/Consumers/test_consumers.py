"""Programs elsewhere that use the SDK as it is installed or fetched, never from the source tree."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, compile_c, prediction_for_six, run

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`make install` into an empty folder, then moved: nothing in it may depend on where it was installed."""
    base = tmp_path_factory.mktemp("install")
    # The products are those that were built for this test run; the target's own prerequisites are skipped.
    run(ROOT / "scripts" / "install.sh", "", base / "first")
    return (base / "first").rename(base / "moved")


def test_install_lays_out_library_header_and_command(prefix: Path) -> None:
    for name in ("lib/liblepton.so", "lib/liblepton.so.0", "include/lepton.h", "bin/lepton"):
        assert (prefix / name).exists(), name
    assert (prefix / "lib/liblepton.so").is_symlink()
    assert run(prefix / "bin" / "lepton", "--version").strip() == "0.1.0"


def test_library_has_its_soname(prefix: Path) -> None:
    dynamic = run("readelf", "--dynamic", prefix / "lib" / "liblepton.so")
    assert "[liblepton.so.0]" in next(line for line in dynamic.splitlines() if "(SONAME)" in line)


def test_library_is_stripped_and_small(prefix: Path) -> None:
    library = (prefix / "lib" / "liblepton.so").resolve()
    assert ".symtab" not in run("readelf", "--sections", "--wide", library)
    assert library.stat().st_size <= 30_000_000


def test_pkg_config_consumer(prefix: Path, tmp_path: Path) -> None:
    program = compile_c(HERE / "PkgConfig" / "main.c", tmp_path / "article", libraries=prefix / "lib")
    assert 24.9 < prediction_for_six(run(program)) < 25.5


def test_cmake_consumer(prefix: Path, tmp_path: Path) -> None:
    run("cmake", "-S", HERE / "CMake", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", tmp_path)
    assert 24.9 < prediction_for_six(run(tmp_path / "article")) < 25.5


def test_cmake_refuses_another_minor_version(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.18)\nproject(other C)\nfind_package(lepton 0.2 CONFIG REQUIRED)\n"
    )
    completed = subprocess.run(
        ["cmake", "-S", tmp_path, "-B", tmp_path / "out", f"-DCMAKE_PREFIX_PATH={prefix}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode != 0
    assert "0.1.0" in completed.stderr


def test_swift_package_by_url_and_version(run_as_swift_package: Callable[[str], str]) -> None:
    source = (HERE / "SwiftPackage" / "Sources" / "Article" / "main.swift").read_text()
    assert 24.9 < prediction_for_six(run_as_swift_package(source)) < 25.5
