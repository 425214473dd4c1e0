"""Saving a model and its weights, and taking weights from files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ... import _core
from ...errors import NotSupportedError, bad_argument, refuse_unless_default

if TYPE_CHECKING:
    from ..._core import ModelHandle
    from .model import Model


class Persistence:
    """What a model can do with files."""

    if TYPE_CHECKING:

        @property
        def _handle(self) -> ModelHandle: ...

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None) -> None:
        """Saves structure, weights, compile settings and optimizer state.

        Args:
            filepath: With the ending ".keras" it is Keras's file, which needs the package h5py; with ".safetensors", or
                any other but ".h5", it is a safetensors file, which also has the seed and the counters that training
                goes on from.
            overwrite: Whether a file of that name may be replaced.
            zipped: Only True for Keras's files.

        Raises:
            InvalidStateError: The model is not built.
            OSError: The file cannot be written; an existing file is then unchanged.
        """
        path = path_for_files(filepath)
        refuse_unless_default("save", {}, zipped=(zipped, None if zipped is None else True))
        _refuse_existing(path, overwrite)
        if path.lower().endswith(".keras"):
            from ..files import archive

            archive.write(_model(self), path)
        else:
            _core.model_save(self._handle, path)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Saves weights, and the optimizer's state when the model is compiled.

        Args:
            filepath: Ends in ".weights.h5", Keras's form, or ".safetensors".
            overwrite: Whether a file of that name may be replaced.
        """
        path = os.fspath(filepath)
        if not path.endswith((".weights.h5", ".safetensors")):
            raise bad_argument("filepath", "a path that ends in .weights.h5 or .safetensors", path)
        _refuse_existing(path, overwrite)
        if path.endswith(".safetensors"):
            _core.model_save(self._handle, path)
            return
        from ..files import archive, h5

        with archive.replacing(path) as beside:
            h5.write(_model(self), beside)

    def load_weights(self, filepath: str | os.PathLike[str], skip_mismatch: bool = False) -> None:
        """Takes over the weights, and the optimizer's state, that `save_weights` or `save` wrote, ours or Keras's.

        Args:
            filepath: Ends in ".weights.h5", ".keras" or ".safetensors".
            skip_mismatch: Whether layers whose weights do not fit keep those that they have, with a warning.

        Raises:
            FileNotFoundError: No such file.
            ValueError: Weights that do not fit, or a damaged file; the model is then unchanged.
        """
        path = os.fspath(filepath)
        if not path.endswith((".weights.h5", ".keras", ".safetensors")):
            raise bad_argument("filepath", "a path that ends in .weights.h5, .keras or .safetensors", path)
        if path.endswith(".safetensors"):
            if skip_mismatch:
                raise bad_argument("skip_mismatch", "False for .safetensors files", True)
            self._load_state(path)
            return
        from ..files import archive, h5

        if path.endswith(".weights.h5"):
            h5.read(_model(self), path, skip_mismatch)
        else:
            with archive.Archive(path) as opened:
                h5.read(_model(self), opened.weights(), skip_mismatch)

    def _load_state(self, filepath: str | os.PathLike[str]) -> None:
        """Takes over all that training depends on from what `save` wrote of a model of the same structure."""
        _core.model_load_state(self._handle, os.fspath(filepath))


def path_for_files(filepath: str | os.PathLike[str]) -> str:
    path = os.fspath(filepath)
    if not isinstance(path, str):
        raise bad_argument("filepath", "a str or os.PathLike of str", repr(path))
    if path.lower().endswith((".h5", ".hdf5")):
        name = os.path.basename(path)  # noqa: PTH119
        raise NotSupportedError(
            f"filepath: whole models in Keras's old HDF5 form ({name}) are not supported; use the ending .keras or "
            ".safetensors, or .weights.h5 with save_weights and load_weights",
            argument="filepath",
        )
    return path


def _refuse_existing(path: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):  # noqa: PTH110  pathlib is not imported at start
        raise bad_argument("filepath", "a path where no file is (or overwrite=True)", path)


def _model(instance: Persistence) -> Model:
    return instance  # type: ignore[return-value]
