from __future__ import annotations

import os
from pathlib import Path

import pytest

from planaris.historian.disk_follower import DiskFollower


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes that files had when they were forced to the disk."""
    sizes: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        sizes.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def test_all_that_was_written_is_on_the_disk_when_it_is_closed(tmp_path: Path, synced: list[int]) -> None:
    path = tmp_path / "log"
    follower = DiskFollower(path)
    with path.open("ab", buffering=0) as file:
        for _ in range(50):
            file.write(b"x" * 100)
            follower.ask()
    follower.close()
    follower.close()
    assert synced[-1] == 5000
    assert 1 <= len(synced) <= 51  # one for any number of questions that came while it worked, and the last
    assert follower.syncs_count == len(synced)
    assert follower.failure == ""


def test_a_file_that_never_came_is_no_failure(tmp_path: Path, synced: list[int]) -> None:
    follower = DiskFollower(tmp_path / "log")
    follower.ask()
    follower.close()
    assert (synced, follower.failure) == ([], "")


def test_a_disk_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    path = tmp_path / "log"
    path.write_bytes(b"x")
    follower = DiskFollower(path)
    follower.close()
    assert "Input/output error" in follower.failure
