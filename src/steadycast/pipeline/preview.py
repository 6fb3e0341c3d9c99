"""One draft as every channel would show it, side by side, with what it measures against each limit."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path, PurePosixPath
from typing import Any

from steadycast.crash_safety import durable
from steadycast.draft import Draft
from steadycast.draft.comments import as_shown
from steadycast.errors import DraftError, FarSideError, InputError, Problem
from steadycast.intake import folder
from steadycast.language import N_, current
from steadycast.language import gettext as _
from steadycast.ledger.delivery import Delivery
from steadycast.pipeline.app import App, write_atomically
from steadycast.pipeline.draft_notes import channels_for, likely_slot, without_alt
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.posts import Posts
from steadycast.pipeline.preview_frames import NoFarSide, Page, plain_page
from steadycast.platform import Media, MemoryState, Platform, Post, View, registry
from steadycast.platform.post_files import place_media
from steadycast.platform.text import count
from steadycast.render.post_media import share_of
from steadycast.render.templates import Templates

ALMOST_WHOLE = 0.98  # of a picture: what is cut off of it comes from whole pixels
MEASURED = ("title", "summary", "text", "html")
WORDS = {  # what is measured or shown of a post -> the word for it
    "article": N_("article"), "audio": N_("audio"), "video": N_("video"), "event": N_("event"),
    "title": N_("title"), "summary": N_("summary"), "text": N_("plain text"), "tags": N_("tags"),
    "author": N_("author"), "organiser": N_("organiser"), "start": N_("start"), "end": N_("end"), "place": N_("place"),
    "online": N_("online"), "contact": N_("contact"), "image": N_("image"), "cover": N_("cover"),
    "attachment": N_("attachment"),
    "page": N_("web page"), "letter": N_("letter"), "item": N_("in a reader"), "body": N_("body"), "link": N_("link"),
    "card": N_("card"),
}  # fmt: skip


def word(what: str) -> str:
    """What is measured or shown, in the reader's language; as it is where it has no word."""
    return _(WORDS[what]) if what in WORDS else what


@dataclass(frozen=True, slots=True)
class Previewed:
    """Where the page lies, what each channel measured, and what would fail."""

    page: Path
    counts: dict[str, str] = field(default_factory=dict)  # channel -> "title 12/32, summary 98/120"
    problems: tuple[Problem, ...] = ()
    noticed: tuple[Problem, ...] = ()  # what it loses on the way, and what could be better


def preview(app: App, draft: Path | str, *, channel: str = "", out: Path | None = None, now: dt.datetime) -> Previewed:
    """Writes every channel's post of one draft, and a page with all of them; `out` defaults to var/preview/<name>."""
    found = _draft(app, draft)
    target = out or app.workspace.preview_of(found.path)
    names = [app.known_channel(channel).name] if channel else channels_for(app, found)
    with _posts(app, found, target) as posts:
        return _previewed(app, found, posts, names, target, now=now)


@contextlib.contextmanager
def _posts(app: App, draft: Draft, target: Path) -> Iterator[Posts]:
    """Makes posts; the files of a draft that nobody approved come beside its preview only, and not into var/media."""
    row = app.ledger.draft(str(draft.path))
    if row and row.approved_revision == draft.revision:
        yield Posts(app)
        return
    durable.make_folder(target)
    with tempfile.TemporaryDirectory(prefix=".files", dir=target) as files:
        yield Posts(app, Path(files))


_ACTIVE = re.compile(r"<(script|style|iframe|object|embed|form|input|button)\b", re.IGNORECASE)
_MARKUP = re.compile(
    r"^#{1,6} |^\s*\|?[ :]*-{3,}[ :]*\||\*\*\S|\$[^$\n]+\$|\]\(|^```", re.MULTILINE
)  # a heading, a table, something bold, a formula, a link or picture, code


def _another_format(ref: str, name: str) -> bool:
    was, now = (PurePosixPath(each).suffix.lower().replace(".jpeg", ".jpg") for each in (ref, name))
    return was != now


