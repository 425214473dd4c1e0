"""Builds leptonai._core against liblepton and puts the library beside it, found through $ORIGIN.

LEPTON_INCLUDE_DIR and LEPTON_LIB_DIR say where lepton.h and liblepton are; by default in this repository. The command
`lepton`, where it was built, goes beside the library, which starts it for fits on worker processes.
"""

import os
import shutil
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

HERE = Path(__file__).resolve().parent
INCLUDE = Path(os.environ.get("LEPTON_INCLUDE_DIR") or HERE / "../../include").resolve()
LIBRARIES = Path(os.environ.get("LEPTON_LIB_DIR") or HERE / "../../build/lib").resolve()
COMMAND = Path(os.environ.get("LEPTON_COMMAND") or HERE / "../../build/bin/lepton").resolve()
MACOS = sys.platform == "darwin"
LIBRARY, INSTALLED = ("liblepton.dylib", "liblepton.0.dylib") if MACOS else ("liblepton.so", "liblepton.so.0")
ORIGIN = "@loader_path" if MACOS else "$ORIGIN"


class BuildCore(build_ext):
    """Compiles _core and copies the library into the package."""

    def run(self) -> None:
        library = LIBRARIES / LIBRARY
        for needed in (INCLUDE / "lepton.h", library):
            if not needed.exists():
                raise SystemExit(
                    f"{needed} does not exist: build the library first (`make` at the top of the repository) or set "
                    "LEPTON_INCLUDE_DIR and LEPTON_LIB_DIR"
                )
        super().run()
        package = Path(self.get_ext_fullpath("leptonai._core")).parent
        shutil.copyfile(library, package / INSTALLED)
        if COMMAND.exists():
            shutil.copy(COMMAND, package / "lepton")


setup(
    ext_modules=[
        Extension(
            "leptonai._core",
            sources=sorted(str(path.relative_to(HERE)) for path in (HERE / "csrc").glob("*.c")),
            depends=["csrc/core.h", *map(str, sorted(INCLUDE.glob("*.h")))],
            include_dirs=[str(INCLUDE)],
            library_dirs=[str(LIBRARIES)],
            libraries=["lepton"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            extra_compile_args=["-std=c11", "-O2", "-Wall", "-Wextra"],
            extra_link_args=[f"-Wl,-rpath,{ORIGIN}"],
            py_limited_api=True,
        )
    ],
    cmdclass={"build_ext": BuildCore},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
