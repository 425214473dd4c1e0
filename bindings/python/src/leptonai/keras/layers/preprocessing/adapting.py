"""What layers that learn from data before the training have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import _core
from ....errors import bad_argument
from ...saving import judge, serialize_keras_object
from ...trainers.arrays import to_array
from ..layer import Layer

Array = NDArray[Any]

INT64_POLICY = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "int64"},
    "registered_name": None,
}


def to_data(argument: str, value: Any) -> Array:
    """Numbers or text as an array; one text is a scalar."""
    return to_array(argument, np.asarray(value) if isinstance(value, str | bytes) else value, text=True)


def batches(data: Any, lists_are_batches: bool, steps: int | None = None) -> Iterator[tuple[Array, bool]]:
    """The parts of what `adapt` is given, and whether each is one of several.

    Args:
        data: One array, or what gives arrays, or tuples of which the first is the data, one after the other.
        lists_are_batches: Whether a list is a list of arrays rather than one array.
        steps: How many parts to take.
    """
    is_list = isinstance(data, list | tuple)
    is_table = hasattr(data, "__array__") or hasattr(data, "dtype")
    is_data = isinstance(data, str | bytes | int | float) or (is_list and not lists_are_batches) or is_table
    if is_data:
        yield to_data("data", data), False
        return
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not is_list:
        # A keras.utils.PyDataset, which is no iterator.
        parts: Iterable[Any] = (data[index] for index in range(len(data)))
    elif isinstance(data, Iterable):
        parts = data
    else:
        raise bad_argument("data", "an array, or an iterable of arrays", f"a {type(data).__name__}")
    for part in islice(parts, steps):
        rows = part[0] if isinstance(part, tuple) and part else part
        yield to_data("data", rows), True


class Preprocessing(Layer):
    """The base class of layers with `adapt`, and of those that give whole numbers."""

    _integer_mode: str | None = None
    """The output mode in which results on arrays are whole numbers."""
    _integer_dtype: Any = np.int64

    def _change(self, **fields: Any) -> None:
        """Sets attributes, and tells the models that the layer is part of; all or nothing."""
        before = {name: getattr(self, name) for name in fields}
        self.__dict__.update(fields)
        try:
            self._changed()
        except Exception:
            self.__dict__.update(before)
            self._changed()
            raise

    def _changed(self) -> None:
        """Has the library judge the layer as it is now, and tells the models that it is part of."""
        self._judge(type(self).__name__)
        eager = self.__dict__.pop("_eager_models", {}).values()
        self._places = [place for place in self._places if place[0] not in eager]
        written = json.dumps(serialize_keras_object(self))
        for model, path in self._places:
            _core.model_configure_layer(model._handle, path, written)
            model._refresh()

    def _judge(self, class_name: str) -> None:
        config = self.get_config()
        del config["name"]
        # A vocabulary is too large to be remembered.
        judge.__wrapped__(class_name, json.dumps(config))

    def _adapted(self, arrays: Iterable[Array]) -> dict[str, Any]:
        """The layer's config after the library has seen the data."""
        adapter = _core.adapter_create(json.dumps(serialize_keras_object(self._unadapted())))
        for array in arrays:
            _core.adapter_update(adapter, array)
        config: dict[str, Any] = json.loads(_core.adapter_finish(adapter))["config"]
        return config

    def _unadapted(self) -> Layer:
        """The layer as it was before it was adapted."""
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `Layer`; on arrays, whole numbers come out as such."""
        result = super().__call__(*args, **kwargs)
        is_array = isinstance(result, np.ndarray)
        if is_array and self._integer_mode is not None and getattr(self, "output_mode", None) == self._integer_mode:
            return result.astype(self._integer_dtype)
        return result

    def _call_on_sample(self, array: Array, collapses: bool) -> Any:
        """The layer on arrays of fewer axes than a batch has, which Keras takes as one sample.

        Args:
            collapses: Whether the numbers of a sample become one vector.
        """
        if array.ndim == 0:
            array = array.reshape(1)
            if not collapses:
                return self(array)[0]
        if array.ndim == 1 and collapses:
            return self(array[np.newaxis])[0]
        return None
