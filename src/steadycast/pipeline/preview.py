"""One draft as every channel would show it, side by side, with what it measures against each limit."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from steadycast.channel import Media, Platform, Post
from steadycast.draft import Draft, parse
from steadycast.errors import DraftError, InputError
from steadycast.intake import folder
from steadycast.pipeline.check import channels_for
from steadycast.pipeline.desk import Desk, write_atomically
from steadycast.pipeline.drafts import find_draft, read
from steadycast.pipeline.posts import Place, Posts
from steadycast.pipeline.results import Problem
from steadycast.render.count import count
from steadycast.render.templates import Templates

MEASURED = ("title", "summary", "text", "html")


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
    posts, shown, problems, counts = Posts(desk), [], [], {}
    for name in names:
        platform = desk.platform(name)
        try:
            post = posts.post(found, Place(name, f"preview@{now:%Y-%m-%dT%H:%M}", "", now, "preview234567"))
        except DraftError as error:
            problems.append(Problem(str(found.path), error.line, f"{name}: {error.message}", error.mend or ""))
            continue
        measured = _measured(post, platform)
        counts[name] = ", ".join(f"{what} {n}/{most}" if most else f"{what} {n}" for what, n, most in measured)
        _write(target, name, post)
        shown.append({"channel": name, "title": desk.workspace.channels[name].title or platform.title,
                      "post": post, "measured": measured, "short": "text" in platform.limits})  # fmt: skip
    page = Templates((Path(__file__).parent / "templates",), zone=desk.workspace.community.zone)
    text = page.render("preview.html.j2", draft=found, shown=shown, problems=problems)
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
        return kept
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
                known_series=frozenset(desk.workspace.series),
            )
        if isinstance(item, folder.Problem) and item.path == path:
            raise DraftError(item.message, file=candidate, line=item.line, mend=item.mend)
    said = "it is no draft"
    raise InputError(said, file=candidate, mend="a draft is a .md file below content/")


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
    """The post's HTML for a sandboxed frame, its pictures inside it: a frame without an origin loads no files."""
    pictures = {m.sha256: _data_uri(m) for m in post.media if m.role in ("image", "cover") and m.path.is_file()}
    body = re.sub(r'="media:([0-9a-f]*)"', lambda m: f'="{pictures.get(m[1], "")}"', post.html)
    policy = "default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline'"
    style = (
        "body{font:16px/1.8 system-ui,sans-serif;margin:16px;color:#222;background:#fff}img{max-width:100%;height:auto}"
    )
    return (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<style>{style}pre{{overflow:auto}}</style>{body}"
    )


def _data_uri(media: Media) -> str:
    return f"data:{media.mime};base64,{base64.b64encode(media.path.read_bytes()).decode()}"


def _write(target: Path, name: str, post: Post) -> None:
    write_atomically(target / name, "post.html", _framed(post).encode())
    write_atomically(target / name, "post.txt", "\n\n--\n\n".join(post.parts or (post.text,)).encode())
    for media in post.media:
        if media.path.is_file():
            write_atomically(target / name, f"media/{media.name}", media.path.read_bytes())
