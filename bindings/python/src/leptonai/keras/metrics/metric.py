"""The base class of metrics."""

from __future__ import annotations

from typing import Any, Self

from ...errors import NotSupportedError, refuse_unless_default
from .._names import automatic_name
from .variable import MetricVariable


class Metric:
    """Something that is measured over many batches: `update_state` for each, `result`, `reset_state`.

    A metric in `compile` is measured by the library; the object itself is not updated by a fit.

    A metric of one's own is a subclass whose state, of `add_weight`, only grows by what a batch adds. Its
    `update_state` and `result`, written with `keras.ops`, are read once and then run in the library.

    Args:
        dtype: "float32" or None.
        name: The key in the history.
    """

    _dtype = "float32"

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        refuse_unless_default(
            type(self).__name__,
            {"dtype": "metrics are computed in float32"},
            dtype=(None if dtype == "float32" else dtype, None),
        )
        self.name = name or automatic_name(type(self).__name__)
        self._variables: list[MetricVariable] = []

    @property
    def dtype(self) -> str:
        """The type of what is kept."""
        return self._dtype

    @property
    def variables(self) -> list[MetricVariable]:
        """What is kept between updates."""
        return list(self._variables)

    def add_variable(
        self,
        shape: tuple[int, ...],
        initializer: object = None,
        dtype: str | None = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> MetricVariable:
        """A new array of zeros that is kept between updates."""
        refuse_unless_default(
            "add_variable",
            {"initializer": "variables of metrics begin at 0"},
            initializer=(None if _is_zeros(initializer) else initializer, None),
        )
        variable = MetricVariable(tuple(shape), dtype or self._dtype, name)
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: tuple[int, ...] = (),
        initializer: object = None,
        dtype: str | None = None,
        name: str | None = None,
    ) -> MetricVariable:
        """The same as `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in; to be written by subclasses."""
        raise NotSupportedError(f"{type(self).__name__} has no `update_state`")

    def result(self) -> Any:
        """The value so far; to be written by subclasses."""
        raise NotSupportedError(f"{type(self).__name__} has no `result`")

    def reset_state(self) -> None:
        """Forgets all batches."""
        for variable in self._variables:
            variable.assign(0)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Takes a batch in and gives the value so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The arguments, as a dict that JSON can hold."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The metric that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _is_zeros(initializer: object) -> bool:
    return initializer in ("zeros", "Zeros") or type(initializer).__name__ == "Zeros"
