"""The report of a run: one self-contained HTML page for people who look."""

from planaris.report.writing import write_report

__all__ = ["write_report"]
