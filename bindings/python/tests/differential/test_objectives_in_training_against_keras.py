"""Losses and metrics in compile, fit and evaluate, compared with Keras's: histories and trained weights."""

from typing import Any

import numpy as np
import pytest
from judge import TRAINED, agree, keras, ours, pair

ROWS = 29


def _targets(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Targets for predictions of a shape."""
    if kind == "real":
        return rng.normal(size=shape).astype("float32")
    if kind == "positive":
        return rng.uniform(0.5, 3, shape).astype("float32")
    if kind == "binary":
        return rng.integers(0, 2, shape).astype("float32")
    if kind == "signs":
        return (2 * rng.integers(0, 2, shape) - 1).astype("float32")
    numbers = rng.integers(0, shape[-1], shape[:-1])
    return np.eye(shape[-1], dtype="float32")[numbers] if kind == "onehot" else numbers.astype("float32")


def train(
    compiled: Any,
    kind: str,
    activation: str,
    shape: tuple[int, ...] = (3,),
    weighted: bool = False,
    seed: int = 0,
) -> tuple[Any, Any]:
    """Both models after two epochs on the same numbers; histories and weights have been compared."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, *shape[:-1], 4)).astype("float32")
    y = _targets(kind, (ROWS, *shape), rng)
    if kind == "ignoring":
        y[::4] = 2
    weights = {"sample_weight": rng.uniform(0, 2, ROWS).astype("float32")} if weighted else {}

    def build(k: Any) -> Any:
        return k.Sequential([k.Input((*shape[:-1], 4)), k.layers.Dense(shape[-1], activation=activation)])

    theirs, mine = pair(build)
    theirs.compile(**compiled(keras), jit_compile=False)
    mine.compile(**compiled(ours))
    arguments = {"epochs": 2, "shuffle": False, "verbose": 0, "batch_size": 12, **weights}
    expected, actual = theirs.fit(x, y, **arguments).history, mine.fit(x, y, **arguments).history
    assert list(actual) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(actual[name], values, err_msg=name, **TRAINED)
    for weight, expected_weight in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, expected_weight, TRAINED)
    return theirs, mine


LOSSES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("MeanAbsoluteError", "real", "tanh", {"reduction": "sum"}),
    ("MeanAbsolutePercentageError", "positive", "sigmoid", {}),
    ("MeanSquaredError", "real", "tanh", {"reduction": "mean_with_sample_weight"}),
    ("MeanSquaredLogarithmicError", "positive", "sigmoid", {"reduction": "mean"}),
    ("CosineSimilarity", "real", "linear", {}),
    ("Huber", "real", "linear", {"delta": 0.6}),
    ("LogCosh", "real", "linear", {}),
    ("Poisson", "positive", "sigmoid", {}),
    ("Hinge", "binary", "tanh", {}),
    ("SquaredHinge", "signs", "tanh", {}),
    ("CategoricalHinge", "onehot", "sigmoid", {}),
    ("KLDivergence", "onehot", "softmax", {}),
    ("BinaryFocalCrossentropy", "binary", "sigmoid", {"apply_class_balancing": True, "gamma": 1.5}),
    ("BinaryFocalCrossentropy", "binary", "linear", {"from_logits": True, "label_smoothing": 0.1}),
    ("CategoricalFocalCrossentropy", "onehot", "softmax", {"label_smoothing": 0.1}),
    ("CategoricalFocalCrossentropy", "onehot", "linear", {"from_logits": True, "alpha": 0.4}),
    ("SparseCategoricalCrossentropy", "sparse", "softmax", {"ignore_class": 1}),
    ("SparseCategoricalCrossentropy", "sparse", "linear", {"from_logits": True, "ignore_class": 2, "reduction": "sum"}),
    ("CategoricalGeneralizedCrossEntropy", "sparse", "softmax", {"q": 0.7}),
]


@pytest.mark.parametrize(("number", "name", "kind", "activation", "arguments"), [(i, *c) for i, c in enumerate(LOSSES)])
def test_losses(number: int, name: str, kind: str, activation: str, arguments: dict[str, Any]) -> None:
    """Every other one with sample weights."""

    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": getattr(k.losses, name)(**arguments)}

    train(compiled, kind, activation, weighted=number % 2 == 0)


