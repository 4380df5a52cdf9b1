"""An array that is not NumPy's: it offers the array-API standard and refuses to be taken for a NumPy array."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

# Of the standard (2023.12), what physics may use; plus einsum, which JAX, CuPy and torch offer too.
OFFERED = (
    "abs",
    "acos",
    "arange",
    "asarray",
    "any",
    "broadcast_to",
    "clip",
    "concat",
    "cos",
    "einsum",
    "exp",
    "expm1",
    "floor",
    "logical_not",
    "maximum",
    "mean",
    "minimum",
    "ones_like",
    "reshape",
    "sin",
    "sqrt",
    "stack",
    "sum",
    "where",
    "zeros",
    "zeros_like",
)


def _inside(value: Any) -> Any:
    if isinstance(value, ForeignArray):
        return value.held
    if isinstance(value, (list, tuple)):
        return type(value)(_inside(part) for part in value)
    return value


class ForeignArray:
    """Wraps a NumPy array; arithmetic gives ForeignArray; item assignment is refused, as in JAX."""

    __array_ufunc__ = None

    def __init__(self, held: Any) -> None:
        self.held = np.asarray(held)

    def __array_namespace__(self, api_version: str | None = None) -> ForeignNamespace:
        return ForeignNamespace()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("physics turned a foreign array into a NumPy one")

    def __bool__(self) -> bool:
        return bool(self.held)

    def __getitem__(self, key: Any) -> ForeignArray:
        return ForeignArray(self.held[_inside(key)])

    @property
    def shape(self) -> tuple[int, ...]:
        return self.held.shape

    @property
    def ndim(self) -> int:
        return self.held.ndim

    @property
    def T(self) -> ForeignArray:
        return ForeignArray(self.held.T)

    def __neg__(self) -> ForeignArray:
        return ForeignArray(-self.held)

    def __abs__(self) -> ForeignArray:
        return ForeignArray(abs(self.held))


def _binary(name: str, *, reflected: bool) -> Callable[[Any, Any], ForeignArray]:
    function = getattr(operator, name)

    def apply(self: ForeignArray, other: Any) -> ForeignArray:
        left, right = (_inside(other), self.held) if reflected else (self.held, _inside(other))
        return ForeignArray(function(left, right))

    return apply


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
    setattr(ForeignArray, f"__{_name}__", _binary(_name, reflected=False))
    setattr(ForeignArray, f"__r{_name}__", _binary(_name, reflected=True))
for _name in ("lt", "le", "gt", "ge", "ne"):
    setattr(ForeignArray, f"__{_name}__", _binary(_name, reflected=False))
for _name in ("and", "or"):
    setattr(ForeignArray, f"__{_name}__", _binary(f"{_name}_", reflected=False))


class ForeignNamespace:
    """What ``__array_namespace__`` returns: only the functions of OFFERED."""

    def __getattr__(self, name: str) -> Callable[..., ForeignArray]:
        if name not in OFFERED:
            raise AttributeError(f"the foreign namespace has no {name}")
        function = getattr(np, name)

        def apply(*args: Any, **kwargs: Any) -> ForeignArray:
            return ForeignArray(function(*(_inside(a) for a in args), **{k: _inside(v) for k, v in kwargs.items()}))

        return apply
