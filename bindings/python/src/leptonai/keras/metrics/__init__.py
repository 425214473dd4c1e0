"""Metrics: what `compile` gives to the library, and the same measured on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import bad_argument
from .._missing import missing_from
from .._names import object_name, snake_case
from ..losses import (
    FUNCTIONS,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
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
)
from ..saving import classes_of, custom_object, deserialize_in, function_name, public, serialize_keras_object
from .accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from .means import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    ConcordanceCorrelation,
    CosineSimilarity,
    PearsonCorrelation,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    concordance_correlation,
    pearson_correlation,
)
from .metric import Metric
from .plain import (
    CategoricalHinge,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from .reductions import Mean, MeanMetricWrapper, Sum
from .scores import F1Score, FBetaScore, R2Score

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.metrics", __all__)

_MODULE = "keras.metrics"

_SHORT = {
    "bce": BinaryCrossentropy,
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
}


def get(identifier: object) -> Any:
    """A metric from its name, config, class, function or object.

    Raises:
        ValueError: An unknown name. "accuracy" is one: which metric it is depends on shapes that `compile` knows.
    """
    if isinstance(identifier, str):
        known = classes_of(_MODULE)
        named = {snake_case(name): cls for name, cls in known.items()}
        found = known.get(identifier) or named.get(identifier)
        if found is None and identifier in (*_SHORT, *(name.upper() for name in _SHORT)):
            found = _SHORT[identifier.lower()]
        if found is None:
            raise bad_argument("identifier", "the name of a metric", identifier)
        return found()
    return chosen(identifier)


def chosen(identifier: object) -> Any:
    """What `compile` was given: names stay names, because the history is kept under them."""
    if isinstance(identifier, str | Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, dict):
        made = deserialize(identifier)
        return function_name(made) or (made if isinstance(made, Metric) else chosen(made))
    if callable(identifier):
        name = function_name(identifier)
        if name is not None:
            return name
        # A function of one's own: the mean of its values.
        own = MeanMetricWrapper(identifier, name=object_name(identifier))
        own._is_bare = True
        return own
    raise bad_argument("metrics", "names or metrics of keras.metrics", identifier)


@public("leptonai.metrics")
class TracedMetric(Metric):
    """A metric that was read when its model was made, and came with the model's file: its code is not here."""

    def __init__(self, name: str | None = None, dtype: str | None = None, **graphs: Any) -> None:
        super().__init__(dtype, name)
        self._graphs = graphs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._graphs}


_FUNCTIONS = {
    **FUNCTIONS,
    **{
        function.__name__: function
        for function in (
            binary_accuracy,
            categorical_accuracy,
            sparse_categorical_accuracy,
            top_k_categorical_accuracy,
            sparse_top_k_categorical_accuracy,
            pearson_correlation,
            concordance_correlation,
        )
    },
}


def serialize(metric: Any) -> dict[str, Any]:
    """The config of a metric, or of one of the functions."""
    return serialize_keras_object(metric)


def deserialize(config: Any) -> Any:
    """The metric, or the function, that a config describes."""
    if isinstance(config, str):
        return get(config)
    if isinstance(config, dict) and config.get("class_name") == "function":
        function = _FUNCTIONS.get(str(config.get("config"))) or custom_object(config)
        if function is None:
            raise bad_argument("config", "the name of a metric function", config.get("config"))
        return function
    made = deserialize_in(_MODULE, config)
    if not isinstance(made, Metric):
        raise bad_argument("config", "the config of a metric", config)
    return made
