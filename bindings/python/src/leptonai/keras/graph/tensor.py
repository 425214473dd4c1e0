"""`KerasTensor`: a place for data in a model, with a shape and no values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import NotSupportedError, TypeMismatchError

if TYPE_CHECKING:
    from .node import Operation

Shape = tuple[int | None, ...]


class KerasTensor:
    """What layers and `keras.ops` give when they are called on an `Input`.

    Attributes:
        shape: Extents, the batch first as None.
        dtype: "float32".
        name: Of the operation that makes it.
    """

    dtype = "float32"
    batch_size: int | None = None
    """Rows in every batch, where the inputs say it."""

    def __init__(
        self, shape: Shape, name: str, operation: Operation, node_index: int = 0, tensor_index: int = 0
    ) -> None:
        self.shape = shape
        self.name = name
        self._operation = operation
        self._node_index = node_index
        self._tensor_index = tensor_index

    @property
    def _keras_history(self) -> tuple[Operation, int, int]:
        return self._operation, self._node_index, self._tensor_index

    def fix_batch(self, size: int) -> None:
        """Gives a tensor that has an axis for the batch a fixed number of rows."""
        self.batch_size = size
        self.shape = (size, *self.shape[1:])

    @property
    def layer(self) -> Any:
        """The layer that makes it."""
        return self._operation

    @property
    def ndim(self) -> int:
        """Number of axes, with the batch's."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def _refuse(self, what: str) -> Any:
        raise NotSupportedError(
            f"{what}: '{self.name}' is a symbolic tensor, which has no values while the model is being described; use "
            "keras.ops on it, and decide in Python only by its shape"
        )

    def __bool__(self) -> bool:
        return bool(self._refuse("a Python condition on a tensor"))

    def __float__(self) -> float:
        return float(self._refuse("float()"))

    def __int__(self) -> int:
        return int(self._refuse("int()"))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._refuse("NumPy")

    def __neg__(self) -> Any:
        return _ops().negative(self)

    def __abs__(self) -> Any:
        return _ops().absolute(self)

    def __invert__(self) -> Any:
        return _ops().logical_not(self)

    def __getitem__(self, key: Any) -> Any:
        return _ops().get_item(self, key)

    def __iter__(self) -> NoReturn:
        raise TypeMismatchError("Iterating over a symbolic KerasTensor is not supported.")


def is_symbolic(value: Any) -> bool:
    """Whether a tensor, or any in nested lists, tuples and dicts, is symbolic."""
    if isinstance(value, KerasTensor):
        return True
    if isinstance(value, list | tuple):
        return any(is_symbolic(item) for item in value)
    if isinstance(value, dict):
        return any(is_symbolic(item) for item in value.values())
    return False


def _ops() -> Any:
    from .. import ops

    return ops


def _operator(name: str, reflected: bool = False) -> Any:
    def operate(self: KerasTensor, other: Any) -> Any:
        function = getattr(_ops(), name)
        return function(other, self) if reflected else function(self, other)

    return operate


for _special, _name in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "mod",
    "pow": "power",
    "matmul": "matmul",
    "and": "logical_and",
    "or": "logical_or",
}.items():
    setattr(KerasTensor, f"__{_special}__", _operator(_name))
    setattr(KerasTensor, f"__r{_special}__", _operator(_name, reflected=True))
for _special, _name in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
    setattr(KerasTensor, f"__{_special}__", _operator(_name))
