"""The overviews: every series, every member, every tag; in parts, where they are many."""

from __future__ import annotations

from typing import Any

from .listings import cut, parts
from .maker import Maker
from .views import link_of

PART = 100  # names on one page


def write(maker: Maker, kind: str, name: str, touched: list[str] | None) -> None:
    """One kind's lists: the leading ones, and all in parts where they are more."""
    names = list(maker.groups[kind])
    many = parts(len(names), PART)
    same: dict[str, Any] = {"title": maker.words[name], "kind": kind, "page": f"{name}.html"}
    rows = leading(maker, kind)
    shown: dict[str, Any] = {"parts": range(1, many + 1), "number": 0, "earlier": "", "later": ""}
    maker.page(f"{name}.html", "overview.html.j2", rows=rows, **same, **shown)
    maker.without(name, many, there=True)
    before = None if touched is None or maker.before is None else maker.before[kind]
    wanted = set(cut(before, names, PART, touched or ()))
    for number in range(1, many + 1):
        if number not in wanted and f"{name}-{number}.html" in maker.known:
            continue
        rows = [_row(maker, kind, each) for each in names[(number - 1) * PART : number * PART]]
        shown = {"parts": (), "number": number}
        shown["earlier"] = f"{name}-{number - 1}.html" if number > 1 else ""
        shown["later"] = f"{name}-{number + 1}.html" if number < many else ""
        maker.page(f"{name}-{number}.html", "overview.html.j2", rows=rows, **same, **shown)


def leading(maker: Maker, kind: str) -> list[dict[str, Any]]:
    """The lists of one kind, the most recently fed first; tags by how much they hold."""
    found = sorted(maker.groups[kind].values(), key=lambda group: group.name)
    found.sort(key=lambda group: group.posts if kind == "tag" else group.last, reverse=True)
    return [_row(maker, kind, group.name) for group in found[:PART]]


def _row(maker: Maker, kind: str, name: str) -> dict[str, Any]:
    page, count = link_of(kind, name), maker.groups[kind][name].posts
    last = None if kind == "tag" else maker.views(maker.index.newest(1, (kind, name)))[0]
    return {"title": maker.title(kind, name), "page": page, "count": count, "last": last}
