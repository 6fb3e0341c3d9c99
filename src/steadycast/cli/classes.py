"""Commands about classes and their members: who handed in what, leave, who is out, who is back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from cyclopts import Parameter

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, say, show, tell
from steadycast.cli.parameters import Json
from steadycast.cli.rounds import OfClass
from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.pipeline import App
    from steadycast.pipeline.turn_changes import TurnChange

By = Annotated[str, Parameter(help=N_("Who decides. It stands in the record."))]
Why = Annotated[str, Parameter(help=N_("The reason. It stands in the record."))]


def list_(*, json: Json = False) -> int:
    """Show all classes, and how many are up for leaving. Exit 1 where somebody has to decide, or a roster is broken."""
    with pipeline.App.open(readonly=True) as app:
        found = [pipeline.class_view.page(app, name, pipeline.now()) for name in app.workspace.classes]
    rows: list[dict[str, Any]] = [
        {
            "class": c.the_class.name,
            "title": c.the_class.title,
            "members": c.here,
            "up": len(c.up),
            "readable": c.usable,
        }
        for c in found
    ]
    code = NEEDS_A_PERSON if any(row["up"] or not row["readable"] for row in rows) else OK
    if json:
        as_json(rows)
        return code
    columns = {"class": _("class"), "title": _("name"), "members": _("members"), "up": _("up for leaving")}
    show(
        rows,
        columns,
        title=_("Classes"),
        empty=_("There is no class. A [class.NAME] table in steadycast.toml makes one."),
    )
    say(*(_("%(title)s: its roster cannot be read", title=row["title"]) for row in rows if not row["readable"]))
    return code


def show_(name: str, *, json: Json = False) -> int:
    """Show the members of a class and how each stands. Exit 1 where somebody is up for leaving.

    Parameters
    ----------
    name
        The class, by its name or its title.
    """
    with pipeline.App.open(readonly=True) as app:
        found = pipeline.class_view.page(app, name, pipeline.now())
        zone = app.workspace.community.zone
    rows = pipeline.class_view.plain(found.rows)
    code = NEEDS_A_PERSON if found.up or not found.usable else OK
    if json:
        as_json(rows)
        return code
    columns = {
        "title": _("member"), "group": _("group"), "state": _("state"), "streak": _("in a row"), **_verdicts(),
        "made_up": _("made up"),
    }  # fmt: skip
    states = _states()
    show([{**row, "state": states[str(row["state"])]} for row in rows], columns, title=found.the_class.title)
    for row in found.up:
        assert row.up
        since = f"{row.up.at.astimezone(zone):%Y-%m-%d %H:%M}"
        say(_("%(name)s is up for leaving since %(since)s: %(why)s", name=row.title, since=since, why=row.up.why))
    if not found.usable:
        say(_("its roster cannot be read: `steadycast check` shows the line"))
    return code


def member_show(member: str, *, the_class: OfClass = "", json: Json = False) -> int:
    """Show one member of a class: duties, leave, what was decided and by whom.

    Parameters
    ----------
    member
        By id or by name.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open(readonly=True) as app:
        its, seat = pipeline.class_decisions.seat_of(app, member, the_class)
        zone = app.workspace.community.zone
        found = [
            row for row in pipeline.class_view.page(app, its.the_class.name, pipeline.now()).rows if row.seat == seat
        ]
        ended = app.ledger.hand_ins_of(seat.member, dt.datetime.fromtimestamp(0, dt.UTC))
        told = its.happened.get(seat.member, ())
    duties = [
        {
            "slot": row.slot, "verdict": row.verdict, "draft": row.draft, "by": row.by, "note": row.note,
            "at": row.at.astimezone(zone).isoformat(timespec="minutes") if row.at else None,
            "made_up_at": row.made_up_at.astimezone(zone).isoformat(timespec="minutes") if row.made_up_at else None,
        }
        for row in ended
        if row.the_class == its.the_class.name
    ]  # fmt: skip
    story = [
        {
            "at": each.at.astimezone(zone).isoformat(timespec="minutes"), "what": str(each.what), "who": each.who,
            "why": each.why, "days": f"{each.first}..{each.last}" if each.first else "",
        }
        for each in told
    ]  # fmt: skip
    if json:
        as_json({**pipeline.class_view.plain(found)[0], "duties": duties, "story": story})
        return OK
    say(_("%(name)s: %(state)s", name=found[0].title, state=_states()[str(found[0].state)]))
    columns = {
        "slot": _("due on"),
        "verdict": "state",
        "at": _("handed in"),
        "made_up_at": _("made up"),
        "note": _("remark"),
    }
    verdicts, happened = _verdicts(), _happened()
    judged = [
        {**row, "verdict": verdicts[str(row["verdict"])]} | {key: _minute(row[key]) for key in ("at", "made_up_at")}
        for row in duties
    ]
    show(judged, columns, title=_("Duties"), empty=_("Nothing was judged yet."))
    rule = pipeline.classes.BY_RULE
    show(
        [
            {**row, "at": _minute(row["at"]), "what": happened[str(row["what"])]}
            | ({"who": _("the rule")} if row["who"] == rule else {})
            for row in story
        ],
        {"at": _("when"), "what": "what", "days": _("days of it"), "who": _("by"), "why": _("why")},
        title=_("What happened"),
        empty="",
    )
    return OK


