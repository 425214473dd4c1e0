"""Symbolic tensors, and the calls that connect them."""

from .declared import declared_operations
from .node import Node, Operation, call_tensors, flatten, map_structure
from .reading import MODE, is_over_batch, mode_arguments, reading, reading_objective
from .tensor import KerasTensor, is_symbolic

__all__ = [
    "MODE",
    "KerasTensor",
    "Node",
    "Operation",
    "call_tensors",
    "declared_operations",
    "flatten",
    "is_over_batch",
    "is_symbolic",
    "map_structure",
    "mode_arguments",
    "reading",
    "reading_objective",
]
