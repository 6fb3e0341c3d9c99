"""Folders that channels wrote, made again from what the ledger froze, and nothing is sent anywhere.

They are as they were, but for links: what a post names, and went out after it, has a page now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from steadycast.delivery import known_of
from steadycast.draft.comments import as_shown
from steadycast.draft.crosslinks import crosslinks
from steadycast.errors import InputError, SteadycastError
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.ledger.tables import DeliveryRow, State
from steadycast.pipeline.app import App
from steadycast.pipeline.drafts import read
from steadycast.pipeline.posts import Posts
from steadycast.pipeline.publish import OneAtATime, opened
from steadycast.pipeline.results import Rebuilt
from steadycast.pipeline.uploads import Uploader
from steadycast.platform import Post
from steadycast.platform.post_bytes import post_from_bytes
from steadycast.platform.post_index import forget_pages
from steadycast.platform.post_store import POSTS, missing
from steadycast.progress import Progress, unseen

THERE = {"conditional": (State.PUBLISHED, State.SEEN), "kit": (State.HANDED,)}
_LINK = re.compile(r"</?a(?: [^>]*)?>")
BATCH = 100  # posts that are read from the ledger at once
PAGES = 250  # that one process makes again in a turn: a slot that falls due waits no longer than for these
TURN = 0.05  # seconds between two turns, in which whoever waits for the folder gets it


def rebuild(app: App, channel: str | None = None, *, progress: Progress = unseen) -> list[Rebuilt]:
    """Makes every post that is there by the ledger again in the folders of one channel, or of all; pages too."""
    local = local_channels(app)
    if channel is not None and app.known_channel(channel) and channel not in local:
        said = _("%(channel)s does not write into a folder: what it sent cannot be made again", channel=channel)
        raise InputError(said, hint=_("these do: %(channels)s", channels=listed(local) or _("none")))
    by_channel = _there(app, local if channel is None else [channel])
    total, done = sum(map(len, by_channel.values())), list[Rebuilt]()
    for name, rows in by_channel.items():
        before = sum(len(by_channel[made.channel]) for made in done)
        try:
            with OneAtATime(app.adapter(name), app, name).alone():
                forget_pages(app.workspace.out / name / POSTS)  # then all pages are made, not those that changed
            done.append(_made(app, name, rows, partial(_told, progress, before, total)))
        except (SteadycastError, OSError) as error:
            done.append(_failed(app, name, error))
    return done


def _failed(app: App, channel: str, error: Exception) -> Rebuilt:
    return Rebuilt(channel, 0, str(app.workspace.out / channel), (app.redact(str(error)),))


def _told(progress: Progress, before: int, total: int, n: int) -> None:
    progress(before + n, total)


def make_missing(app: App) -> list[Rebuilt]:
    """Makes what the ledger calls published and no folder holds, as after `var/out` was emptied."""
    done = []
    for name, rows in _there(app, local_channels(app)).items():
        try:
            lost = missing(app.workspace.out / name, {row.marker for row in rows})
            if lost:
                done.append(_made(app, name, [row for row in rows if row.marker in lost]))
            elif app.platform(name).delivery == "conditional":
                _seen(app, rows[-1])
                _renew(app, name)
                if app.platform(name).uploads:
                    _upload(app, name, always=False)
        except (SteadycastError, OSError) as error:
            done.append(_failed(app, name, error))
    return done


def local_channels(app: App) -> list[str]:
    """The channels whose far side is a folder of this machine."""
    return [name for name, p in app.usable_platforms.items() if p.local and p.delivery in THERE]


def _there(app: App, channels: Iterable[str]) -> dict[str, list[DeliveryRow]]:
    """What is there on each of these channels by the ledger, and was frozen; oldest first."""
    wanted = {name: THERE[app.platform(name).delivery] for name in channels}
    states = {state for group in wanted.values() for state in group}
    found = app.ledger.deliveries(states=states, channels=list(wanted)) if wanted else []
    rows = [row for row in found if row.frozen and row.state in wanted[row.channel]]
    rows.sort(key=lambda row: row.channel)  # stable: in order of time on each
    return {name: list(group) for name, group in groupby(rows, key=lambda row: row.channel)}


def _made(app: App, channel: str, rows: list[DeliveryRow], progress: Callable[[int], object] = int) -> Rebuilt:
    """Those posts, published into the folder once more."""
    made, problems, posts = 0, list[str](), Posts(app, converts="yes")
    laid: list[DeliveryRow] = []
    for n in range(0, len(rows), BATCH):
        batch = rows[n : n + BATCH]
        frozen = app.ledger.frozen(row.id for row in batch if row.id)
        for row in batch:
            try:
                laid += [row] if _publish(posts, row, frozen[row.id or 0]) else []
                made += 1
            except (SteadycastError, OSError, KeyError) as error:
                problems.append(app.redact(f"{row.slot}: {error}"))
        progress(n + len(batch))
    try:
        if laid:
            _seen(app, laid[-1])  # what shows the posts is made once, for all
        _renew(app, channel)
        if app.platform(channel).uploads:
            _upload(app, channel)
    except (SteadycastError, OSError) as error:
        problems.append(app.redact(str(error)))
    more = len(problems) - 3
    told = (*problems[:3], *([_("and %(num)s more", num=more)] if more > 0 else []))
    return Rebuilt(channel, made, str(app.workspace.out / channel), told)


def _publish(posts: Posts, row: DeliveryRow, frozen: bytes) -> bool:
    """Makes one post be in its folder; whether what shows it is still to be made."""
    app = posts.app
    adapter = app.adapter(row.channel)
    post = _relinked(posts, row, at_home(post_from_bytes(frozen), app.workspace.media))
    with OneAtATime(adapter, app, row.channel).alone():
        if hasattr(adapter, "lay"):
            adapter.lay(post)
            return True
        adapter.publish(post)
    return False


def _renew(app: App, channel: str) -> None:
    """Makes a channel's pages again that other templates, settings or versions made.

    In turns, so that slots go on meanwhile. Where it is cut off, the next one goes on there.
    """
    adapter = app.adapter(channel)
    if not hasattr(adapter, "renew"):
        return
    while True:
        with OneAtATime(adapter, app, channel).alone():
            if adapter.renew(PAGES) is None:
                return
        time.sleep(TURN)


def _upload(app: App, channel: str, *, always: bool = True) -> None:
    """Bring what was made again to the channel's web host, once for all posts; or where the host is owed anything."""
    uploader = Uploader(app, channel)
    with OneAtATime(app.adapter(channel), app, channel).alone():
        if always or uploader.owed():
            uploader.sync()


def _relinked(posts: Posts, row: DeliveryRow, post: Post) -> Post:
    """`post` with links to the pages of drafts that went out since; as it was where anything else would differ."""
    draft = read(posts.app, row.draft or "", row.revision or "")
    if draft is None or next(crosslinks(draft.body), None) is None:
        return post
    try:
        fresh = posts.post(as_shown(draft), row)
    except SteadycastError:
        return post
    if _LINK.sub("", fresh.html) != _LINK.sub("", post.html):
        return post
    return replace(post, html=fresh.html, text=fresh.text, parts=fresh.parts, links=fresh.links)


def _seen(app: App, row: DeliveryRow) -> None:
    """Lets a channel look for its newest post: it makes good the pages that it finds missing."""
    frozen = app.ledger.frozen([row.id or 0]).get(row.id or 0)
    if frozen:
        known = known_of(app.ledger, [row.id or 0])[row.id or 0]
        opened(app, row.channel, upload=False).adapter.find(post_from_bytes(frozen), known)


def at_home(post: Post, media: Path) -> Post:
    """`post` with its files where this workspace keeps them: it may have moved since the post was frozen."""
    here = tuple(m if m.path.exists() else replace(m, path=media / m.path.name) for m in post.media)
    return replace(post, media=here)