def leave(
    member: str, first: dt.date, last: dt.date, *, by: By, why: Why, the_class: OfClass = "", json: Json = False
) -> int:
    """Grant a member leave, if the class's notice, length and number allow it.

    Parameters
    ----------
    member
        By id or by name.
    first
        The first day, such as 2027-01-25.
    last
        The last day.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open() as app:
        wanted, now = pipeline.class_decisions.leave_of(_day(first), _day(last)), pipeline.now()
        take = partial(pipeline.class_decisions.take_leave, leave=wanted)
        done = _decided(app, take, member, now, by=by, why=why, the_class=the_class)
    said = _(
        "%(member)s is on leave from %(first)s to %(last)s.", member=done.name, first=wanted.first, last=wanted.last
    )
    return done.told(said, json=json)


def out(member: str, *, by: By, why: Why, the_class: OfClass = "", json: Json = False) -> int:
    """Put a member out of a class: from now on they owe nothing.

    Parameters
    ----------
    member
        By id or by name.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open() as app:
        put_out = pipeline.class_decisions.put_out
        done = _decided(app, put_out, member, pipeline.now(), by=by, why=why, the_class=the_class)
    return done.told(_("%(member)s is out.", member=done.name), json=json)


def warn(member: str, *, by: By, why: Why, the_class: OfClass = "", json: Json = False) -> int:
    """Warn a member of a class. It stands on their own page, and nothing else changes.

    Parameters
    ----------
    member
        By id or by name.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open() as app:
        done = pipeline.class_decisions.warn(app, member, pipeline.now(), by=by, why=why, the_class=the_class)
        name = pipeline.class_decisions.called(app, done.member, done.the_class)
    tell(json, _plain(done), _("%(member)s is warned.", member=name))
    return OK


def correct(
    member: str,
    slot: str,
    verdict: Literal["kept", "late", "missed", "excused"],
    *,
    by: By,
    why: Why,
    the_class: OfClass = "",
    json: Json = False,
) -> int:
    """Correct how a duty ended that was judged. The change stands in the record with what it was before.

    Parameters
    ----------
    member
        By id or by name.
    slot
        The duty, as `steadycast member show` calls it: reading@2027-01-10T20:00.
    verdict
        How it ended.
    the_class
        The class, where the member sits in several.
    """
    from steadycast.schedule.model import Verdict

    with pipeline.App.open() as app:
        done = pipeline.class_decisions.correct(
            app, member, slot, Verdict(verdict), pipeline.now(), by=by, why=why, the_class=the_class
        )
        name = pipeline.class_decisions.called(app, done.member, done.slot.partition("@")[0])
        slot_title = app.slot_title(done.slot)
    told = {"member": done.member, "slot": done.slot, "verdict": str(done.verdict), "by": done.by, "why": done.note}
    tell(
        json,
        told,
        _(
            "%(member)s, %(slot)s: %(verdict)s",
            **{**told, "member": name, "slot": slot_title, "verdict": _verdicts()[verdict]},
        ),
    )
    return OK


def keep(member: str, *, by: By, why: Why, the_class: OfClass = "", json: Json = False) -> int:
    """Decide that a member who is up for leaving stays.

    Parameters
    ----------
    member
        By id or by name.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open() as app:
        done = pipeline.class_decisions.keep(app, member, pipeline.now(), by=by, why=why, the_class=the_class)
        name = pipeline.class_decisions.called(app, done.member, done.the_class)
    tell(json, _plain(done), _("%(member)s stays.", member=name))
    return OK


