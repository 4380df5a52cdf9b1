"""A compiled body has the bytes of the items, and tells what is wrong as they do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planaris.factory.secs2 import BodyEncoder, Format, Item, Many, SecsValueError, Shape, encode
from planaris.factory.secs2.items import BOOLEAN, F4, F8, U4, A, B, L

F = Format
CASES: list[tuple[Shape, list[Any], Item]] = [
    (F.U4, [7], U4(7)),
    ((), [], L()),
    ((F.F8,) * 3, [1.0, math.inf, 2], L(F8(1.0), F8(math.inf), F8(2.0))),
    ((F.U4, ((F.U4, (F.F4, F.BOOLEAN)),)), [1, 2, 0.1, True], L(U4(1), L(L(U4(2), L(F4(0.1), BOOLEAN(True)))))),
    ((F.A, F.U4, F.B, F.F8, ()), ["ab", 1, b"12", 2.0], L(A("ab"), U4(1), B(b"12"), F8(2.0), L())),
    ((F.U4, F.L, Many(F.F8)), [1, L(A("x")), [1.0, 2.0]], L(U4(1), L(A("x")), F8(1.0, 2.0))),
    ((Many(F.U4), Many(F.U4)), [[], [5]], L(U4(), U4(5))),
    ((F.F8,) * 300, [float(k) for k in range(300)], L(*[F8(float(k)) for k in range(300)])),
]


@pytest.mark.parametrize(("shape", "values", "item"), CASES, ids=range(len(CASES)))
def test_compiled_bytes_are_those_of_the_items(shape: Shape, values: list[Any], item: Item) -> None:
    encoder = BodyEncoder(shape)
    assert encoder.leaves == len(values)
    assert encoder.encode(values) == encode(item)
    assert encoder.encode(tuple(values)) == encode(item)
    assert encoder.item(values) == item
    # By the quick way, not by the slow one that finds faults.
    assert encoder._encode(values) == encode(item)


def test_values_of_numpy_are_taken() -> None:
    encoder = BodyEncoder((F.F8, F.U4))
    assert encoder.encode([np.float64(1.5), np.int64(7)]) == encode(L(F8(1.5), U4(7)))


@pytest.mark.parametrize(
    ("leaf", "value", "what"),
    [
        (F.U1, 256, "U1 cannot hold 256: whole numbers from 0 to 255"),
        (F.U4, 1.5, "U4 cannot hold 1.5"),
        (F.F4, 1e39, "F4 cannot hold 1e"),
        (F.F8, "x", "F8 cannot hold 'x'"),
        (F.F8, [1.0, 2.0], "F8 cannot hold .*: one value"),
        (F.BOOLEAN, 1, "BOOLEAN cannot hold 1"),
        (F.A, "µ", "7-bit ASCII"),
        (F.L, 5, "an item"),
        (Many(F.U1), [1, 300], "U1 cannot hold 300"),
        (Many(F.U1), 1, "a sequence"),
    ],
)
def test_a_value_that_does_not_fit_is_told(leaf: Format | Many, value: object, what: str) -> None:
    encoder = BodyEncoder((F.U4, leaf, F.F8))
    with pytest.raises(SecsValueError, match=what):
        encoder.encode([1, value, 2.0])


def test_a_truth_value_is_true_or_false_alone() -> None:
    assert BodyEncoder(F.BOOLEAN).encode([True]) == encode(BOOLEAN(True))
    with pytest.raises(SecsValueError, match="True or False"):
        BodyEncoder(F.BOOLEAN).encode([1])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0, 3.0]])
def test_the_number_of_values_is_that_of_the_leaves(values: list[float]) -> None:
    with pytest.raises(ValueError, match=f"2 values are wanted, {len(values)} were given"):
        BodyEncoder((F.F8, F.F8)).encode(values)
