"""What a hub asks of this community: that something be taken down. A task for a person here; the hub cannot do it.

Each request is a small file below content/, the one place that a hub may write to.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import orjson

from steadycast.characters import one_line
from steadycast.crash_safety import durable
from steadycast.draft.safe_open import open_inside, read_up_to
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.pipeline.app import App

FOLDER = ".asks"  # intake passes over it
NAME = re.compile(r"([0-9a-f]{16})\.json")
MOST = 20  # requests that are shown, and that a hub may leave
LARGEST = 4096  # bytes
LONGEST = 300  # characters of one text


@dataclass(frozen=True, slots=True)
class HubAsk:
    """One request: who asks, for what to be taken down, and why."""

    id: str
    hub: str
    what: str
    why: str
    at: dt.datetime


def waiting(app: App) -> list[HubAsk]:
    """The requests that nobody here has seen to, the oldest first. What is none is passed over."""
    return _waiting(app.workspace.content)


def _waiting(content: Path) -> list[HubAsk]:
    try:
        with os.scandir(content / FOLDER) as entries:
            names = [entry.name for entry in islice(entries, 10 * MOST)]
    except OSError:
        return []
    found = (_read(content, name) for name in sorted(names) if NAME.fullmatch(name))
    return sorted((each for each in found if each), key=lambda each: (each.at, each.id))[:MOST]


def _read(content: Path, name: str) -> HubAsk | None:
    with suppress(OSError, ValueError, OverflowError, TypeError, AttributeError, KeyError):
        with open_inside(content, [FOLDER, name]) as file:
            raw = read_up_to(file, LARGEST)
        told = orjson.loads(raw) if len(raw) <= LARGEST else {}
        hub, what, why = (one_line(told[key][:LONGEST]) for key in ("hub", "what", "why"))
        at = dt.datetime.fromisoformat(told["at"][:40])
        if what and at.tzinfo and 2000 <= at.year < 2200:
            return HubAsk(name.partition(".")[0], hub, what, why, at)
    return None


def done(app: App, id: str) -> HubAsk:
    """A person has seen to it: the request is gone. InputError where there is none of that id."""
    there = next((each for each in waiting(app) if each.id == id), None)
    if there is None:
        raise InputError(_("nobody asked so"), hint=_("load the page again"))
    (app.workspace.content / FOLDER / f"{id}.json").unlink(missing_ok=True)
    return there


def leave(content: Path, hub: str, what: str, why: str, now: dt.datetime) -> HubAsk:
    """Put a request below another community's content/. The same one again is the one that is there."""
    hub, what, why = (one_line(text) for text in (hub, what, why))
    for name, text in ((_("what is to be taken down"), what), (_("the reason"), why)):
        if not text or len(text) > LONGEST:
            raise InputError(_("%(name)s: between 1 and %(num)s characters", name=name, num=LONGEST))
    id = hashlib.sha256(orjson.dumps([hub, what, why])).hexdigest()[:16]
    there = _waiting(content)
    if same := next((each for each in there if each.id == id), None):
        return same
    if len(there) >= MOST:
        raise InputError(
            _("%(num)s requests wait there already", num=MOST), hint=_("wait until they have been seen to")
        )
    made = HubAsk(id, hub[:LONGEST], what, why, now)
    if (content / FOLDER).is_symlink():
        raise InputError(_("%(folder)s is a link", folder=content / FOLDER))
    durable.put(content / FOLDER / f"{id}.json", orjson.dumps(asdict(made)))
    return made
