"""Commands about slots and deliveries: plan, publish, verify, confirm, settle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import (
    NEEDS_A_PERSON,
    NOTHING_YET,
    OK,
    agreed,
    as_json,
    asks_first,
    complain,
    progress,
    say,
    say_outcome,
    show,
    tell,
)
from steadycast.errors import InputError
from steadycast.language import N_, current, quoted
from steadycast.language import gettext as _
from steadycast.schedule.pins import example

if TYPE_CHECKING:
    from steadycast.cli.parameters import AskNote, Days, Draft, DryRun, Json, Key, Yes
    from steadycast.pipeline import App
    from steadycast.pipeline.amend import Amended

QUESTIONS = {"revise": N_("Revise this now?"), "withdraw": N_("Withdraw this now?")}


def plan(*, days: Days = 14, json: Json = False) -> int:
    """Plan the coming slots from stock, and show what each will carry.

    Planning again moves nothing without need. Exit 1 when a slot has no draft.

    Parameters
    ----------
    days
        How far ahead; ten years at most.
    """
    with pipeline.App.open() as app:
        planned = pipeline.plan(app, pipeline.now(), days=days)
        empty = bool(planned.gaps) and not app.ledger.has_drafts()
        where = pipeline.DraftLocation(app, pipeline.now(), planned.made_of)
        beyond = [] if json else where.beyond(dt.timedelta(days=days)).lines()
        names = app.member_title
    complain(planned.warning)
    if json:
        as_json(planned.rows())
    else:
        columns = {"when": "slot", "series": "series", "state": "state", "title": "draft", "member": "by", "why": "why"}
        rows = [{**row, "member_title": row["member"] and names(row["member"])} for row in planned.rows()]
        show(rows, columns, empty=_("No series has a slot in that time."))
        hint = [_(NOTHING_YET)] if empty else []
        if any(row["draft"] for row in planned.rows()):
            hint.append(_("`steadycast check` says what a channel will convert, crop or leave out."))
        say(planned.summary(), *beyond, *hint)
    return NEEDS_A_PERSON if planned.gaps else OK


def rituals(*, days: Days = 60, json: Json = False) -> int:
    """Show the coming days that the community marks, and how far the draft of each is.

    Parameters
    ----------
    days
        How far ahead; ten years at most.
    """
    with pipeline.App.open(readonly=True) as app:
        found = [each.row() for each in pipeline.rituals.coming(app, pipeline.now(), days)]
        asked = bool(app.workspace.rituals)
    if json:
        as_json(found)
        return OK
    columns = {
        "at": "slot",
        "series": "series",
        "what": "what",
        "ready": "ready from",
        "state": "state",
        "path": "draft",
    }
    shown = [row | {"at": row["at"][:16].replace("T", " ")} for row in found]
    nothing = _("None falls in that time.") if asked else _("No day is marked: write [[ritual]] into steadycast.toml.")
    show(shown, columns, empty=nothing)
    return OK


def ask(slot: str, member: str, *, by: str = "", note: AskNote = "", withdraw: bool = False, json: Json = False) -> int:
    """Ask a member to write for an empty slot, or take that back.

    It stands on the member's own page and in their calendar. It keeps nobody from filling the slot. What they send for
    it goes there once it is approved.

    Parameters
    ----------
    slot
        The slot (`daily@2026-11-27T20:00`); it need not be planned yet.
    member
        Who is asked: the name of their folder.
    by
        The day on whose end it is wanted (2026-11-26). Without it: the day before the slot.
    withdraw
        Do not ask them any more.
    """
    try:
        due = dt.date.fromisoformat(by) if by else None
    except ValueError:
        hint = _("write %(day)s", day=example(dt.date.today()))  # noqa: DTZ011  a day for a sentence
        raise InputError(_("%(said)s is no day", said=quoted(by)), hint=hint) from None
    with pipeline.App.open() as app:
        now = pipeline.now()
        if withdraw:
            made = pipeline.asking.withdraw(app, pipeline.asking.of(app, slot, member, now).id, now)
        else:
            made = pipeline.asking.ask(app, slot, member, now, by=pipeline.who(), due=due, note=note)
    asked = _("%(name)s is asked to write by %(day)s.", name=made.title, day=current().day(made.due))
    tell(json, made.plain(), _("%(name)s is not asked any more.", name=made.title) if withdraw else asked)
    return OK


def asks(*, member: str = "", ics: bool = False, json: Json = False) -> int:
    """Show who is asked to write for which coming slot, and how it stands.

    Parameters
    ----------
    member
        Only this one, with what they declined or sent.
    ics
        As a calendar file, to be sent to who is asked.
    """
    with pipeline.App.open(readonly=True) as app:
        now = pipeline.now()
        found = pipeline.asking.of_member(app, member, now) if member else pipeline.asking.coming(app, now)
        if ics:
            say(
                pipeline.ask_calendar.asks_ics(app, found, current(), now, names=not member)
                .decode()
                .replace("\r\n", "\n")
            )
            return OK
        rows = [each.plain() | {"title": each.title} for each in found]
    if json:
        as_json([{key: value for key, value in row.items() if key != "title"} for row in rows])
        return OK
    gone = {"withdrawn": "not asked any more"}  # of a post it is said otherwise in Chinese
    shown = [
        row | {"when": row["at"][:16].replace("T", " "), "state": gone.get(row["state"], row["state"])} for row in rows
    ]
    columns = {"when": "slot", "series": "series", "title": "who", "by": "until", "state": "state", "note": "about"}
    show(shown, columns, empty=_("Nobody is asked for a coming slot."))
    return OK


def answer(request: int, said: Literal["yes", "no"], *, note: str = "", json: Json = False) -> int:
    """Say yes or no to a program that asks for a slot to be published now; yes sends it at once.

    Exit 1 when a person must look at a delivery.

    Parameters
    ----------
    request
        Its number, as `steadycast status` shows it.
    said
        yes, or no: then the slot keeps its hour.

    Note:
        A word to who asked.
    """
    requests, now, by = pipeline.publish_requests, pipeline.now(), pipeline.who()
    with pipeline.App.open() as app:
        if said == "no":
            made = requests.say_no(app, request, now, by=by, note=note)
            told = _("%(name)s is told no. %(title)s keeps its hour.", name=made.who, title=made.title)
            tell(json, {"request": request, "answer": said}, told)
            return OK
        done = requests.say_yes(app, request, now, by=by, note=note)
    if json:
        as_json(done.rows())
    else:
        say(done.summary() or _("Nothing is due."))
    complain(done.warning)
    return NEEDS_A_PERSON if done.failed else OK


def publish(
    series: str | None = None,
    *,
    draft: str | None = None,
    slot: str | None = None,
    channel: str | None = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Publish now: what is due, or the next slot of a series, or one draft, or one slot.

    Nothing is sent twice, however often you run this.
    Exit 1 when a person must look at a delivery, or the named slot has no draft.

    Parameters
    ----------
    series
        The next slot of this series, before its hour.
    draft
        This draft (id or path), outside any series, to every channel that takes its form and has it not yet.
    slot
        This slot (`daily@2026-11-27T20:00`).
    channel
        Only to this channel.
    """
    by_hand = bool(series or draft or slot)  # else it serves the slots, as a cron of it does
    if by_hand and not dry_run:
        with pipeline.App.open() as app:  # a slip is told before anything is asked or converted
            leaving = pipeline.leaving(app, series=series, draft=draft, slot=slot, channel=channel)
            going = [_of_channel(app, sent.channel, sent.delivery.title) for sent in leaving]
        if going and asks_first(yes=yes, json=json) and not agreed(going, _("Send this now?")):
            say(_("Nothing was sent."))
            return OK
    told = None if json else say_outcome
    with (pipeline.App.open if by_hand else pipeline.App.in_force)() as app:
        if by_hand and not dry_run:
            with progress(_("converting sounds and films")) as bar:
                pipeline.convert(app, pipeline.now(), draft=draft, progress=bar)
        done = pipeline.publish(app, series=series, draft=draft, slot=slot, channel=channel, dry_run=dry_run, told=told)
        if not by_hand and not dry_run:
            pipeline.convert(app, pipeline.now())  # of the coming days, where no flow does it
    if json:
        as_json(done.rows())
    elif dry_run:
        columns = {"when": "slot", "series": "series", "title": "draft", "channel": "channel", "state": "state"}
        show(done.rows(), columns | {"message": "rehearsal"}, empty=_("Nothing is due."))
    else:
        say(done.summary() or _("Nothing is due."))
    complain(done.warning)
    return NEEDS_A_PERSON if done.failed or done.without_draft else OK


