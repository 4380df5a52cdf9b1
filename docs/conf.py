"""Sphinx configuration; pages that follow from declarations are written into docs/_generated first."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from generate import write_pages  # noqa: E402

from planaris import __version__  # noqa: E402

project = "Planaris"
author = "The Planaris developers"
copyright = "The Planaris developers, Apache-2.0"  # noqa: A001
release = version = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build", "README.md"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3
nitpicky = True
# Code blocks are highlighted, not judged: fragments of recipes need not be whole files.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"Planaris {__version__}"
html_theme_options = {"source_view_link": ""}

write_pages(DOCS / "_generated")