@pytest.mark.parametrize(
    ("name", "kind", "activation", "arguments"),
    [
        ("Dice", "binary", "sigmoid", {}),
        ("Tversky", "binary", "sigmoid", {"alpha": 0.3, "beta": 0.8, "axis": [1, 2]}),
        ("Dice", "binary", "sigmoid", {"axis": [0, 1]}),
        ("CosineSimilarity", "real", "linear", {"axis": 1}),
        ("CategoricalCrossentropy", "onehot", "sigmoid", {"axis": 1, "label_smoothing": 0.1}),
        ("BinaryCrossentropy", "binary", "sigmoid", {"axis": 1}),
        ("SparseCategoricalCrossentropy", "sparse", "softmax", {"ignore_class": 1}),
    ],
)
def test_losses_of_sequences(name: str, kind: str, activation: str, arguments: dict[str, Any]) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        given = {**arguments}
        if isinstance(given.get("axis"), list):
            given["axis"] = tuple(given["axis"])
        return {"optimizer": k.optimizers.SGD(0.1), "loss": getattr(k.losses, name)(**given)}

    train(compiled, kind, activation, shape=(2, 3))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_dice_with_sample_weights(reduction: str) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {"optimizer": k.optimizers.SGD(0.1), "loss": k.losses.Dice(reduction=reduction)}

    train(compiled, "binary", "sigmoid", weighted=True)


def test_losses_by_name_and_function() -> None:
    for loss in ("MAPE", "kld", "huber", "tversky"):
        train(lambda k, loss=loss: {"optimizer": "sgd", "loss": loss}, "onehot", "softmax")
    train(lambda k: {"optimizer": "sgd", "loss": k.losses.cosine_similarity}, "real", "linear")


def _real(k: Any) -> list[Any]:
    m = k.metrics
    return [
        m.RootMeanSquaredError(),
        m.CosineSimilarity(),
        m.LogCoshError(),
        m.R2Score(),
        m.R2Score(class_aggregation="variance_weighted_average", name="by_variance"),
        m.PearsonCorrelation(),
        m.ConcordanceCorrelation(),
        m.Hinge(),
        "mape",
        "msle",
        "Poisson",
    ]


def _binary(k: Any) -> list[Any]:
    m = k.metrics
    return [
        m.AUC(),
        m.AUC(curve="PR", name="pr"),
        m.AUC(multi_label=True, num_thresholds=30, name="labels"),
        m.AUC(thresholds=[0.3, 0.35, 0.8], summation_method="majoring", label_weights=[0.2, 0.5, 0.3], name="own"),
        m.AUC(curve="PRGAIN", name="gain"),
        m.Precision(),
        m.Precision(top_k=2, name="top"),
        m.Recall(thresholds=0.4, class_id=1),
        m.TruePositives(),
        m.TrueNegatives(),
        m.FalsePositives(thresholds=0.6),
        m.FalseNegatives(),
        m.PrecisionAtRecall(0.4),
        m.RecallAtPrecision(0.4),
        m.SensitivityAtSpecificity(0.5),
        m.SpecificityAtSensitivity(0.5),
        m.F1Score(average="macro", threshold=0.5),
        m.FBetaScore(average="weighted", beta=2.0),
        m.BinaryCrossentropy(label_smoothing=0.1),
        m.SquaredHinge(),
    ]


def _onehot(k: Any) -> list[Any]:
    m = k.metrics
    return [
        "accuracy",
        m.TopKCategoricalAccuracy(2),
        m.CategoricalHinge(),
        m.KLDivergence(),
        m.CategoricalCrossentropy(label_smoothing=0.2),
        m.OneHotIoU(3, [0, 2]),
        m.OneHotMeanIoU(3),
        m.F1Score(average="micro"),
    ]


def _sparse(k: Any) -> list[Any]:
    m = k.metrics
    return [
        "accuracy",
        m.SparseTopKCategoricalAccuracy(2),
        m.SparseCategoricalCrossentropy(),
        m.MeanIoU(3, sparse_y_pred=False),
        m.IoU(3, [1], sparse_y_pred=False, ignore_class=0),
    ]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("kind", "activation", "loss", "make"),
    [
        ("real", "linear", "mse", _real),
        ("binary", "sigmoid", "binary_crossentropy", _binary),
        ("onehot", "softmax", "categorical_crossentropy", _onehot),
        ("sparse", "softmax", "sparse_categorical_crossentropy", _sparse),
    ],
)
def test_metrics(kind: str, activation: str, loss: str, make: Any, weighted: bool) -> None:
    def compiled(k: Any) -> dict[str, Any]:
        k.backend.clear_session()
        return {"optimizer": "adam", "loss": loss, "weighted_metrics" if weighted else "metrics": make(k)}

    train(compiled, kind, activation, weighted=weighted, seed=3)