def revise(
    draft: Draft, *, channel: str | None = None, again: bool = False, yes: Yes = False, json: Json = False
) -> int:
    """Send a draft's newest approved text to where it is out already: each post changes in its place.

    Exit 1 when a person must do something, as where a channel cannot change what is out.

    Parameters
    ----------
    channel
        Only on this channel.
    again
        You looked, and what is in doubt did not arrive: send it again.
    """
    return _amend(
        "revise",
        draft,
        channel,
        lambda app: pipeline.amend.revise(app, draft, channel, again=again),
        yes=yes,
        json=json,
    )


def withdraw(draft: Draft, *, why: str, channel: str | None = None, yes: Yes = False, json: Json = False) -> int:
    """Take a draft's posts away from every channel, or from one; it is not published again.

    Exit 1 when a person must do something, as where a channel cannot take back what is out.

    Parameters
    ----------
    why
        The reason, for the record.
    channel
        Only from this channel. Without it the draft is rejected too.
    """
    return _amend(
        "withdraw", draft, channel, lambda app: pipeline.amend.withdraw(app, draft, why, channel), yes=yes, json=json
    )


def _of_channel(app: App, channel: str, what: str) -> str:
    return _("%(name)s: %(said)s", name=app.channel_title(channel), said=what)


def _amend(
    verb: str, draft: str, channel: str | None, act: Callable[[App], tuple[Amended, ...]], *, yes: bool, json: bool
) -> int:
    with pipeline.App.open() as app:
        leaving = pipeline.amend.leaving(app, draft, channel, verb) if asks_first(yes=yes, json=json) else []
        going = [_of_channel(app, d.channel, d.url or app.slot_title(d.slot)) for d in leaving]
        if going and not agreed(going, _(QUESTIONS[verb])):
            say(_("Nothing was changed."))
            return OK
        amended = act(app)
    rows = pipeline.amend.rows(amended)
    if json:
        as_json(rows)
    else:
        said = [row | {"said": "" if row["said"] == row["link"] else row["said"]} for row in rows]
        columns = {"when": "slot", "channel": "channel", "state": "state", "said": "said", "link": "where"}
        show(said, columns)
    return OK if all(each.done for each in amended) else NEEDS_A_PERSON


