"""The main job as `steadycast up` does and tells it: take in, plan, publish what is due, report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, complain, progress, say, say_outcome, show
from steadycast.language import N_, current, listed, ngettext
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.pipeline import App
    from steadycast.pipeline.results import Collected, Planned

SOME = 12  # drafts told one by one: a whole folder that comes in at once is a matter for `steadycast list`
FIRST = N_(
    "The first posts are shown at once, in folders of this machine (`show_first`). All others wait for their hour."
)


def main_job(app: App) -> int:
    """Does the whole job once and prints it; 1 when something of this run went wrong. Nothing goes out before its hour.

    What merely waits for a person, as a kit does, is named, and is the exit code of `steadycast status`.
    A sample shows its first publication, once: the settings ask for that, and it goes into folders only.
    """
    with progress(_("taking drafts in")) as bar:
        collected = pipeline.collect(app, pipeline.now(), progress=bar)
    say_taken_in(app, collected)
    planned = pipeline.plan(app, pipeline.now())
    say(planned.summary())
    if pipeline.is_first(app):
        say(_(FIRST))
    published = pipeline.publish(app, show_first=True, told=say_outcome)
    say(published.summary() or _("No post was due."))
    complain(published.warning)
    if not published.sent:
        say_next(planned)
    pipeline.rounds.see_to_classes(app, pipeline.now())
    for each in pipeline.turns.coming(app, pipeline.now()):
        say_class(each)
    report = pipeline.report(app, pipeline.now())
    say_record(report)
    if needs := pipeline.needs(app, pipeline.now()).total:
        say(_("%(needs)s: `steadycast status`", needs=needs_you(needs)))
    return NEEDS_A_PERSON if published.failed or collected.problems else OK


def needs_you(things: int) -> str:
    """How much needs a person, in the words of the desk and the report."""
    return ngettext("One thing needs you", "%(num)s things need you", things)


def say_taken_in(app: App, collected: Collected, *, news_only: bool = False) -> None:
    """Says what came in, and what could not, one line a problem; with `news_only` no problem that was told before."""
    say(_("%(name)s: %(said)s", name=app.workspace.community.name, said=collected.summary()))
    for problem in collected.fresh if news_only else collected.problems:
        say(f"  {problem}")
    for path in collected.fixed:
        say(_("  %(path)s: its problem is fixed", path=path))
    _say_some(collected.brief().noticed, _("more notes: `steadycast check`"))


def say_where(app: App, collected: Collected) -> None:
    """Says of each new or edited draft where it stands now that it has been planned with; of many, of the first."""
    placed = pipeline.DraftLocation(app, pipeline.now()).placed(collected).taken
    _say_some([f"{t.title} ({t.path}): {t.where}" for t in placed if t.where], _("more: `steadycast list`"))


def _say_some(lines: Sequence[object], rest: str) -> None:
    say(*(f"  {line}" for line in lines[:SOME]))
    if len(lines) > SOME:
        say(_("  and %(num)s %(rest)s", num=len(lines) - SOME, rest=rest))


def say_next_of(planned: Planned, series: Sequence[str]) -> None:
    """Says of each of these series when its next slot is, and what it carries."""
    for name in series:
        slot = next((slot for slot in planned.slots if slot.series == name and slot.state != "excused"), None)
        if slot:
            say(
                _(
                    "  %(series)s: next %(when)s, %(title)s",
                    series=slot.series_title,
                    when=slot.when,
                    title=slot.title or _("no draft yet"),
                )
            )


def say_next(planned: Planned) -> None:
    """Says what goes out next, when, and how it could go out now."""
    coming = next((slot for slot in planned.slots if slot.draft and slot.state in ("planned", "filled")), None)
    if coming:
        say(
            _(
                "Next    %(series)s %(when)s: %(title)s",
                series=coming.series_title,
                when=coming.when,
                title=coming.title,
            ),
            _(
                "        `steadycast publish --slot %(slot)s` sends it now; `steadycast preview %(draft)s` shows it.",
                slot=coming.slot,
                draft=coming.draft,
            ),
        )


def say_class(its: pipeline.turns.Next) -> None:
    """Says of a class when a hand-in is due next, and who is on duty."""
    when = _("due %(when)s", when=current().instant(its.due)) if its.due else _("nothing is due")
    members = ngettext("%(num)s member", "%(num)s members", its.members)
    duty = _("on duty: %(name)s", name=its.on_duty) if its.on_duty else ""
    say(_("Class   %(title)s: %(facts)s", title=its.title, facts=listed(filter(None, (when, members, duty)))))


def say_record(report: pipeline.ReportMade) -> None:
    """The record and the runway, and where the page lies."""
    title = _("Deliveries on record since %(day)s, and the runway", day=report.since)
    show(
        report.rows(),
        {
            "series": "series", "kept": "kept", "late": "late", "filled": "filled", "missed": "missed",
            "excused": "excused", "ahead": "ahead", "streak": "streak", "runway": "runway", "first_gap": "first gap",
            "ends": "reserve ends", "chance": "gap in 30 d", "expected": "gap around",
        },
        title=title if report.since else _("Deliveries on record, and the runway"),
    )  # fmt: skip
    say(_("Report  %(file)s", file=report.page))
