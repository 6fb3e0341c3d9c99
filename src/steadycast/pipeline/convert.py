"""Sounds and films converted ahead of their hours, so that no delivery waits for it."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Sequence

from steadycast.errors import SteadycastError
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline.app import App
from steadycast.progress import Progress, unseen

AHEAD = dt.timedelta(days=7)
BACK = dt.timedelta(days=2)  # what is late and may still go out
AT_A_TIME = 3600.0  # seconds after which a run begins no other one: the next goes on
PLAYED = {"audio", "video"}


def convert(app: App, now: dt.datetime, *, draft: str | None = None, progress: Progress = unseen) -> int:
    """Converts the sounds and films of what goes out in the coming days, the nearest first; of how many posts.

    With `draft`, of that one alone, for every channel to which it goes by hand. What was converted already costs
    nothing. While another process is at it, this one does nothing.
    """
    states = [State.PLANNED, State.DUE]
    if draft:
        from steadycast.pipeline.manual_slot import by_hand

        rows = by_hand(app, draft, None).rows(app)
    else:
        rows = app.ledger.deliveries(states=states, after=now - BACK, before=now + AHEAD)
    rows = [row for row in rows if row.draft and not row.frozen and app.usable(row.channel)]
    if not rows:
        return 0
    try:
        with app.alone("converting", 0.0):
            return _converted(app, rows, progress)
    except TimeoutError:
        return 0


def _converted(app: App, rows: Sequence[DeliveryRow], progress: Progress) -> int:
    from steadycast.pipeline.posts import Posts
    from steadycast.render.played_media import NotConverted

    for left in app.workspace.media.glob(".*.part"):  # of a process that was killed: nobody else is at it
        if left.is_file() and time.time() - left.stat().st_mtime > AT_A_TIME:
            left.unlink(missing_ok=True)
    posts, made = Posts(app, converts="ready"), Posts(app, converts="yes")
    until, found = time.monotonic() + AT_A_TIME, 0
    for n, row in enumerate(rows):
        progress(n, len(rows))
        if time.monotonic() > until:
            break
        with contextlib.suppress(SteadycastError):  # what is wrong with it, `check` says, and its delivery
            draft = posts.draft(row.draft or "")
            if draft and any(media.role in PLAYED for media in draft.media):
                try:
                    posts.post(draft, row)
                except NotConverted:
                    found += 1
                    made.post(draft, row)
    return found
