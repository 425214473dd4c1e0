"""Initial weights. An initializer is a description; the library draws the numbers when a layer is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from ..errors import NotSupportedError, bad_argument
from ._missing import missing_from
from ._names import snake_case
from .saving import classes_of, deserialize_keras_object, public, serialize_keras_object

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.initializers", __all__)

_MODULE = "keras.initializers"
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal", "normal")


class Initializer:
    """The base class."""

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The initializer that `get_config` described."""
        return cls(**config)

    def clone(self) -> Self:
        """Another one with the same arguments."""
        return type(self).from_config(self.get_config())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


@public(_MODULE)
class Zeros(Initializer):
    """All zero."""


@public(_MODULE)
class Ones(Initializer):
    """All one."""


@public(_MODULE)
class Constant(Initializer):
    """All `value`."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = value

    def get_config(self) -> dict[str, Any]:
        return {"value": float(self.value)}


class _Random(Initializer):
    def __init__(self, seed: int | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise bad_argument("seed", "an integer or None", seed)
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@public(_MODULE)
class RandomNormal(_Random):
    """Normal distribution."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@public(_MODULE)
class TruncatedNormal(RandomNormal):
    """Normal distribution; values beyond two standard deviations are drawn again."""


@public(_MODULE)
class RandomUniform(_Random):
    """Uniform distribution in `minval` ... `maxval`."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@public(_MODULE)
class VarianceScaling(_Random):
    """A variance of `scale / n`, where n is the number of inputs, of outputs, or their mean (`mode`)."""

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        self.input_axes = None if input_axes is None else list(input_axes)
        self.output_axes = None if output_axes is None else list(output_axes)
        if scale <= 0:
            raise bad_argument("scale", "a positive number", scale)
        if mode not in _MODES:
            raise bad_argument("mode", f"one of {', '.join(_MODES)}", mode)
        if distribution not in _DISTRIBUTIONS:
            raise bad_argument("distribution", f"one of {', '.join(_DISTRIBUTIONS)}", distribution)
        self.scale = scale
        self.mode = mode
        self.distribution = distribution

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _Scaled(VarianceScaling):
    """A named case of VarianceScaling, which has only a seed to choose."""

    _case: tuple[float, str, str]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        scale, mode, distribution = self._case
        super().__init__(scale, mode, distribution, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "input_axes": self.input_axes, "output_axes": self.output_axes}


@public(_MODULE)
class GlorotUniform(_Scaled):
    """Uniform within sqrt(6 / (inputs + outputs)); the default of kernels."""

    _case = (1.0, "fan_avg", "uniform")


@public(_MODULE)
class GlorotNormal(_Scaled):
    """Truncated normal with variance 2 / (inputs + outputs)."""

    _case = (1.0, "fan_avg", "truncated_normal")


@public(_MODULE)
class HeUniform(_Scaled):
    """Uniform within sqrt(6 / inputs)."""

    _case = (2.0, "fan_in", "uniform")


@public(_MODULE)
class HeNormal(_Scaled):
    """Truncated normal with variance 2 / inputs."""

    _case = (2.0, "fan_in", "truncated_normal")


@public(_MODULE)
class LecunUniform(_Scaled):
    """Uniform within sqrt(3 / inputs)."""

    _case = (1.0, "fan_in", "uniform")


@public(_MODULE)
class LecunNormal(_Scaled):
    """Truncated normal with variance 1 / inputs."""

    _case = (1.0, "fan_in", "truncated_normal")


@public(_MODULE)
class Orthogonal(_Random):
    """A random matrix with orthonormal rows or columns, times `gain`."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}


@public(_MODULE)
class Identity(Initializer):
    """The identity matrix, times `gain`; for matrices alone."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}


# Keras's other names.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros


def config_of(identifier: object, argument: str) -> str | dict[str, Any] | None:
    """What a layer's config carries. Unknown names pass: the library judges them, with its nearest name."""
    if identifier is None:
        return None
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        identifier = identifier()
    if isinstance(identifier, Initializer):
        return serialize_keras_object(identifier)
    if isinstance(identifier, dict):
        return dict(identifier)
    if isinstance(identifier, str):
        cls = _by_name(identifier)
        return identifier if cls is None else serialize_keras_object(cls())
    if callable(identifier) or hasattr(identifier, "__array__"):
        raise NotSupportedError(
            f"{argument}: {'a function' if callable(identifier) else 'an array'} as the initial weights is not "
            "supported; give the model its weights with set_weights once it is built",
            argument=argument,
        )
    raise bad_argument(argument, "a name or an initializer of keras.initializers", identifier)


def _by_name(name: str) -> type[Initializer] | None:
    aliases: dict[str, type[Initializer]] = {
        "normal": RandomNormal,
        "uniform": RandomUniform,
        "one": Ones,
        "zero": Zeros,
    }
    aliases |= {"IdentityInitializer": Identity, "OrthogonalInitializer": Orthogonal}
    known: dict[str, type[Initializer]] = {**aliases}
    for class_name, cls in classes_of(_MODULE).items():
        known[class_name] = known[snake_case(class_name)] = cls
    return known.get(name)


def get(identifier: object) -> Initializer | None:
    """The initializer of a name, config, class or object.

    Raises:
        ValueError: An unknown name.
    """
    if isinstance(identifier, Initializer) or identifier is None:
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    cls = _by_name(identifier) if isinstance(identifier, str) else None
    if cls is None:
        raise bad_argument("initializer", f"one of {', '.join(sorted(classes_of(_MODULE)))}", identifier)
    return cls()


def serialize(initializer: Initializer) -> dict[str, Any]:
    """The config of an initializer."""
    return serialize_keras_object(initializer)


def deserialize(config: dict[str, Any]) -> Initializer:
    """The initializer that a config describes."""
    made = deserialize_keras_object({"module": _MODULE, **config})
    if not isinstance(made, Initializer):
        raise bad_argument("config", "the config of an initializer", config)
    return made
