"""`keras.ops`: functions of tensors. On symbolic tensors they become parts of a model."""

from typing import TYPE_CHECKING

from .._missing import missing_from
from . import elementwise, nn, reductions, shapes

__all__ = []
for _module in (elementwise, reductions, shapes, nn):
    for _name, _value in vars(_module).items():
        if not _name.startswith("_") and callable(_value) and _name not in {"Any", "apply", "Eager", "KerasTensor"}:
            if getattr(_value, "__module__", "").startswith(__name__):
                globals()[_name] = _value
                __all__.append(_name)

if not TYPE_CHECKING:
    __getattr__ = missing_from("keras.ops", __all__)
