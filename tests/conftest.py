"""What all tests share: hypothesis draws the same examples in every run; its profile `search` draws new ones.

No example has a deadline: a loaded machine is no failure.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", derandomize=False, deadline=None)
settings.load_profile("repeatable")
