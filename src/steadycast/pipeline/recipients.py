"""Those to whom a channel sends by themselves: who they are, and what came of each."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from steadycast.delivery.known_to_ledger import known_of
from steadycast.errors import InputError, SteadycastError
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow
from steadycast.pipeline.app import App
from steadycast.platform import Known, Recipient
from steadycast.platform.subscribers import Subscribers

MOST = 100_000  # that are read of one channel
SHOWN = 500  # of them on a page: those of whom there is something to say come first
ORDER = ("unknown", "refused", "waiting")  # and then whoever was sent to


@dataclass(frozen=True, slots=True)
class Recipients:
    """What came of one delivery for each of its recipients."""

    counts: Mapping[str, int]  # state -> how many
    rows: tuple[Recipient, ...]


def of_delivery(app: App, row: DeliveryRow, *, named: bool = True) -> Recipients | None:
    """What came of a delivery for each recipient; None where its platform has none, or cannot tell.

    Without `named` an address is shown by its first letter and its host alone.
    """
    if row.id is None or row.channel not in app.workspace.channels:
        return None
    return _shown(app, row.channel, known_of(app.ledger, [row.id])[row.id], named=named, order=ORDER)


def _shown(app: App, channel: str, known: Known, *, named: bool, order: Sequence[str]) -> Recipients | None:
    try:
        adapter = app.adapter(channel)
        if not hasattr(adapter, "recipients"):
            return None
        found = list(itertools.islice(adapter.recipients(known), MOST))
    except SteadycastError:  # a list that cannot be read is reported where it is sent to
        return None
    if not found:
        return None
    ordered = sorted(found, key=lambda each: order.index(each.state) if each.state in order else len(order))
    shown = [each if named else replace(each, name=masked(each.name)) for each in ordered[:SHOWN]]
    return Recipients(Counter(each.state for each in found), tuple(shown))


def of_channel(app: App, channel: str, *, named: bool = True) -> Recipients | None:
    """Who is sent the next post of a channel, and who on its list is sent nothing any more; as of_delivery."""
    return _shown(app, channel, Known(), named=named, order=("bounced", "left"))


def subscribers(app: App, channel: str) -> Subscribers | None:
    """Who left a channel; None where there is no such channel, or nobody can leave it by themselves."""
    if channel not in app.workspace.channels:
        return None
    platform = app.usable(channel)
    return app.channel(channel).subscribers if platform and platform.subscribers else None


def leave(app: App, channel: str, name: str) -> str:
    """A person says that this recipient wants nothing any more; one line that says so."""
    of = _those_of(app, channel)
    of.leave(of.mark(name), "person")
    return _("%(who)s is sent nothing any more by %(channel)s", who=name, channel=app.channel_title(channel))


def back(app: App, channel: str, name: str) -> str:
    """A person says that this recipient is to be sent to again; one line that says so."""
    of = _those_of(app, channel)
    of.back(of.mark(name))
    said = _("%(who)s is sent to again by %(channel)s, as long as the list has them")
    return said % {"who": name, "channel": app.channel_title(channel)}


def _those_of(app: App, channel: str) -> Subscribers:
    app.known_channel(channel)
    if (of := subscribers(app, channel)) is None:
        raise InputError(_("%(channel)s has no recipients who could leave", channel=app.channel_title(channel)))
    return of


def masked(name: str) -> str:
    """A recipient that is told from others, and not named: r…@example.org."""
    return f"{name[:1]}…{name[name.rfind('@') :] if '@' in name else ''}"
