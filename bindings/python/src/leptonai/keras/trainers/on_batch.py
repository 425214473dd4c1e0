"""train_on_batch and test_on_batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _core
from ...errors import bad_argument
from .arguments import nonfinite_policy
from .arrays import Array, as_tuple, to_class_weight
from .lists import with_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._core import ModelHandle

Result = float | list[float] | dict[str, float]


class BatchMethods:
    """What a model can do with a single batch, on the calling thread."""

    _handle: ModelHandle
    _batch_names: tuple[str, ...] = ()

    if TYPE_CHECKING:

        def _assert_compiled(self, call: str) -> None: ...
        def _data(self, x: Any, y: Any) -> tuple[tuple[Array, ...], tuple[Array, ...]]: ...
        def _sample_weight(self, argument: str, value: Any) -> Array | tuple[Array, ...] | None: ...
        def _in_compiled_order(self, names: Iterable[str]) -> list[str]: ...

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
        *,
        nonfinite: Any = "error",
    ) -> Result:
        """One training step with all rows of `x` as the batch, on the calling thread, without a charge.

        Args:
            x, y: Inputs and targets.
            sample_weight: One weight per row.
            class_weight: Dict of class index to weight.
            return_dict: Whether to return a dict.
            nonfinite: As in `fit`.

        Returns:
            The loss when there are no metrics, otherwise a list of loss and metrics; a dict with `return_dict`. They
            are of this batch, with the weights before the step.
        """
        self._assert_compiled("train_on_batch")
        if sample_weight is not None and class_weight is not None:
            raise bad_argument("class_weight", "either class_weight or sample_weight", "both")
        xs, ys = self._data(x, y)
        # As in Keras 3.15, the numbers of the batches before do not count.
        _core.model_reset_metrics(self._handle)
        numbers = _core.model_train_on_batch(
            self._handle,
            xs,
            ys,
            as_tuple(self._sample_weight("sample_weight", sample_weight)),
            to_class_weight(class_weight),
            nonfinite_policy(nonfinite),
        )
        return self._batch_result(numbers, return_dict)

    def test_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        return_dict: bool = False,
        *,
        nonfinite: Any = "error",
    ) -> Result:
        """Loss and metrics of a batch; nothing is trained. Otherwise as `train_on_batch`."""
        self._assert_compiled("test_on_batch")
        xs, ys = self._data(x, y)
        _core.model_reset_metrics(self._handle)
        numbers = _core.model_test_on_batch(
            self._handle,
            xs,
            ys,
            as_tuple(self._sample_weight("sample_weight", sample_weight)),
            None,
            nonfinite_policy(nonfinite),
        )
        return self._batch_result(numbers, return_dict)

    def reset_metrics(self) -> None:
        """Forgets the numbers of batches so far. `train_on_batch` and `test_on_batch`, as fit, do that themselves."""
        _core.model_reset_metrics(self._handle)

    def _batch_result(self, numbers: list[float], return_dict: bool) -> Result:
        if len(self._batch_names) != len(numbers):
            self._batch_names = tuple(
                _core.model_batch_metric_name(self._handle, index) for index in range(len(numbers))
            )
        logs: dict[str, Any] = with_arrays(dict(zip(self._batch_names, numbers, strict=True)))
        if return_dict:
            return logs
        values = [logs[name] for name in self._in_compiled_order(logs)]
        return values[0] if len(values) == 1 else values
