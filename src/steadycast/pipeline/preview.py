"""One draft as every channel would show it, side by side, with what it measures against each limit."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import html
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from steadycast import durable, registry
from steadycast.channel import Media, Platform, Post
from steadycast.draft import Draft, parse
from steadycast.draft.comments import as_shown
from steadycast.errors import DraftError, FarSideError, InputError
from steadycast.intake import folder
from steadycast.pipeline.check import channels_for
from steadycast.pipeline.desk import Desk, write_atomically
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.posts import Place, Posts
from steadycast.pipeline.results import Problem
from steadycast.render.count import count
from steadycast.render.templates import Templates
from steadycast.shelf import place_media

MEASURED = ("title", "summary", "text", "html")
ZH = {
    "article": "图文", "audio": "音频", "video": "视频", "event": "活动",
    "title": "标题", "summary": "摘要", "text": "正文", "html": "HTML", "tags": "标签", "author": "作者",
    "image": "图片", "cover": "封面", "attachment": "附件", "parts": "条", "links": "链接", "kit": "打开投稿包",
}  # fmt: skip
EN = {"kit": "open the kit"}


@dataclass(frozen=True, slots=True)
class Previewed:
    """Where the page lies, what each channel measured, and what would fail."""

    page: Path
    counts: dict[str, str] = field(default_factory=dict)  # channel -> "title 12/32, summary 98/120"
    problems: tuple[Problem, ...] = ()


def preview(
    desk: Desk, draft: Path | str, *, channel: str = "", out: Path | None = None, now: dt.datetime
) -> Previewed:
    """Writes every channel's post of one draft, and a page with all of them; `out` defaults to var/preview/<name>."""
    found = _draft(desk, draft)
    target = out or desk.workspace.var / "preview" / (re.sub(r"[^\w-]+", "-", found.path.stem).strip("-") or "draft")
    names = [desk.known_channel(channel).name] if channel else channels_for(desk, found)
    with _posts(desk, found, target) as posts:
        return _previewed(desk, found, posts, names, target, now=now)


@contextlib.contextmanager
def _posts(desk: Desk, draft: Draft, target: Path) -> Iterator[Posts]:
    """Makes posts; the files of a draft that nobody approved come beside its preview only, and not into var/media."""
    row = desk.ledger.draft(str(draft.path))
    if row and row.approved_revision == draft.revision:
        yield Posts(desk)
        return
    durable.make_folder(target)
    with tempfile.TemporaryDirectory(prefix=".files", dir=target) as files:
        yield Posts(desk, Path(files))


def _previewed(
    desk: Desk, found: Draft, posts: Posts, names: list[str], target: Path, *, now: dt.datetime
) -> Previewed:
    shown, problems, counts = [], [], {}
    for name in names:
        platform = desk.platform(name)
        try:
            post = posts.post(found, Place(name, f"preview@{now:%Y-%m-%dT%H:%M}", "", now, "preview234567"))
        except DraftError as error:
            problems.append(Problem(str(found.path), error.line, f"{name}: {error.message}", error.mend or ""))
            continue
        measured, kit = _measured(post, platform), None
        if platform.delivery == "kit":  # what is pasted is what the kit holds, which may be shorter than the post
            try:
                kit = _kit(desk, name, post, target)
            except FarSideError as error:
                problems.append(Problem(str(found.path), None, f"{name}: {error.message}", ""))
                continue
            told = {what: (what, n, most) for what, n, most in measured} | kit.measured
            measured = list(told.values())
        counts[name] = ", ".join(f"{what} {n}/{most}" if most else f"{what} {n}" for what, n, most in measured)
        _write(target, name, post)
        texts = kit.texts if kit else {"text": post.text}
        shown.append({"channel": name, "title": desk.workspace.channels[name].title or platform.title, "post": post,
                      "measured": measured, "short": "text" in platform.limits, "texts": texts,
                      "plain": bool(kit and "text" in kit.measured),
                      "kit": kit and kit.page})  # fmt: skip
    page = Templates((Path(__file__).parent / "templates",), zone=desk.workspace.community.zone)
    language = desk.workspace.community.language
    words = ZH if language.lower().startswith("zh") else EN
    text = page.render("preview.html.j2", draft=found, shown=shown, problems=problems, words=words, language=language)
    return Previewed(write_atomically(target, "index.html", text.encode()), counts, tuple(problems))


