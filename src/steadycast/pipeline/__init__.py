"""A draft's way, a verb each: collect, plan, publish, verify, report; and what people decide on it. Prints nothing."""

from steadycast.pipeline import amend
from steadycast.pipeline.alarm import alarm
from steadycast.pipeline.app import App, check_channels, now, who
from steadycast.pipeline.collect import collect, watch
from steadycast.pipeline.draft_location import DraftLocation
from steadycast.pipeline.drafts import before, drafts, judge, waiting
from steadycast.pipeline.outcome_rows import line_of
from steadycast.pipeline.plan import plan
from steadycast.pipeline.preview import preview
from steadycast.pipeline.publish import is_first, leaving, publish
from steadycast.pipeline.rebuild import rebuild
from steadycast.pipeline.report import report
from steadycast.pipeline.results import ReportMade
from steadycast.pipeline.stray_files import give_title
from steadycast.pipeline.verify import confirm, settle, verify

__all__ = [
    "App",
    "DraftLocation",
    "ReportMade",
    "alarm",
    "amend",
    "before",
    "check_channels",
    "collect",
    "confirm",
    "drafts",
    "give_title",
    "is_first",
    "judge",
    "leaving",
    "line_of",
    "now",
    "plan",
    "preview",
    "publish",
    "rebuild",
    "report",
    "settle",
    "verify",
    "waiting",
    "watch",
    "who",
]
