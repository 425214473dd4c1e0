"""Losses: what `compile` gives to the library, and the same formulas on arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import NotSupportedError, bad_argument
from .._missing import missing_from
from ..saving import (
    classes_of,
    deserialize_keras_object,
    function_name,
    serialize_keras_object,
)
from .crossentropies import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
)
from .loss import Loss
from .margins import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from .overlap import Dice, Tversky, dice, tversky
from .probabilities import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    kl_divergence,
    sparse_categorical_crossentropy,
)
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
)
from .sequences import CTC, Circle, circle, ctc

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.losses", __all__)

_MODULE = "keras.losses"

_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    circle,
    cosine_similarity,
    ctc,
    dice,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
    tversky,
)

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{function.__name__: function for function in _FUNCTIONS},
    "bce": binary_crossentropy,
    "BCE": binary_crossentropy,
    "kld": kl_divergence,
    "KLD": kl_divergence,
    "mae": mean_absolute_error,
    "MAE": mean_absolute_error,
    "mse": mean_squared_error,
    "MSE": mean_squared_error,
    "mape": mean_absolute_percentage_error,
    "MAPE": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "MSLE": mean_squared_logarithmic_error,
    "logcosh": log_cosh,
}
"""Keras's functions by their names and short names."""


def get(identifier: object) -> Any:
    """A loss from its name, config, class, function or object.

    A name gives the function of that name, or an object of the class of that name; unknown names pass: the library
    judges them at `compile`.
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        found = FUNCTIONS.get(identifier) or classes_of(_MODULE).get(identifier)
        return found() if isinstance(found, type) else found or identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        if function_name(identifier) is not None:
            return identifier
        raise NotSupportedError(
            f"loss: a function of one's own ({identifier!r}) is not supported by this version; use one of "
            f"{', '.join(sorted(classes_of(_MODULE)))}",
            argument="loss",
        )
    raise bad_argument("loss", "a name or a loss of keras.losses", identifier)


def serialize(loss: Any) -> dict[str, Any]:
    """The config of a loss, or of one of the functions."""
    return serialize_keras_object(loss)


def deserialize(config: Any) -> Any:
    """The loss, or the function, that a config describes."""
    if isinstance(config, str) or (isinstance(config, dict) and config.get("class_name") == "function"):
        name = config if isinstance(config, str) else config.get("config")
        return _named(name)
    made = deserialize_keras_object({"module": _MODULE, **config})
    if not isinstance(made, Loss):
        raise bad_argument("config", "the config of a loss", config)
    return made


def _named(name: Any) -> Any:
    found = get(name) if isinstance(name, str) else None
    if found is None or isinstance(found, str):
        raise bad_argument("config", "the name of a loss", name)
    return found
