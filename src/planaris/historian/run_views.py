"""Views of run.db: what people ask for, told from the events alone."""

from __future__ import annotations

SCHEMA_VERSION = 1

TABLES = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE events(
        sequence INTEGER PRIMARY KEY, time_s REAL NOT NULL, name TEXT NOT NULL, payload TEXT NOT NULL)""",
)

# Made at close: keeping it while events come in would cost more than it gives.
INDEX = "CREATE INDEX IF NOT EXISTS events_by_name ON events(name, sequence)"


def _fields(*names: str) -> str:
    return ", ".join(f"json_extract(payload, '$.{name}') AS {name}" for name in names)


def _events(event: str, *names: str) -> str:
    return f"SELECT sequence, time_s, {_fields(*names)} FROM events WHERE name = '{event}'"


# Events of one kind, fields as columns; the views below join them.
_RAW: dict[str, str] = {
    "moves": _events("wafer_moved", "wafer_id", "source", "destination"),
    "intents": _events("move_intended", "wafer_id", "source", "destination"),
    "measurements": _events("wafer_measured", "wafer_id", "stage", "plan", "instrument", "thickness_nm"),
    "consumables": _events("consumable_used", "part", "location", "wafers_count", "use_h", "life_pct"),
    "trace_files": _events("trace_recorded", "wafer_id", "platen", "head", "step", "file", "rows_count", "tags_count"),
    "endpoints": _events(
        "endpoint_decided",
        "wafer_id",
        "platen",
        "head",
        "step",
        "step_name",
        "decision",
        "why",
        "called_s",
        "endpoint_s",
        "stop_s",
        "endpoint_nm",
        "sigma_nm",
        "rate_nm_min",
        "trail_s",
        "trail_nm",
        "trail_pct",
    ),
    "step_features": _events(
        "features_taken",
        "wafer_id",
        "platen",
        "head",
        "step",
        "step_name",
        "recipe",
        "features",
        "feature_values",
        "learned_count",
        "learn_count",
    ),
    "chart_violations": _events(
        "chart_violated",
        "wafer_id",
        "platen",
        "head",
        "step",
        "step_name",
        "chart",
        "feature",
        "statistic_ratio",
        "limit_ratio",
        "why",
    ),
    "faults_found": _events(
        "fault_found",
        "wafer_id",
        "platen",
        "head",
        "step",
        "step_name",
        "fault",
        "source",
        "share_pct",
        "found_count",
        "features",
        "planned",
    ),
    "adjustments": _events(
        "recipe_adjusted",
        "wafer_id",
        "recipe",
        "head",
        "thread",
        "parts",
        "mode",
        "adjustment",
        "why",
        "target_nm",
        "expected_nm",
        "estimate_pct",
        "estimate_sigma_pct",
        "labels_count",
        "times",
        "time_before_s",
        "time_after_s",
        "pressures",
        "pressure_before_kPa",
        "pressure_after_kPa",
    ),
    "learned": _events(
        "removal_learned",
        "wafer_id",
        "thread",
        "expected_nm",
        "measured_nm",
        "residual_pct",
        "why",
        "estimate_pct",
        "estimate_sigma_pct",
        "labels_count",
    ),
    "removal_estimates": _events(
        "removal_estimated",
        "wafer_id",
        "regime",
        "features",
        "feature_values",
        "expected_nm",
        "estimate_nm",
        "estimate_sigma_pct",
        "low_nm",
        "high_nm",
        "explained_pct",
        "reliance_ratio",
        "similarity_ratio",
        "labels_count",
        "model",
        "stand_in_sigma_pct",
        "why",
    ),
    "carriers": _events("carrier_mapped", "load_port", "carrier_id", "slots"),
    "refusals": _events("interlock_refused", "rule", "action", "reason"),
}

_WAFERS = f"""
SELECT r.wafer_id, r.lot_id, r.slot, r.kind, f.head, f.sites_count, f.incoming_nm, f.post_nm, f.removal_nm, f.wiwnu_pct,
    f.range_pct, f.polish_s, f.wait_s, f.wet_s, f.polish_to_clean_s, f.slurry_ml, f.di_water_ml, f.time_s AS finished_s
FROM ({_events("wafer_registered", "wafer_id", "lot_id", "slot", "kind")}) AS r
LEFT JOIN ({
    _events(
        "wafer_finished",
        "wafer_id",
        "head",
        "sites_count",
        "incoming_nm",
        "post_nm",
        "removal_nm",
        "wiwnu_pct",
        "range_pct",
        "polish_s",
        "wait_s",
        "wet_s",
        "polish_to_clean_s",
        "slurry_ml",
        "di_water_ml",
    )
}) AS f USING (wafer_id)
ORDER BY r.slot, r.wafer_id"""

# A start belongs to the next end of the same thing, unless it starts again before that.
_STEPS = f"""
WITH starts AS ({_events("step_started", "wafer_id", "platen", "head", "step", "step_name", "kind")}),
    ends AS ({_events("step_ended", "wafer_id", "platen", "step", "duration_s", "reason", "slurry_ml", "di_water_ml")}),
    both_of AS (
        SELECT wafer_id, platen, step, sequence, 0 AS is_end FROM starts
        UNION ALL SELECT wafer_id, platen, step, sequence, 1 FROM ends),
    pairs AS (
        SELECT *, lead(sequence) OVER of_step AS next_sequence, lead(is_end) OVER of_step AS next_is_end
        FROM both_of WINDOW of_step AS (PARTITION BY wafer_id, platen, step ORDER BY sequence))
