"""What comes back by itself to a channel (bounces, letters that unsubscribe): read now and then, and told."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from steadycast.errors import SteadycastError
from steadycast.language import gettext as _
from steadycast.pipeline.app import App

KEY = "steadycast.heard"  # of the channel's state
EVERY = dt.timedelta(minutes=10)
KINDS = 20  # that are kept of one channel


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back to one channel so far, and how the last look ended."""

    channel: str
    at: dt.datetime
    error: str = ""  # "": it could be read
    counts: Mapping[str, int] = field(default_factory=dict)  # since the channel began, by kind


def listen(app: App, now: dt.datetime) -> list[Heard]:
    """Read what came back to each channel whose last look is older than EVERY; what fails is told, and tried again."""
    made = []
    for name, settings in app.workspace.channels.items():
        platform = app.usable(name)
        if settings.paused or platform is None or platform.local or app.readonly:
            continue
        before = heard(app, name)
        if before and before.at <= now < before.at + EVERY:
            continue
        if (found := _of(app, name, now, before)) is not None:
            made.append(found)
    return made


def heard(app: App, channel: str) -> Heard | None:
    """What is known of a channel; None where nothing was read yet."""
    if not app.has_ledger or not isinstance(kept := app.ledger.state(channel, KEY)[0], dict):
        return None
    return Heard(channel, dt.datetime.fromisoformat(kept["at"]), kept["error"], kept["counts"])


def _of(app: App, channel: str, now: dt.datetime, before: Heard | None) -> Heard | None:
    error, counts = "", Counter(before.counts if before else {})
    try:
        adapter = app.adapter(channel)
        if not hasattr(adapter, "listen"):
            return None
        told = adapter.listen()
        if told is None:
            return None
        counts.update({str(kind)[:40]: int(number) for kind, number in list(told.items())[:KINDS]})
    except SteadycastError as wrong:
        error = app.redact(getattr(wrong, "message", str(wrong)))
    except Exception as wrong:  # an adapter of somebody's own; its words may hold a secret
        error = _("its adapter failed: %(why)s", why=type(wrong).__name__)
    if error:
        logging.getLogger(__name__).warning("%s: %s", channel, error)
    app.ledger.set_state(channel, KEY, {"at": now.isoformat(), "error": error, "counts": dict(counts)}, None)
    return Heard(channel, now, error, dict(counts))
