"""Functions of single numbers and of pairs of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .function import Eager, apply


def _unary(class_name: str, eager: Eager, module: str = "numpy", doc: str | None = None) -> Any:
    def function(x: Any) -> Any:
        return apply(module, class_name, (x,), {}, eager)

    function.__doc__ = doc or f"{class_name} of each number, as `numpy.{eager.__name__}`."
    return function


def _binary(class_name: str, eager: Eager) -> Any:
    def function(x1: Any, x2: Any) -> Any:
        return apply("numpy", class_name, (x1, x2), {}, eager)

    function.__doc__ = f"{class_name} of pairs of numbers with broadcasting, as `numpy.{eager.__name__}`."
    return function


absolute = _unary("Absolute", np.absolute)
abs = _unary("Absolute", np.absolute)
negative = _unary("Negative", np.negative)
square = _unary("Square", np.square)
sqrt = _unary("Sqrt", np.sqrt)
reciprocal = _unary("Reciprocal", np.reciprocal)
exp = _unary("Exp", np.exp)
exp2 = _unary("Exp2", np.exp2)
expm1 = _unary("Expm1", np.expm1)
log = _unary("Log", np.log)
log1p = _unary("Log1p", np.log1p)
log2 = _unary("Log2", np.log2)
log10 = _unary("Log10", np.log10)
sin = _unary("Sin", np.sin)
cos = _unary("Cos", np.cos)
tan = _unary("Tan", np.tan)
arcsin = _unary("Arcsin", np.arcsin)
arccos = _unary("Arccos", np.arccos)
arctan = _unary("Arctan", np.arctan)
sinh = _unary("Sinh", np.sinh)
cosh = _unary("Cosh", np.cosh)
tanh = _unary("Tanh", np.tanh)
arcsinh = _unary("Arcsinh", np.arcsinh)
arccosh = _unary("Arccosh", np.arccosh)
arctanh = _unary("Arctanh", np.arctanh)
sign = _unary("Sign", np.sign)
floor = _unary("Floor", np.floor)
ceil = _unary("Ceil", np.ceil)
trunc = _unary("Trunc", np.trunc)
isnan = _unary("Isnan", np.isnan)
isfinite = _unary("Isfinite", np.isfinite)
isinf = _unary("Isinf", np.isinf)
logical_not = _unary("LogicalNot", np.logical_not)
deg2rad = _unary("Deg2rad", np.deg2rad)
rad2deg = _unary("Rad2deg", np.rad2deg)
ones_like = _unary("OnesLike", np.ones_like)
zeros_like = _unary("ZerosLike", np.zeros_like)
copy = _unary("Copy", np.copy)
rsqrt = _unary("Rsqrt", lambda x: 1 / np.sqrt(x), "math", "1 / sqrt(x).")
erf = _unary("Erf", None, "math", "The error function.")  # type: ignore[arg-type]
erfc = _unary("Erfc", None, "math", "1 minus the error function.")  # type: ignore[arg-type]
stop_gradient = _unary("StopGradient", lambda x: x, "core", "The same numbers, through which no gradient flows.")

add = _binary("Add", np.add)
subtract = _binary("Subtract", np.subtract)
multiply = _binary("Multiply", np.multiply)
divide = _binary("Divide", np.divide)
true_divide = _binary("TrueDivide", np.true_divide)
power = _binary("Power", np.power)
maximum = _binary("Maximum", np.maximum)
minimum = _binary("Minimum", np.minimum)
mod = _binary("Mod", np.mod)
floor_divide = _binary("FloorDivide", np.floor_divide)
arctan2 = _binary("Arctan2", np.arctan2)
hypot = _binary("Hypot", np.hypot)
logaddexp = _binary("Logaddexp", np.logaddexp)
equal = _binary("Equal", np.equal)
not_equal = _binary("NotEqual", np.not_equal)
less = _binary("Less", np.less)
less_equal = _binary("LessEqual", np.less_equal)
greater = _binary("Greater", np.greater)
greater_equal = _binary("GreaterEqual", np.greater_equal)
logical_and = _binary("LogicalAnd", np.logical_and)
logical_or = _binary("LogicalOr", np.logical_or)
logical_xor = _binary("LogicalXor", np.logical_xor)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""

    def eager(a: Any, b: Any) -> Any:
        a, b = np.broadcast_arrays(np.asarray(a, np.float32), np.asarray(b, np.float32))
        return np.divide(a, b, out=np.zeros_like(a), where=b != 0)

    return apply("numpy", "DivideNoNan", (x1, x2), {}, eager)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition is true, else x2."""
    return apply("numpy", "Where", (condition, x1, x2), {}, np.where)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """min(max(x, x_min), x_max)."""
    attributes = {"x_min": x_min, "x_max": x_max}
    return apply("numpy", "Clip", (x,), attributes, lambda a: np.clip(a, x_min, x_max))


def round(x: Any, decimals: int = 0) -> Any:
    """To the nearest number of so many decimals; halves to even."""
    return apply("numpy", "Round", (x,), {"decimals": decimals}, lambda a: np.round(a, decimals))


def cast(x: Any, dtype: str) -> Any:
    """The numbers as another type; in a model all are float32, cut to whole numbers or compared with 0."""
    return apply("core", "Cast", (x,), {"dtype": dtype}, lambda a: np.asarray(a).astype(dtype))


def full_like(x: Any, fill_value: Any, dtype: str | None = None) -> Any:
    """The shape of x, filled with one number."""
    return apply("numpy", "FullLike", (x, fill_value), {"dtype": dtype}, np.full_like)


def convert_to_tensor(x: Any, dtype: str | None = None) -> Any:
    """x itself when it is symbolic, else an array."""
    return apply("core", "ConvertToTensor", (x,), {"dtype": dtype}, lambda a: np.asarray(a, dtype=dtype))