@dataclass(frozen=True, slots=True)
class Shown:
    """One draft on one channel: its post, what a reader has before them, and what it measures."""

    channel: str
    title: str
    post: Post
    views: tuple[View, ...]
    measured: tuple[tuple[str, int, int], ...]  # (what, how much, the most that is taken or 0)
    originals: tuple[Media, ...] = ()  # the draft's files, as they are before they are adapted

    def cut(self, draft: Draft) -> tuple[str, ...]:
        """Which of its title, summary and text had to be shortened here."""
        own = {"title": draft.title, "summary": draft.summary, "text": f"{draft.title}{draft.summary}{draft.body}"}
        given = self.post.extra
        return tuple(
            what
            for what, was in own.items()
            if "…" in str(getattr(self.post, what))
            and "…" not in f"{was}{given.get(what, '')}"
            and any(name == what and most for name, _, most in self.measured)
        )

    def converted(self, draft: Draft) -> dict[str, int]:
        """How often something became something else here, by what it is.

        `links` stand at the end, `pictures` have another format, `plain`: of a text with markup the words alone are
        taken, `cropped`: covers are shown in part, `code`: HTML that could run or load something is left out.
        """
        active = {tag.lower() for tag in _ACTIVE.findall(draft.body)}
        pages = "".join(view.html for view in self.views)
        plain = not pages and any(what == "text" for what, *_ in self.measured)
        pictures = [m for m in self.post.media if m.role == "image" and m.ref]
        found = {
            "links": sum(f'href="{escape(url)}"' not in pages for _, url in self.post.links) if pages else 0,
            "pictures": sum(_another_format(m.ref, m.name) for m in pictures),
            "cropped": sum(self._is_cropped(m) for m in self.post.of("cover")),
            "plain": int(plain and bool(_MARKUP.search(draft.body))),
            "code": sum(f"&lt;{tag}" not in self.post.html for tag in active),
        }
        return {what: n for what, n in found.items() if n}

    def _is_cropped(self, made: Media) -> bool:
        was = next((m for m in self.originals if m.ref == made.ref and m.ref), None)
        return was is not None and share_of(was, made) < ALMOST_WHOLE

    @property
    def counts(self) -> str:
        """For one line of text."""
        told = (f"{word(what)} {n}" + (f"/{most}" if most else "") for what, n, most in self.measured)
        return _(", ").join(told)


def show(
    app: App, draft: Draft, posts: Posts, names: Iterable[str], target: Path, *, now: dt.datetime
) -> Iterator[Shown | Problem]:
    """The draft on each of these channels, or why it cannot come there; a kit is laid below `target`."""
    for name in names:
        platform = app.platform(name)
        try:
            post = posts.post(draft, place_of(app, draft, name, now))
            views = tuple(_views(app, name, post, target))
        except (DraftError, FarSideError) as error:
            line, hint = getattr(error, "line", None), getattr(error, "hint", None)
            yield Problem(str(draft.path), line, error.message, hint or "", channel=name)
            continue
        title = app.channel_title(name)
        yield Shown(name, title, post, views, tuple(_measured(post, platform, views)), posts.body(draft).media)


def place_of(app: App, draft: Draft, channel: str, now: dt.datetime) -> Delivery:
    """The place that the draft has on that channel by the plan, else one such as it will have."""
    row = app.ledger.draft(str(draft.path))
    coming = app.ledger.slots_of(row.id, now) if row else []
    series = app.workspace.series
    slot = next((each for each in coming if each.series in series and channel in series[each.series].channels), None)
    id, at = (slot.id, slot.at) if slot else (likely_slot(app, draft), now)
    return Delivery(0, id, channel, "", at, dt.timedelta(), "preview234567")


def _previewed(app: App, found: Draft, posts: Posts, names: list[str], target: Path, *, now: dt.datetime) -> Previewed:
    shown, problems, counts = [], [], {}
    noticed = [*without_alt(found)]
    for one in show(app, found, posts, names, target, now=now):
        if isinstance(one, Problem):
            problems.append(one)
            continue
        counts[one.channel] = one.counts
        lost = posts.faults(found, place_of(app, found, one.channel, now), now)
        noticed += [fault.problem(str(found.path)) for fault in lost if fault.harmless]
        told = {"channel": one.channel, "title": one.title, "post": one.post, "measured": one.measured}
        shown.append(told | _write(target, one.channel, one.post, one.views))
    page, say = Templates((Path(__file__).parent / "templates",), zone=app.workspace.community.zone), current()
    told = {"draft": found, "shown": shown, "problems": problems, "noticed": noticed, "language": say.tag, "word": word}
    text = page.render("preview.html.j2", **told, _=say.gettext, ngettext=say.ngettext)
    return Previewed(write_atomically(target, "index.html", text.encode()), counts, tuple(problems), tuple(noticed))


