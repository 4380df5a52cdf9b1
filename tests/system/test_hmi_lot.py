"""A lot by the page's channel: traces and wafers live, the server killed in the middle, no command done twice, all of
it in the audit; and where the page may be had from."""

from __future__ import annotations

import json
import shutil
import ssl
import struct
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_served import Channel, Person, ServedPage, make_accounts, serving_page
from spine_lots import run_command, small_lot

from planaris.historian import verify_audit
from planaris.hmi.protocol import TRACE_HEADER

SPEED = 40.0
SHORT: dict[str, dict[str, str]] = {
    "recipe.toml": {"time_s = 40, min_s = 30": "time_s = 20, min_s = 15"},
    "cleaner.toml": {"time_s = 40": "time_s = 10", "time_s = 50": "time_s = 10"},
}
WATCHED = ["platen1.torque_Nm", "platen1.pad_temperature_C", "head1.zone1_pressure_kPa", "head1.up"]


def frames_of(channel: Channel) -> list[tuple[Any, ...]]:
    """Return (sequence, times, values) of the frames that came."""
    found: list[tuple[Any, ...]] = []
    for frame in channel.frames:
        head = struct.unpack(TRACE_HEADER, frame[:24])
        begin = 24 + 2 * (head[2] + head[2] % 2)
        values = np.frombuffer(frame, "<f4", head[2] * head[6], begin).reshape(head[2], head[6])
        found.append((head[3], head[4] + head[5] * np.arange(head[6]), values))
    return found


def test_a_lot_through_a_death_of_the_server(tmp_path: Path) -> None:
    lot, home = small_lot(tmp_path / "example", (1, 2, 3), SHORT), tmp_path / "home"
    with serving_page(home, speed=SPEED, lot=lot) as page:
        person = page.sign_in("olga")
        with person.channel() as channel:
            channel.until(lambda c: c.state)
            assert channel.state["tool"]["banner"] == "TWIN"
            assert channel.state["lots"]["ILD001"]["wafers_count"] == 3
            made = channel.give("job.create", key="create-0001", lot_id="ILD001", load_port=1, recipe="oxide_ild")
            assert made["status"] == "done", made
            _the_same_key_is_done_once(channel, person, made)
            started = channel.give("job.start", key="start-0001", lot_id="ILD001")
            assert started["status"] == "done"
            channel.send({"t": "watch", "tags": WATCHED, "hz": 20})
            assert channel.wait_for("watching")["tags"] == WATCHED
            channel.until(lambda c: c.state["process"].get("1", {}).get("started_s"), 120)
            _a_slow_page_catches_up(channel, person)
            _traces_are_whole(channel)
            state = channel.state
            out = {place: wafer for place, wafer in state["material"].items() if not place.startswith("loadport")}
            assert out
            for place, wafer in out.items():
                assert state["wafers"][wafer]["place"] == place
                assert state["modules"][place.partition(".")[0].removesuffix("_b")]["wafers"] == [wafer]
            assert state["process"]["1"]["targets"]["platen_speed_rpm"] > 0
            # The truth stands apart, and agrees with what the map believes at rest.
            assert set(state["truth"]) == {"where", "flags", "carriers"}
        page.kill()
    with serving_page(home, "--resume", speed=SPEED) as page:
        again = Person(page.url)
        again.cookie, again.csrf = person.cookie, person.csrf  # the session outlives the server
        with again.channel() as channel:
            channel.until(lambda c: c.state)
            # Sent again after the death: the answer of before, and nothing is done.
            assert channel.give("job.start", key="start-0001", lot_id="ILD001") == started
            channel.until(lambda c: c.state["jobs"].get("ILD001", {}).get("state") == "completed", 240)
            results = [w["results"] for w in channel.state["wafers"].values() if w["results"]]
            assert len(results) == 3
            assert all(0.0 < r["removal_nm"] < 1000.0 for r in results)
            assert channel.state["tool"]["state"] in {"PRD", "SBY"}
        _history_tells_it(again, page)
        page.end()
    assert verify_audit(home / "tool.db").intact
    starts = [e for e in _audited(home) if e.get("verb") == "job.start" and "principal" in e]
    assert [(e["principal"], e["role"]) for e in starts] == [("olga", "operator")]


def _audited(home: Path) -> list[dict[str, Any]]:
    from planaris.historian import audit_records

    return [json.loads(record.payload) for record in audit_records(home / "tool.db", limit=1000)]


