"""Commands that change a promise: a series' rhythm, a day left out. Each shows its effect before it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.output import OK, agreed, as_json, asks_first, say, show
from steadycast.cli.parameters import DryRun, Json, Yes
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.ops.promise_change import Change
    from steadycast.pipeline import App

SLOTS = {"series": "series", "was": "slot", "becomes": "becomes", "change": "", "carries": "draft"}
DRAFTS = {"title": "draft", "was": "was for", "becomes": "goes to"}
Series = Annotated[str, Parameter(help="Its name in steadycast.toml, or its title.")]
IN_STOCK = N_("back in stock")
FALLS_AWAY = "falls away"  # of a slot; `gone` is said of a draft whose file is deleted


def rhythm(series: Series, every: str, *, dry_run: DryRun = False, yes: Yes = False, json: Json = False) -> int:
    """Change the rhythm of a series, after showing which slots move and which draft goes where.

    What is claimed, sent or overdue stays as it is. Comments and layout of steadycast.toml stay.

    Parameters
    ----------
    every
        The new rhythm in quotes: "day at 09:00", "每天 09:00", or an RRULE that begins with FREQ=.
    """
    return _change(lambda app: ops.promise_change.new_rhythm(app, series, every, pipeline.now()), dry_run, yes, json)


def skip(
    series: Series,
    date: str,
    *,
    because: str = "",
    undo: bool = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Leave out a day of a series, or several, after showing where their drafts go.

    Parameters
    ----------
    date
        The local day, such as 2026-12-24; or 2026-12-24..2027-01-02, both ends included.
    because
        Why, in a few words: the calendar shows it.
    undo
        Take it back: these days have their slots again.
    """
    return _change(
        lambda app: ops.promise_change.skip(app, series, date, pipeline.now(), undo=undo, because=because),
        dry_run,
        yes,
        json,
    )


def _change(look: Callable[[App], Change], dry_run: bool, yes: bool, json: bool) -> int:
    """Shows the effect until it is what was agreed to: while a person reads, a slot may be claimed."""
    with pipeline.App.open() as app:
        change, shown = look(app), None
        while not change.same and change != shown:
            if not json:
                say_effect(change)
            if dry_run:
                break
            if asks_first(yes=yes, json=json) and not agreed([], _("Do this now?")):
                say(_("Nothing was changed."))
                return OK
            change, shown = look(app), change
        written = not (dry_run or change.same)
        followed = ops.promise_change.make(app, change, pipeline.now()) if written else False
    if json:
        as_json({"slots": change.rows(), "drafts": change.moved_drafts(), "written": written, "prefect_yaml": followed})
    elif change.same:
        say(_("steadycast.toml says so already. Nothing was changed."))
    elif written:
        say(_("steadycast.toml is changed, prefect.yaml with it.") if followed else _("steadycast.toml is changed."))
    return OK


def say_effect(change: Change) -> None:
    """What a change does: a line a slot, and a line a draft that goes elsewhere."""
    rows = [{**row, "change": FALLS_AWAY if row["change"] == "gone" else row["change"]} for row in change.rows()]
    show(rows, SLOTS, title=_("The effect on the coming slots"), empty=_("No coming slot changes."))
    drafts = [
        {**row, "becomes": row["becomes"] or _(IN_STOCK), "was": row["was"] or "stock"} for row in change.moved_drafts()
    ]
    show(drafts, DRAFTS, title=_("Drafts that change their day"))
