"""Optimizers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import bad_argument
from .._missing import missing_from
from ..saving import deserialize_keras_object, serialize_keras_object
from . import schedules
from .adam import Adam
from .adaptive import Adadelta, Adagrad, Adamax, AdamW, Lion, Nadam, RMSprop
from .further import Adafactor, Ftrl, Lamb, LossScaleOptimizer, Muon, ScheduleFreeAdamW
from .optimizer import Optimizer
from .sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.optimizers", __all__)

_BY_NAME: dict[str, type[Optimizer]] = {
    cls.__name__.lower(): cls
    for cls in (
        SGD,
        Adadelta,
        Adafactor,
        Adagrad,
        Adam,
        AdamW,
        Adamax,
        Ftrl,
        Lamb,
        Lion,
        LossScaleOptimizer,
        Muon,
        Nadam,
        RMSprop,
        ScheduleFreeAdamW,
    )
}


def get(identifier: object) -> Optimizer | str:
    """An optimizer from its name, config, class or object. Unknown names pass: the library judges them at `compile`."""
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        cls: Any = identifier
        made: Optimizer = cls()
        return made
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        known = _BY_NAME.get(identifier.lower())
        if known is None:
            return identifier
        named: Any = known
        by_name: Optimizer = named()
        return by_name
    raise bad_argument("optimizer", "a name or an optimizer of keras.optimizers", identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The config of an optimizer."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any]) -> Optimizer:
    """The optimizer that a config describes."""
    if isinstance(config, dict) and str(config.get("class_name", "")).lower() in _BY_NAME:
        config = {**config, "class_name": _BY_NAME[config["class_name"].lower()].__name__}
    # Keras writes where it keeps the class, such as "keras.src.backend.jax.optimizer".
    made = deserialize_keras_object({**config, "module": "keras.optimizers"})
    if not isinstance(made, Optimizer):
        raise bad_argument("config", "the config of an optimizer", config)
    return made
