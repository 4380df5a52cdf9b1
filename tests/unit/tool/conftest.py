"""One bench a test."""

from __future__ import annotations

import pytest
from tool_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