def _draft(app: App, named: Path | str) -> Draft:
    """A file in content/ as it lies there now, else a draft that the ledger knows."""
    file, content = Path(named), app.workspace.content.resolve()
    candidate = next((f for f in (file, content / file) if f.is_file()), None)
    if candidate is None:
        row = find_draft(app, str(named))
        kept = read(app, row.id, row.revision)
        if kept is None:
            said = _("%(draft)s: its content is lost", draft=named)
            raise InputError(said)
        return as_shown(kept)
    if not candidate.resolve().is_relative_to(content):
        raise InputError(
            _("it lies outside content/"), file=candidate, hint=_("move it below %(folder)s", folder=content)
        )
    path = PurePosixPath(*candidate.resolve().relative_to(content).parts)
    for item in folder.scan(content, folder.Limits(draft_bytes=app.workspace.intake.max_bytes)):
        if isinstance(item, folder.DraftFile) and item.path == path:
            return item.draft(app.reader)
        if isinstance(item, Problem) and item.where == str(path):
            raise DraftError(item.message, file=candidate, line=item.line, hint=item.hint)
        if isinstance(item, folder.ReadmeNote) and item.path == path:
            raise InputError(_("it %(said)s", said=item.said), file=candidate, hint=item.hint)
    said = _("it is no draft")
    raise InputError(said, file=candidate, hint=_("a draft is a .md file below content/"))


def _views(app: App, name: str, post: Post, target: Path) -> list[View]:
    """What that channel's adapter shows of a post, made where no far side can be reached; each page is whole."""
    platform, far = app.platform(name), NoFarSide(name)
    durable.make_folder(app.workspace.cache)
    with tempfile.TemporaryDirectory(dir=app.workspace.cache) as thrown_away:
        # a kit is looked at as a person would have it: it stays
        out = target / name / "kit" if platform.delivery == "kit" else Path(thrown_away)
        channel = replace(
            app.channel(name), out=out, write=lambda file, data: write_atomically(out, file, data, public=False),
            http=far, secret=far.secret, state=MemoryState(),
        )  # fmt: skip
        adapter = registry.load(platform)(channel)
        made = list(adapter.views(post)) if hasattr(adapter, "views") else _plain(post, platform, out)
        return [
            replace(view, html=Page(view.base or out, out).contained(view.html)) if view.html else view for view in made
        ]


def _plain(post: Post, platform: Platform, out: Path) -> list[View]:
    """What there is to show of a platform that does not say: its words, or its HTML."""
    texts = [View("text", text=part) for part in post.parts or (post.text,)]
    return texts if "text" in platform.limits else [View("body", plain_page(post, out)), *texts]


def _measured(post: Post, platform: Platform, views: Iterable[View]) -> list[tuple[str, int, int]]:
    """(what, how much, the most that is taken or 0) of each measured text; what is pasted may be shorter."""
    told = {}
    for what in MEASURED:
        limit, text = platform.limits.get(what), str(getattr(post, what))
        if limit is not None:
            parts = post.parts if what == "text" and len(post.parts) > 1 else (text,)
            told[what] = (max(count(part, limit) for part in parts), limit.max)
        elif what in ("title", "text"):
            told[what] = (len(text), 0)
    told |= {view.kind: (view.n, view.max) for view in views if view.max}
    return [(what, n, most) for what, (n, most) in told.items()]


def _write(target: Path, name: str, post: Post, views: Iterable[View]) -> dict[str, Any]:
    """Lays the pages and what is played beside the preview's page; how its template finds them."""
    pages = [view for view in views if view.html]
    for view in pages:
        write_atomically(target / name, f"{view.kind}.html", view.html.encode())
    played = [media for media in post.media if media.role in ("audio", "video") and media.path.is_file()]
    for media in played:
        there = target / name / "media" / media.name
        there.unlink(missing_ok=True)  # what lies there may be of another revision
        place_media(media.path, there)
    file = next((view.file for view in views if view.file), None)
    return {
        "pages": pages,
        "short": any(view.kind == "text" and view.max for view in views),  # what is pasted is plain, and stands first
        "texts": [view for view in views if view.text],
        "played": played,
        "file": file.relative_to(target).as_posix() if file else "",
    }
