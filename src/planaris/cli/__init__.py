"""The command line."""

from planaris.cli.main import main

__all__ = ["main"]
