"""Lots: what is read, and every way a lot can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import load_lot
from planaris.model import InputFault, MapStage, SlotState, WaferKind

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]

SINGLE = 'slots = "1-25"          # ids are the lot\'s with the slot: ILD001-01 to ILD001-25\nkind = "product"'


def wafers(*entries: str) -> str:
    return "\n[[wafers]]\n".join(entries)


def test_example_is_25_product_wafers_with_maps_in_slot_order(example: Path) -> None:
    file = load_lot(example / "lot.toml")
    lot = file.lot
    assert [w.slot for w in lot.wafers] == list(range(1, 26))
    assert {w.kind for w in lot.wafers} == {WaferKind.PRODUCT}
    assert [w.wafer_id for w in lot.wafers][::24] == ["ILD001-01", "ILD001-25"]
    assert [m.wafer_id for m in lot.incoming] == [w.wafer_id for w in lot.wafers]
    assert {(len(m.plan), m.stage, m.instrument) for m in lot.incoming} == {
        (49, MapStage.INCOMING, "upstream ellipsometer")
    }
    assert lot.load_port == 1
    assert set(lot.carrier.slots) == {SlotState.OCCUPIED}
    assert [lot.sampling.plan_for(slot) for slot in (1, 2, 24, 25)] == ["49", "9", "9", "49"]
    assert lot.wafers[0].stack.top.thickness_nm == pytest.approx(1500.0)
    assert (file.recipe_path, file.cleaner_path) == (example / "recipe.toml", example / "cleaner.toml")
    assert file.incoming_path == example / "incoming.csv"


def test_files_are_found_beside_the_lot_and_not_where_one_stands(
    example: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    file = load_lot(Path("../example/lot.toml"))
    assert file.recipe_path is not None
    assert file.recipe_path.resolve() == (example / "recipe.toml").resolve()


def test_wafers_may_be_listed_one_by_one_with_kinds_and_own_films(edit: Edit) -> None:
    listed = wafers(
        'slot = 3\nwafer_id = "ILD001-03"\nnotch_deg = 90',
        'slot = 1\nwafer_id = "DUMMY.7"\nkind = "dummy"\nstack.layers = [{ material = "SiO2", thickness_nm = 900 }]',
    )
    path = edit("lot.toml", (SINGLE, listed))
    rows = (path.parent / "incoming.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row.startswith(("#", "wafer_id", "ILD001-03"))]
    (path.parent / "incoming.csv").write_text("".join(kept), encoding="utf-8")
    lot = load_lot(path).lot
    assert [(w.slot, w.wafer_id, w.kind, w.stack.top.material, w.notch_deg) for w in lot.wafers] == [
        (1, "DUMMY.7", WaferKind.DUMMY, "SiO2", 0.0),
        (3, "ILD001-03", WaferKind.PRODUCT, "TEOS", 90.0),
    ]
    assert [slot for slot, state in enumerate(lot.carrier.slots, 1) if state is SlotState.OCCUPIED] == [1, 3]
    assert [m.wafer_id for m in lot.incoming] == ["ILD001-03"]  # a dummy needs no map


@pytest.mark.parametrize(
    ("key", "slot", "reason"),
    [("double_slots", 7, "two wafers lie in one slot"), ("crossed_slots", 12, "lies across two slots")],
)
def test_double_and_crossed_slots_are_refused_with_the_reason(
    edit: Edit, faults_of: FaultsOf, *, key: str, slot: int, reason: str
) -> None:
    path = edit("lot.toml", ("load_port = 1", f"load_port = 1\n{key} = [{slot}]"))
    (fault,) = faults_of(lambda: load_lot(path)).values()
    assert fault.path == f"carrier.{key}[0]"
    assert reason in fault.problem
    assert f"ILD001-{slot:02d}" in fault.problem


@pytest.mark.parametrize(
    ("old", "new", "path", "value", "limit"),
    [
        ("dense_slots = [1, 25]", "dense_slots = [1, 26]", "sampling.dense_slots[1]", "26", "1-25"),
        ("load_port = 1", "load_port = 1\ndouble_slots = [0]", "carrier.double_slots[0]", "0", "1-25"),
        ('default_plan = "9"', 'default_plan = "13"', "sampling.default_plan", '"13"', "9, 49"),
        ('site_plan = "49"', 'site_plan = "45"', "incoming.site_plan", '"45"', "9, 49"),
        ('recipe = "recipe.toml"', 'recipe = "recpe.toml"', "recipe", '"recpe.toml"', ""),
        ('file = "incoming.csv"', 'file = "upstream.csv"', "incoming.file", '"upstream.csv"', ""),
        (
            'kind = "product"',
            'kind = "produkt"',
            "wafers[0].kind",
            '"produkt"',
            "product, monitor, dummy, qualification",
        ),
        ('slots = "1-25"', 'slots = "1 to 25"', "wafers[0].slots", '"1 to 25"', ""),
        ("load_port = 1", "load_prot = 1", "carrier.load_prot", "1", ""),
        ("thickness_A = 15000", "thickness_A = 0", "stack.layers[0].thickness_A", "0", "> 0"),
    ],
)
def test_one_fault(edit: Edit, faults_of: FaultsOf, *, old: str, new: str, path: str, value: str, limit: str) -> None:
    file = edit("lot.toml", (old, new))
    faults = faults_of(lambda: load_lot(file))
    assert [(f.path, f.value, f.limit) for f in faults.values()] == [(path, value, limit)]


def test_slot_out_of_range_double_slot_and_double_id_are_told_together(edit: Edit, faults_of: FaultsOf) -> None:
    listed = wafers(
        'slots = "1-3"\nkind = "dummy"',
        'slot = 2\nwafer_id = "X"\nkind = "dummy"',
        'slot = 26\nwafer_id = "Y"\nkind = "dummy"',
        'slot = 9\nwafer_id = "X"\nkind = "dummy"',
        'wafer_id = "Z"',
    )
    path = edit("lot.toml", (SINGLE, listed), ("[incoming]", "[ignored]"))
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[ignored]"), text.index("[stack]")
    path.write_text(text[:start] + text[end:], encoding="utf-8")
    faults = faults_of(lambda: load_lot(path))
    assert set(faults) == {"wafers[1].slot", "wafers[2].slot", "wafers[3].wafer_id", "wafers[4]"}
    assert "ILD001-02" in faults["wafers[1].slot"].problem
    assert faults["wafers[2].slot"].limit == "1-25"
    assert "slot 2" in faults["wafers[3].wafer_id"].problem


def test_product_wafers_without_maps_are_each_named(edit: Edit, faults_of: FaultsOf, example: Path) -> None:
    rows = (example / "incoming.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if not row.startswith(("ILD001-04", "ILD001-19"))]
    (example / "incoming.csv").write_text("".join(kept), encoding="utf-8")
    faults = faults_of(lambda: load_lot(example / "lot.toml"))
    assert set(faults) == {"incoming.csv: ILD001-04", "incoming.csv: ILD001-19"}


def test_faults_of_the_map_file_are_told_with_those_of_the_lot(edit: Edit, faults_of: FaultsOf, example: Path) -> None:
    edit("incoming.csv", ("ILD001-01,2,32.000", "ILD001-01,2,33.000"))
    path = edit("lot.toml", ("load_port = 1", "load_port = 0"))
    faults = faults_of(lambda: load_lot(path))
    assert "carrier.load_port" in faults
    assert any(where.startswith("incoming.csv: line 5") for where in faults)


@pytest.mark.parametrize("lot_id", ["../evil", "a b", "", "x" * 40])
def test_a_lot_id_that_is_no_file_name_is_refused(edit: Edit, faults_of: FaultsOf, lot_id: str) -> None:
    path = edit("lot.toml", ('lot_id = "ILD001"', f'lot_id = "{lot_id}"'))
    assert set(faults_of(lambda: load_lot(path))) == {"lot_id"}


def test_monitors_may_be_measured_densely_wherever_they_lie(edit: Edit, faults_of: FaultsOf) -> None:
    listed = wafers('slots = "1-24"', 'slot = 25\nkind = "monitor"')
    kinds = ("dense_slots = [1, 25]", 'dense_slots = [1]\ndense_kinds = ["monitor"]')
    plan = load_lot(edit("lot.toml", (SINGLE, listed), kinds)).lot.sampling
    assert plan.dense_kinds == (WaferKind.MONITOR,)
    assert [plan.plan_for(2, kind) for kind in (WaferKind.PRODUCT, WaferKind.MONITOR)] == ["9", "49"]
    unknown = edit("lot.toml", ('["monitor"]', '["witness"]'))
    assert "sampling.dense_kinds[0]" in faults_of(lambda: load_lot(unknown))