def verify(*, json: Json = False) -> int:
    """Look for unknown deliveries on their channels, and see whether published ones are there."""
    with pipeline.App.in_force() as app:
        looked = pipeline.verify(app, pipeline.now(), told=None if json else say_outcome)
    lines = [looked.summary() or ("" if looked.made else _("Nothing to look at."))]
    lines += [made.line() for made in looked.made if not made.problems]
    tell(json, looked.rows(), *filter(None, lines))
    broken = [made.line() for made in looked.made if made.problems]
    complain(looked.warning, *broken)
    return NEEDS_A_PERSON if looked.failed or broken else OK


def confirm(id: Key, *, url: str, at: str = "") -> int:
    """Close a kit: a person has posted it, and this is its URL. Run it again to correct the URL.

    Parameters
    ----------
    url
        Where it can be seen.
    at
        When it was posted, in the community's zone: "20:03" of its slot's day, or "2026-11-27 20:03". Without it: now.
    """
    with pipeline.App.open() as app:
        say(pipeline.confirm(app, id, url, pipeline.now(), at))
    return OK


def settle(id: Key, *, url: str = "", absent: bool = False, again: bool = False, at: str = "") -> int:
    """Settle an unknown delivery: it is there, or it is not.

    Give exactly one of --url, --absent and --again.

    Parameters
    ----------
    url
        It is there: this is its URL.
    absent
        It never appeared; do not send it again.
    again
        It never appeared: send it again.
    at
        With --url: since when, in the community's zone. Without it: now.
    """
    if [bool(url), absent, again].count(True) != 1:
        raise InputError(_("give exactly one of --url URL, --absent, --again"))
    if at and not url:
        raise InputError(_("--at needs --url"))
    with pipeline.App.open() as app:
        say(pipeline.settle(app, id, url=url, again=again, now=pipeline.now(), at=at))
    return OK
