"""What needs a person: one rule and one number, for the desk, `up`, `status` and the report."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from steadycast.language import gettext as _
from steadycast.ledger.tables import AlarmRow, SlotRow, State
from steadycast.pipeline import amend, publish_requests
from steadycast.pipeline.app import App
from steadycast.schedule.runway import SOON, pressing
from steadycast.workspace import Workspace
from steadycast.workspace.paths import PLACEHOLDER

if TYPE_CHECKING:
    from steadycast.ledger.delivery import Delivery
    from steadycast.ledger.stock_reads import PinnedDraft
    from steadycast.ledger.tables import AmendmentRow, DeliveryRow
    from steadycast.pipeline.asking import Asked
    from steadycast.pipeline.hub_asks import HubAsk
    from steadycast.pipeline.publish_requests import Requested

GAPS = 60  # empty slots of one day that are looked at
KINDS = {State.REFUSED: "refused", State.UNKNOWN: "unknown", State.HANDED: "kits"}
ELSEWHERE = ("amendments", "requests", "hub_asks", "asked", "pinned")  # no report has a row for them
# What an alarm tells that the things themselves tell as well: it is no thing more.
TOLD_BY = {"refused": "refused", "unknown": "unknown", "failing": "problems", "over": "asked", "empty": "gaps"}


@dataclass(frozen=True, slots=True)
class Needs:
    """All that needs a person at one instant, and how many things of each kind there are."""

    deliveries: list[Delivery]
    amendments: list[tuple[AmendmentRow, DeliveryRow]]
    gaps: list[SlotRow]
    requests: list[Requested]
    hub_asks: list[HubAsk]
    asked: list[Asked]  # what is overdue or declined first; only that is counted
    pinned: list[PinnedDraft]  # to a slot that is past: no other will carry them
    alarms: list[AlarmRow]  # of what is wrong
    alarms_apart: list[AlarmRow]  # of them, those that tell of what is not counted otherwise: only they are
    news: list[AlarmRow]  # of nothing wrong
    counts: Mapping[str, int]  # without the settings
    settings: tuple[tuple[str, ...], ...]  # keys that nobody has written yet

    @property
    def total(self) -> int:
        """How many things need a person."""
        return sum(self.counts.values()) + len(self.settings)

    @property
    def elsewhere(self) -> int:
        """How many of them a report has no row for."""
        return len(self.settings) + sum(self.counts[kind] for kind in ELSEWHERE)


def needs(app: App, now: dt.datetime, drafts: int | None = None) -> Needs:
    """What needs a person at `now`; `drafts` is how many wait for a decision, where that was read already."""
    from steadycast.alarms.due import NEWS
    from steadycast.pipeline import asking, hub_asks
    from steadycast.pipeline.past_pins import past_pins

    ledger, told = app.ledger, app.ledger.alarms()
    deliveries, amendments, gaps = ledger.waiting(), amend.to_look_at(app), gaps_of_today(app, now)
    requests, hubs = publish_requests.waiting(app, now), hub_asks.waiting(app)
    asked = sorted(asking.coming(app, now), key=lambda each: each.standing not in asking.LOST)
    pinned = [row for row in past_pins(app, now) if not row.out]
    alarms = [row for row in told if row.kind not in NEWS]
    states = [KINDS[row.state] for row in deliveries]
    counts = {kind: states.count(kind) for kind in KINDS.values()}
    counts |= {"amendments": len(amendments), "gaps": len(gaps), "requests": len(requests), "hub_asks": len(hubs)}
    counts["asked"] = sum(each.standing in asking.LOST for each in asked)
    counts["pinned"] = len(pinned)
    counts["drafts"] = ledger.first_to_decide(0, app.workspace.fair.waiting)[1] if drafts is None else drafts
    counts["problems"] = ledger.unread()
    apart = [*_apart(alarms, counts, {slot.series for slot in gaps})]
    counts["alarms"] = len(apart)
    settings = (*placeholders_in_use(app.workspace), *(("channel", name) for name in sent_to_nobody(app)))
    return Needs(
        deliveries, amendments, gaps, requests, hubs, asked, pinned, alarms, apart,
        [row for row in told if row.kind in NEWS], counts, settings,
    )  # fmt: skip


def _apart(alarms: Iterable[AlarmRow], counts: Mapping[str, int], empty: set[str]) -> Iterable[AlarmRow]:
    """The alarms that tell of something which is not counted otherwise."""
    for row in alarms:
        _kind, whom, why = (*row.key.split(":"), "", "")[:3]
        told = TOLD_BY.get(row.key.rpartition(":")[2], "")
        if not (whom in empty if why == "empty" else counts.get(told)):
            yield row


def gaps_of_today(app: App, now: dt.datetime) -> list[SlotRow]:
    """The empty slots of the coming day that no later planning fills."""
    planned, within, series = app.ledger.planned_at() or now, app.workspace.publish.fill_within, app.workspace.series
    return [
        slot
        for slot in app.ledger.owed_and_empty(now, now + SOON, GAPS)
        if slot.series in series and pressing(slot.at, series[slot.series], within, now, planned)
    ]


def sent_to_nobody(app: App) -> list[str]:
    """The channels that something goes out by, and that only lay it into a folder for want of a setting."""
    served = {name for each in app.workspace.promises.values() for name in each.channels}
    found = {name: app.usable_platforms[name] for name in app.usable_platforms if name in served}
    return [n for n, p in found.items() if p.local and p.local_without and not app.workspace.channels[n].paused]


def unwritten(app: App, key: tuple[str, ...]) -> str:
    """What a setting of `Needs.settings` lacks, in a sentence."""
    title = app.channel_title(key[1]) if key[0] == "channel" else ""
    if key == ("community", "url"):
        return _("Write the address of your site: links lead to %(host)s now.", host=PLACEHOLDER)
    if key[-1] == "url":
        return _("Write the address of %(channel)s: its links lead to %(host)s now.", channel=title, host=PLACEHOLDER)
    return _("%(channel)s names no server, so nobody is sent anything by it.", channel=title)


def placeholders(workspace: Workspace) -> list[tuple[str, ...]]:
    """The keys whose address is that of a new workspace, which nobody has written yet: links would lead there."""
    addresses: dict[tuple[str, ...], str] = {("community", "url"): workspace.community.url}
    addresses |= {("channel", name, "url"): str(c.own.get("url", "")) for name, c in workspace.channels.items()}
    return [key for key, url in addresses.items() if re.match(rf"https?://{PLACEHOLDER}(?:[/:]|\Z)", url)]


def placeholders_in_use(workspace: Workspace) -> list[tuple[str, ...]]:
    """Those of them that something goes out by: the community's where any channel does, a channel's own."""
    used = {name for each in workspace.promises.values() for name in each.channels}
    used = {name for name in used if name in workspace.channels and not workspace.channels[name].paused}
    return [key for key in placeholders(workspace) if (used if key[0] == "community" else key[1] in used)]