def back(member: str, *, by: By, why: Why, the_class: OfClass = "", json: Json = False) -> int:
    """Take a member back who was out, or end a leave early. Who was out owes first after a whole period.

    Parameters
    ----------
    member
        By id or by name.
    the_class
        The class, where the member sits in several.
    """
    with pipeline.App.open() as app:
        take_back = pipeline.class_decisions.take_back
        done = _decided(app, take_back, member, pipeline.now(), by=by, why=why, the_class=the_class)
    return done.told(_("%(member)s is back.", member=done.name), json=json)


def move(
    member: str, *, by: By, why: Why, to: str = "", group: str = "", the_class: OfClass = "", json: Json = False
) -> int:
    """Move a member to another class or group: roster.csv is changed, and the record tells who did it.

    Parameters
    ----------
    member
        By id or by name.
    to
        The class that they go to; without it they stay in theirs.
    group
        The group that they go to.
    the_class
        The class that they leave, where the member sits in several.
    """
    with pipeline.App.open() as app:
        move_ = partial(pipeline.class_decisions.move, to=to, group=group)
        done = _decided(app, move_, member, pipeline.now(), to, by=by, why=why, the_class=the_class)
    where = " ".join(filter(None, (to, group)))
    return done.told(_("%(member)s sits there now: %(where)s", member=done.name, where=where), json=json)


class _Decided(NamedTuple):
    """A person's word on a member as it was written down, and the turns that change hands for it."""

    written: Any  # a MemberStanding
    name: str
    turns: list[TurnChange]
    lines: list[str]

    def told(self, said: str, *, json: bool) -> int:
        tell(json, {**_plain(self.written), "turns": [each.values() for each in self.turns]}, said, *self.lines)
        return OK


def _decided(
    app: App, verb: Callable[..., Any], member: str, now: dt.datetime, to: str = "", *, the_class: str,
    **more: str,
) -> _Decided:  # fmt: skip
    """What a verb of `class_decisions` does, in the class that a member sits in and in the one that they go `to`."""
    decisions, changes = pipeline.class_decisions, pipeline.turn_changes
    its = [decisions.seat_of(app, member, the_class)[0].the_class.name]
    its += [pipeline.classes.known_class(app, to).name] if to else []
    act = partial(verb, app, member, now=now, the_class=the_class, **more)
    written, changed = changes.watched(app, dict.fromkeys(its), now, act)
    name = decisions.called(app, written.member, written.the_class)
    return _Decided(written, name, changed, changes.said_of(app, changed))


def _plain(done: Any) -> dict[str, Any]:
    return {
        "member": done.member, "class": done.the_class, "what": str(done.what), "at": done.at.isoformat(),
        "first": str(done.first) if done.first else None, "last": str(done.last) if done.last else None,
        "who": done.who, "why": done.why,
    }  # fmt: skip


def _day(day: dt.date) -> dt.date:
    return day.date() if isinstance(day, dt.datetime) else day


def _states() -> dict[str, str]:
    return {
        "active": _("active"), "warned": _("warned"), "up": _("up for leaving"), "away": _("on leave"), "out": _("out"),
        "left": _("left"),
    }  # fmt: skip


def _verdicts() -> dict[str, str]:
    """How a duty ended: a class's words, as a slot's are others in Chinese."""
    return {
        "kept": _("on time"), "late": _("handed in late"), "missed": _("not handed in"), "excused": _("on leave"),
    }  # fmt: skip


def _happened() -> dict[str, str]:
    return {
        "joined": _("joined the class"), "leave": _("on leave"), "warned": _("warned"), "up": _("up for leaving"),
        "out": _("out"), "kept": _("stays in the class"), "returned": _("came back to the class"),
        "moved": _("moved to another class or group"), "turn": _("on duty for the class"), "lead": _("leads a group"),
    }  # fmt: skip


def _minute(at: str | None) -> str:
    """An instant of a row as tables show it."""
    return (at or "")[:16].replace("T", " ")
