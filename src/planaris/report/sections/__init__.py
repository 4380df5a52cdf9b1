"""The report's sections, each a pure function from what is known of the run to HTML."""

from planaris.report.sections.alarms import alarms
from planaris.report.sections.consumables import consumables
from planaris.report.sections.endpoints import endpoints
from planaris.report.sections.fault_detection import fault_detection
from planaris.report.sections.gantt import gantt
from planaris.report.sections.lot_table import lot_table
from planaris.report.sections.lot_trend import lot_trend
from planaris.report.sections.maps import maps
from planaris.report.sections.process import process_package
from planaris.report.sections.profiles import profiles
from planaris.report.sections.recipe import recipe
from planaris.report.sections.run_to_run import run_to_run
from planaris.report.sections.summary import header
from planaris.report.sections.traces import traces
from planaris.report.sections.usage import usage
from planaris.report.sections.virtual_metrology import virtual_metrology

__all__ = [
    "alarms",
    "consumables",
    "endpoints",
    "fault_detection",
    "gantt",
    "header",
    "lot_table",
    "lot_trend",
    "maps",
    "process_package",
    "profiles",
    "recipe",
    "run_to_run",
    "traces",
    "usage",
    "virtual_metrology",
]
