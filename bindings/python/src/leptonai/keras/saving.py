"""Keras's config format: `{"module", "class_name", "config", "registered_name"}`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from ..errors import LeptonError, NotSupportedError, TypeMismatchError, bad_argument
from ._missing import missing_from
from .graph.tensor import is_symbolic

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
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
    """Function decorator: the function is known to config files by its name.

    On symbolic tensors, in a user's own loss or metric, the function of the same name in `losses.symbolic` takes its
    place.
    """

    @wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if is_symbolic((*args, *kwargs.values())):
            return _on_symbols(function.__name__)(*args, **kwargs)
        return function(*args, **kwargs)

    _functions.add(public)
    return public  # type: ignore[return-value]


def _on_symbols(name: str) -> Callable[..., Any]:
    from .losses import symbolic

    found = getattr(symbolic, name, None)
    if found is None:
        raise NotSupportedError(
            f"{name} is not supported in a loss or a metric of one's own by this version; write it with keras.ops"
        )
    return found  # type: ignore[no-any-return]


def function_name(function: object) -> str | None:
    """The name of one of this package's functions in config files; None for others."""
    if not callable(function) or isinstance(function, type) or not hasattr(function, "__name__"):
        return None
    return str(function.__name__) if function in _functions else None


def is_public(cls: type) -> bool:
    """Whether a class is one of this package's that config files know."""
    return cls in _module_of


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
    if module is None and _is_own(obj):
        if isinstance(obj, FunctionType | MethodType):
            registered = {"config": obj.__name__, "registered_name": _registered_names.get(obj, "function")}
            return {"module": "builtins", "class_name": "function", **registered}
        return {
            "module": None,
            "class_name": cls.__name__,
            "config": obj.get_config(),
            "registered_name": _registered_names.get(cls, cls.__name__),
        }
    if module is None:
        raise NotSupportedError(
            f"{cls.__name__} is not a class of this package: custom classes are not supported by this version; "
            "use one of the classes in leptonai.keras"
        )
    return {"module": module, "class_name": cls.__name__, "config": obj.get_config(), "registered_name": None}


_registered: dict[str, Any] = {}
_registered_names: dict[Any, str] = {}
_in_scope: ContextVar[dict[str, Any]] = ContextVar("custom_objects", default={})  # noqa: B039  never changed in place


def _is_own(obj: Any) -> bool:
    """Whether it is a user's own function, loss or metric."""
    from .losses.loss import Loss
    from .metrics.metric import Metric

    return isinstance(obj, FunctionType | MethodType | Loss | Metric)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[F], F]:
    """Decorator: a loss, a metric or a function of one's own is found again by files that name it."""

    def register(obj: F) -> F:
        known = f"{package}>{name or obj.__name__}"
        _registered[known] = obj
        _registered_names[obj] = known
        return obj

    return register


def get_registered_name(obj: Any) -> str:
    """The name under which a class or function was registered, or else its own."""
    return _registered_names.get(obj) or str(obj.__name__)


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """What was registered under a name, or is in scope under it; None for nothing."""
    for known in (_in_scope.get(), _registered, custom_objects or {}, module_objects or {}):
        if name in known:
            return known[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """What has been registered, by name."""
    return _registered


@contextmanager
def custom_object_scope(objects: dict[str, Any] | None) -> Iterator[None]:
    """Losses, metrics and functions of one's own that files within the block may name."""
    token = _in_scope.set({**_in_scope.get(), **(objects or {})})
    try:
        yield
    finally:
        _in_scope.reset(token)


CustomObjectScope = custom_object_scope


def custom_object(config: dict[str, Any]) -> Any:
    """The user's own class or function that a config names.

    Raises:
        TypeError: Nothing of that name is registered or was given as one of `custom_objects`.
    """
    is_function = config.get("class_name") == "function"
    name = str(config.get("config") if is_function else config.get("class_name"))
    found = get_registered_object(str(config.get("registered_name"))) or get_registered_object(name)
    if found is None:
        raise TypeMismatchError(
            f"Could not locate {'function' if is_function else 'class'} '{name}'. Make sure custom classes and "
            "functions are decorated with `@keras.saving.register_keras_serializable()` and imported, or give them to "
            "load_model as custom_objects. Nothing in a file is ever executed.",
            argument="custom_objects",
        )
    return found


def deserialize_in(module: str, config: dict[str, Any]) -> Any:
    """The object that a config describes: of a class of `module`, or of one of the user's own.

    Raises:
        TypeError: A class of the user's own that is not known.
    """
    if isinstance(config, dict) and isinstance(config.get("class_name"), str) and config.get("module") is None:
        if config["class_name"] not in classes_of(module):
            return _made(custom_object(config), config)
        config = {**config, "module": module}
    return deserialize_keras_object({"module": module, **config} if isinstance(config, dict) else config)


def deserialize_keras_object(config: dict[str, Any]) -> Any:
    """The object that a config describes.

    Only classes of this package are made, and those that the program registered: nothing in a config is ever executed
    or imported.

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
    if cls is None and module is None and get_registered_object(str(config.get("registered_name"))) is not None:
        cls = custom_object(config)
    if cls is None:
        if module == "keras.layers" or module is None:
            judge_layer(class_name, arguments)
        raise bad_argument("class_name", f"one of {', '.join(sorted(_names(_class_of)))}", class_name)
    return _made(cls, config)


def _made(cls: Any, config: dict[str, Any]) -> Any:
    try:
        return cls.from_config(config.get("config") or {})
    except LeptonError:
        raise
    except TypeError as error:
        # Arguments that are missing or that the class does not have.
        raise TypeMismatchError(f"config of {config.get('class_name')}: {error}", argument="config") from error


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