def test_binary_iou_and_class_numbers_on_both_sides() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        k.backend.clear_session()
        return {
            "optimizer": "sgd",
            "loss": "bce",
            "metrics": [k.metrics.BinaryIoU(threshold=0.4), k.metrics.MeanIoU(2)],
        }

    train(compiled, "binary", "sigmoid", shape=(1,))


def test_functions_as_metrics() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        wrapper = k.metrics.MeanMetricWrapper(k.losses.huber, name="h", delta=0.5)
        return {"optimizer": "sgd", "loss": "mse", "metrics": [k.losses.huber, k.metrics.binary_accuracy, wrapper]}

    train(compiled, "binary", "sigmoid")


def test_settings_cross_over_in_a_config() -> None:
    def compiled(k: Any) -> dict[str, Any]:
        return {
            "optimizer": "sgd",
            "loss": k.losses.Huber(delta=0.5),
            "metrics": [k.metrics.AUC(curve="PR", name="pr"), k.metrics.F1Score(average="macro")],
        }

    _, mine = train(compiled, "binary", "sigmoid")
    config = mine.get_compile_config()
    assert config["loss"]["config"] == {"name": "huber_loss", "reduction": "sum_over_batch_size", "delta": 0.5}
    mine.compile_from_config(config)
    assert mine.get_compile_config() == config


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        (lambda k: {"loss": k.losses.MeanSquaredError(reduction=None)}, "reduction"),
        (lambda k: {"loss": "mse", "metrics": [k.metrics.Mean()]}, "cannot be compiled"),
        (lambda k: {"loss": "ctc"}, "3|max_length"),
        (lambda k: {"loss": "hubber"}, "did you mean 'Huber'"),
        (lambda k: {"loss": "mse", "metrics": ["aucc"]}, "auc"),
    ],
)
def test_refusals_by_compile(compiled: Any, message: str) -> None:
    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(3)])
    with pytest.raises((ValueError, NotImplementedError), match=message):
        model.compile(optimizer="sgd", **compiled(ours))


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        (lambda k: {"loss": k.losses.CosineSimilarity(axis=2)}, "axis"),
        (lambda k: {"loss": k.losses.CosineSimilarity(axis=0)}, "batch axis"),
        (lambda k: {"loss": k.losses.Dice(axis=5)}, "axis"),
        (lambda k: {"loss": "mse", "metrics": [k.metrics.Precision(class_id=3)]}, "class_id"),
        (lambda k: {"loss": "mse", "metrics": [k.metrics.Recall(top_k=4)]}, "top_k"),
        (lambda k: {"loss": "mse", "metrics": [k.metrics.AUC(multi_label=True, num_labels=2)]}, "batch_size"),
        (lambda k: {"loss": "mse", "metrics": [k.metrics.AUC(label_weights=[1.0, 2.0])]}, "label_weights"),
        (lambda k: {"loss": "mse", "metrics": ["sparse_categorical_accuracy"]}, "class numbers"),
    ],
)
def test_refusals_when_settings_meet_shapes(compiled: Any, message: str) -> None:
    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(3)])
    x, y = np.zeros((4, 2), "float32"), np.zeros((4, 3), "float32")

    def run() -> None:
        model.compile(optimizer="sgd", **compiled(ours))
        model.fit(x, y, verbose=0)

    before = [weight.copy() for weight in model.get_weights()]
    with pytest.raises((ValueError, NotImplementedError), match=message):
        run()
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


def test_labels_that_are_no_classes_are_refused_unless_ignored() -> None:
    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(3)])
    x, y = np.zeros((4, 2), "float32"), np.array([0, 1, 255, 2])
    loss = ours.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    model.compile("sgd", loss, metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    metric = ours.metrics.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, metrics=[metric])
    with pytest.raises(ValueError, match="255"):
        model.fit(x, y, verbose=0)
