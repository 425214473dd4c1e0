"""Packages that are needed for some things only."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ...errors import NotSupportedError


class MissingPackageError(NotSupportedError, ImportError):
    """A package that is not installed is needed for what was asked."""


def require(package: str, purpose: str, extra: str) -> Any:
    """The module `package`.

    Raises:
        ImportError: It is not installed; the message says what needs it and how to get it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        top = package.partition(".")[0]
        raise MissingPackageError(
            f"{purpose} needs the package {top}, which is not installed; get it with: pip install 'lepton-sdk[{extra}]'"
        ) from error
