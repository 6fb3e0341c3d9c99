"""What a community published before Steadycast: from a feed, a folder's front matter, or a repository's history."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

from steadycast.draft.decoding import decode
from steadycast.draft.fields import Keys
from steadycast.draft.frontmatter import has_front, split
from steadycast.draft.keys import DATE
from steadycast.draft.reading import is_ready
from steadycast.draft.titles import date_of_name, title_of, title_of_name
from steadycast.errors import DraftError, FeedError, InputError, Problem
from steadycast.intake.feed_items import Item
from steadycast.intake.feeds import FeedSettings, FeedState, read, take_apart
from steadycast.intake.folder import DraftFile, Limits, is_draft_name, problem_at, scan
from steadycast.intake.git_history import committed, first_days, is_bare
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.outgoing import Fetched, Fetcher
from steadycast.schedule.model import Form

_ABOUT = {"readme", "changelog", "contributing", "license", "code_of_conduct", "security", "authors", "summary"}
LARGEST = 4_000_000  # bytes of a file of a bare repository that is looked at
HEAD = 65_536  # bytes of a file in which its front matter ends
# What intake says of a member's feed, and what helps where a person named it: there is no setting, and no second look.
BY_HAND = {
    N_("set allow_private = true for this feed"): N_("save it as a file, and name the file"),
    N_("it is tried again"): N_("try again later, or save it as a file and name the file"),
}
NOT_READY = (
    N_("is a draft that was not ready"),
    N_("where it was published all the same, take that out of its front matter"),
)


@dataclass(frozen=True, slots=True, order=True)
class PastItem:
    """One thing published before."""

    at: dt.datetime  # aware
    title: str
    url: str = ""
    form: Form = Form.ARTICLE
    member: str = ""  # "" for the house
    draft_path: str = ""  # relative to the source, where it is a file


def history_of(source: str, *, zone: ZoneInfo, now: dt.datetime) -> Iterator[PastItem | Problem]:
    """What `source` tells was published before `now`: a feed's address, a feed's file, a repository or a folder.

    A repository gives the day each Markdown file was first committed, a folder the dates of the front matter, a feed
    those of its items. What has no date, and what cannot be read, is a Problem. Raises InputError when `source` is none
    of these.
    """
    path = Path(source)
    if re.match(r"https?://", source, re.IGNORECASE):
        yield from _fetched(source, now)
    elif path.is_file():
        feed = FeedSettings("", source)
        got = Fetched(200, path.resolve().as_uri(), {}, path.read_bytes(), source)
        try:
            items = take_apart(feed, got, now)[1]
        except FeedError as error:
            raise replace(_by_hand(error), file=path) from None
        yield from _of_items(items, now)
    elif (path / ".git").exists() or is_bare(path):
        yield from _of_repository(path, zone, now)
    elif path.is_dir():
        yield from _of_folder(path, zone, now)
    else:
        raise InputError(
            _("neither a feed's address nor a file nor a folder"), file=source, hint=_("check the spelling")
        )


def _fetched(url: str, now: dt.datetime) -> Iterator[PastItem | Problem]:
    result = read(FeedSettings("", url), FeedState(), Fetcher(), now)
    if result.error is not None:
        raise _by_hand(result.error)
    yield from _of_items(result.items, now)


def _by_hand(error: FeedError) -> FeedError:
    instead = {_(hint): _(helps) for hint, helps in BY_HAND.items()}
    return replace(error, hint=instead.get(error.hint or "", error.hint))


def _of_items(items: Iterable[Item], now: dt.datetime) -> Iterator[PastItem | Problem]:
    """Past items of a feed. Pure."""
    for item in items:
        if item.published is None or item.published > now:
            yield problem_at(PurePosixPath(item.title or item.key), _("has no date in the past"), _("it is left out"))
        else:
            kinds = {mime.partition("/")[0] for _, mime in item.enclosures}
            form = Form.VIDEO if "video" in kinds else Form.AUDIO if "audio" in kinds else Form.ARTICLE
            yield PastItem(item.published, item.title, item.link, form)


def _of_folder(root: Path, zone: ZoneInfo, now: dt.datetime) -> Iterator[PastItem | Problem]:
    """Past items of a folder of drafts, by front matter or file name; a file's own time proves nothing."""
    days = cache(partial(first_days, root))  # of a folder in a checkout: asked for what nothing else dates
    for found in scan(root, Limits(settle=0, recent=0)):
        if isinstance(found, Problem):
            yield found
        elif isinstance(found, DraftFile) and found.raw is not None and not _about_the_folder(found.path, found.raw):
            yield _past(found, zone, now, days)