def _the_same_key_is_done_once(channel: Channel, person: Person, made: dict[str, Any]) -> None:
    given: dict[str, Any] = {"lot_id": "ILD001", "load_port": 1, "recipe": "oxide_ild"}
    assert channel.give("job.create", key="create-0001", **given) == made
    other = channel.give("job.stop", key="create-0001", lot_id="ILD001")
    assert (other["status"], other["why"]) == ("refused", "this key was used for another command; take a new one")
    with person.channel() as cut:  # and on another channel, as after a cut
        cut.until(lambda c: c.state)
        assert cut.give("job.create", key="create-0001", **given) == made
    without = channel.give("job.stop", reason=" ", lot_id="ILD001")
    assert (without["status"], without["why"]) == ("refused", "job.stop takes a reason")
    channel.send({"t": "command", "key": "late-0001", "verb": "job.start", "args": {}, "reason": "", "expires_s": 0})
    assert channel.answer("late-0001")["status"] == "expired"


def _a_slow_page_catches_up(channel: Channel, person: Person) -> None:
    """A page that reads nothing for a while delays no other, and shows the same afterwards."""
    with person.channel() as slow:
        slow.until(lambda c: c.state)
        before = channel.state["time"]["tool_time_s"]
        beats = [m["tool_time_s"] for m in channel.messages if m["t"] == "beat"]
        channel.messages.clear()
        for _ in range(4):
            channel.messages.clear()
            channel.wait_for("beat", 5)
        assert channel.messages[-1]["tool_time_s"] > max([before, *beats[-1:]])
        channel.send({"t": "again"})
        slow.send({"t": "again"})
        n = channel.until(lambda c: c.n)
        slow.until(lambda c: c.n >= n and c.state["wafers"].keys() == channel.state["wafers"].keys())


def _traces_are_whole(channel: Channel) -> None:
    channel.until(lambda c: len(c.frames) > 8)
    frames = frames_of(channel)
    assert [one[0] for one in frames] == list(range(frames[0][0], frames[0][0] + len(frames)))
    times = np.concatenate([one[1] for one in frames])
    assert np.allclose(np.diff(times), SPEED / 20.0, atol=1e-3)
    torque = np.concatenate([one[2][0] for one in frames])
    assert np.nanmax(torque) > 5.0


def _history_tells_it(person: Person, page: ServedPage) -> None:
    rows = person.get("/api/wafers").body
    assert [row["wafer_id"] for row in rows["wafers"]] == ["ILD001-01", "ILD001-02", "ILD001-03"]
    assert rows["limits"]["removal_nm"]["low"] < rows["limits"]["removal_nm"]["high"]
    wafer = person.get("/api/wafers/ILD001-03").body  # the last: whole, whenever the server died
    assert {m["stage"] for m in wafer["maps"]} == {"incoming", "post"}
    mean_nm = np.mean(wafer["profile"]["removal_nm"])
    measured_nm = wafer["wafer"]["removal_nm"]
    assert abs(mean_nm - measured_nm) < 0.1 * measured_nm
    # Measured and true are two things, and near each other: nine sites and a noise of 1 nm against the whole wafer.
    true_nm = wafer["truth"]["removal_mean_nm"]
    assert true_nm != measured_nm
    assert abs(true_nm - measured_nm) < 0.1 * measured_nm, (true_nm, measured_nm)
    traces = person.get("/api/wafers/ILD001-03/traces?platen=1&tags=platen.torque_Nm,head.zone1_pressure_kPa").body
    assert traces["time_s"][0] == pytest.approx(0.0, abs=1.0)
    assert len(traces["values"]["platen.torque_Nm"]) == len(traces["time_s"]) <= 1200
    assert person.get("/api/wafers/ILD001-03/traces?tags=platen.nothing").status == 404
    assert person.get("/api/wafers/nobody").status == 404
    events = person.get("/api/events?kind=wafer_finished").body["events"]
    assert [e["values"]["wafer_id"] for e in events] == ["ILD001-01", "ILD001-02", "ILD001-03"]
    audit = person.get("/api/audit?kind=command_received").body
    assert audit["chain"] == "intact"
    verbs = [(e["values"]["verb"], e["values"]["principal"]) for e in audit["entries"]]
    assert ("job.create", "olga") in verbs
    (run,) = person.get("/api/runs").body["runs"]
    assert run["current"]
    tried = person.post("/api/what-if", {"lot_id": "ILD001", "step": 0, "changes": {"platen_speed_rpm": 500}})
    assert tried.status == 422
    tried = person.post("/api/what-if", {"lot_id": "ILD001", "step": 0, "changes": {"platen_speed_rpm": 250}}).body
    assert tried["low_nm"][10] < tried["removal_nm"][10] < tried["high_nm"][10]
    assert "tool" in {off["of"] for off in tried["out_of_range"]}
    assert page.process.poll() is None


