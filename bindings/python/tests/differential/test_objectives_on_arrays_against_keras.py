"""Losses and metrics on arrays, compared with Keras's: values, reductions, weights, states and configs."""

from typing import Any

import numpy as np
import pytest
from judge import agree, keras, ours

CLOSE = {"rtol": 2e-5, "atol": 2e-6}


def _rng(*key: object) -> np.random.Generator:
    return np.random.default_rng([len(str(part)) + sum(map(ord, str(part))) for part in key])


def _data(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions of a kind."""
    scores = rng.uniform(0.02, 0.98, shape).astype("float32")
    normal = rng.normal(size=shape).astype("float32")
    positive = rng.uniform(0.1, 3, shape).astype("float32")
    bits = rng.integers(0, 2, shape).astype("float32")
    numbers = rng.integers(0, shape[-1], shape[:-1])
    shares = scores / scores.sum(-1, keepdims=True)
    return {
        "real": (normal[::-1], normal),
        "positive": (positive[::-1], positive),
        "binary": (bits, scores),
        "signs": (2 * bits - 1, normal),
        "logits": (bits, 3 * normal),
        "onehot": (np.eye(shape[-1], dtype="float32")[numbers], shares),
        "sparse": (numbers.astype("float32"), shares),
    }[kind]


LOSSES: list[tuple[str, str, dict[str, Any]]] = [
    ("MeanSquaredError", "real", {}),
    ("MeanAbsoluteError", "real", {}),
    ("MeanAbsolutePercentageError", "positive", {}),
    ("MeanSquaredLogarithmicError", "real", {}),
    ("CosineSimilarity", "real", {"axis": 1}),
    ("CosineSimilarity", "real", {}),
    ("Huber", "real", {"delta": 0.6}),
    ("LogCosh", "real", {}),
    ("Poisson", "positive", {}),
    ("Hinge", "binary", {}),
    ("SquaredHinge", "signs", {}),
    ("CategoricalHinge", "onehot", {}),
    ("KLDivergence", "onehot", {}),
    ("BinaryCrossentropy", "binary", {"label_smoothing": 0.2}),
    ("BinaryCrossentropy", "logits", {"from_logits": True, "axis": 1}),
    ("BinaryFocalCrossentropy", "binary", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5}),
    ("BinaryFocalCrossentropy", "logits", {"from_logits": True, "label_smoothing": 0.1}),
    ("CategoricalCrossentropy", "onehot", {"label_smoothing": 0.1}),
    ("CategoricalCrossentropy", "logits", {"from_logits": True, "axis": 1}),
    ("CategoricalFocalCrossentropy", "onehot", {"label_smoothing": 0.1, "gamma": 1.0}),
    ("CategoricalFocalCrossentropy", "logits", {"from_logits": True, "alpha": 0.4}),
    ("SparseCategoricalCrossentropy", "sparse", {}),
    ("SparseCategoricalCrossentropy", "sparse", {"from_logits": True, "ignore_class": 1}),
    ("CategoricalGeneralizedCrossEntropy", "sparse", {"q": 0.7}),
    ("Dice", "binary", {}),
    ("Dice", "binary", {"axis": (1, 2)}),
    ("Tversky", "binary", {"alpha": 0.3, "beta": 0.8, "axis": (0, 1)}),
]


@pytest.mark.parametrize(("name", "kind", "arguments"), LOSSES)
def test_losses(name: str, kind: str, arguments: dict[str, Any]) -> None:
    rng = _rng(name, kind, sorted(arguments))
    true, pred = _data(kind, (5, 4, 3), rng)
    values = 1 if name in ("Dice", "Tversky") and arguments.get("axis") != (1, 2) else 5
    weights = [None] if values == 1 else [None, rng.uniform(0, 2, (5,) if name == "Dice" else (5, 1)).astype("float32")]
    for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight", None):
        theirs = getattr(keras.losses, name)(reduction=reduction, **arguments)
        mine = getattr(ours.losses, name)(reduction=reduction, **arguments)
        for weight in weights:
            agree(mine(true, pred, weight), theirs(true, pred, weight), CLOSE)
        own = mine.get_config()
        extra = {key: own[key] for key in mine.quiet if key in own}
        # Keras takes no tuples from JSON, and gives them back as they are.
        assert {**own, "axis": None} == {**theirs.get_config(), **extra, "axis": None}
        again = type(mine).from_config(mine.get_config())
        agree(again(true, pred), theirs(true, pred), CLOSE)


def test_functions_have_keras_names_and_defaults() -> None:
    rng = _rng("functions")
    for name in ours.losses.__all__:
        # The last two take other data, and have tests of their own.
        if not name[0].islower() or name in ("get", "serialize", "deserialize", "circle", "ctc"):
            continue
        kind = "sparse" if name.startswith(("sparse", "categorical_generalized")) else "onehot"
        true, pred = _data(kind, (6, 3), rng)
        extra = {"q": 0.5} if name.startswith("categorical_generalized") else {}
        theirs, mine = getattr(keras.losses, name), getattr(ours.losses, name)
        agree(mine(true, pred, **extra), theirs(true, pred, **extra), CLOSE)
        if not extra:
            assert ours.losses.get(name) is mine
            assert ours.losses.serialize(mine) == keras.losses.serialize(theirs)
            assert ours.losses.deserialize(keras.losses.serialize(theirs)) is mine
    for short in ("mse", "MAE", "mape", "MSLE", "bce", "kld"):
        assert ours.losses.get(short).__name__ == keras.losses.get(short).__name__


METRICS: list[tuple[str, str, dict[str, Any]]] = [
    ("Accuracy", "binary", {}),
    ("BinaryAccuracy", "binary", {"threshold": 0.4}),
    ("CategoricalAccuracy", "onehot", {}),
    ("SparseCategoricalAccuracy", "sparse", {}),
    ("TopKCategoricalAccuracy", "onehot", {"k": 2}),
    ("SparseTopKCategoricalAccuracy", "sparse", {"k": 2}),
    ("MeanSquaredError", "real", {}),
    ("RootMeanSquaredError", "real", {}),
    ("MeanAbsoluteError", "real", {}),
    ("MeanAbsolutePercentageError", "positive", {}),
    ("MeanSquaredLogarithmicError", "positive", {}),
    ("CosineSimilarity", "real", {}),
    ("LogCoshError", "real", {}),
    ("PearsonCorrelation", "real", {}),
    ("ConcordanceCorrelation", "real", {}),
    ("Hinge", "signs", {}),
    ("SquaredHinge", "binary", {}),
    ("CategoricalHinge", "onehot", {}),
    ("KLDivergence", "onehot", {}),
    ("Poisson", "positive", {}),
    ("BinaryCrossentropy", "logits", {"from_logits": True, "label_smoothing": 0.1}),
    ("CategoricalCrossentropy", "onehot", {"label_smoothing": 0.1}),
    ("SparseCategoricalCrossentropy", "sparse", {"ignore_class": 1}),
    ("R2Score", "real", {}),
    ("R2Score", "real", {"class_aggregation": "variance_weighted_average", "num_regressors": 3}),
    ("R2Score", "real", {"class_aggregation": None}),
    ("FBetaScore", "onehot", {"beta": 2.0}),
    ("FBetaScore", "binary", {"average": "weighted", "beta": 0.5, "threshold": 0.4}),
    ("F1Score", "onehot", {"average": "micro"}),
    ("F1Score", "binary", {"average": "macro", "threshold": 0.5}),
    ("AUC", "binary", {}),
    ("AUC", "binary", {"curve": "PR", "num_thresholds": 20}),
    ("AUC", "binary", {"curve": "PR", "summation_method": "minoring"}),
    ("AUC", "binary", {"curve": "PRGAIN", "summation_method": "majoring"}),
    ("AUC", "logits", {"from_logits": True, "thresholds": [0.2, 0.3, 0.9]}),
    ("AUC", "binary", {"multi_label": True, "label_weights": [0.2, 0.5, 0.3]}),
    ("AUC", "binary", {"multi_label": True, "num_labels": 3, "curve": "PR"}),
    ("AUC", "binary", {"label_weights": [0.2, 0.5, 0.3]}),
    ("Precision", "binary", {}),
    ("Precision", "onehot", {"top_k": 2}),
    ("Precision", "binary", {"thresholds": [0.0, 0.5, 1.0], "class_id": 1}),
    ("Recall", "binary", {"thresholds": [0.7, 0.2]}),
    ("Recall", "onehot", {"top_k": 1, "class_id": 2}),
    ("TruePositives", "binary", {"thresholds": 0.3}),
    ("TrueNegatives", "binary", {}),
    ("FalsePositives", "binary", {"thresholds": [0.1, 0.6]}),
    ("FalseNegatives", "binary", {}),
    ("PrecisionAtRecall", "binary", {"recall": 0.4}),
    ("RecallAtPrecision", "binary", {"precision": 0.4, "num_thresholds": 33}),
    ("SensitivityAtSpecificity", "binary", {"specificity": 0.3, "class_id": 1}),
    ("SpecificityAtSensitivity", "binary", {"sensitivity": 0.6, "num_thresholds": 1}),
    ("IoU", "sparse", {"num_classes": 3, "target_class_ids": [0, 2], "sparse_y_pred": False}),
    ("BinaryIoU", "binary", {"threshold": 0.4}),
    ("MeanIoU", "sparse", {"num_classes": 3, "sparse_y_pred": False, "ignore_class": 1}),
    ("OneHotIoU", "onehot", {"num_classes": 3, "target_class_ids": [1]}),
    ("OneHotMeanIoU", "onehot", {"num_classes": 3, "dtype": "float32"}),
]


@pytest.mark.parametrize(("name", "kind", "arguments"), METRICS)
@pytest.mark.filterwarnings("ignore")
def test_metrics(name: str, kind: str, arguments: dict[str, Any]) -> None:
    rng = _rng(name, kind, sorted(arguments))
    theirs, mine = getattr(keras.metrics, name)(**arguments), getattr(ours.metrics, name)(**arguments)
    for step in range(3):
        true, pred = _data(kind, (8, 3), rng)
        weight = rng.uniform(0, 2, 8).astype("float32") if step == 1 else None
        if weight is not None and name in ("BinaryIoU", "Accuracy", "BinaryAccuracy", "RootMeanSquaredError"):
            weight = np.repeat(np.round(weight), 3).reshape(8, 3) if name != "BinaryIoU" else None
        theirs.update_state(true, pred, sample_weight=weight)
        mine.update_state(true, pred, sample_weight=weight)
        agree(mine.result(), theirs.result(), CLOSE)
    assert [v.shape for v in mine.variables] == [tuple(v.shape) for v in theirs.variables]
    for own, expected in zip(mine.variables, theirs.variables, strict=True):
        agree(own, expected, {"rtol": 1e-4, "atol": 1e-5})
    config = {**theirs.get_config(), "name": mine.name}
    if config.get("label_weights") is not None:
        config["label_weights"] = pytest.approx(np.asarray(config["label_weights"]).tolist())
    assert mine.get_config() == config
    assert type(mine).from_config(mine.get_config()).get_config() == mine.get_config()
    mine.reset_state()
    theirs.reset_state()
    agree(mine(true, pred), theirs(true, pred), CLOSE)


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_sums_and_means(name: str) -> None:
    rng = _rng(name)
    theirs, mine = getattr(keras.metrics, name)(), getattr(ours.metrics, name)()
    for shape, weights in (
        ((), None),
        ((4,), None),
        ((4, 3), (4,)),
        ((4, 3), (4, 1)),
        ((4, 3), (4, 3)),
        ((2, 3, 2), None),
    ):
        values = rng.normal(size=shape).astype("float32")
        weight = None if weights is None else rng.uniform(size=weights).astype("float32")
        agree(mine(values, weight), theirs(values, weight), CLOSE)


def test_a_function_as_a_metric() -> None:
    true, pred = _data("real", (8, 3), _rng("wrapper"))
    theirs = keras.metrics.MeanMetricWrapper(keras.losses.huber, name="h", delta=0.5)
    mine = ours.metrics.MeanMetricWrapper(ours.losses.huber, name="h", delta=0.5)
    agree(mine(true, pred, np.arange(8.0)), theirs(true, pred, np.arange(8.0)), CLOSE)
    assert mine.get_config() == theirs.get_config()
    again = ours.metrics.MeanMetricWrapper.from_config(mine.get_config())
    agree(again(true, pred), keras.metrics.MeanMetricWrapper(keras.losses.huber, delta=0.5)(true, pred), CLOSE)


def test_metrics_by_name() -> None:
    for name in ("mse", "MAE", "auc", "AUC", "r2_score", "mean_io_u", "kl_divergence", "logcosh", "huber"):
        try:
            expected = type(keras.metrics.get(name)).__name__
        except (ValueError, TypeError) as error:
            with pytest.raises(type(error)):
                ours.metrics.get(name)
        else:
            assert type(ours.metrics.get(name)).__name__ == expected
    for automatic in ("AUC", "Precision", "MeanIoU"):
        ours.backend.clear_session()
        arguments = {"num_classes": 2} if automatic == "MeanIoU" else {}
        names = [getattr(ours.metrics, automatic)(**arguments).name for _ in range(2)]
        keras.backend.clear_session()
        assert names == [getattr(keras.metrics, automatic)(**arguments).name for _ in range(2)]


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        ("losses", "MeanSquaredError", {"reduction": "avg"}),
        ("losses", "CategoricalGeneralizedCrossEntropy", {"q": 1.0}),
        ("metrics", "AUC", {"curve": "XYZ"}),
        ("metrics", "AUC", {"num_thresholds": 1}),
        ("metrics", "AUC", {"num_labels": 2}),
        ("metrics", "Precision", {"thresholds": [0.5, 1.5]}),
        ("metrics", "PrecisionAtRecall", {"recall": 2}),
        ("metrics", "SensitivityAtSpecificity", {"specificity": 0.5, "num_thresholds": 0}),
        ("metrics", "FBetaScore", {"beta": 0.0}),
        ("metrics", "FBetaScore", {"average": "mean"}),
        ("metrics", "F1Score", {"threshold": 2.0}),
        ("metrics", "R2Score", {"class_aggregation": "mean"}),
        ("metrics", "R2Score", {"num_regressors": -1}),
        ("metrics", "IoU", {"num_classes": 2, "target_class_ids": [2]}),
    ],
)
def test_refusals_at_construction(module: str, name: str, arguments: dict[str, Any]) -> None:
    for package in (keras, ours):
        with pytest.raises(ValueError, match=r"(?i)" + next(reversed(arguments))[:5] + "|invalid"):
            getattr(getattr(package, module), name)(**arguments)


def test_refusals_on_arrays() -> None:
    true, pred = np.zeros((4, 3)), np.zeros((4, 2))
    for function in (ours.losses.mean_squared_error, ours.losses.binary_crossentropy):
        with pytest.raises(ValueError, match="y_true"):
            function(true, pred)
    with pytest.raises(ValueError, match="y_true"):
        ours.losses.SparseCategoricalCrossentropy()(np.zeros(3), pred)
    with pytest.raises(TypeError, match="y_pred"):
        ours.losses.mean_squared_error([1.0], ["a"])
    with pytest.raises(ValueError, match="sample_weight"):
        ours.losses.MeanSquaredError()(pred, pred, np.zeros(3))
    with pytest.raises(ValueError, match="2D"):
        ours.metrics.R2Score().update_state(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="rank 2"):
        ours.metrics.AUC(multi_label=True).update_state(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match="class_id"):
        ours.metrics.Precision(class_id=5).update_state(pred, pred)
    with pytest.raises(NotImplementedError):
        ours.losses.Loss()(true, true)