def _about_the_folder(path: PurePosixPath, raw: bytes) -> bool:
    """Whether a file speaks of the folder or the project: a README without front matter was no issue of anything."""
    if path.stem.lower() not in _ABOUT:
        return False
    try:
        return not has_front(decode(raw))
    except DraftError:
        return True


def _past(
    found: DraftFile, zone: ZoneInfo, now: dt.datetime, days: Callable[[], Mapping[str, dt.datetime]]
) -> PastItem | Problem:
    # Only what the record needs is read: an old picture that is gone does not undo that the text was published.
    try:
        front = split(decode(found.raw or b""))
        keys = Keys(front, zone)
        title = title_of(front, keys, found.path)
        at = keys.instant(*DATE, "publishDate") or date_of_name(found.path, zone) or days().get(str(found.path))
        ready = is_ready(keys, found.path)
    except DraftError as error:
        return problem_at(found.path, error.message, error.hint or "", error.line)
    if at is None or at > now:
        return problem_at(
            found.path, _("has no date in the past"), _("add date: to its front matter, or use the repository")
        )
    if not ready:
        return problem_at(found.path, _(NOT_READY[0]), _(NOT_READY[1]))
    url = keys.text("canonical_url", "canonical")
    return PastItem(at, title, url, _form(keys), _member(found.path), str(found.path))


def _form(keys: Keys) -> Form:
    said = keys.text("form").lower()
    return Form(said) if said in set(Form) else Form.ARTICLE


def _member(path: PurePosixPath) -> str:
    return path.parts[1] if path.parts[0] == "ugc" and len(path.parts) > 2 else ""


def _of_repository(root: Path, zone: ZoneInfo, now: dt.datetime) -> Iterator[PastItem | Problem]:
    """Past items of a Git repository: each draft's file that is there now, on the day it was first committed."""
    days = first_days(root)
    if not days:
        raise InputError(_("its history cannot be read"), file=root, hint=_("check that git is there and reads it"))
    for path, raw in _there(root, days):
        name = PurePosixPath(path)
        if _about_the_folder(name, raw):
            continue
        ready, title = _head_of(raw, name, zone)
        if not ready:
            yield problem_at(name, _(NOT_READY[0]), _(NOT_READY[1]))
        elif (at := days[path]) <= now:
            yield PastItem(at.astimezone(zone), title, "", Form.ARTICLE, _member(name), path)


def _there(root: Path, days: Mapping[str, dt.datetime]) -> Iterator[tuple[str, bytes]]:
    """(path, its first bytes) of each Markdown file that a repository has now; other kinds are no issue there."""
    wanted = {path for path in days if PurePosixPath(path).suffix.lower() in {".md", ".markdown", ".mdx"}}
    wanted = {path for path in wanted if is_draft_name(PurePosixPath(path).name)}
    if is_bare(root):
        yield from ((path, raw[:HEAD]) for path, raw in committed(root, LARGEST) if path in wanted)
        return
    for path in sorted(wanted):
        if (root / path).is_file():
            with (root / path).open("rb") as file:
                yield path, file.read(HEAD)


def _head_of(raw: bytes, path: PurePosixPath, zone: ZoneInfo) -> tuple[bool, str]:
    """(whether it is ready, its title). What cannot be read says nothing, and that it was committed stays true."""
    ready = True
    try:
        front = split(decode(raw.decode("utf-8", "ignore").encode()))
        keys = Keys(front, zone)
        ready = is_ready(keys, path)
        return ready, title_of(front, keys, path)
    except DraftError:
        return ready, title_of_name(path)
