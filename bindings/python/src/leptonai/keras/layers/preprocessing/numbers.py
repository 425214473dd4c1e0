"""Normalization, Discretization, CategoryEncoding, Rescaling and Hashing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Self

import numpy as np

from ....errors import InvalidArgumentError, ShapeMismatchError, bad_argument, refuse_unless_default
from ...graph import is_symbolic
from ...saving import public
from ...trainers.arrays import to_array
from .adapting import INT64_POLICY, Array, Preprocessing, batches, to_data

_SPARSE = {"sparse": "results are dense arrays"}


def plain(value: Any) -> Any:
    """Numbers, arrays and sequences as what JSON can hold."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


@public("keras.layers")
class Normalization(Preprocessing):
    """Shifts and scales inputs to mean 0 and variance 1.

    Args:
        axis: Axes with a mean and variance for each position; the batch is axis 0. None is one for all numbers.
        mean, variance: Both or neither; without them `adapt` finds them.
        invert: Whether the layer does the opposite.
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.axis: tuple[int, ...] = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean = mean
        self.input_variance = variance
        self.invert = bool(invert)
        self._rank: int | None = None
        self._judge("Normalization")

    @property
    def mean(self) -> Array | None:
        """What is subtracted; None before it is known."""
        return self._statistic(0, self.input_mean)

    @property
    def variance(self) -> Array | None:
        """The square of what is divided by; None before it is known."""
        return self._statistic(1, self.input_variance)

    def _statistic(self, index: int, given: Any) -> Array | None:
        if given is not None:
            return np.asarray(given, np.float32)
        if not self.built:
            return None
        value = self.weights[index].numpy()
        if self._rank is None:
            return value
        kept = {axis % self._rank for axis in self.axis}
        extents = iter(value.shape)
        return value.reshape([next(extents) if axis in kept else 1 for axis in range(self._rank)])

    def adapt(self, data: Any) -> None:
        """Finds mean and variance.

        Args:
            data: An array, or an iterable of arrays (or of tuples that begin with one), each a batch.

        Raises:
            ValueError: NaN or infinity, nothing at all, shapes that do not fit.
        """
        if self.input_mean is not None:
            raise InvalidArgumentError(f"the layer {self.name} was given mean and variance: there is nothing to adapt")
        parts = (array for array, _ in batches(data, lists_are_batches=True))
        first = next(parts, None)
        if first is None:
            raise bad_argument("data", "at least one batch", "an empty iterable")
        if first.ndim == 0:
            raise bad_argument("data", "arrays with an axis of rows", "a single number", ShapeMismatchError)
        config = self._adapted(chain([first], parts))
        self._rank = first.ndim
        if not self.built:
            # A call on arrays gives the layer its weights.
            self(np.zeros((1, *first.shape[1:]), np.float32))
        self.set_weights([np.asarray(config["mean"]), np.asarray(config["variance"]), np.zeros(())])

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": list(self.axis),
            "invert": self.invert,
            "mean": plain(self.input_mean),
            "variance": plain(self.input_variance),
        }


@public("keras.layers")
class Discretization(Preprocessing):
    """Numbers as the bins that they fall into.

    Args:
        bin_boundaries: Ascending; bin i begins at boundary i - 1.
        num_bins: Instead of the boundaries: how many bins `adapt` is to make.
        epsilon: How precise its quantiles are.
        output_mode: "int", "one_hot", "multi_hot" or "count".
    """

    _integer_mode = "int"
    _integer_dtype = np.int32

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default("Discretization", _SPARSE, sparse=(bool(sparse), False))
        if num_bins is not None and bin_boundaries is not None:
            raise bad_argument("num_bins", "num_bins or bin_boundaries, not both", num_bins)
        super().__init__(name=name, **kwargs)
        self.bin_boundaries = plain(bin_boundaries)
        self.num_bins = num_bins
        self.epsilon = epsilon
        self.output_mode = output_mode
        self._judge("Discretization")

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Finds boundaries between which about equally many numbers are.

        Args:
            data: An array, or an iterable of arrays.
            steps: How many arrays of an iterable to take.
        """
        if self.num_bins is None:
            raise InvalidArgumentError(
                f"the layer {self.name} was given bin_boundaries: there is nothing to adapt; use num_bins instead"
            )
        parts = (array for array, _ in batches(data, lists_are_batches=True, steps=steps))
        self._change(bin_boundaries=self._adapted(parts)["bin_boundaries"])

    def get_config(self) -> dict[str, Any]:
        return {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
            "sparse": False,
            "name": self.name,
            "dtype": "float32",
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described."""
        config = dict(config)
        boundaries = config.pop("bin_boundaries", None)
        if config.get("num_bins") is None:
            return cls(bin_boundaries=boundaries, **config)
        layer = cls(**config)
        if boundaries is not None:
            layer.bin_boundaries = boundaries
            layer._changed()
        return layer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Layer`.

        Raises:
            ValueError: There are no boundaries yet.
        """
        if self.bin_boundaries is None:
            raise InvalidArgumentError(
                f"the layer {self.name} has no boundaries yet: give it bin_boundaries, or call adapt before it is used"
            )
        return _called(self, super().__call__, args, kwargs)


@public("keras.layers")
class CategoryEncoding(Preprocessing):
    """Whole numbers as vectors.

    Args:
        num_tokens: They are 0 ... num_tokens - 1.
        output_mode: "one_hot", "multi_hot" or "count".
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        refuse_unless_default("CategoryEncoding", _SPARSE, sparse=(bool(sparse), False))
        super().__init__(**kwargs)
        self.num_tokens = num_tokens
        self.output_mode = "multi_hot" if output_mode == "binary" else output_mode
        self._judge("CategoryEncoding")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}

    def __call__(self, inputs: Any, count_weights: Any = None, **kwargs: Any) -> Any:
        """As `Layer`.

        Args:
            inputs: Class numbers.
            count_weights: What each counts for, in output mode "count".
        """
        if count_weights is not None:
            if not is_symbolic(count_weights):
                count_weights = to_array("count_weights", count_weights)
            return super().__call__(inputs, count_weights=count_weights, **kwargs)
        return _called(self, super().__call__, (inputs,), kwargs)


@public("keras.layers")
class Rescaling(Preprocessing):
    """inputs * scale + offset.

    Args:
        scale, offset: A number, or numbers for the last axes.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self._judge("Rescaling")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": _written(self.scale), "offset": _written(self.offset)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The layer that `get_config` described."""
        return cls(**{**config, "scale": _read(config["scale"]), "offset": _read(config.get("offset", 0.0))})


def _written(value: Any) -> Any:
    """As Keras writes an argument that may be an array."""
    if isinstance(value, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    return plain(value)


def _read(value: Any) -> Any:
    if isinstance(value, dict) and value.get("class_name") in ("__numpy__", "__tensor__"):
        fields = value.get("config") or {}
        return np.asarray(fields.get("value"), fields.get("dtype"))
    return value


@public("keras.layers")
class Hashing(Preprocessing):
    """Words or whole numbers as hash bins.

    Args:
        num_bins: How many.
        mask_value: What bin 0 is for, if there is such a value.
        salt: One or two whole numbers; with them the hash is SipHash64, else FarmHash64.
        output_mode: "int", "one_hot", "multi_hot" or "count".
    """

    _integer_mode = "int"

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: int | Sequence[int] | None = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        refuse_unless_default("Hashing", _SPARSE, sparse=(bool(sparse), False))
        kwargs.pop("dtype", None)
        super().__init__(**kwargs)
        self.num_bins = num_bins
        self.mask_value = plain(mask_value)
        self.salt = [salt, salt] if isinstance(salt, int) else plain(salt)
        self.output_mode = output_mode
        self._judge("Hashing")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if self.output_mode == "int":
            config["dtype"] = INT64_POLICY
        return {
            **config,
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": False,
        }

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Layer`."""
        return _called(self, super().__call__, args, kwargs)


def _called(layer: Any, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call in which arrays without a batch are one sample."""
    if len(args) != 1 or is_symbolic(args):
        return call(*args, **kwargs)
    array = to_data("inputs", args[0])
    collapses = layer.output_mode in ("multi_hot", "count", "tf_idf")
    result = layer._call_on_sample(array, collapses)
    return call(array, **kwargs) if result is None else result
