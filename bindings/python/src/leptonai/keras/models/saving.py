"""Models from files and from JSON."""

from __future__ import annotations

import json
import os
from typing import Any

from ... import _core
from ...errors import CorruptDataError, bad_argument, refuse_unless_default
from ..saving import custom_object_scope, deserialize_keras_object
from .model import Model
from .persistence import path_for_files
from .sequential import Sequential


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """The model that `save` wrote, ours or Keras's, compiled if it was.

    The ending says what it is: ".keras" is Keras's archive, which needs the package h5py; everything else a safetensors
    file.

    Nothing in a file is ever executed. Losses and metrics of one's own are in a safetensors file as they were read; in
    Keras's archive they are names, which `custom_objects` or `keras.saving.register_keras_serializable` give a meaning.

    Args:
        custom_objects: Losses, metrics and functions of one's own, by the names that the file has for them.
        compile: Whether to compile the model as it was.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not a model file, or a damaged one.
        TypeError: It names a loss or metric of one's own that is not given.
    """
    refuse_unless_default("load_model", {}, safe_mode=(safe_mode, True))
    path = path_for_files(filepath)
    if path.lower().endswith(".keras"):
        with custom_object_scope(custom_objects):
            return _load_archive(path, compile)
    handle = _core.model_load(path)
    described = json.loads(_core.model_get_config(handle))
    model: Model
    if isinstance(described, dict) and described.get("class_name") == "Functional":
        model = model_from_config(described)
        model._handle = handle
        model._refresh()
    elif isinstance(described, dict) and described.get("class_name") == "Sequential":
        model = Sequential(name=described["config"]["name"])
        model._adopt(handle, described["config"])
    else:
        raise CorruptDataError(f"filepath: expected a model in {os.fspath(filepath)}")
    if compile:
        model._read_compiled()
    return model


def _load_archive(path: str, compile: bool) -> Model:
    from ..files import archive, h5, vocabularies

    with archive.Archive(path) as opened:
        config = opened.config()
        vocabularies.restore(config, opened)
        model = model_from_config(config)
        shape = (config.get("build_config") or {}).get("input_shape")
        if shape is not None and not model.built and isinstance(model, Sequential):
            model.build(shape)
        if compile and config.get("compile_config"):
            model.compile_from_config(config["compile_config"])
        if model.built:
            h5.read(model, opened.weights())
    return model


def model_from_json(json_string: str, custom_objects: None = None) -> Model:
    """A model of the structure in a `to_json`, Keras's or ours, with fresh weights.

    Raises:
        ValueError: Malformed or absurdly deep JSON, unknown layers.
    """
    refuse_unless_default("model_from_json", {}, custom_objects=(custom_objects, None))
    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as error:
        raise CorruptDataError(f"json_string: expected a model's JSON. Received: {error}") from error
    return model_from_config(config)


def model_from_config(config: dict[str, Any]) -> Model:
    """A model of the structure in a serialised config, with fresh weights."""
    from . import functional  # noqa: F401  so that the class is known

    made = deserialize_keras_object({"module": "keras", **config} if isinstance(config, dict) else config)
    if not isinstance(made, Model):
        raise bad_argument("config", "the config of a model", config)
    return made


def clone_model(model: Model) -> Model:
    """A model of the same structure, with fresh weights and not compiled."""
    if not isinstance(model, Model):
        raise bad_argument("model", "a model", model)
    cloned: Model = type(model).from_config(model.get_config())
    return cloned


def save_model(
    model: Model, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None
) -> None:
    """As `model.save`."""
    model.save(filepath, overwrite=overwrite, zipped=zipped)
