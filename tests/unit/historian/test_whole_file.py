"""A file replaced whole: what it names is on the disk before the name is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planaris.historian import write_whole


def test_content_is_on_the_disk_before_its_name_and_the_name_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, bytes]] = []
    path = tmp_path / "limits.json"
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced = Path(f"/proc/self/fd/{descriptor}").readlink()
        said.append((synced.name, path.read_bytes() if path.exists() else b"none"))

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(path, b"one")
    write_whole(path, b"two")
    part, folder = "limits.json.part", tmp_path.name
    assert said == [(part, b"none"), (folder, b"one"), (part, b"one"), (folder, b"two")]
    assert [p.name for p in tmp_path.iterdir()] == ["limits.json"]


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "x", b"old")
    (tmp_path / "x.part").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "x", b"new")
    assert (tmp_path / "x").read_bytes() == b"old"
