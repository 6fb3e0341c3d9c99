"""What lies ready on a far side until a person finishes it: looked for now and then, and closed once it is out."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from steadycast.delivery.known_to_ledger import known_of
from steadycast.errors import SteadycastError
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline.app import App
from steadycast.pipeline.post_address import is_web_address
from steadycast.platform.post_bytes import post_from_bytes

KEY = "steadycast.finished-by-hand"  # of the channel's state: when it was looked at last
EVERY = dt.timedelta(minutes=10)
LATER = dt.timedelta(days=30)  # what was handed over longer ago only a person closes


def look(app: App, now: dt.datetime) -> list[int]:
    """Looks where something waits on a far side that can be looked at; the numbers of the deliveries that are out.

    A kit in a folder is none of these: nothing tells where it was posted but a person or a feed.
    """
    waiting: dict[str, list[DeliveryRow]] = {}
    for row in app.ledger.deliveries(states=(State.HANDED,), after=now - LATER):
        platform = app.usable(row.channel)
        if platform and platform.read_back and not platform.local:
            waiting.setdefault(row.channel, []).append(row)
    last = app.ledger.states(KEY) if waiting else {}
    due = [name for name in waiting if not dt.timedelta() <= now - _instant(last.get(name)) < EVERY]
    return [id_ for name in due for id_ in _look(app, name, waiting[name], now)]


def _instant(kept: object) -> dt.datetime:
    return dt.datetime.fromisoformat(kept) if isinstance(kept, str) else dt.datetime.min.replace(tzinfo=dt.UTC)


def _look(app: App, channel: str, rows: Sequence[DeliveryRow], now: dt.datetime) -> Iterator[int]:
    app.ledger.set_state(channel, KEY, now.isoformat(), None)
    ids = [row.id or 0 for row in rows]
    frozen, known = app.ledger.frozen(ids), known_of(app.ledger, ids)
    for id_ in (each for each in ids if each in frozen):
        try:
            found = app.adapter(channel).find(post_from_bytes(frozen[id_]), replace(known[id_], frozen=True))
        except SteadycastError as error:
            logging.getLogger(__name__).warning("%s: %s", channel, app.redact(str(error)))
            return  # the others would hear the same
        out = found is not None and not found.handed and is_web_address(found.url)
        if found and out and app.ledger.confirm(id_, found.url, channel, now, at=found.at, seen="read-back"):
            yield id_
