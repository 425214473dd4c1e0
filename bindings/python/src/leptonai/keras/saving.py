"""Keras's config format: `{"module", "class_name", "config", "registered_name"}`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from ..errors import LeptonError, NotSupportedError, TypeMismatchError, bad_argument
from ._missing import missing_from

__all__ = [
    "deserialize_keras_object",
    "load_model",
    "load_weights",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.saving", __all__)


_module_of: dict[type, str] = {}
_class_of: dict[str, type] = {}

T = TypeVar("T", bound=type)


def public(module: str, written: str | None = None) -> Callable[[T], T]:
    """Class decorator: the class is known to config files as a member of `module`, such as "keras.layers".

    Args:
        written: The module that Keras writes, where it is another one.
    """

    def register(cls: T) -> T:
        _module_of[cls] = written or module
        _class_of[f"{module}.{cls.__name__}"] = cls
        return cls

    return register


F = TypeVar("F", bound=Callable[..., Any])

_functions: set[object] = set()


def public_function(function: F) -> F:
    """Function decorator: the function is known to config files by its name."""
    _functions.add(function)
    return function


def function_name(function: object) -> str | None:
    """The name of one of this package's functions in config files; None for others."""
    if not callable(function) or isinstance(function, type) or not hasattr(function, "__name__"):
        return None
    return str(function.__name__) if function in _functions else None


_function_readers: list[Callable[[dict[str, Any]], Any]] = []


def public_function_class(read: Callable[[dict[str, Any]], Any]) -> None:
    """Says what reads the functions of `keras.ops` in configs of models."""
    _function_readers.append(read)


def classes_of(module: str) -> dict[str, type]:
    """The classes registered under a module, by name."""
    prefix = module + "."
    return {name[len(prefix) :]: cls for name, cls in _class_of.items() if name.startswith(prefix)}


def serialize_keras_object(obj: Any) -> dict[str, Any]:
    """The config of a layer, model, loss, metric, optimizer or initializer, as Keras writes it."""
    name = function_name(obj)
    if name is not None:
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}
    cls = type(obj)
    module = _module_of.get(cls)
    if module is None:
        raise NotSupportedError(
            f"{cls.__name__} is not a class of this package: custom classes are not supported by this version; "
            "use one of the classes in leptonai.keras"
        )
    return {"module": module, "class_name": cls.__name__, "config": obj.get_config(), "registered_name": None}


def deserialize_keras_object(config: dict[str, Any]) -> Any:
    """The object that a config describes.

    Only classes of this package are made: nothing in a config is ever executed or imported.

    Raises:
        ValueError: Not a config, or an unknown class.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise bad_argument("config", 'a dict with "class_name" and "config"', config)
    class_name, module = config["class_name"], config.get("module")
    if isinstance(module, str) and module.startswith("keras.src.ops."):
        from . import ops  # noqa: F401  brings what reads them

        return _function_readers[0](config)
    arguments = config.get("config") or {}
    if not isinstance(arguments, dict):
        raise bad_argument("config", f"a dict as the config of {class_name}", arguments)
    cls = None
    if isinstance(module, str):
        # "keras.src.models.sequential" and the like are where Keras keeps what it shows as "keras" and "keras.models".
        public_module = "keras" if module == "keras.models" or module.startswith("keras.src.models") else module
        cls = _class_of.get(f"{public_module}.{class_name}")
    if cls is None and not isinstance(module, str):
        found = [known for name, known in _class_of.items() if name.rsplit(".", 1)[1] == class_name]
        cls = found[0] if found else None
    if cls is None:
        if module == "keras.layers" or module is None:
            judge_layer(class_name, arguments)
        raise bad_argument("class_name", f"one of {', '.join(sorted(_names(_class_of)))}", class_name)
    try:
        return cls.from_config(arguments)  # type: ignore[attr-defined]
    except LeptonError:
        raise
    except TypeError as error:
        # Arguments that are missing or that the class does not have.
        raise TypeMismatchError(f"config of {class_name}: {error}", argument="config") from error


def _names(known: Iterable[str]) -> set[str]:
    return {name.rsplit(".", 1)[1] for name in known}


@lru_cache(maxsize=512)
def judge(class_name: str, config: str) -> None:
    """Raises what the library has against a layer; what it accepted is remembered."""
    _core.model_add_layer(_core.model_create(None), class_name, config)


def judge_layer(class_name: str, config: dict[str, Any]) -> None:
    """Asks the library about a layer class that this package has not: it names the nearest one that it knows."""
    judge(class_name, json.dumps(config))
    raise NotSupportedError(f"the layer {class_name} has no Python class in this version")


def load_model(filepath: Any, **options: Any) -> Any:
    """As `keras.models.load_model`."""
    from .models.saving import load_model as load

    return load(filepath, **options)


def save_model(model: Any, filepath: Any, **options: Any) -> None:
    """As `model.save`."""
    model.save(filepath, **options)


def save_weights(model: Any, filepath: Any, **options: Any) -> None:
    """As `model.save_weights`."""
    model.save_weights(filepath, **options)


def load_weights(model: Any, filepath: Any, **options: Any) -> None:
    """As `model.load_weights`."""
    model.load_weights(filepath, **options)
