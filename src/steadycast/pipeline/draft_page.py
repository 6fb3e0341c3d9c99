"""One draft for people to look at: as a document that can do nothing, in facts, and how two revisions differ."""

from __future__ import annotations

import base64
import datetime as dt
import difflib
import html as entities
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from steadycast.draft import Draft
from steadycast.draft.comments import as_shown
from steadycast.errors import DraftError, FarSideError, Problem
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_notes import channels_for, unfit, without_series
from steadycast.pipeline.posts import PageLinks
from steadycast.pipeline.preview_frames import POLICY
from steadycast.platform.post import NAMED
from steadycast.render.prepared_body import prepare

PICTURES = 12_000_000  # bytes of pictures in one document: what is beyond is left out
LINES = 1_500  # of each of two revisions that are compared, and
CHARACTERS = 200_000
LONG = 400  # characters of a line in which words are compared
AROUND = 2  # lines that are shown about a change
STYLE = (
    ":root{color-scheme:light dark}body{background:Canvas;color:CanvasText;"
    "font:16px/1.8 system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;"
    "margin:20px;max-width:44em;overflow-wrap:anywhere}img{max-width:100%;height:auto}pre{white-space:pre-wrap}h1{font-size:1.4em}"
    "blockquote{margin-inline:0;padding-left:1em;border-left:3px solid #8888}table{border-collapse:collapse}"
    "td,th{border:1px solid #8888;padding:2px 8px}"
)


class Change(NamedTuple):
    """One line of a difference: `same`, `gone`, `new`, or `skip` where lines are left out."""

    kind: str
    parts: tuple[tuple[str, bool], ...] = ()  # its text, and whether that part is what changed


def document(app: App, draft: Draft) -> str:
    """The draft's text as readers would see it, in no channel's dress: one page without scripts, links or far files."""
    workspace = app.workspace
    try:
        shown = as_shown(draft)
        body = prepare(shown, workspace.media, workspace.cache, keeps=False)
    except DraftError as error:
        return _page(app, draft, f"<p>{entities.escape(error.message)}</p>")
    left, data = PICTURES, {}
    for file in body.media:
        if file.mime.startswith("image/") and file.path.is_file() and file.size <= left:
            left -= file.size
            data[file.sha256] = f"data:{file.mime};base64,{base64.b64encode(file.path.read_bytes()).decode()}"
    return _page(app, draft, NAMED.sub(lambda found: f'="{data.get(found[1], "")}"', body.html))


def _page(app: App, draft: Draft, body: str) -> str:
    view = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head = f'{view}<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    title = entities.escape(draft.title)
    language = entities.escape(draft.language or app.workspace.community.language)
    return (
        f'<!doctype html><html lang="{language}"><head>{head}<title>{title}</title><style>{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def fault_free(app: App, file: Path) -> bool:
    """Whether a draft's file is there, and lies where drafts' files may."""
    folders = (app.workspace.media, app.workspace.content, app.workspace.cache)
    real = file.resolve()
    return real.is_file() and any(real.is_relative_to(folder.resolve()) for folder in folders)


def facts(draft: Draft) -> dict[str, object]:
    """What its front matter says, as far as it says anything; by the names of the fields of `Draft`."""
    names = (
        "summary", "author", "form", "series", "tags", "slot", "not_before", "expires", "evergreen", "priority",
        "language", "canonical_url", "slug", "date",
    )  # fmt: skip
    found = {name: value for name in names if (value := getattr(draft, name))}
    if not draft.dated:
        found.pop("date", None)
    if draft.event:
        found["event"] = draft.event.start
    found |= {f"channels.{name}": tuple(sorted(map(str, own))) for name, own in draft.channels.items() if own}
    return found


def problems_of(app: App, draft: Draft, now: dt.datetime) -> list[Problem]:
    """What the channels that it may come on would cut or refuse, and links of it that lead nowhere yet."""
    try:
        shown = as_shown(draft)
        faults = unfit(app, shown, now)
    except (DraftError, FarSideError) as error:
        faults = [error] if isinstance(error, DraftError) else []
        shown = draft
    told = [Problem(str(draft.path), fault.line, fault.message, fault.hint or "") for fault in faults]
    told += PageLinks(app).problems(shown)
    if not channels_for(app, shown):
        nowhere = Problem(str(draft.path), None, _("no series takes it"), _("look at its form and its series"))
        told.append(without_series(app, shown) or nowhere)
    return told


def difference(before: Draft, after: Draft) -> list[Change]:
    """How a draft's words and facts changed, line by line; of very long ones the beginning."""
    one, other = _lines(before), _lines(after)
    found: list[Change] = []
    matcher = difflib.SequenceMatcher(None, one, other)
    for group in matcher.get_grouped_opcodes(AROUND):
        if found or group[0][1]:
            found.append(Change("skip"))
        for kind, a, b, c, d in group:
            if kind == "equal":
                found += (Change("same", ((line, False),)) for line in one[a:b])
            else:
                found += _replaced(one[a:b], other[c:d])
    return found


def _lines(draft: Draft) -> list[str]:
    told = [f"title: {draft.title}"]
    told += [f"{name}: {_plain(value)}" for name, value in facts(draft).items()]
    told += [f"{media.role}: {media.ref}" for media in draft.media]
    return [*told, "", *draft.body[:CHARACTERS].splitlines()][:LINES]


def _plain(value: object) -> str:
    return listed(map(str, value)) if isinstance(value, tuple) else str(value)


def _replaced(gone: list[str], new: list[str]) -> Iterator[Change]:
    """Lines that went and came; where as many came as went, with what changed in each."""
    if len(gone) == len(new):
        pairs = [_within(a, b) for a, b in zip(gone, new, strict=True)]
        yield from (Change("gone", a) for a, _ in pairs)
        yield from (Change("new", b) for _, b in pairs)
        return
    yield from (Change("gone", ((line, False),)) for line in gone)
    yield from (Change("new", ((line, False),)) for line in new)


Parts = tuple[tuple[str, bool], ...]


def _within(a: str, b: str) -> tuple[Parts, Parts]:
    if max(len(a), len(b)) > LONG:
        return ((a, False),), ((b, False),)
    left, right = [], []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        changed = kind != "equal"
        left += [(a[i:j], changed)] if i < j else []
        right += [(b[k:m], changed)] if k < m else []
    return tuple(left), tuple(right)
