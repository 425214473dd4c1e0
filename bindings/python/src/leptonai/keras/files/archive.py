"""`.keras`: a zip archive of the config, a note about its origin, and the weights."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import CorruptDataError, LeptonError, NotSupportedError
from ..version import KERAS_VERSION
from . import h5

if TYPE_CHECKING:
    from ..models.model import Model

_METADATA, _CONFIG, _WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_LARGEST_CONFIG = 256 << 20
# A member larger than the floor that unpacks to more than this many times its size was made to fill the memory: Keras
# stores members as they are.
_EXPANSION_FLOOR, _LARGEST_EXPANSION = 16 << 20, 100


def config_of(model: Model) -> dict[str, Any]:
    """The model's structure and compile settings, as Keras writes them."""
    config = model._written()
    shapes = model._input_shapes
    if shapes is not None and config["class_name"] == "Sequential":
        config["build_config"] = {"input_shape": [None if extent < 0 else extent for extent in shapes[0]]}
    compiled = model.get_compile_config()
    if compiled is not None:
        config["compile_config"] = {
            "loss_weights": None,
            "run_eagerly": False,
            "steps_per_execution": 1,
            "jit_compile": False,
            **compiled,
        }
    return config


def write(model: Model, path: str) -> None:
    """Writes beside the target, then takes its place: a file of that name is replaced whole or not at all."""
    weights = io.BytesIO()
    h5.write(model, weights)
    metadata = {"keras_version": KERAS_VERSION, "date_saved": datetime.now().strftime("%Y-%m-%d@%H:%M:%S")}
    with replacing(path) as beside, zipfile.ZipFile(beside, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, json.dumps(config_of(model)))
        archive.writestr(_WEIGHTS, weights.getbuffer())


class replacing:  # noqa: N801  used as a function
    """A path beside `path`, whose file becomes `path` when the block ends well, and goes otherwise."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._beside = f"{path}.{os.getpid()}.new"

    def __enter__(self) -> str:
        return self._beside

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            os.replace(self._beside, self._path)  # noqa: PTH105
        elif os.path.exists(self._beside):  # noqa: PTH110
            os.unlink(self._beside)  # noqa: PTH108


class Archive:
    """A `.keras` file that is read. Nothing in it is unpacked to disk or executed.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not such an archive, a damaged one, or one made to do harm.
    """

    def __init__(self, path: str) -> None:
        if os.path.isdir(path):  # noqa: PTH112
            raise NotSupportedError(
                f"filepath: folders are not supported; save {path} again as a file that ends in .keras",
                argument="filepath",
            )
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
            raise self._corrupt(f"{error}") from error
        try:
            self._check()
        except LeptonError:
            self.close()
            raise

    def _corrupt(self, received: str) -> CorruptDataError:
        return CorruptDataError(f"filepath: expected a .keras archive in {self._path}. Received: {received}")

    def _check(self) -> None:
        names = self._archive.namelist()
        for name in names:
            if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name:
                raise self._corrupt(f"a member called {name!r}")
        if len(set(names)) != len(names):
            raise self._corrupt("two members of one name")
        for name in (_CONFIG, _WEIGHTS):
            if name not in names:
                raise self._corrupt(f"no member {name}")

    def _read(self, name: str, largest: int | None = None) -> bytes:
        info = self._archive.getinfo(name)
        expands = info.file_size > _EXPANSION_FLOOR and info.file_size > _LARGEST_EXPANSION * info.compress_size
        if expands or (largest is not None and info.file_size > largest):
            raise self._corrupt(f"{name} of {info.compress_size} bytes that would unpack to {info.file_size}")
        try:
            with self._archive.open(info) as member:
                data = member.read(info.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, NotImplementedError) as error:
            raise self._corrupt(f"{name}: {error}") from error
        if len(data) != info.file_size:
            raise self._corrupt(f"{name} of {len(data)} bytes instead of {info.file_size}")
        return data

    def config(self) -> dict[str, Any]:
        """The model's structure and compile settings."""
        try:
            config = json.loads(self._read(_CONFIG, _LARGEST_CONFIG))
        except (ValueError, RecursionError) as error:
            if isinstance(error, LeptonError):
                raise
            raise self._corrupt(f"{_CONFIG}: {error}") from error
        if not isinstance(config, dict):
            raise self._corrupt(f"{_CONFIG} with a {type(config).__name__}")
        return config

    def refuse_assets(self, read: set[str]) -> None:
        """Refuses files of layers that nobody read: without them the model would give other numbers."""
        names = [name for name in self._archive.namelist() if name.startswith("assets/") and not name.endswith("/")]
        unread = [name for name in names if name not in read]
        if unread:
            raise NotSupportedError(
                f"filepath: {self._path} has files of its layers ({', '.join(unread[:3])}), which are not read by this "
                "version",
                argument="filepath",
            )

    def text(self, name: str) -> str | None:
        """A member that is text, or None when there is none of that name."""
        if name not in self._archive.namelist():
            return None
        try:
            return self._read(name, _LARGEST_CONFIG).decode()
        except UnicodeDecodeError as error:
            raise self._corrupt(f"{name}: {error}") from error

    def numbers(self, path: str) -> list[float]:
        """A list of numbers among the weights."""
        return h5.numbers(self.weights(), path)

    def weights(self) -> io.BytesIO:
        """The weights' HDF5 file."""
        return io.BytesIO(self._read(_WEIGHTS))

    def close(self) -> None:
        """Closes the file."""
        self._archive.close()

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
