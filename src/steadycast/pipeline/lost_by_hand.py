"""Slots of `publish --draft` that a restored ledger does not know: the folders of this machine still show their posts.

A plan makes every other slot of the lost time again; this one had no place in it. Its id names its draft, and its
post's key proves that this installation made it. It is put back as it was asked for, and so it is in doubt on each
channel like any other of that time: a look settles it, and its draft is no stock.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from steadycast.errors import SteadycastError
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline.app import App
from steadycast.pipeline.manual_slot import ManualSlot, takers
from steadycast.platform import Post
from steadycast.platform.post_store import POSTS, PostStore, public_name
from steadycast.schedule.model import Slot
from steadycast.workspace.settings import BY_HAND

LOOKED = "by_hand_until"  # meta: the end of the lost time in which they were looked for
OF_A_DRAFT = re.compile(r"[^@]+@(?P<draft>.+)-[0-9a-f]{8}")  # see manual_slot
NO_TIME = dt.timedelta()  # what is not there is not sent: nobody knows for which channels it was asked


def put_back(app: App, until: dt.datetime) -> bool:
    """Put back what was published by hand in the time up to `until`, once; whether there was any."""
    if app.ledger.meta(LOOKED) == until.isoformat():
        return False
    lost: dict[str, dict[str, Post]] = {}
    try:
        for post in _by_hand(app):
            lost.setdefault(post.slot, {})[post.channel] = post
    except (SteadycastError, OSError, sqlite3.DatabaseError):
        return False  # a folder that cannot be read just now holds up no slot: the next look reads it
    known = app.ledger.slots_of_ids(lost)
    found = [(id, posts, row) for id, posts in lost.items() if id not in known and (row := _draft(app, id, posts))]
    for id, posts, row in found:
        _slot(app, id, posts, row, until).save(app)
    app.ledger.set_meta(LOOKED, until.isoformat())
    return bool(found)


def _by_hand(app: App) -> Iterator[Post]:
    """The posts by hand that lie in folders of this machine, and are this installation's."""
    for channel in app.workspace.channels:
        out = app.workspace.out / channel
        if not (out / POSTS).is_dir():
            continue
        with PostStore(out, _not_written, app.workspace.community.zone) as shelf:
            keys = [key for key, slot in shelf.slots.items() if OF_A_DRAFT.fullmatch(slot)]
            posts = [post for key in keys if (post := shelf.get(key))]
        yield from (post for post in posts if post.key == app.ledger.marker(post.slot, channel))


def _not_written(_name: str, _data: bytes) -> Path:
    raise NotImplementedError


def _draft(app: App, slot: str, posts: dict[str, Post]) -> DraftRow | None:
    """The draft of such a slot; one that came in after the copy has another id now, and is known by its file."""
    named = OF_A_DRAFT.fullmatch(slot)
    if named and (row := app.ledger.draft(named["draft"])):
        return row
    files = {post.draft for post in posts.values()}
    return next((row for row in app.ledger.drafts() if public_name(row.path) in files), None)


def _slot(app: App, id: str, posts: dict[str, Post], row: DraftRow, until: dt.datetime) -> ManualSlot:
    at = min(until, *(post.published for post in posts.values())).astimezone(dt.UTC)
    local = at.astimezone(app.workspace.community.zone).replace(tzinfo=None)
    channels = tuple(dict.fromkeys([*posts, *takers(app, row)]))
    return ManualSlot(Slot(at, id, BY_HAND, local, id), row.id, channels, NO_TIME, ())
