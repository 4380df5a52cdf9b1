"""The operator's page: a server of live state, history and commands, and the page itself in ``static/``."""

from planaris.hmi.inbox import PageInbox
from planaris.hmi.passwords import COST, Cost
from planaris.hmi.passwords import digest as password_digest
from planaris.hmi.ports import (
    Counted,
    FactoryLook,
    FeatureLimits,
    JobLook,
    Look,
    Lost,
    PageItem,
    PagePorts,
    QuestionLook,
    Released,
    StepCharts,
    ToolFacts,
    WorldLook,
)
from planaris.hmi.service import PageService, PageSettings, settings_of

__all__ = [
    "COST",
    "Cost",
    "Counted",
    "FactoryLook",
    "FeatureLimits",
    "JobLook",
    "Look",
    "Lost",
    "PageInbox",
    "PageItem",
    "PagePorts",
    "PageService",
    "PageSettings",
    "QuestionLook",
    "Released",
    "StepCharts",
    "ToolFacts",
    "WorldLook",
    "password_digest",
    "settings_of",
]
