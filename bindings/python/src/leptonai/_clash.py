"""The other `leptonai` on PyPI: another company's cloud SDK whose files land in the same folder as ours."""

import os
import sys
from collections.abc import Iterable

_PREFIX = "leptonai-"
_SUFFIXES = (".dist-info", ".egg-info")


def refuse_other_distribution(folders: Iterable[str] | None = None) -> None:
    """Raises ImportError when the distribution `leptonai` is installed in one of `folders` (default: sys.path).

    Two distributions that write the same package folder overwrite each other's files, so neither would work
    reliably. Only folder listings are read: no metadata is parsed.
    """
    for folder in sys.path if folders is None else folders:
        try:
            names = os.listdir(folder or os.curdir)  # noqa: PTH208  pathlib is not imported at start
        except OSError:
            continue
        for name in names:
            if name.lower().startswith(_PREFIX) and name.endswith(_SUFFIXES):
                version = name[len(_PREFIX) :].rsplit(".", 1)[0]
                raise ImportError(
                    f"the distribution 'leptonai' {version}, another company's cloud SDK, is installed in "
                    f"{folder or os.curdir} and uses the same import name as 'lepton-sdk': run `pip uninstall "
                    "leptonai` and then `pip install --force-reinstall lepton-sdk`, or give each its own virtual "
                    "environment"
                )