SELECT s.wafer_id, s.platen, s.head, s.step, s.step_name, s.kind, s.time_s AS start_s, e.time_s AS end_s, e.duration_s,
    e.reason, e.slurry_ml, e.di_water_ml
FROM starts AS s JOIN pairs AS p ON p.sequence = s.sequence
LEFT JOIN ends AS e ON p.next_is_end AND e.sequence = p.next_sequence
ORDER BY s.sequence"""

_CLEANS = f"""
WITH starts AS ({_events("clean_started", "wafer_id", "station")}),
    ends AS ({_events("clean_ended", "wafer_id", "station", "di_water_ml")}),
    both_of AS (
        SELECT wafer_id, station, sequence, 0 AS is_end FROM starts
        UNION ALL SELECT wafer_id, station, sequence, 1 FROM ends),
    pairs AS (
        SELECT *, lead(sequence) OVER of_clean AS next_sequence, lead(is_end) OVER of_clean AS next_is_end
        FROM both_of WINDOW of_clean AS (PARTITION BY wafer_id, station ORDER BY sequence))
SELECT s.wafer_id, s.station, s.time_s AS start_s, e.time_s AS end_s, e.di_water_ml
FROM starts AS s JOIN pairs AS p ON p.sequence = s.sequence
LEFT JOIN ends AS e ON p.next_is_end AND e.sequence = p.next_sequence
ORDER BY s.sequence"""

_STAYS = f"""
WITH arrivals AS (
    {_events("wafer_registered", "wafer_id", "location")}
    UNION ALL {_events("wafer_moved", "wafer_id", "destination")})
SELECT wafer_id, location, time_s AS arrived_s, lead(time_s) OVER (PARTITION BY wafer_id ORDER BY sequence) AS left_s
FROM arrivals ORDER BY sequence"""

_MODULE_STATES = f"""
SELECT module, state, time_s AS start_s, lead(time_s) OVER (PARTITION BY module ORDER BY sequence) AS end_s, previous,
    cause AS "trigger"
FROM (SELECT sequence, time_s, {_fields("module", "state", "previous")}, json_extract(payload, '$.trigger') AS cause
    FROM events WHERE name = 'module_state_changed')
ORDER BY sequence"""

_ALARMS = f"""
WITH said AS (
    SELECT sequence, time_s, name, {_fields("alarm", "source", "severity", "wafer_id", "detail", "principal")}
    FROM events WHERE name IN ('alarm_set', 'alarm_acknowledged', 'alarm_cleared')),
    episodes AS (
        SELECT *, sum(name = 'alarm_set') OVER (PARTITION BY alarm, source ORDER BY sequence) AS episode FROM said)
SELECT alarm, source, max(severity) AS severity, max(wafer_id) AS wafer_id, max(detail) AS detail,
    min(CASE WHEN name = 'alarm_set' THEN time_s END) AS set_s,
    min(CASE WHEN name = 'alarm_acknowledged' THEN time_s END) AS acknowledged_s,
    max(principal) AS acknowledged_by,
    min(CASE WHEN name = 'alarm_cleared' THEN time_s END) AS cleared_s
FROM episodes WHERE episode > 0 GROUP BY alarm, source, episode ORDER BY min(sequence)"""

# A command's answers come one after another (accepted, then done): the last one counts.
_COMMANDS = f"""
WITH answers AS (
    SELECT *, row_number() OVER (PARTITION BY command_id ORDER BY sequence DESC) AS from_last
    FROM ({_events("command_answered", "command_id", "status", "why")})),
    received AS (
        SELECT *, row_number() OVER (PARTITION BY command_id ORDER BY sequence) AS from_first
        FROM ({_events("command_received", "command_id", "verb", "principal", "role", "reason", "arguments")}))
SELECT r.command_id, r.verb, r.principal, r.role, r.reason, r.arguments, r.time_s AS received_s, a.status, a.why,
    a.time_s AS answered_s
FROM received AS r LEFT JOIN answers AS a ON a.command_id = r.command_id AND a.from_last = 1
WHERE r.from_first = 1 ORDER BY r.sequence"""

VIEWS: dict[str, str] = {
    **_RAW,
    "wafers": _WAFERS,
    "steps": _STEPS,
    "cleans": _CLEANS,
    "stays": _STAYS,
    "module_states": _MODULE_STATES,
    "alarms": _ALARMS,
    "commands": _COMMANDS,
}
