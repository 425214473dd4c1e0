"""Single batches and data in batches against Keras: the same numbers, epoch by epoch and step by step."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from judge import TRAINED, agree, keras, ours

RNG = np.random.default_rng(8)
X = RNG.normal(size=(40, 3)).astype("float32")
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")
WEIGHT = RNG.uniform(size=40).astype("float32")


def pair() -> tuple[Any, Any]:
    models = []
    for k in (keras, ours):
        k.utils.clear_session()
        model = k.Sequential([k.Input((3,)), k.layers.Dense(4, "tanh"), k.layers.Dense(1, "sigmoid")])
        settings = {"jit_compile": False} if k is keras else {}
        model.compile(
            k.optimizers.Adam(0.01),
            "binary_crossentropy",
            metrics=["accuracy"],
            weighted_metrics=["mae"],
            **settings,
        )
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    return models[0], models[1]


def test_batches_one_by_one() -> None:
    theirs, mine = pair()
    steps: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("train_on_batch", (X[:16], Y[:16]), {}),
        ("train_on_batch", (X[16:], Y[16:]), {"sample_weight": WEIGHT[16:]}),
        ("test_on_batch", (X, Y), {}),
        ("train_on_batch", (X, Y), {"class_weight": {0: 2.0, 1: 0.5}}),
        ("reset_metrics", (), {}),
        ("test_on_batch", (X[:8], Y[:8]), {"sample_weight": WEIGHT[:8]}),
        ("predict_on_batch", (X,), {}),
    ]
    for name, data, arguments in steps:
        expected, actual = getattr(theirs, name)(*data, **arguments), getattr(mine, name)(*data, **arguments)
        if name != "reset_metrics":
            agree(actual, expected, TRAINED)
    expected, actual = (model.train_on_batch(X, Y, return_dict=True) for model in (theirs, mine))
    assert list(actual) == list(expected)
    for weight, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, TRAINED)


def dataset(k: Any) -> Any:
    class Data(k.utils.PyDataset):
        """Batches of 16, 16 and 8 rows, with weights."""

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int) -> Any:
            rows = slice(16 * index, 16 * index + 16)
            return X[rows], Y[rows], WEIGHT[rows]

    return Data()


def generator() -> Iterator[Any]:
    while True:
        for start in range(0, 40, 10):
            yield X[start : start + 10], Y[start : start + 10]


def compare(arguments: Any) -> None:
    theirs, mine = pair()
    expected = theirs.fit(**arguments(keras), epochs=3, verbose=0).history
    actual = mine.fit(**arguments(ours), epochs=3, verbose=0).history
    assert list(actual) == list(expected)
    for name, values in expected.items():
        assert len(actual[name]) == len(values)
        agree(actual[name], values, TRAINED)
    for weight, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        agree(weight, other, TRAINED)


def test_data_sets() -> None:
    compare(lambda k: {"x": dataset(k), "shuffle": False, "validation_data": dataset(k), "validation_freq": 2})


def test_generators_with_steps() -> None:
    compare(lambda k: {"x": generator(), "steps_per_epoch": 3, "validation_data": (X, Y), "validation_steps": 1})


def test_arrays_with_steps() -> None:
    compare(
        lambda k: {
            "x": X,
            "y": Y,
            "batch_size": 10,
            "steps_per_epoch": 2,
            "shuffle": False,
            "validation_data": (X[:20], Y[:20]),
            "validation_batch_size": 8,
            "validation_freq": [1, 3],
        }
    )


def test_evaluating_and_predicting() -> None:
    theirs, mine = pair()
    agree(mine.evaluate(dataset(ours), verbose=0), theirs.evaluate(dataset(keras), verbose=0), TRAINED)
    agree(mine.evaluate(generator(), steps=3, verbose=0), theirs.evaluate(generator(), steps=3, verbose=0), TRAINED)
    agree(mine.predict(generator(), steps=5, verbose=0), theirs.predict(generator(), steps=5, verbose=0), TRAINED)
