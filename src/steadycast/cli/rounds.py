"""Commands about what members of a class owe each other: rounds of comments, turns, the page that is handed over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, say, show, tell
from steadycast.cli.parameters import Json
from steadycast.cli.users import written
from steadycast.language import gettext as _
from steadycast.language import listed, ngettext

OfClass = Annotated[str, Parameter(name="--class")]


def round_(name: str = "", *, slot: str = "", json: Json = False) -> int:
    """Show who comments on whose hand-in, and who has no comment yet. Exit 1 when somebody has none and it is due.

    Parameters
    ----------
    name
        The class; may be left out where there is only one.
    slot
        Another round than the newest, such as `c16@2027-01-10T20:00`.
    """
    with pipeline.App.open(readonly=True) as app:
        roll, now = pipeline.turns.roll(app, name or pipeline.turns.only_class(app)), pipeline.now()
        found = pipeline.rounds.round_of(app, roll.the_class.name, slot)
        if found is None:
            tell(json, None, _("No round has been drawn: that is done when the late window of a hand-in is over."))
            return OK
        alone = [roll.title(app, member) for member in found.alone]
        zone, over = app.workspace.community.zone, found.due <= now
        rows = [
            {
                "reviewer": roll.title(app, each.reviewer),
                "author": roll.title(app, each.author),
                "title": each.title,
                "done": each.done_at.astimezone(zone).strftime("%m-%d %H:%M") if each.done_at else "",
            }
            for each in found.comments
        ]
        slot_title = app.slot_title(found.slot)
    if json:
        as_json(found.values())
        return NEEDS_A_PERSON if alone and over else OK
    columns = {"reviewer": _("who comments"), "author": _("on whom"), "title": _("the piece"), "done": _("done")}
    due = found.due.astimezone(zone).strftime("%m-%d %H:%M")
    show(rows, columns, title=_("%(slot)s: comments are due %(due)s", slot=slot_title, due=due))
    if alone:
        say(_("Without a comment: %(names)s", names=listed(alone)))
    return NEEDS_A_PERSON if alone and over else OK


def report(name: str = "", *, period: str = "", out: Path | None = None, json: Json = False) -> int:
    """Write the page that whoever is on duty hands over: one week or month of a class, as Markdown.

    Parameters
    ----------
    name
        The class; may be left out where there is only one.
    period
        `2027-02`, or `2027-W06` where turns go by the week; without it the one that runs.
    out
        A file to write it to; without it, it is printed.
    """
    with pipeline.App.open(readonly=True) as app:
        roll = pipeline.turns.roll(app, name or pipeline.turns.only_class(app))
        made = pipeline.hand_over.hand_over(app, roll, pipeline.now(), period)
        text = pipeline.hand_over.markdown(app, made)
    if json:
        as_json(made.values())
    elif out:
        out.write_text(text, encoding="utf-8")
        say(_("written to %(file)s", file=out))
    else:
        say(text.rstrip("\n"))
    return OK


def turn_show(name: str = "", *, periods: int = 2, json: Json = False) -> int:
    """Show who is on duty and who leads each group, now and next. Exit 1 when nobody is there for a turn.

    Parameters
    ----------
    name
        The class; may be left out where there is only one.
    periods
        How many weeks or months ahead.
    """
    with pipeline.App.open(readonly=True) as app:
        roll, now = pipeline.turns.roll(app, name or pipeline.turns.only_class(app)), pipeline.now()
        found = pipeline.turns.turns(app, roll, now, max(0, min(periods, pipeline.turns.IN_SIGHT)))
        rows = [
            {"period": turn.period, "group": turn.group, "member": turn.member, "name": roll.title(app, turn.member),
             "first": turn.start, "last": turn.last}
            for _period, turns in found.periods for turn in turns
        ]  # fmt: skip
        nobody = found.nobody(now.astimezone(roll.the_class.rhythm.zone).date())
    if json:
        as_json(rows)
    else:
        said = [
            row
            | {
                "group": row["group"] or _("the class"),
                "turn": _("leads") if row["group"] else _("on duty for the class"),
                "name": row["name"] or _("nobody"),
            }
            for row in rows
        ]
        columns = {
            "period": _("period"),
            "group": _("of"),
            "turn": _("turn"),
            "name": _("who"),
            "first": _("first day"),
            "last": _("last day"),
        }
        show(said, columns, empty=_('This class has no turns: write turn = "month" into its table.'))
        say(*(f"{problem.place}: {problem.message}" for problem in found.problems))
    return NEEDS_A_PERSON if nobody or found.problems else OK


def turn_swap(member: str, other: str, *, why: str, name: OfClass = "", period: str = "", json: Json = False) -> int:
    """Give a member's next turn to another, and theirs of the same kind to the member. It is written into turns.csv.

    The other turns from then on are worked out anew: each that changes hands is listed.

    Parameters
    ----------
    member
        Whose turn it is, by id or by name.
    other
        Who has it instead.
    why
        For people; it stands in turns.csv.
    name
        The class; may be left out where there is only one.
    period
        The turn of this week or month, and not the next one.
    """
    with pipeline.App.open() as app:
        roll, now = pipeline.turns.roll(app, name or pipeline.turns.only_class(app)), pipeline.now()
        member, other = (pipeline.class_decisions.id_of(app, who, roll.the_class.name) for who in (member, other))
        changed = pipeline.turn_changes.swap(app, roll, member, other, now, period=period, why=why)
        written(app, f"turns of {roll.the_class.name}", f"turn swap {member} {other}")
        lines = pipeline.turn_changes.said_of_swap(app, roll, changed)
    tell(json, [each.values() for each in changed], *lines)
    return OK


def comment_done(reviewer: str, author: str, *, name: OfClass = "", slot: str = "", json: Json = False) -> int:
    """Say that a comment was made, where no file and no feed tells it.

    Parameters
    ----------
    reviewer
        Who commented, by id or by name.
    author
        On whose hand-in.
    name
        The class, where both are in several.
    slot
        Another round than the newest that owes it, such as `c16@2027-01-10T20:00`.
    """
    with pipeline.App.open() as app:
        reviewer, author = (pipeline.class_decisions.id_of(app, who, name) for who in (reviewer, author))
        done = pipeline.rounds.say_done(app, reviewer, author, pipeline.now(), the_class=name, slot=slot)
        written(app, f"comment of {reviewer}", f"comment done {reviewer} {author}")
        found = pipeline.rounds.round_of(app, done.the_class, done.slot)
        reviewer, author = (pipeline.class_decisions.called(app, who, done.the_class) for who in (reviewer, author))
    left = len(found.alone) if found else 0
    said = _("The comment of %(reviewer)s on %(author)s is done.", reviewer=reviewer, author=author)
    more = ngettext("%(num)s member has none yet.", "%(num)s members have none yet.", left) if left else ""
    tell(json, done.values(), *filter(None, (said, more)))
    return OK
