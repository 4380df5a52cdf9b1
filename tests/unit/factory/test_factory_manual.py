"""The manual, the compliance statement and the message tables say what the equipment does, and nothing else."""

from __future__ import annotations

from gem_bench import GemBench, dictionary

from planaris.factory import compliance_statement, interface_manual
from planaris.factory.gem import CONTROL, GemSettings
from planaris.factory.gem.spooling import SPOOLABLE
from planaris.factory.manual import compliance_table, message_table

SENT = {(1, 1), (1, 13), (9, 1), (9, 3), (9, 5), (9, 7), (9, 9), (9, 11), (9, 13), *SPOOLABLE}


def test_the_table_of_messages_is_what_is_served_and_sent() -> None:
    served = {f"S{s}F{f}" for s, f in GemBench().equipment.table}
    sent = {f"S{s}F{f}" for s, f in SENT}
    table = message_table()
    assert set(table) == served | sent
    assert {n for n, m in table.items() if m["way"] in {"host", "both"}} == served
    assert {n for n, m in table.items() if m["way"] in {"equipment", "both"}} == sent
    assert {m["grade"] for m in table.values()} == {"checked", "unverified"}


def test_the_compliance_statement_names_only_messages_that_there_are() -> None:
    found = compliance_table()
    entries = [*found["requirement"], *found["capability"]]
    assert {m for e in entries for m in e["messages"]} <= set(message_table())
    assert {e["implemented"] for e in entries} <= {"yes", "no", "part"}
    assert len(found["requirement"]) == 8
    assert len(found["capability"]) == 15
    assert not [e["name"] for e in entries if e["implemented"] != "yes" and not e["text"]]
    told = compliance_statement()
    assert all(e["name"] in told for e in entries)
    assert all(u["text"] in told for u in found["unverified"])
    assert all(n in told for n, m in message_table().items() if m["grade"] == "unverified")


def test_everything_declared_is_in_the_manual() -> None:
    declared = dictionary()
    text = interface_manual(declared)
    ids = [v.variable_id for v in declared.variables] + [c.constant_id for c in declared.constants]
    ids += [e.event_id for e in declared.events] + [a.alarm_id for a in declared.alarms]
    assert not [n for n in ids if f"| {n} | `" not in text]
    host = [c.name for c in declared.commands if "host" in c.roles]
    assert not [n for n in host if f"| `{n}` |" not in text]
    assert "world.press_emo" not in text
    assert all(step.meaning in text for step in CONTROL.values())


def test_its_tables_are_even() -> None:
    width = 0
    for line in interface_manual(dictionary(), GemSettings(id_format="U8")).splitlines():
        columns = line.replace("\\|", "").count("|")
        if line.startswith("|"):
            width = width or columns
            assert columns == width, line
        else:
            width = 0
