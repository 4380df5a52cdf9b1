"""secsgem 0.3.0, unmodified, as the host of a live tool: starts a lot, follows it, and prints what it got as JSON."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import secsgem.common
import secsgem.gem
import secsgem.hsms

LIMIT_S = 200.0


def main(port: int, ids: dict[str, int], lot: str, recipe: str, text: str) -> dict[str, Any]:
    settings = secsgem.hsms.HsmsSettings(
        address="127.0.0.1",
        port=port,
        session_id=0,
        connect_mode=secsgem.hsms.HsmsConnectMode.ACTIVE,
        device_type=secsgem.common.DeviceType.HOST,
    )
    host: Any = secsgem.gem.GemHostHandler(settings)
    names = {ids[event]: event for event in ("step_ended", "wafer_finished", "lot_ended", "wafer_moved")}
    got: dict[str, Any] = {"events": [], "traces": []}
    ended = threading.Event()

    def on_event(data: dict[str, Any]) -> None:
        name = names[data["ceid"].get()]
        got["events"].append([name, [v["value"] for v in data["values"]]])
        if name == "lot_ended":
            ended.set()

    def on_trace(handler: Any, message: Any) -> Any:
        got["traces"].append(host.settings.streams_functions.decode(message).get())
        return host.stream_function(6, 2)(0)

    host.events.collection_event_received += on_event
    host.register_stream_function(6, 1, on_trace)
    host.enable()
    try:
        got["communicating"] = host.waitfor_communicating(30)

        def ask(stream: int, function: int, content: Any) -> Any:
            sent = host.send_and_waitfor_response(host.stream_function(stream, function)(content))
            return host.settings.streams_functions.decode(sent).get()

        got["recipe"] = host.send_process_program(recipe, text)
        got["recipes"] = host.get_process_program_list()
        host.clear_collection_events()
        host.subscribe_collection_event(ids["step_ended"], [ids["wafer_id"], ids["duration_s"]], 1)
        host.subscribe_collection_event(
            ids["wafer_finished"], [ids["wafer_id"], ids["removal_nm"], ids["wiwnu_pct"]], 2
        )
        host.subscribe_collection_event(ids["wafer_moved"], [ids["wafer_id"], ids["destination"]], 3)
        host.subscribe_collection_event(ids["lot_ended"], [ids["lot_id"], ids["outcome"]], 4)
        trace = {"TRID": 9, "DSPER": "000010", "TOTSMP": 20, "REPGSZ": 5, "SVID": [ids["platen1.speed_rpm"]]}
        got["trace"] = ask(2, 23, trace)
        create = [["LOTID", lot], ["PORTID", 1], ["PPID", recipe]]
        got["create"] = host.send_remote_command("job.create", create).get()["HCACK"]
        got["start"] = host.send_remote_command("START", [["LOTID", lot]]).get()["HCACK"]
        got["again"] = host.send_remote_command("START", [["LOTID", lot]]).get()["HCACK"]
        got["stranger"] = host.send_remote_command("START", [["LOTID", "nobody"]]).get()
        got["ended"] = ended.wait(LIMIT_S)
        got["state"] = ask(1, 3, [ids["tool.state"], ids["tool.port_kind"]])
    finally:
        host.disable()
    return got


if __name__ == "__main__":
    print(json.dumps(main(**json.loads(sys.argv[1])), default=str), flush=True)
