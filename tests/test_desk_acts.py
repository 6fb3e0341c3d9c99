"""Every form of the desk says what it does: who may, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from steadycast.desk.acts import Declared
from steadycast.desk.server import made

READS = {"GET", "HEAD"}
# A form of theirs changes nothing that others see, and needs no person to be written down.
UNWRITTEN = {
    "/log-in", "/log-in/again", "/language", "/settings/slots", "/start/slots", "/write/preview", "/write/paste",
    "/leave/{channel}/{token}", "/leave/{channel}/{token}/back",  # readers are no persons of the desk
}  # fmt: skip


def routes(of: Any, prefix: str = "") -> Iterator[tuple[str, APIRoute]]:
    """All routes with their whole paths, those of included routers as well."""
    for route in of.routes:
        if isinstance(route, APIRoute):
            yield prefix + route.path, route
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from routes(router, prefix + route.include_context.prefix)


def forms(root: Path) -> Iterator[tuple[str, list[Declared]]]:
    """Each route that takes more than a question, and what it declares; programs' own have tests of their own."""
    for path, route in routes(made(root, "key")):
        if not (route.methods or set()) <= READS and not path.startswith(("/api/", "/mcp")):
            given: list[object] = [each.dependency for each in route.dependencies]
            yield path, [each for each in given if isinstance(each, Declared)]


def test_every_form_declares_its_act(tmp_path: Path) -> None:
    """Whoever adds a form says who may send it: `dependencies=[form_of(Act.PLAN, (SLOT, "id"))]` on its route."""
    found = dict(forms(tmp_path))
    assert len(found) > 30
    assert [path for path, declared in found.items() if len(declared) != 1] == []


def test_every_change_is_written_down(tmp_path: Path) -> None:
    """A form that is left out of the log of changes is named here, with a reason."""
    assert {path for path, (declared,) in forms(tmp_path) if not declared.changes} == UNWRITTEN
