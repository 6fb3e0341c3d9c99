"""Publishing: what is due, at its second; or, by hand, one series, slot, draft or channel now."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from steadycast import pipeline
from steadycast.crash_safety import ending, send_window
from steadycast.errors import Busy, InputError, SteadycastError, unknown_name
from steadycast.language import N_, listed
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.tables import DONE, DeliveryRow, SlotRow, State
from steadycast.pipeline.app import App, sweep
from steadycast.pipeline.owed_slots import recover
from steadycast.pipeline.report import jumped, renew, set_back, tick
from steadycast.pipeline.results import Published, Telling, ToldRow, as_they_stand, published
from steadycast.platform import Adapter, Known, Post, Receipt
from steadycast.platform.contract import Step, sent_now
from steadycast.schedule.slots import next_slot

if TYPE_CHECKING:
    from steadycast.delivery import Opened
    from steadycast.ledger.tables import DraftRow
    from steadycast.pipeline.manual_slot import ManualSlot
    from steadycast.pipeline.posts import Posts

JUST_NOW = dt.timedelta(minutes=5)  # a slot no older than this is on time, not catching up
APART = dt.timedelta(minutes=1)  # between an overdue slot and any other of its series, however many runs come at once
SWEPT = dt.timedelta(seconds=65)  # how far ahead a sweep looks: they come every minute, up to seconds early or late
PATIENCE = 20.0  # seconds for which another process may have a channel's folder: a stopped one has it for ever
PLAIN_PLAN = 14  # days that `steadycast plan` reaches when none are named
OVER = (*DONE, State.HANDED)  # nothing more is to be done about it
UNTOUCHED = (State.PLANNED, State.DUE, State.EXCUSED, State.CANCELLED, State.MISSED)  # of what never went out
LEASE = dt.timedelta(minutes=5)  # beyond the wait for the slot: time to render, freeze and begin to send


class Batch(NamedTuple):
    """The slots of one instant, the channels that are meant (None: all), and what of them is due: by when."""

    at: dt.datetime
    slots: tuple[str, ...]
    channels: Collection[str] | None
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """What a publish is asked for; nothing at all means: whatever is due."""

    series: str | None = None
    draft: str | None = None
    slot: str | None = None
    channel: str | None = None
    show_first: bool = False
    ahead: bool = False

    @property
    def by_hand(self) -> bool:
        """Whether it goes out now, before its hour."""
        return self.show_first or bool(self.draft or self.slot or (self.series and not self.ahead))


def publish(
    app: App,
    *,
    series: str | None = None,
    draft: str | None = None,
    slot: str | None = None,
    channel: str | None = None,
    show_first: bool = False,
    ahead: bool = False,
    dry_run: bool = False,
    told: ToldRow | None = None,
) -> Published:
    """Makes the deliveries that are asked for, and says what became of each; `told` hears of it as it comes.

    Without anything asked: what is due now. `ahead`: what falls due within the setting `lead`, rendered now and sent
    at the slot's second; of all series together, as a sweep asks, within a minute at most. `series`, `slot`, `draft`:
    now, before their hour, as a person asks for it. `show_first`: the next slot of each series, into folders of this
    machine only, where the settings ask for it and nothing was ever published; else what is due. What is there already
    is told, not sent again. `dry_run` renders and sends nothing.
    """
    asked = PublishRequest(series, draft, slot, channel, show_first and is_first(app), ahead)
    _check(app, asked)
    if dry_run:
        from steadycast.pipeline.posts import Posts

        rows = _by_hand(app, asked.draft, channel).rows(app) if asked.draft else _rows(app, asked)
        stand = as_they_stand(app, _on(rows, asked))
        posts = Posts(app, coming=[outcome.delivery for outcome in stand])
        return published(app, [_rehearsed(app, outcome, posts) for outcome in stand])
    app.ledger.settle_here()
    began = app.clock.now()
    if set_back(app.ledger.last_tick(), began):
        app.ledger.take_back(began)
    recover(app, began)
    carried = app.ledger.slots_of(_draft(app, asked.draft).id, began) if asked.draft else []
    rows = _on(_rows(app, asked), asked) if asked.by_hand else []
    stand, telling = as_they_stand(app, rows), Telling(app, told)
    telling.all(outcome for outcome in stand if outcome.state != State.DUE)
    sent = [_send(app, batch, asked, telling) for batch in _due(app, rows, asked) if not ending.asked()]
    telling.all(telling.unknown(stand))
    if not asked.by_hand:
        tick(app, began)  # whoever asks what is due serves the slots: a flow, or a cron of the command
    if asked.draft:
        pipeline.plan(app, app.clock.now())  # the slot that was to carry it takes another
    if any(sent):
        renew(app, app.clock.now())
    warnings = (jumped(app, began), _emptied(app, carried))
    before = frozenset(outcome.id for outcome in stand if outcome.state in OVER)
    return published(app, telling.outcomes, warning=_("; ").join(filter(None, warnings)), before=before)


def _by_hand(app: App, draft: str, channel: str | None) -> ManualSlot:
    from steadycast.pipeline.manual_slot import by_hand  # which a sweep does without

    return by_hand(app, draft, channel)


def _draft(app: App, named: str) -> DraftRow:
    from steadycast.pipeline.drafts import find_draft

    return find_draft(app, named)


def _emptied(app: App, slots: Sequence[SlotRow]) -> str:
    """Says which of these slots carries nothing any more: its draft went out by hand, and no other fits."""
    now = app.ledger.slots_of_ids(slot.id for slot in slots if not slot.manual)
    empty = [id for id, slot in now.items() if slot.draft is None]
    return (
        _("%(slots)s has no draft any more, and is empty", slots=listed(map(app.slot_title, sorted(empty))))
        if empty
        else ""
    )


def is_first(app: App) -> bool:
    """Whether the first publication is to be shown now: the settings ask for it, and nothing was ever published."""
    return app.workspace.publish.show_first and app.ledger.counts().keys() <= set(UNTOUCHED)


def leaving(
    app: App,
    *,
    series: str | None = None,
    draft: str | None = None,
    slot: str | None = None,
    channel: str | None = None,
) -> list[Outcome]:
    """What would leave this machine now if this were published by hand; empty where only folders are written."""
    asked = PublishRequest(series, draft, slot, channel)
    _check(app, asked)
    rows = _by_hand(app, asked.draft, channel).rows(app) if asked.draft else _rows(app, asked)
    going = [row for row in _on(rows, asked) if row.state == State.DUE and not _stays_here(app, row.channel)]
    return as_they_stand(app, going)


def _stays_here(app: App, channel: str) -> bool:
    platform = app.usable(channel)
    return platform is not None and platform.stays_here


def _on(rows: Sequence[DeliveryRow], asked: PublishRequest) -> list[DeliveryRow]:
    """Those on the channel that is asked for; of what was named by hand, one at least."""
    found = [row for row in rows if not asked.channel or asked.channel == row.channel]
    if asked.by_hand and asked.channel and not found:
        named = asked.draft or asked.slot or asked.series or _("no series")
        others = listed(sorted({row.channel for row in rows}))
        hint = (
            _("it goes to %(channels)s", channels=others)
            if others
            else _("`steadycast preview` shows which channels take a draft")
        )
        raise InputError(_("%(what)s does not go to %(channel)s", what=named, channel=asked.channel), hint=hint)
    return found


def _check(app: App, asked: PublishRequest) -> None:
    """What is named must be there, and be one thing; a slip says which was meant."""
    named = {"series": asked.series, "draft": asked.draft, "slot": asked.slot}
    if len(two := [word for word, name in named.items() if name is not None]) > 1:
        # And what has gone out cannot be called back.
        said = _("%(two)s are different things to publish", two=_(" and ").join(two))
        raise InputError(said, hint=_("name one of them; `slot: DAY` in a draft's front matter puts it in that slot"))
    if asked.draft is not None:
        from steadycast.pipeline.collect import check_taken_in

        check_taken_in(app, _draft(app, asked.draft))
    if asked.series is not None and asked.series not in app.workspace.series:
        raise unknown_name("series", asked.series, app.workspace.series)
    if asked.channel is not None:
        app.known_channel(asked.channel)
    if asked.slot is not None and app.ledger.slot(asked.slot) is None:
        now = app.clock.now()
        known = [slot.id for slot in app.ledger.slots_between(now - DAY * 30, now + DAY * 60)]
        raise unknown_name("slot", asked.slot, known, _("`steadycast plan` shows them"))


DAY = dt.timedelta(days=1)
YEARS = 3660 * DAY  # as far as anybody may plan


def _rows(app: App, asked: PublishRequest) -> list[DeliveryRow]:
    """The deliveries that are asked for, in order of time."""
    if asked.draft:
        return _by_hand(app, asked.draft, asked.channel).save(app)
    if asked.slot:
        return app.ledger.deliveries(slots=[asked.slot])
    if asked.by_hand:
        names = [asked.series] if asked.series else list(app.workspace.series)
        coming = [slot for name in names if (slot := _next(app, name))]
        if asked.series and not coming:
            raise _unplanned(app, asked.series)
        rows = app.ledger.deliveries(slots=coming)
        return [row for row in rows if _stays_here(app, row.channel)] if asked.show_first else rows
    until = app.clock.now() + _horizon(app, asked)
    found = app.ledger.deliveries(slots=[slot.id for slot in _open(app, asked, until)], states=[State.DUE])
    return [row for row in found if row.wake and row.wake <= until]


def _due(app: App, rows: Sequence[DeliveryRow], asked: PublishRequest) -> list[Batch]:
    """What is to be claimed, instant after instant: of what was named by hand, or of all that is due."""
    until = app.clock.now() + _horizon(app, asked)
    if asked.by_hand:
        found = {(row.at, row.slot) for row in rows if row.state == State.DUE}
        channels: set[str] | None = {row.channel for row in rows}
    else:
        found = {(slot.at, slot.id) for slot in _open(app, asked, until)}
        channels = {asked.channel} if asked.channel else None
    return [
        Batch(at, tuple(slot for _, slot in group), channels, max(at, until) if asked.by_hand else until)
        for at, group in groupby(sorted(found), key=lambda each: each[0])
    ]


def _open(app: App, asked: PublishRequest, until: dt.datetime) -> list[SlotRow]:
    """The slots of which something is due by then, and may go out."""
    due = [slot for slot in app.ledger.slots_due(until) if asked.series in (None, slot.series)]
    return _one_overdue_each(app, due, app.clock.now())


def _horizon(app: App, asked: PublishRequest) -> dt.timedelta:
    """How far ahead to look. A sweep that held a slot for longer than its minute would keep the next from running."""
    lead = app.workspace.publish.lead
    if not asked.ahead or not lead:
        return dt.timedelta()
    return lead if asked.series else SWEPT


def _next(app: App, series: str) -> str | None:
    """The next slot of a series that is planned, and owed: its id. One whose post was taken away is over."""
    now = app.clock.now()
    rows = app.ledger.slots_between(now, now + YEARS, series=series)
    owed = (row.id for row in rows if not row.excused and not row.manual)
    return next((id for id in owed if {d.state for d in app.ledger.deliveries(slots=[id])} != {State.WITHDRAWN}), None)


def _unplanned(app: App, series: str) -> InputError:
    now = app.clock.now()
    slot = next_slot(app.workspace.series[series], now)
    if slot is None:
        return InputError(_("%(series)s has no slot ahead", series=series), hint=_("change `until` in steadycast.toml"))
    days = (slot.at - now).days + 1
    command = "steadycast plan" if days <= PLAIN_PLAN else f"steadycast plan --days {days}"
    return InputError(
        _("the next slot, %(slot)s, is not planned yet", slot=app.slot_title(slot.id)),
        hint=_("`%(command)s` plans it", command=command),
    )


def _one_overdue_each(app: App, due: Sequence[SlotRow], now: dt.datetime) -> list[SlotRow]:
    """Of several overdue slots of one series the oldest, and none in the same minute as another: never a flood.

    A server that was down starts all the runs that it missed at once: each is a tick, so a tick alone is no measure.
    What falls due just now goes out whatever else is overdue.
    """
    on_time = [d for d in due if d.at >= now - JUST_NOW]
    overdue = [d for d in due if d.at < now - JUST_NOW]
    first: dict[str, str] = {}
    for d in overdue:
        first.setdefault(d.series, d.id)
    busy = {d.series for d in on_time if d.at <= now + APART}
    # Asked after what is due: whoever took a slot out of that list by then is found here.
    free = {name for name, slot in first.items() if name not in busy and not _another_goes(app, name, slot, now)}
    return on_time + [d for d in overdue if d.id == first[d.series] and d.series in free]


def _another_goes(app: App, series: str, slot: str, now: dt.datetime) -> bool:
    """Whether another slot of the series is on its way, or went out less than a minute ago."""
    late = app.workspace.series[series].late if series in app.workspace.series else DAY
    slots = [s.id for s in app.ledger.slots_between(now - late, now + APART, series=series) if s.id != slot]
    return any(_goes(row, now) for row in app.ledger.deliveries(slots=slots))


def _goes(row: DeliveryRow, now: dt.datetime) -> bool:
    if row.state in {State.CLAIMED, State.SENDING}:
        return True
    if row.state == State.UNKNOWN:
        return row.deadline is not None and row.deadline > now - APART
    return row.finished is not None and abs(now - row.finished) < APART


def _after_the_pages(app: App, claim: Delivery) -> int:
    """Others link to the pages with permalinks: those go out first, so that no reader meets a dead link."""
    platform = app.usable(claim.channel)
    return 0 if platform and platform.permalink else 1


def _send(app: App, batch: Batch, asked: PublishRequest, told: Telling) -> bool:
    """All that falls due at one instant, together; whether anything was taken."""
    from steadycast.delivery import deliver
    from steadycast.pipeline.posts import Posts

    now = app.clock.now()
    wait = max(batch.at - now, dt.timedelta())
    hold = batch.at if wait and asked.ahead and batch.at <= batch.until else None  # not what was sent by hand before
    channels = app.workspace.channels if batch.channels is None else batch.channels
    longest = max((platform.deadline for name in channels if (platform := app.usable(name))), default=0.0)
    lease = LEASE + (wait if hold else dt.timedelta()) + dt.timedelta(seconds=longest)
    claims = app.ledger.claim(now, owner(), lease, until=batch.until, slots=batch.slots, channels=batch.channels)
    posts = Posts(app, coming=claims, converts="ready")
    deliver(
        app.ledger,
        claims,
        posts.make,
        lambda channel, step: opened(app, channel, step),
        clock=app.clock,
        hold_until=hold,
        wave=lambda claim: _after_the_pages(app, claim),
        workers=app.workspace.publish.workers,
        told=told,
    )
    return bool(claims)


def opened(app: App, channel: str, step: Step = sent_now, *, upload: bool = True) -> Opened:
    """A channel ready for one attempt; without `upload` its folder stays on this machine for now."""
    from steadycast.delivery import Opened

    adapter, platform = app.adapter(channel, step=step), app.platform(channel)
    if platform.uploads and upload:
        from steadycast.pipeline.uploads import Uploaded, Uploader

        adapter = Uploaded(adapter, Uploader(app, channel))
    if platform.local or platform.delivery == "kit":
        adapter = OneAtATime(adapter, app, channel)
    return Opened(adapter, platform, app.redact)


@dataclass(frozen=True, slots=True)
class OneAtATime:
    """An adapter that writes files: two slots of one channel take turns, whichever processes serve them."""

    adapter: Adapter
    app: App
    channel: str

    def publish(self, post: Post) -> Receipt:
        """As the adapter, alone on this machine."""
        with self.alone():
            return self.adapter.publish(post)

    def find(self, post: Post, known: Known) -> Receipt | None:
        """As the adapter, alone on this machine."""
        with self.alone():
            return self.adapter.find(post, known)

    def revise(self, post: Post, known: Known) -> Receipt:
        """As the adapter, alone on this machine."""
        with self.alone():
            return self.adapter.revise(post, known)  # type: ignore[attr-defined,no-any-return]  # an optional verb

    def withdraw(self, post: Post, known: Known) -> None:
        """As the adapter, alone on this machine."""
        with self.alone():
            self.adapter.withdraw(post, known)  # type: ignore[attr-defined]  # an optional verb

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Busy where another process keeps the folder: whoever waited for a stopped one would hold up all channels."""
        with contextlib.ExitStack() as stack:
            try:
                with send_window.harmless():
                    died = stack.enter_context(self.app.alone(f"channel-{self.channel}", PATIENCE))
            except TimeoutError:
                said = _("another process has its folder and does not let go: is one stopped (Ctrl-Z)?")
                raise Busy(said, channel=self.channel) from None
            if died:
                sweep(self.app.workspace.out / self.channel)
            yield


def owner() -> str:
    """Who claims: this process on this machine."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _rehearsed(app: App, outcome: Outcome, posts: Posts) -> Outcome:
    """One delivery rendered and not sent: what would be refused is told."""
    from steadycast.pipeline.posts import GONE

    delivery = outcome.delivery
    outcome = replace(outcome, delivery=replace(delivery, url=""), receipt=None)
    if outcome.state != State.DUE or not delivery.draft:
        return outcome
    try:
        draft = posts.draft(delivery.draft)
        if draft is None:
            return replace(outcome, state=State.REFUSED, message=_(GONE))
        app.settings(delivery.channel)
        post = posts.post(draft, delivery)
    except SteadycastError as error:
        return replace(outcome, state=State.REFUSED, message=str(error))
    platform = app.platform(delivery.channel)
    said = N_("would send it")
    if len(post.parts) > 1:
        said = N_("would send %(num)s characters in %(parts)s parts")
    elif platform.delivery == "kit":
        said = N_("would lay a kit ready")
    elif "text" in platform.limits:
        said = N_("would send %(num)s characters")
    state = State.PLANNED if delivery.at > app.clock.now() else outcome.state
    return replace(outcome, state=state, message=_(said, num=len(post.text), parts=len(post.parts)), wake=None)
