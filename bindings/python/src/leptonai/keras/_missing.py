"""What happens when a module is asked for a name that it does not have.

A name of Keras's gets an error that says so and what there is instead; any other one gets the nearest name there is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from ..errors import NotSupportedError

_CUSTOM = "classes of one's own are not made from files: build the model in Python and use load_weights"

_INSTEAD = {
    "keras.Model": "models from inputs and outputs need more than a chain of layers: use keras.Sequential([...])",
    "keras.Function": "use keras.Sequential([...])",
    "keras.applications": "build the network from keras.layers and load its weights with set_weights",
    "keras.datasets": "load the data yourself and give NumPy arrays to fit",
    "keras.distribution": "ask for nodes with LeptonClient(nodes=...) and client.allocate(...)",
    "keras.export": "use model.save",
    "keras.mixed_precision": "arithmetic is in float32",
    "keras.preprocessing": "prepare the data with NumPy and give arrays to fit",
    "keras.random": "use numpy.random; keras.utils.set_random_seed seeds models",
    "keras.tree": "give one array as x and one as y",
    "keras.visualization": "use model.summary()",
    "keras.callbacks.RemoteMonitor": "send the numbers yourself from a LambdaCallback's on_epoch_end",
    "keras.callbacks.OrbaxCheckpoint": "use keras.callbacks.ModelCheckpoint",
    "keras.utils.CustomObjectScope": _CUSTOM,
    "keras.utils.custom_object_scope": _CUSTOM,
    "keras.utils.get_custom_objects": _CUSTOM,
    "keras.utils.register_keras_serializable": _CUSTOM,
    "keras.utils.get_registered_name": _CUSTOM,
    "keras.utils.get_registered_object": _CUSTOM,
    "keras.saving.CustomObjectScope": _CUSTOM,
    "keras.saving.custom_object_scope": _CUSTOM,
    "keras.saving.get_custom_objects": _CUSTOM,
    "keras.saving.register_keras_serializable": _CUSTOM,
    "keras.saving.get_registered_name": _CUSTOM,
    "keras.saving.get_registered_object": _CUSTOM,
    "keras.config.enable_unsafe_deserialization": "nothing in a file is ever executed",
}


class MissingNameError(NotSupportedError, AttributeError):
    """A name that Keras has and this version has not. As an AttributeError, hasattr() answers False."""


class MissingImportError(NotSupportedError, ImportError):
    """The same, in `from ... import name`."""


def missing_from(module: str, has: list[str], later: dict[str, str] | None = None) -> Callable[[str], Any]:
    """The `__getattr__` of a module.

    Args:
        module: Its name to users, such as "keras.layers".
        has: Its public names.
        later: Modules that are read when one of their names is asked for, by name.
    """

    def missing(name: str) -> Any:
        if later is not None and name in later:
            from importlib import import_module

            # A module of the package `module`, or beside the module of that name.
            place = later[name] if later[name].startswith("keras.") else f"{module}.{later[name]}"
            return getattr(import_module(f"leptonai.{place}"), name)
        if name.startswith("_"):
            raise AttributeError(f"module 'leptonai.{module}' has no attribute '{name}'")
        from ._keras_names import NAMES

        if name in NAMES[module].split():
            error = MissingImportError if _in_import(sys._getframe(1)) else MissingNameError
            raise error(
                f"{module}.{name} is not supported by this version of the Lepton SDK; {_instead(module, name, has)}"
            )
        from difflib import get_close_matches

        nearest = get_close_matches(name, has, 1)
        hint = f"the nearest name is '{nearest[0]}'" if nearest else f"it has {_listed(has)}"
        raise AttributeError(f"{module} has no '{name}'; {hint}")

    return missing


def missing_member(members: dict[str, str]) -> Callable[[object, str], NoReturn]:
    """The `__getattr__` of a class.

    Args:
        members: What there is instead, by name of a member that Keras's class has and ours has not.
    """

    def missing(self: object, name: str) -> NoReturn:
        kind = type(self).__name__
        if name in members:
            raise MissingNameError(f"{kind}.{name} is not supported by this version; {members[name]}")
        raise AttributeError(f"'{kind}' object has no attribute '{name}'", name=name, obj=self)

    return missing


def _instead(module: str, name: str, has: list[str]) -> str:
    remedy = _INSTEAD.get(f"{module}.{name}")
    if remedy is not None:
        return remedy
    return f"it has {_listed(has)}"


def _listed(has: list[str]) -> str:
    """Classes where there are any, otherwise all names."""
    classes = [name for name in has if name[0].isupper()]
    return ", ".join(classes or has)


def _in_import(frame: FrameType) -> bool:
    """Whether `frame` is at `from module import name`.

    The import statement swallows an AttributeError and says "cannot import name" without our reason, so the error is
    to be an ImportError there.
    """
    from opcode import opmap

    return frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]
