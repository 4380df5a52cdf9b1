"""Run folders that several tests of the report read; nobody writes into them but `write_report`."""

from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_run import RunPlan, write_run


@pytest.fixture(scope="session")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole lot of 25, slot 7 far out of target."""
    return write_run(tmp_path_factory.mktemp("full"), RunPlan(bad_slots=(7,)))


@pytest.fixture(scope="session")
def aborted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lot that ended early: slots 3 and 4 of 4 stayed on the heads."""
    plan = RunPlan(wafers_count=4, aborted_slots=(3, 4), traced_slots=(2,))
    return write_run(tmp_path_factory.mktemp("aborted"), plan)
