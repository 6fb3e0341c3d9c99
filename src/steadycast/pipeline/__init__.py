"""The verbs: collect, plan, publish, verify, report, and what people do by hand. No decorators, no prints."""

from steadycast.pipeline import change
from steadycast.pipeline.alarm import alarm
from steadycast.pipeline.app import App, check_channels, now, who
from steadycast.pipeline.backfill import backfill
from steadycast.pipeline.backup import backup, restore
from steadycast.pipeline.check import check
from steadycast.pipeline.collect import collect, watch
from steadycast.pipeline.doctor import doctor
from steadycast.pipeline.draft_location import DraftLocation
from steadycast.pipeline.drafts import before, drafts, judge, waiting
from steadycast.pipeline.health import health
from steadycast.pipeline.others import give_title
from steadycast.pipeline.plan import plan
from steadycast.pipeline.preview import preview
from steadycast.pipeline.publish import is_first, leaving, publish
from steadycast.pipeline.rebuild import rebuild
from steadycast.pipeline.record import report
from steadycast.pipeline.results import ReportMade
from steadycast.pipeline.status import status
from steadycast.pipeline.verify import confirm, settle, verify

__all__ = [
    "App",
    "DraftLocation",
    "ReportMade",
    "alarm",
    "backfill",
    "backup",
    "before",
    "change",
    "check",
    "check_channels",
    "collect",
    "confirm",
    "doctor",
    "drafts",
    "give_title",
    "health",
    "is_first",
    "judge",
    "leaving",
    "now",
    "plan",
    "preview",
    "publish",
    "rebuild",
    "report",
    "restore",
    "settle",
    "status",
    "verify",
    "waiting",
    "watch",
    "who",
]
