"""Tags: declared types hold, groups are refused with every fault named."""

from __future__ import annotations

import pytest
from port_rigs import dictionary_a

from planaris.hardware import STATE, BadValueError, DType, Tag, TagTable, UnknownTagError, Value, tags_from


def tag(dtype: DType, shape: tuple[int, ...] = ()) -> Tag:
    return Tag("t", dtype, shape, STATE, writable=True)


@pytest.mark.parametrize(
    ("dtype", "given", "taken"),
    [
        (DType.BOOL, 1, True),
        (DType.BOOL, 0.0, False),
        (DType.BOOL, True, True),
        (DType.INT, 7.0, 7),
        (DType.INT, True, 1),
        (DType.FLOAT, 7, 7.0),
        (DType.FLOAT, True, 1.0),
    ],
)
def test_a_number_becomes_the_tag_s_type(dtype: DType, given: Value, taken: Value) -> None:
    found = tag(dtype).cast(given)
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("dtype", "given"),
    [
        (DType.BOOL, 2),
        (DType.BOOL, 0.5),
        (DType.INT, 0.5),
        (DType.INT, float("inf")),
        (DType.FLOAT, float("nan")),
        (DType.FLOAT, float("-inf")),
        (DType.FLOAT, (1.0,)),
    ],
)
def test_what_fits_not_is_refused(dtype: DType, given: Value) -> None:
    with pytest.raises(BadValueError):
        tag(dtype).cast(given)


def test_an_array_has_its_declared_length() -> None:
    array = tag(DType.FLOAT, (3,))
    assert array.cast((1, 2, 3)) == (1.0, 2.0, 3.0)
    for bad in ((1.0, 2.0), (1.0, 2.0, float("nan")), 3.0):
        with pytest.raises(BadValueError):
            array.cast(bad)


@pytest.mark.parametrize("dtype", list(DType))
def test_the_initial_value_fits(dtype: DType) -> None:
    for shape in ((), (4,)):
        new = tag(dtype, shape)
        assert new.cast(new.initial) == new.initial
    assert type(tag(dtype).initial) is {"bool": bool, "int": int, "float": float}[dtype]


def test_a_group_names_every_value_that_fits_not() -> None:
    table = TagTable([Tag(name, DType.INT, (), STATE, writable=True) for name in "abc"])
    with pytest.raises(BadValueError) as caught:
        table.cast({"a": 0.5, "b": 1, "c": 1.5})
    assert caught.value.values == {"a": 0.5, "c": 1.5}
    assert table.cast({"a": 2.0, "b": 1}) == {"a": 2, "b": 1}


def test_tags_are_selected_in_the_order_asked_or_every_unknown_name_is_told() -> None:
    table = tags_from(dictionary_a())
    names = list(table)[5:2:-1]
    assert [t.name for t in table.select(names)] == names
    with pytest.raises(UnknownTagError) as told:
        table.select(["no.such", names[0], "nor.this"])
    assert told.value.names == ("no.such", "nor.this")


def test_classes_partition_the_tags_in_declared_order() -> None:
    table = tags_from(dictionary_a())
    by_class = [name for rate_class in table.rate_classes for name in table.of_class(rate_class)]
    assert sorted(by_class) == sorted(table)
    declared = [name for name in table if table[name].rate_class == "platen2.fast"]
    assert list(table.of_class("platen2.fast")) == declared
    with pytest.raises(UnknownTagError):
        table.of_class("platen9.fast")


def test_only_commands_and_set_points_can_be_written() -> None:
    table = tags_from(dictionary_a())
    writable = [name for name, t in table.items() if t.writable]
    assert writable
    assert all(".cmd." in name or ".sp_" in name for name in writable)
    assert all(table[name].rate_class == STATE for name in writable)
