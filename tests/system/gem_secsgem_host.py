"""secsgem 0.3.0, unmodified, as the host: runs a scenario against an equipment and prints what it got as JSON.

A process of its own, started by the test: ``python gem_secsgem_host.py PORT``.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import secsgem.common
import secsgem.gem
import secsgem.hsms

LIMIT_S = 20.0


def main(port: int, names: dict[str, int], recipe: str) -> dict[str, Any]:
    settings = secsgem.hsms.HsmsSettings(
        address="127.0.0.1",
        port=port,
        session_id=0,
        connect_mode=secsgem.hsms.HsmsConnectMode.ACTIVE,
        device_type=secsgem.common.DeviceType.HOST,
    )
    host: Any = secsgem.gem.GemHostHandler(settings)
    got: dict[str, Any] = {"events": [], "alarms": []}
    enough = threading.Event()

    def on_event(data: dict[str, Any]) -> None:
        got["events"].append({"ceid": data["ceid"].get(), "rptid": data["rptid"].get(),
                              "values": [v["value"] for v in data["values"]]})  # fmt: skip
        if len(got["events"]) >= 2 and got["alarms"]:
            enough.set()

    def on_alarm(data: dict[str, Any]) -> None:
        got["alarms"].append([data["code"].get(), data["alid"].get(), data["text"].get()])

    host.events.collection_event_received += on_event
    host.events.alarm_received += on_alarm
    host.enable()
    try:
        got["communicating"] = host.waitfor_communicating(LIMIT_S)

        def ask(stream: int, function: int, content: Any = None) -> Any:
            made = host.stream_function(stream, function)
            message = made() if content is None else made(content)
            return host.settings.streams_functions.decode(host.send_and_waitfor_response(message)).get()

        got["online"] = host.go_online()
        got["are_you_there"] = ask(1, 1)
        got["port_kind"] = ask(1, 3, [names["tool.port_kind"]])
        got["names"] = len(ask(1, 11, []))
        got["constants"] = ask(2, 13, [names["time_format"]])
        got["set_constant"] = ask(2, 15, [{"ECID": names["time_format"], "ECV": 2}])
        got["clock"] = ask(2, 17)
        host.clear_collection_events()
        host.subscribe_collection_event(
            names["step_ended"], [names["wafer_id"], names["duration_s"], names["tool.port_kind"]], 7
        )
        host.subscribe_collection_event(names["lot_ended"], [names["lot_id"]], 8)
        # secsgem sends S5F3 without the wait bit, so there is no reply; its own enable_alarm() waits for one for T3.
        host.send_stream_function(host.stream_function(5, 3)({"ALED": 128, "ALID": names["emo"]}))
        got["start"] = host.send_remote_command("START", [["LOTID", "L1"]]).get()
        print("ready", flush=True)
        got["all"] = enough.wait(LIMIT_S)
        got["dance"] = host.send_remote_command("DANCE", []).get()
        got["send_recipe"] = host.send_process_program("oxide_ild", recipe)
        got["recipes"] = host.get_process_program_list()
        got["fetched"] = host.request_process_program("oxide_ild")[1] == recipe
        got["delete_recipe"] = host.delete_process_programs(["oxide_ild"])
        host.send_stream_function(host.stream_function(10, 3)({"TID": 0, "TEXT": "well done"}))
        got["unknown_sv"] = ask(1, 3, [1])
        got["offline"] = host.go_offline()
    finally:
        host.disable()
    return got


if __name__ == "__main__":
    arguments = json.loads(sys.argv[1])
    result = main(arguments["port"], arguments["names"], arguments["recipe"])
    print(json.dumps(result, default=str), flush=True)