def _draft(desk: Desk, named: Path | str) -> Draft:
    """A file in content/ as it lies there now, else a draft that the ledger knows."""
    file, content = Path(named), desk.workspace.content.resolve()
    candidate = next((f for f in (file, content / file) if f.is_file()), None)
    if candidate is None:
        row = find_draft(desk, str(named))
        kept = read(desk, row.id, row.revision)
        if kept is None:
            said = f"{named}: its content is lost"
            raise InputError(said)
        return as_shown(kept)
    if not candidate.resolve().is_relative_to(content):
        raise InputError("it lies outside content/", file=candidate, mend=f"move it below {content}")
    path = PurePosixPath(*candidate.resolve().relative_to(content).parts)
    for item in folder.scan(content, folder.Limits(draft_bytes=desk.workspace.intake.max_bytes)):
        if isinstance(item, folder.Found) and item.path == path:
            return parse(
                item.raw or b"",
                item.path,
                item.file,
                content,
                zone=desk.workspace.community.zone,
                mtime=item.mtime,
                known_series=desk.workspace.series_names,
            )
        if isinstance(item, folder.Problem) and item.path == path:
            raise DraftError(item.message, file=candidate, line=item.line, mend=item.mend)
        if isinstance(item, folder.Note) and item.path == path:
            raise InputError(f"it {item.said}", file=candidate, mend=item.mend)
    said = "it is no draft"
    raise InputError(said, file=candidate, mend="a draft is a .md file below content/")


@dataclass(frozen=True, slots=True)
class _Kit:
    """A kit as it would be handed over: its page, what is pasted from it, and what that measures."""

    page: str  # from the preview's page
    texts: dict[str, str]  # file -> what it holds
    measured: dict[str, tuple[str, int, int]]


def _kit(desk: Desk, name: str, post: Post, target: Path) -> _Kit:
    """The kit of that post, laid beside the preview instead of where a person would take it for a real one."""
    out = target / name / "kit"
    channel = replace(desk.channel(name), out=out, write=lambda file, data: write_atomically(out, file, data))
    receipt = registry.load(desk.platform(name))(channel).publish(post)
    folder = Path(str(receipt.detail.get("path") or out))
    page = next(iter(sorted(folder.glob("*.html"))), folder)
    files = sorted(folder.glob("*.txt"))
    counts = json.loads((folder / "kit.json").read_bytes())["counts"] if (folder / "kit.json").is_file() else {}
    return _Kit(
        page.relative_to(target).as_posix(),
        {"text" if file.stem == "article" else file.stem: file.read_text(encoding="utf-8").strip() for file in files},
        {what: (what, int(told["n"]), int(told["max"])) for what, told in counts.items()},
    )


def _measured(post: Post, platform: Platform) -> list[tuple[str, int, int]]:
    """(what, how much, the most that is taken or 0) of each measured text."""
    told = []
    for what in MEASURED:
        limit, text = platform.limits.get(what), str(getattr(post, what))
        if limit is not None:
            told.append((what, max((count(p, limit) for p in post.parts), default=0) if what == "text" and
                         len(post.parts) > 1 else count(text, limit), limit.max))  # fmt: skip
        elif what in ("title", "text"):
            told.append((what, len(text), 0))
    return told


def _framed(post: Post) -> str:
    """The post's HTML for a sandboxed frame, its pictures inside it; it loads nothing from elsewhere.

    A member's picture would tell its server that somebody reads the draft, before anybody approved it.
    """
    pictures = {m.sha256: _data_uri(m) for m in post.media if m.role in ("image", "cover") and m.path.is_file()}
    body = re.sub(r'="media:([0-9a-f]*)"', lambda m: f'="{pictures.get(m[1], "")}"', post.html)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    style = (
        "body{font:16px/1.8 system-ui,sans-serif;margin:16px;color:#222;background:#fff}img{max-width:100%;height:auto}"
    )
    return (
        f'<!doctype html><html lang="{html.escape(post.language)}"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(post.title)}</title><style>{style}pre{{overflow:auto}}</style>{body}"
    )


def _data_uri(media: Media) -> str:
    return f"data:{media.mime};base64,{base64.b64encode(media.path.read_bytes()).decode()}"


def _write(target: Path, name: str, post: Post) -> None:
    write_atomically(target / name, "post.html", _framed(post).encode())
    write_atomically(target / name, "post.txt", "\n\n--\n\n".join(post.parts or (post.text,)).encode())
    for media in post.media:
        if media.path.is_file():
            there = target / name / "media" / media.name
            there.unlink(missing_ok=True)  # what lies there may be of another revision
            place_media(media.path, there)
