"""Broken layout files: every fault is told, with what to do; none ends the process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gdstk
import pytest

from planaris.model import InputError
from planaris.planarity.layout_build import check_layers
from planaris.planarity.layout_reader import read_layout


def written(path: Path, *, oasis: bool = False) -> Path:
    made = gdstk.Library()
    chip, leaf = made.new_cell("CHIP"), made.new_cell("LEAF")
    leaf.add(*(gdstk.rectangle((i, 0), (i + 0.5, 3), layer=8) for i in range(20)))
    chip.add(gdstk.Reference(leaf, (1, 1), columns=3, rows=3, spacing=(30, 10)))
    (made.write_oas if oasis else made.write_gds)(path)
    return path


def faults(path: Path, **options: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_layout(path, **options)
    assert caught.value.source == str(path)
    assert all(fault.remedy for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("oasis", [False, True], ids=["gdsii", "oasis"])
def test_a_file_that_is_cut_off_is_said_to_be(tmp_path: Path, oasis: bool) -> None:
    path = written(tmp_path / "chip", oasis=oasis)
    whole = path.read_bytes()
    # Half of the bytes; and, of GDSII, all but the last record, where a reader would notice nothing.
    for kept in (len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:kept])
        assert "the file is cut off" in faults(path)[0]


def test_a_packed_file_that_is_cut_off_is_said_to_be(tmp_path: Path) -> None:
    import gzip

    path = tmp_path / "chip.gds.gz"
    packed = gzip.compress(written(tmp_path / "chip.gds").read_bytes())
    path.write_bytes(packed[: len(packed) // 2])
    assert "cannot be read" in faults(path)[0]


def test_a_file_that_crashes_the_reader_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "chip.gds")
    data = bytearray(path.read_bytes())
    # A boundary whose points are a record of an unknown kind.
    data[data.index(b"\x00\x2c\x10\x03") + 2] = 0x7E
    path.write_bytes(data)
    assert "damaged" in faults(path)[0]


@pytest.mark.parametrize("data", [b"", b"hello world", b"\x1f\x8b"], ids=["empty", "text", "gzip head"])
def test_what_is_no_layout_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "chip.gds"
    path.write_bytes(data)
    assert len(faults(path)) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "No such file" in faults(tmp_path / "chip.gds")[0]
    assert "directory" in faults(tmp_path)[0].lower()


def test_cells_that_stand_in_themselves(tmp_path: Path) -> None:
    made = gdstk.Library()
    a, b, c = made.new_cell("A"), made.new_cell("B"), made.new_cell("C")
    a.add(gdstk.Reference(b, (1, 1)), gdstk.rectangle((0, 0), (1, 1)))
    b.add(gdstk.Reference(a, (2, 2)))
    c.add(gdstk.Reference(c, (3, 3)), gdstk.Reference(a, (0, 0)))
    made.write_gds(tmp_path / "ring.gds")
    found = faults(tmp_path / "ring.gds")
    assert len(found) == 2
    assert any("A > B > A" in fault for fault in found)
    assert any("C > C" in fault for fault in found)


@pytest.mark.parametrize("oasis", [False, True], ids=["gdsii", "oasis"])
def test_every_missing_cell_is_named(tmp_path: Path, oasis: bool) -> None:
    made = gdstk.Library()
    chip = made.new_cell("CHIP")
    pll: Any = "PLL"
    ram: Any = "RAM"
    chip.add(gdstk.rectangle((0, 0), (1, 1)), gdstk.Reference(pll, (1, 1)), gdstk.Reference(ram, (2, 2)))
    (made.write_oas if oasis else made.write_gds)(tmp_path / "chip")
    found = faults(tmp_path / "chip")
    assert len(found) == 2
    assert "PLL" in found[0]
    assert "RAM" in found[1]


@pytest.mark.parametrize("oasis", [False, True], ids=["gdsii", "oasis"])
def test_two_cells_of_one_name_are_refused(tmp_path: Path, oasis: bool) -> None:
    made = gdstk.Library()
    small, large, chip = gdstk.Cell("LEAF"), gdstk.Cell("LEAF"), gdstk.Cell("CHIP")
    small.add(gdstk.rectangle((0, 0), (1, 1), layer=8))
    large.add(gdstk.rectangle((0, 0), (5, 5), layer=8))
    chip.add(gdstk.Reference(small, (0, 0)), gdstk.Reference(large, (20, 20)))
    made.add(small, chip, large)
    (made.write_oas if oasis else made.write_gds)(tmp_path / "chip")
    assert "LEAF = 2 times" in faults(tmp_path / "chip", top="CHIP")[0]


def test_several_top_cells_ask_which(tmp_path: Path) -> None:
    made = gdstk.Library()
    for name in ("ONE", "TWO"):
        made.new_cell(name).add(gdstk.rectangle((0, 0), (1, 2)))
    made.write_gds(tmp_path / "chip.gds")
    assert "ONE, TWO" in faults(tmp_path / "chip.gds")[0]
    assert "top cells: ONE, TWO" in faults(tmp_path / "chip.gds", top="THREE")[0]
    assert read_layout(tmp_path / "chip.gds", top="TWO").box == (0, 0, 1000, 2000)


def test_a_chip_without_area_is_refused(tmp_path: Path) -> None:
    made = gdstk.Library()
    made.new_cell("CHIP").add(gdstk.Polygon([(0, 0), (5, 0), (5, 0), (0, 0)]))
    made.write_gds(tmp_path / "chip.gds")
    assert "no area" in faults(tmp_path / "chip.gds")[0]
    made = gdstk.Library()
    made.new_cell("CHIP")
    made.write_gds(tmp_path / "chip.gds")
    assert "empty" in faults(tmp_path / "chip.gds")[0]


def test_shapes_without_area_cover_nothing(tmp_path: Path) -> None:
    made = gdstk.Library()
    chip = made.new_cell("CHIP")
    chip.add(gdstk.rectangle((0, 0), (10, 10), layer=99))
    chip.add(gdstk.Polygon([(1, 1), (5, 1), (5, 1), (1, 1)], layer=8), gdstk.Polygon([(1, 1), (2, 2), (3, 3)], layer=8))
    chip.add(gdstk.Polygon([(1, 1), (5, 1), (5, 5), (5, 1)], layer=8), gdstk.rectangle((6, 6), (8, 8), layer=8))
    made.write_gds(tmp_path / "chip.gds")
    from planaris.planarity.extract import layer_maps

    maps = layer_maps(read_layout(tmp_path / "chip.gds"), {"metal": ((8, 0),)}, 10_000)["metal"]
    assert maps.density[0, 0] == pytest.approx(0.04)
    assert maps.perimeter_um_per_um2[0, 0] == pytest.approx(0.08)


def test_a_layer_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    layout = read_layout(written(tmp_path / "chip.gds"))
    with pytest.raises(InputError) as caught:
        check_layers(layout, {"metal": ((8, 0),), "poly": ((5, 0), (5, 22)), "via": ((19, 0),)})
    assert [fault.value for fault in caught.value.faults] == ["5/0,5/22", "19/0"]
    assert all("8/0" in fault.remedy for fault in caught.value.faults)
    assert check_layers(layout, {"metal": ((8, 0), (8, 22))}) == ("metal: 8/22 has no shapes",)