def test_a_recipe_is_checked_saved_and_released_by_two(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "examples" / "oxide_ild" / "recipe.toml").read_text(encoding="utf-8")
    with serving_page(tmp_path / "home") as page:
        paul, petra, ada = (page.sign_in(name) for name in ("paul", "petra", "ada"))
        wrong = text.replace("platen_speed_rpm = 93", "platen_speed_rpm = 930").replace("platen = 2", "platen = 9")
        faults = paul.post("/api/recipes/check", {"text": wrong}).body["faults"]
        assert {"steps[0].platen_speed_rpm", "steps[2].platen"} <= {f["path"] for f in faults}
        assert all(f["problem"] for f in faults)
        saved = paul.post("/api/recipes", {"text": text, "reason": "new"})
        assert saved.status == 201, saved.body
        one = paul.get(f"/api/recipes/oxide_ild@{saved.body['hash'][:12]}").body
        assert one["entered"]["steps[0].ring_pressure_kPa"] == "5.2 psi"
        # Fields as a form holds them are the same recipe, in meaning.
        assert paul.post("/api/recipes/check", {"fields": one["fields"]}).body["hash"] == saved.body["hash"]
        one["fields"]["steps"][0]["ring_pressure_psi"] = 5.4
        second = paul.post("/api/recipes", {"fields": one["fields"], "reason": "more ring"}).body
        differ = paul.get(f"/api/recipes/diff?before=oxide_ild@{one['hash']}&after=oxide_ild@{second['hash']}").body
        assert [(c["before"], c["after"]) for c in differ["changes"]] == [
            ("5.2 psi (35.85 kPa)", "5.4 psi (37.23 kPa)")
        ]
        for person, verb, status in (
            (paul, "recipe.approve", "refused"),
            (petra, "recipe.approve", "done"),
            (petra, "recipe.release", "refused"),
            (ada, "recipe.release", "done"),
        ):
            with person.channel() as channel:
                channel.until(lambda c: c.state)
                answer = channel.give(verb, recipe="oxide_ild", content_hash=second["hash"])
                assert answer["status"] == status, (verb, answer)
        states = {r["hash"]: r["state"] for r in ada.get("/api/recipes").body["recipes"]}
        assert states == {one["hash"]: "draft", second["hash"]: "released"}
        page.end()


def test_the_first_start_tells_a_password_that_must_be_changed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    make_accounts(home, {})
    with serving_page(home) as page:
        told = ""
        assert page.process.stderr is not None
        while "one-time password" not in told:
            told = page.process.stderr.readline()
            assert told
        password = told.rsplit(maxsplit=1)[-1]
        person = page.sign_in("administrator", password)
        assert person.get("/api/session").body["must_change_password"]
        assert person.get("/api/wafers").body["error"] == "password"
        with person.connect() as opened:
            opened.send(json.dumps({"t": "hello", "v": 1, "csrf": person.csrf}))
            assert json.loads(opened.recv(10))["code"] == "password"
        assert person.post("/api/password", {"old": password, "new": "a better password"}).status == 200
        assert person.get("/api/wafers").status == 200
        page.end()


def test_tls_by_certificate_files(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    assert shutil.which("openssl"), "apt-get install openssl"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    made += [
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run(made, check=True, capture_output=True)
    with serving_page(tmp_path / "home", "--tls-cert", cert, "--tls-key", key) as page:
        assert page.url.startswith("https://127.0.0.1:")
        url = page.url.replace("127.0.0.1", "localhost")
        context = ssl.create_default_context(cafile=str(cert))
        body = json.dumps({"user": "olga", "password": "polish-the-wafer"}).encode()
        headers = {"Origin": url, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{url}/api/sign-in", body, headers)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            assert answer.status == 200
            assert "secure" in answer.headers["set-cookie"].lower()
            assert "max-age" in answer.headers["strict-transport-security"]
        page.end()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--http", "0.0.0.0:0"), "is open to the network without TLS"),
        (("--http", "[::]:0"), "say --plain-http-to-the-network"),
        (("--http", "nowhere"), "is no HOST:PORT"),
        (("--http", "127.0.0.1:0", "--tls-cert", "nowhere.pem"), "a certificate and its key go together"),
        (("--http", "127.0.0.1:0", "--tls-cert", "a.pem", "--tls-key", "b.pem"), "cannot be used"),
    ],
)
def test_a_page_that_is_not_safe_is_refused(tmp_path: Path, options: tuple[str, ...], text: str) -> None:
    found = run_command("serve", "--home", tmp_path / "home", *options, cwd=tmp_path)
    assert found.returncode == 2
    assert text in found.stderr
