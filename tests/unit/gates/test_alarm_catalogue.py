"""Every alarm that code sets is catalogued, and every catalogued one is set somewhere or is reserved with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import planaris
from planaris.dictionary import build
from planaris.formats import load_tool

ROOT = Path(planaris.__file__).parent

# Declared for what is not built yet, or said by a layer that only a machine has.
RESERVED = {
    "safety_circuit_open": "a relay's own fault report; the twin's relay has none",
    "calibration_due": "waits for calibration dates in the home",
    "journal_failed": "told on standard error: without a journal there is no event",
    "metrology_failed": "waits for measurements that fail",
    "model_range": "model flags are told by the run's records",
    "storage_low": "waits for a long-running server",
    "trace_gap": "waits for a link that loses blocks",
    "trace_write_failed": "told in the run's records",
    "observer_failed": "told in the run's log",
}


def test_every_catalogued_alarm_is_set_somewhere_or_reserved() -> None:
    catalogue = {t.name for t in build(load_tool()).alarm_templates}
    sources = [*ROOT.rglob("*.py"), ROOT / "tool" / "limits.toml"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    literal = set(re.findall(r'"([a-z][a-z0-9_]+)"', text))
    # slot_double and slot_crossed are made from the slot's state.
    literal |= {"slot_double", "slot_crossed"}
    unset = {name for name in catalogue if name not in literal}
    assert unset <= set(RESERVED), f"catalogued and set nowhere: {sorted(unset - set(RESERVED))}"
    assert set(RESERVED) <= catalogue
