"""Metrics. A metric object is a description that `compile` gives to the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from ..errors import NotSupportedError, bad_argument, refuse_unless_default
from ._missing import missing_from
from .saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "deserialize",
    "get",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.metrics", __all__)

_MODULE = "keras.metrics"


class Metric:
    """The base class.

    Args:
        dtype: "float32" or None.
        name: The key in the history.
    """

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        refuse_unless_default(
            type(self).__name__,
            {"dtype": "metrics are computed in float32"},
            dtype=(None if dtype == "float32" else dtype, None),
        )
        self.name = name or type(self).__name__

    def _on_arrays(self) -> NoReturn:
        raise NotSupportedError(
            f"using {type(self).__name__} on arrays is not supported by this version; compile a model with it and call "
            "model.evaluate"
        )

    def update_state(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Not supported by this version."""
        self._on_arrays()

    def result(self) -> NoReturn:
        """Not supported by this version."""
        self._on_arrays()

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._on_arrays()

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {"name": self.name, "dtype": "float32"}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The metric that `get_config` described."""
        return cls(**config)


@public(_MODULE)
class Accuracy(Metric):
    """How often predictions equal labels."""

    def __init__(self, name: str = "accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)


@public(_MODULE)
class BinaryAccuracy(Metric):
    """How often predictions, rounded at `threshold`, equal labels of 0 and 1."""

    def __init__(self, name: str = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(dtype, name)
        if not 0 < threshold < 1:
            raise bad_argument("threshold", "a number between 0 and 1", threshold)
        self.threshold = threshold

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


@public(_MODULE)
class CategoricalAccuracy(Metric):
    """How often the largest prediction is where the one-hot label's is."""

    def __init__(self, name: str = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)


@public(_MODULE)
class SparseCategoricalAccuracy(Metric):
    """How often the largest prediction is at the class index."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)


@public(_MODULE)
class MeanAbsoluteError(Metric):
    """mean(|y_true - y_pred|)."""

    def __init__(self, name: str = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name)


@public(_MODULE)
class MeanSquaredError(Metric):
    """mean((y_true - y_pred)^2)."""

    def __init__(self, name: str = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name)


def get(identifier: object) -> Metric | str:
    """A metric from its name, config, class or object. Unknown names pass: the library judges them at `compile`."""
    if isinstance(identifier, str | Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if callable(identifier):
        raise NotSupportedError(
            f"metrics: a function of one's own ({identifier!r}) is not supported by this version; use one of "
            f"{', '.join(sorted(classes_of(_MODULE)))}",
            argument="metrics",
        )
    raise bad_argument("metrics", "names or metrics of keras.metrics", identifier)


def serialize(metric: Metric) -> dict[str, Any]:
    """The config of a metric."""
    return serialize_keras_object(metric)


def deserialize(config: dict[str, Any]) -> Metric:
    """The metric that a config describes."""
    made = deserialize_keras_object({"module": _MODULE, **config})
    if not isinstance(made, Metric):
        raise bad_argument("config", "the config of a metric", config)
    return made
