"""The item formats of SECS-II: their 6-bit codes, element sizes and ranges."""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from types import MappingProxyType

# The length of an item is written in at most three bytes (reference: SEMI E5 as read in public code).
LARGEST_LENGTH = 0xFFFFFF


class Format(enum.IntEnum):
    """Format of an item; the value is its 6-bit code, the name that of SML."""

    L = 0o00
    B = 0o10
    BOOLEAN = 0o11
    A = 0o20
    J = 0o21
    C2 = 0o22
    I8 = 0o30
    I1 = 0o31
    I2 = 0o32
    I4 = 0o34
    F8 = 0o40
    F4 = 0o44
    U8 = 0o50
    U1 = 0o51
    U2 = 0o52
    U4 = 0o54


INTEGERS = frozenset({Format.I8, Format.I1, Format.I2, Format.I4, Format.U8, Format.U1, Format.U2, Format.U4})
FLOATS = frozenset({Format.F4, Format.F8})
TEXTS = frozenset({Format.A, Format.J, Format.C2})

# Letters of the struct module; every number is big-endian.
STRUCT_LETTERS: Mapping[Format, str] = MappingProxyType(
    {
        Format.BOOLEAN: "?",
        Format.I8: "q",
        Format.I1: "b",
        Format.I2: "h",
        Format.I4: "i",
        Format.F8: "d",
        Format.F4: "f",
        Format.U8: "Q",
        Format.U1: "B",
        Format.U2: "H",
        Format.U4: "I",
    }
)
# Bytes of one element of the formats that are arrays of numbers.
ELEMENT_BYTES: Mapping[Format, int] = MappingProxyType(
    {fmt: struct.calcsize(">" + letter) for fmt, letter in STRUCT_LETTERS.items()}
)
INTEGER_RANGES: Mapping[Format, tuple[int, int]] = MappingProxyType(
    {
        fmt: (0, 2 ** (8 * ELEMENT_BYTES[fmt]) - 1)
        if fmt.name.startswith("U")
        else (-(2 ** (8 * ELEMENT_BYTES[fmt] - 1)), 2 ** (8 * ELEMENT_BYTES[fmt] - 1) - 1)
        for fmt in INTEGERS
    }
)
