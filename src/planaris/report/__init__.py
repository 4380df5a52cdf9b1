"""The reports of a run, of a chip's study and of its fill: self-contained HTML pages for people who look."""

from planaris.report.writing import write_report

__all__ = ["write_report"]
