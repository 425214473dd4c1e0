"""`.weights.h5`: weights and optimizer state in HDF5, in Keras's layout."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ... import _core
from ...errors import CorruptDataError, InvalidStateError, LeptonError, ShapeMismatchError
from . import optimizer_state
from .optional import require
from .tree import Group, groups_of

if TYPE_CHECKING:
    from ..models.model import Model

Array = NDArray[Any]


def _h5py() -> Any:
    return require("h5py", "reading and writing Keras's files", "files")


def _groups(model: Model) -> list[Group]:
    return groups_of(json.loads(_core.model_get_config(model._handle)), [weight.path for weight in model.weights])


def write(model: Model, target: str | BinaryIO) -> None:
    """Writes weights, and the optimizer's state when the model is compiled."""
    h5py = _h5py()
    if not model.built:
        raise InvalidStateError(f"the model '{model.name}' is not built: it has no weights to save yet")
    values = model.get_weights()
    with h5py.File(target, "w") as file:
        for group in _groups(model):
            store = file.require_group(f"{group.path}/vars")
            if group.name:
                store.attrs["name"] = group.name
            for number, index in enumerate(group.weights):
                store.create_dataset(str(number), data=values[index])
            if group.idf_weights is not None:
                store.create_dataset("idf_weights", data=np.asarray(group.idf_weights, np.float32))
        if model.compiled:
            for path, variables in optimizer_state.read(model).items():
                store = file.require_group(f"{path}/vars")
                inner = model.optimizer if path == "optimizer" else model.optimizer.inner_optimizer
                store.attrs["name"] = getattr(inner, "name", "optimizer")
                for number, value in enumerate(variables):
                    store.create_dataset(str(number), data=value)


@contextmanager
def _opened(source: str | BinaryIO) -> Iterator[Any]:
    """An HDF5 file; what the library for it says of damaged bytes becomes a CorruptDataError."""
    h5py = _h5py()
    try:
        with h5py.File(source, "r") as file:
            yield file
    except (LeptonError, FileNotFoundError, IsADirectoryError, PermissionError, MemoryError, UserWarning):
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise CorruptDataError(f"filepath: expected a whole HDF5 file. Received: {error}") from error


def numbers(source: str | BinaryIO, path: str) -> list[float]:
    """A dataset of one axis.

    Raises:
        ValueError: Something else, or nothing, at that place.
    """
    with _opened(source) as file:
        place, _, name = path.rpartition("/")
        group = file.get(place)
        link = None if group is None else group.get(name, getlink=True)
        dataset = group[name] if isinstance(link, _h5py().HardLink) else None
        if dataset is None or getattr(dataset, "ndim", None) != 1 or dataset.is_virtual or dataset.external:
            raise CorruptDataError(f"filepath: expected numbers at '{path}'. Received: something else, or nothing")
        values: list[float] = _floats(dataset).tolist()
        return values


def read(model: Model, source: str | BinaryIO, skip_mismatch: bool = False) -> None:
    """Reads weights and optimizer state into a model; all or nothing.

    Args:
        skip_mismatch: Whether layers whose weights do not fit keep those that they have, with a warning.

    Raises:
        ValueError: Missing groups, other numbers of variables or other shapes than the model's; a damaged file.
    """
    if not model.built:
        raise InvalidStateError(
            f"the model '{model.name}' is not built: build it, or give it an Input, before you load weights"
        )
    with _opened(source) as file:
        values = model.get_weights()
        failures = []
        for group in _groups(model):
            try:
                _read_group(file, group, values)
            except (CorruptDataError, ShapeMismatchError) as error:
                failures.append(f"{group.name or group.path}: {error}")
        if failures and not skip_mismatch:
            raise ShapeMismatchError(
                f"filepath: expected the weights of the model '{model.name}'. Received: a file in which "
                f"{len(failures)} layers do not fit, such as {failures[0]}",
                argument="filepath",
            )
        state = _variables(file, "optimizer") if model.compiled else None
        largest = max((value.size for value in values), default=1)
        variables = None if state is None else [_number(dataset, max(largest, 1)) for dataset in state]
    if failures:
        warnings.warn(f"{len(failures)} layers keep the weights that they have: {'; '.join(failures)}", stacklevel=4)
    model.set_weights(values)
    if variables is not None:
        optimizer_state.write(model, variables)


def _read_group(file: Any, group: Group, values: list[Array]) -> None:
    if not group.weights:
        return
    datasets = _variables(file, group.path)
    if datasets is None or len(datasets) != len(group.weights):
        found = "no such group" if datasets is None else f"{len(datasets)} variables"
        raise ShapeMismatchError(f"'{group.path}/vars' must have {len(group.weights)} variables; the file has {found}")
    fresh = []
    for index, dataset in zip(group.weights, datasets, strict=True):
        if dataset.shape != values[index].shape:
            raise ShapeMismatchError(
                f"'{dataset.name}' must be of shape {values[index].shape}; it is of shape {dataset.shape}"
            )
        fresh.append(_floats(dataset))
    for index, value in zip(group.weights, fresh, strict=True):
        values[index] = value


def _variables(file: Any, path: str) -> list[Any] | None:
    """The datasets of a group's "vars", in order; None when there is no such group.

    Only what is in the file itself is followed: a link could lead to any file of this machine.
    """
    h5py = _h5py()
    place = file
    for part in (*(piece for piece in path.split("/") if piece), "vars"):
        link = place.get(part, getlink=True)
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise CorruptDataError(f"filepath: expected groups. Received: a link at '{path}'")
        place = place[part]
        if not isinstance(place, h5py.Group):
            raise CorruptDataError(f"filepath: expected a group at '{path}'. Received: something else")
    datasets = []
    for number in range(len(place)):
        link = place.get(str(number), getlink=True)
        dataset = place[str(number)] if isinstance(link, h5py.HardLink) else None
        if not isinstance(dataset, h5py.Dataset) or dataset.is_virtual or dataset.external:
            raise CorruptDataError(f"filepath: expected numbers at '{path}/vars/{number}'. Received: something else")
        datasets.append(dataset)
    return datasets


def _floats(dataset: Any) -> Array:
    if dataset.dtype.kind not in "fiu":
        raise CorruptDataError(f"filepath: expected numbers at '{dataset.name}'. Received: {dataset.dtype}")
    value: Array = np.asarray(dataset[()], np.float32)
    return value


def _number(dataset: Any, largest: int) -> tuple[tuple[int, ...], Any]:
    """A variable's shape and numbers; one that is larger than all of the model's weights is not read."""
    if dataset.dtype.kind not in "fiu":
        raise CorruptDataError(f"filepath: expected numbers at '{dataset.name}'. Received: {dataset.dtype}")
    return dataset.shape, dataset[()] if dataset.size <= largest else None
