"""What a composition root is given on the command line is refused by name before anything is opened."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from planaris.app import ServeRequest, TwinRequest, run_twin, serve
from planaris.app.options import address_of
from planaris.cli.main import app
from planaris.model import InputError


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:4840", ("127.0.0.1", 4840)), ("[::1]:0", ("::1", 0)), ("plc:65535", ("plc", 65535))],
)
def test_an_address_is_host_and_port(text: str, found: tuple[str, int]) -> None:
    assert address_of("opcua", text) == found


@pytest.mark.parametrize("text", ["", "plc", ":4840", "plc:", "plc:-1", "plc:65536", "plc:٣", "plc:" + "9" * 5000])
def test_what_is_no_address_is_refused_by_a_twin(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as refused:
        run_twin(TwinRequest(text, None, 1, 1.0, tmp_path / "home"), lambda _: None)
    assert [(f.path, f.problem, f.limit) for f in refused.value.faults] == [("opcua", "is no HOST:PORT", "0-65535")]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_film_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError) as twin:
        run_twin(TwinRequest("127.0.0.1:0", None, 1, 1.0, tmp_path / "home", film="nope"), lambda _: None)
    request = ServeRequest(tmp_path / "home", None, 1, 1.0, film="nope")
    with pytest.raises(InputError) as live:
        serve(request, lambda _: None, lambda _: None)
    for refused in (twin, live):
        assert [(f.path, f.value, f.limit) for f in refused.value.faults] == [("film", '"nope"', "TEOS")]


def test_an_address_in_use_is_named_with_what_helps(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        told = CliRunner().invoke(app, ["serve", "--home", str(tmp_path / "home"), "--hsms", address, "--http", ""])
    assert told.exit_code == 2
    assert f"--hsms {address}: port {address.rpartition(':')[2]} is in use by another program" in told.output
    assert "give another port: --hsms 127.0.0.1:PORT" in told.output
