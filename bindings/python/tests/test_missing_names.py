"""Names of Keras that this version does not have, misspelt names, and bad arguments where they are given."""

from collections.abc import Callable
from typing import Any

import pytest

from leptonai import InvalidArgumentError, NotSupportedError, keras

layers = keras.layers


@pytest.mark.parametrize(
    ("module", "name", "instead"),
    [
        ("layers", "ConvLSTM2D", "it has "),
        ("optimizers", "MultiOptimizer", "SGD, Adadelta"),
        ("callbacks", "RemoteMonitor", "LambdaCallback"),
        ("initializers", "STFT", "GlorotUniform"),
        ("utils", "get_custom_objects", "load_weights"),
        ("", "datasets", "NumPy"),
        ("", "applications", "set_weights"),
        ("", "random", "set_random_seed"),
    ],
)
def test_names_of_keras_say_what_there_is_instead(module: str, name: str, instead: str) -> None:
    place: Any = getattr(keras, module) if module else keras
    assert not hasattr(place, name)
    with pytest.raises(NotSupportedError, match="not supported by this version") as raised:
        getattr(place, name)
    assert isinstance(raised.value, AttributeError)
    assert instead in str(raised.value)
    assert f"{module}.{name}".strip(".") in str(raised.value)


def test_an_import_says_so_too() -> None:
    with pytest.raises(ImportError, match=r"keras.layers.ConvLSTM2D is not supported .* it has "):
        from leptonai.keras.layers import ConvLSTM2D  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(NotSupportedError, match=r"keras.datasets is not supported"):
        from leptonai.keras import datasets  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(NotSupportedError, match=r"keras.callbacks.RemoteMonitor is not supported"):
        from leptonai.keras.callbacks import RemoteMonitor  # type: ignore[attr-defined]  # noqa: F401
    with pytest.raises(ImportError, match="Dens"):
        from leptonai.keras.layers import Dens  # type: ignore[attr-defined]  # noqa: F401


def test_misspelt_names_get_the_nearest() -> None:
    for place, name, nearest in ((layers, "Dens", "Dense"), (keras, "Sequental", "Sequential")):
        with pytest.raises(AttributeError, match=f"the nearest name is '{nearest}'") as raised:
            getattr(place, name)
        assert not isinstance(raised.value, NotSupportedError)
    with pytest.raises(AttributeError, match=r"keras.layers has no 'Zzz'; it has "):
        layers.Zzz  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dense(3, activation="reluu"), "'relu'"),
        (lambda: layers.Activation("sofmax"), "'softmax'"),
        (lambda: layers.Dense(3, kernel_initializer="glorotuniform"), "GlorotUniform"),
        (lambda: layers.Dense(3, bias_initializer="zero_s"), "Zeros"),
        (lambda: layers.Dense(3, foo=1), "foo"),
        (lambda: layers.Dense(0), "units"),
        (lambda: layers.Dropout(2), "rate"),
        (lambda: layers.Dropout(float("nan")), "rate"),
        (lambda: layers.Dropout(0.5, foo=1), "foo"),
        (lambda: layers.Flatten(data_format="x"), "data_format"),
        (lambda: keras.initializers.VarianceScaling(mode="x"), "mode"),
        (lambda: keras.initializers.VarianceScaling(distribution="x"), "distribution"),
        (lambda: keras.optimizers.SGD(foo=1), "foo"),
    ],
)
def test_bad_arguments_are_refused_at_construction(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as raised:
        make()
    assert isinstance(raised.value, ValueError)


def test_every_initializer_that_can_be_made_is_accepted_by_a_layer() -> None:
    for distribution in ("uniform", "truncated_normal", "untruncated_normal", "normal"):
        layers.Dense(3, kernel_initializer=keras.initializers.VarianceScaling(distribution=distribution))
    for name in ("zeros", "ones", "he_normal", "HeNormal", "lecun_uniform", "orthogonal", "random_normal", "constant"):
        layers.Dense(3, kernel_initializer=name)
