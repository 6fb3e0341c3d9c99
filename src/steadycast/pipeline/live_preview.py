"""A text on every channel while it is written: nothing is published, planned or kept of it but a cache."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from steadycast.crash_safety import durable
from steadycast.draft import Draft
from steadycast.draft.comments import as_shown
from steadycast.errors import Problem
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_notes import channels_for, notes_of, without_alt, without_series
from steadycast.pipeline.posts import Posts
from steadycast.pipeline.preview import Shown, place_of, show

MOST_CHANNELS = 20  # that are shown at once: each costs a page
MOST_CACHED = 200 * 1024 * 1024  # bytes of pictures that previews keep ready


@dataclass(frozen=True, slots=True)
class OnChannel:
    """What one channel makes of it: `shown` is None where it cannot come there, and `faults` say why."""

    channel: str
    title: str
    shown: Shown | None
    faults: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LivePreview:
    """A text on every channel that may carry it."""

    draft: Draft
    channels: tuple[OnChannel, ...]
    noticed: tuple[Problem, ...] = ()  # of the text itself
    unwanted: Problem | None = None  # where no series takes its form
    left_out: int = 0  # channels beyond MOST_CHANNELS


def live_preview(app: App, draft: Draft, now: dt.datetime, channels: Sequence[str] | None = None) -> LivePreview:
    """`draft`, which may lie in no file yet, as each of its channels would show it; or only these."""
    names = channels_for(app, draft) if channels is None else [*channels]
    shown = as_shown(draft)
    posts = Posts(app, _pictures(app))
    with tempfile.TemporaryDirectory(dir=_cache(app)) as thrown_away:
        found = [_on(posts, shown, name, Path(thrown_away), now) for name in names[:MOST_CHANNELS]]
    noticed = (*notes_of(draft), *without_alt(draft), *posts.links.problems(shown))
    return LivePreview(draft, tuple(found), noticed, without_series(app, shown), max(len(names) - MOST_CHANNELS, 0))


def _on(posts: Posts, draft: Draft, name: str, folder: Path, now: dt.datetime) -> OnChannel:
    app = posts.app
    title = app.channel_title(name)
    faults = tuple(
        fault.problem(str(draft.path)) for fault in posts.faults(draft, place_of(app, draft, name, now), now)
    )
    (one,) = show(app, draft, posts, [name], folder, now=now)
    if isinstance(one, Problem):
        return OnChannel(name, title, None, tuple(dict.fromkeys((one, *faults))))
    return OnChannel(name, title, one, faults)


def _cache(app: App) -> Path:
    durable.make_folder(app.workspace.cache)
    return app.workspace.cache


def _pictures(app: App) -> Path:
    """Where pictures of texts that nobody approved lie ready; emptied once it is full."""
    folder = _cache(app) / "preview-media"
    durable.make_folder(folder)
    files = list(_files(folder))
    if sum(size for _, size in files) > MOST_CACHED:
        for file, _ in files:
            file.unlink(missing_ok=True)
    return folder


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for file in folder.iterdir():
        if file.is_file():
            yield file, file.stat().st_size
