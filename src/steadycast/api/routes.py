"""How a part of the API declares its routes: what they look at, and what they change.

Each router says all of its routes itself, for the API is put together of the routes as they are: `include_router` would
read every signature again, at the first request.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from steadycast.api.idempotency import HINT, NAME, Change
from steadycast.api.problems import described

BEARER = HTTPBearer(auto_error=False, description="A token of a person: `steadycast token add` makes one.")
ALWAYS = (401, 403, 404, 422, 429, 503)
OF_CHANGES = (400, 409, 413, 502)


def key(
    key: Annotated[str, Header(alias=NAME, min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$", description=HINT)],
) -> None:
    """The key in the API's description."""


def looks(tag: str) -> APIRouter:
    """A router whose routes change nothing."""
    return _router(tag)


def changes(tag: str, route: type[Change] = Change) -> APIRouter:
    """A router whose routes change something, once for each key."""
    return _router(tag, OF_CHANGES, route_class=route, dependencies=[Depends(BEARER), Depends(key)])


def _router(tag: str, besides: tuple[int, ...] = (), **more: Any) -> APIRouter:
    return APIRouter(
        tags=[tag], responses=described(*ALWAYS, *besides), generate_unique_id_function=_name,
        **{"dependencies": [Depends(BEARER)], **more},
    )  # fmt: skip


def _name(route: APIRoute) -> str:
    """What a route is called in the description."""
    return route.name
