"""Members: who gave what and when, who waits, who has gone quiet; and what became of one member's drafts."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.language import listed, quoted
from steadycast.ledger.member_reads import WENT, Place, Standing
from steadycast.ledger.tables import DraftRow, InviteRow, State
from steadycast.pipeline.app import App
from steadycast.pipeline.community_state import shares
from steadycast.pipeline.member_names import titles
from steadycast.pipeline.past_pins import past_pin
from steadycast.report.quiet import quiet_since
from steadycast.schedule.past_pins import PastPins

YEAR = dt.timedelta(days=365)
SHOWN = 50
WANTED = 3  # slots that a member is shown
OVER = {State.MISSED, State.CANCELLED, State.EXCUSED}  # of a delivery that comes to nothing


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as the record has them."""

    name: str
    title: str
    trusted: bool
    drafts: int = 0
    last: dt.datetime | None = None  # when their last draft came
    waiting: int = 0  # drafts that wait for a person
    waiting_since: dt.datetime | None = None
    stock: int = 0  # approved, in stock or planned, or out
    went_out: int = 0  # slots of the past year
    share: float = 0.0  # of the slots that members filled then
    wait: dt.timedelta | None = None  # how long they usually waited for an answer
    quiet_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """One draft of a member, and what became of it, in a word: see `fate`."""

    draft: DraftRow
    fate: str
    at: dt.datetime | None = None  # when it goes out, or went
    places: tuple[Place, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Everything of one member."""

    member: Member
    given: tuple[Given, ...]
    total: int
    invites: tuple[InviteRow, ...] = ()


def named(app: App, said: str) -> str:
    """The id of the member whom `said` means: an id as it is, or the name for people of one that is known.

    Anybody else is somebody new, of that id. InputError where several are called so.
    """
    known = titles(app)
    if said in known or app.ledger.standings(said):
        return said
    found = [name for name, title in known.items() if title == said]
    if len(found) > 1:
        raise InputError(_("several members are called %(name)s", name=quoted(said)), hint=listed(found))
    return found[0] if found else said


def members(app: App, now: dt.datetime, name: str | None = None) -> list[Member]:
    """All members, or the one of that name: of steadycast.toml, of a roster, with an invite, and those who gave.

    Who waits longest comes first, then the newest.
    """
    stand: dict[str, list[Standing]] = defaultdict(list)
    for row in app.ledger.standings(name):
        stand[row.member].append(row)
    gifts, waits, went = app.ledger.gifts(name), _waits(app, now, name), _went(app, now)
    total = sum(went.values())
    names = titles(app)
    known = [*names, *(row.member for row in app.ledger.invites_of())] if name is None else [name] * (name in names)
    made = [
        _member(each, names.get(each, each), app, stand[each], went[each], total, waits.get(each))
        for each in dict.fromkeys([*known, *stand])
    ]
    told = [_with_quiet(member, quiet_since(gifts.get(member.name, ()), now)) for member in made]
    return sorted(told, key=lambda m: (-m.waiting, -(m.last or dt.datetime.min.replace(tzinfo=dt.UTC)).timestamp()))


def _member(  # noqa: PLR0917 one row's facts
    name: str, title: str, app: App, stand: Iterable[Standing], went: int, total: int, wait: dt.timedelta | None
) -> Member:
    rows = {row.state: row for row in stand}
    waits, here = rows.get("waiting"), app.workspace.members.get(name)
    return Member(
        name=name,
        title=title,
        trusted=bool(here and here.trusted),
        drafts=sum(row.drafts for row in rows.values()),
        last=max((row.last for row in rows.values()), default=None),
        waiting=waits.drafts if waits else 0,
        waiting_since=waits.first if waits else None,
        stock=rows["approved"].drafts if "approved" in rows else 0,
        went_out=went,
        share=went / total if total else 0.0,
        wait=wait,
    )


def _with_quiet(member: Member, since: dt.datetime | None) -> Member:
    return replace(member, quiet_since=since) if since and not member.waiting else member


def _went(app: App, now: dt.datetime) -> Counter[str]:
    went: Counter[str] = Counter()
    for share in shares(app, now):
        if share.member:
            went[share.member] += share.slots
    return went


def _waits(app: App, now: dt.datetime, name: str | None) -> dict[str, dt.timedelta]:
    waited = app.ledger.waited(now - YEAR, name)
    return {who: dt.timedelta(microseconds=median(spans)) for who, spans in waited.items()}


def page_of(app: App, name: str, now: dt.datetime, number: int = 1) -> MemberPage | None:
    """One member with a page of what they gave, and their invites; None where nobody is called so."""
    found = next(iter(members(app, now, name)), None)
    invites = tuple(app.ledger.invites_of(name))
    if found is None and not invites:
        return None
    member = found or Member(name, app.member_title(name), trusted=False)
    return MemberPage(member, tuple(given(app, name, now, number)), member.drafts, invites)


def given(app: App, name: str, now: dt.datetime, number: int = 1) -> list[Given]:
    """What one member gave, the newest first, and what became of each."""
    rows = app.ledger.given_by(name, SHOWN, (max(number, 1) - 1) * SHOWN)
    places: dict[str, list[Place]] = defaultdict(list)
    for place in app.ledger.places_of(row.id for row in rows):
        places[place.draft].append(place)
    reasons = app.ledger.reasons([row.id for row in rows if row.state == "rejected"])
    found, past = [fate(row, places[row.id], now, reasons.get(row.id, "")) for row in rows], PastPins(now)
    return [replace(g, fate="past") if g.fate == "stock" and past_pin(app, g.draft, past) else g for g in found]


def wanted(app: App, now: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """(title of the series, when) of the next slots that have no draft yet: what members may be asked for."""
    series = app.workspace.series
    rows = app.ledger.empty_slots(now, now + app.workspace.publish.horizon, WANTED)
    zone = app.workspace.community.zone
    return [(series[name].title or name, at.astimezone(zone)) for name, at in rows if name in series]


def fate(row: DraftRow, places: list[Place], now: dt.datetime, reason: str = "") -> Given:
    """out, planned, due, stock, waiting, rejected, not-ready, gone or held: what a member is told of a draft."""
    went = tuple(place for place in places if place.state in WENT)
    if went:
        newest = max(place.at for place in went)  # an evergreen went several times
        since = min(place.finished or place.at for place in went if place.at == newest)  # before its hour, or late
        return Given(row, "out", since, went)
    if row.published_before is not None:
        return Given(row, "out", row.published_before)
    if row.state == "approved":
        coming = [place for place in places if place.state not in OVER]
        if coming:
            at = min(place.at for place in coming)
            return Given(row, "planned" if at >= now else "due", at, tuple(coming))
        return Given(row, "stock")
    known = {"waiting", "rejected", "not-ready", "gone"}
    return Given(row, row.state if row.state in known else "held", reason=reason)
