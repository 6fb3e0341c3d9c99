"""Commands about the record: status, report, backfill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.main_job import needs_you, say_record
from steadycast.cli.output import NEEDS_A_PERSON, NOTHING_YET, OK, as_json, progress, say, show, tell
from steadycast.errors import Problem
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.parameters import DryRun, Json


def status(*, json: Json = False) -> int:
    """Show what waits for a person, what is next, when due slots were last looked at. Exit 1 when something waits."""
    from steadycast.ops.delayed import line

    with pipeline.App.open(readonly=True) as app:
        state, fresh = ops.status(app, pipeline.now()), not app.ledger.has_drafts()
    code = NEEDS_A_PERSON if state["needs"] or state["problems"] else OK
    if json:
        as_json(state)
        return code
    waiting = {"state": "state", "when": "slot", "channel": "channel"}
    waiting |= {"title": "draft", "message": "why", "say": "hint"}
    head = needs_you(state["needs"]) if state["needs"] else ""
    show(state["waiting"], waiting, title=head, empty=_("Nothing needs you.") if code == OK else head)
    say(*state["alarms"], *state["settings"])
    say(*(str(Problem(problem.pop("path"), **problem)) for problem in state["problems"]))
    say(*map(line, state["delayed"]))
    columns = {"when": "slot", "series": "series", "title": "draft", "state": "state"}
    show(state["next"], columns, title=_("Next"), empty="" if fresh else _("No slot is planned: `steadycast plan`."))
    say(*([_(NOTHING_YET)] if fresh else []), state["summary"])
    return code


def report(*, json: Json = False, out: Path | None = None) -> int:
    """Write the report: one page, its JSON, a badge, and the plan as a calendar.

    Parameters
    ----------
    out
        Where to write; without it: var/out/report.
    """
    with pipeline.App.open(readonly=True) as app:
        made = pipeline.report(app, pipeline.now(), out=out)
    if json:
        as_json(made.data)
    else:
        say_record(made)
    return OK


def backfill(source: str, *, series: str, channel: str = "", dry_run: DryRun = False, json: Json = False) -> int:
    """Read what you published before into the record, so that streaks do not start at zero.

    Exit 1 when something was left out.

    Parameters
    ----------
    source
        A feed's URL or file, a folder of Markdown with dates, or a Git repository of one.
    series
        Whose slots they kept: each item takes the slot of its own day.
    channel
        Only for this channel of the series.
    """
    with pipeline.App.open() as app, progress(_("reading")) as bar:
        done = ops.backfill(
            app, source, series=series, channel=channel, dry_run=dry_run, now=pipeline.now(), progress=bar
        )
    tell(json, done, *done["problems"], done["summary"])
    return NEEDS_A_PERSON if done["problems"] else OK
