"""Looking back: recovery, read-back of what is unknown, sight of what was published, and what a person says."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable

from steadycast import delivery
from steadycast.errors import InputError, LedgerError, unknown_name
from steadycast.hints import hint
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.tables import DONE, DeliveryRow, State
from steadycast.pipeline import amend, finished_by_hand, read_back_feed
from steadycast.pipeline.app import App, who
from steadycast.pipeline.incoming_mail import listen
from steadycast.pipeline.owed_slots import recover
from steadycast.pipeline.post_address import address_in, is_of, is_web_address
from steadycast.pipeline.posts import stand_in
from steadycast.pipeline.probed_limits import refresh
from steadycast.pipeline.publish import opened
from steadycast.pipeline.rebuild import make_missing
from steadycast.pipeline.report import jumped, renew, tick
from steadycast.pipeline.results import Published, Telling, ToldRow, as_they_stand, published
from steadycast.platform.contract import Step

PACKED_AFTER = dt.timedelta(days=1)  # after the last look at it, and most corrections
BATCHES = 5  # of posts that one look compresses: a ledger of ten years is through within a day


def verify(app: App, now: dt.datetime, *, told: ToldRow | None = None) -> Published:
    """Recovers what a dead worker left, settles what is unknown, sees what was published; `told` hears of each.

    What a person posts by hand, or nobody knows of, is looked for in the channel's `read_back_feed`.
    """

    def channel_of(name: str, step: Step) -> delivery.Opened:
        return opened(app, name, step)

    def tell(ids: Iterable[int]) -> None:
        telling.all(as_they_stand(app, app.ledger.deliveries(ids=list(ids))))

    recovered, telling, clock = recover(app, now), Telling(app, told), app.clock
    tell([*recovered.due, *recovered.unknown, *recovered.missed])
    delivery.settle(app.ledger, channel_of, stand_in=stand_in(app), clock=clock, told=telling)
    tell(amend.resume(app))
    delivery.verify(app.ledger, channel_of, clock=clock, told=telling)
    tell(read_back_feed.look(app, now))
    tell(finished_by_hand.look(app, now))
    tick(app, now)
    refresh(app, now)
    listen(app, now)
    _pack(app, now)
    return published(app, telling.outcomes, warning=jumped(app, now), made=tuple(make_missing(app)))


def _pack(app: App, now: dt.datetime) -> None:
    """Compresses what was sent long enough ago; where the ledger cannot be written just now, the next look does."""
    with contextlib.suppress(LedgerError):
        for _batch in range(BATCHES):
            if not app.ledger.pack_frozen(now - PACKED_AFTER):
                break


def confirm(app: App, id_: str, url: str, now: dt.datetime, at: str = "") -> str:
    """Closes a kit with the URL of the post that a person made, or corrects that URL; one line that says so.

    `url` may be the text that the platform's app copies, with the URL in it.
    """
    row = _delivery(app, id_)
    platform = app.platform(row.channel)
    url = address_in(platform, url)
    _check_address(url)
    if not is_of(platform, url):
        said = _("%(url)s is not on %(channel)s", url=url, channel=app.channel_title(row.channel))
        raise InputError(
            said, hint=_("its address begins with %(hosts)s", hosts=_(" or ").join(platform.confirm_hosts))
        )
    if row.state == State.CONFIRMED and row.url == url:
        return _(
            "%(slot)s on %(channel)s was confirmed already",
            slot=app.slot_title(row.slot),
            channel=app.channel_title(row.channel),
        )
    if app.ledger.correct(_id(row), url, who(), now):
        renew(app, now)
        return _(
            "%(slot)s on %(channel)s is confirmed: its address is %(url)s now, was %(before)s",
            slot=app.slot_title(row.slot),
            channel=app.channel_title(row.channel),
            url=url,
            before=row.url,
        )
    if not app.ledger.confirm(_id(row), url, who(), now, at=_since(app, row, at, now)):
        raise _refused(app, row, N_("%(slot)s on %(channel)s is %(state)s: no kit lies ready"))
    renew(app, now)
    return _(
        "%(slot)s on %(channel)s is confirmed: %(url)s",
        slot=app.slot_title(row.slot),
        channel=app.channel_title(row.channel),
        url=url,
    )


def settle(app: App, id_: str, *, url: str, again: bool, now: dt.datetime, at: str = "") -> str:
    """Settles an unknown delivery by a person's word: there at `url`, absent, or send `again` (a refused one too).

    `at` says since when it is there, which only a person knows: without it, since now.
    """
    row, by = _delivery(app, id_), who()
    if url:
        if (platform := app.usable(row.channel)) is not None:
            url = address_in(platform, url)
        _check_address(url)
        since = _since(app, row, at, now)
        done, words = (
            app.ledger.settle_as_there(_id(row), url, by, now, at=since),
            N_("%(slot)s on %(channel)s is there: %(url)s"),
        )
    elif again and row.state in (State.REFUSED, State.MISSED):
        done, words = app.ledger.retry(_id(row), by, now), N_("%(slot)s on %(channel)s will be rendered and sent again")
    elif again:
        done, words = app.ledger.send_again(_id(row), by, now), N_("%(slot)s on %(channel)s will be sent again")
    else:
        done, words = app.ledger.settle_as_missed(_id(row), by, now), N_("%(slot)s on %(channel)s is missed")
    if not done:
        raise _refused(app, row, N_("%(slot)s on %(channel)s is %(state)s: there is nothing to settle"))
    renew(app, now)
    return _(words, slot=app.slot_title(row.slot), channel=app.channel_title(row.channel), url=url)


def _since(app: App, row: DeliveryRow, at: str, now: dt.datetime) -> dt.datetime:
    """Since when a post is there: a time of its slot's day, or day and time, in the community's zone; else now."""
    if not at:
        return now
    zone = app.workspace.community.zone
    day = row.at.astimezone(zone).date()
    try:
        clock = (
            dt.datetime.combine(day, dt.time.fromisoformat(at)) if TIME.fullmatch(at) else dt.datetime.fromisoformat(at)
        )
        since = (clock if clock.tzinfo else clock.replace(tzinfo=zone)).astimezone(zone)
    except (ValueError, OverflowError):
        raise InputError(
            _("%(time)r is no time", time=at), hint=_('say it as "20:03", or with its day as "2026-11-27 20:03"')
        ) from None
    if since > now:
        raise InputError(_("%(time)s is still to come", time=at), hint=_("say when it was there, not when it is to be"))
    return since


TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def _delivery(app: App, id_: str) -> DeliveryRow:
    """A delivery by its key."""
    row = app.ledger.delivery_of(id_.strip().lower())
    if row is None:
        known = [d.marker for d in app.ledger.deliveries(states=(State.HANDED, State.UNKNOWN))]
        raise unknown_name("delivery", id_, known, _("`steadycast status` shows their ids"))
    return row


def _refused(app: App, row: DeliveryRow, said: str) -> InputError:
    """That a delivery is in another state, and what a person can do about it in that."""
    if row.state == State.MISSED and not row.draft:
        then = _("it had no draft")
    else:
        otherwise = (
            _("it is there: nothing is left to do") if row.state in DONE else _("`steadycast status` shows what waits")
        )
        then = hint(row.state, row.marker) or otherwise
    return InputError(
        _(said, slot=app.slot_title(row.slot), channel=app.channel_title(row.channel), state=_(row.state)), hint=then
    )


def _id(row: DeliveryRow) -> int:
    return row.id or 0


def _check_address(url: str) -> None:
    """An InputError where that is no address of a page."""
    if not is_web_address(url):
        said = _("%(url)r is no web address", url=url)
        raise InputError(said, hint=_("copy it from the browser: https://..."))
