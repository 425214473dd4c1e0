"""The keyword arguments of fit, evaluate and predict, for those who pass them on; and their checks."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from ...errors import bad_argument

Verbose = Literal["auto"] | int
Nonfinite = Literal["error", "allow"]

INT32_MAX = 2**31 - 1


class LegacyArguments(TypedDict, total=False):
    """Accepted for Keras 2's sake: the client's allocated nodes are what they mean."""

    max_queue_size: int
    workers: int
    use_multiprocessing: bool


class FitArguments(LegacyArguments, total=False):
    """Keyword arguments of `fit`."""

    batch_size: int | None
    epochs: int
    verbose: Verbose
    callbacks: Any
    validation_split: float
    validation_data: Any
    shuffle: bool
    class_weight: Any
    sample_weight: Any
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: Any
    nonfinite: Nonfinite


class EvaluateArguments(LegacyArguments, total=False):
    """Keyword arguments of `evaluate`."""

    batch_size: int | None
    verbose: Verbose
    sample_weight: Any
    steps: int | None
    callbacks: Any
    return_dict: bool
    nonfinite: Nonfinite


class PredictArguments(LegacyArguments, total=False):
    """Keyword arguments of `predict`."""

    batch_size: int | None
    verbose: Verbose
    steps: int | None
    callbacks: Any
    nonfinite: Nonfinite


def whole(argument: str, value: object, low: int) -> int:
    """`value` as an int that the library's field can hold."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise bad_argument(argument, f"an integer of at least {low}", value)
    number: int = value.__index__()
    if not low <= number <= INT32_MAX:
        raise bad_argument(argument, f"an integer in {low} ... {INT32_MAX}", number)
    return number


def nonfinite_policy(value: object) -> int:
    """The library's number of a policy."""
    if value == "error":
        return 0
    if value == "allow":
        return 1
    raise bad_argument("nonfinite", '"error" or "allow"', value)


def fraction(argument: str, value: Any) -> float:
    """`value` as a part of the rows."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise bad_argument(argument, "a number f with 0 <= f < 1", value)
    return float(value)
