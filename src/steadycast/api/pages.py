"""Long lists, a page at a time: each page says by an address where the next one begins."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from steadycast.api.problems import ProblemError
from steadycast.language import gettext as _

MOST = 100
USUAL = 50
Item = TypeVar("Item")


class Asked(BaseModel):
    """What is asked of a list; a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=USUAL, ge=1, le=MOST, description="How many at most.")
    cursor: str = Field(default="", max_length=400, description="Where the page begins, from `next`.")


class Page(BaseModel, Generic[Item]):
    """Some of a list."""

    items: list[Item]
    next: str | None = Field(description="The address of the next page; null on the last one.")


def address(request: Request, *place: Any) -> str:
    """This list's address, from `place` on."""
    told = json.dumps([_written(each) for each in place], separators=(",", ":"), ensure_ascii=False)
    cursor = base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
    asked = request.url.include_query_params(cursor=cursor)
    return f"{asked.path}?{asked.query}"


def place(cursor: str, *kinds: type[Any]) -> tuple[Any, ...] | None:
    """Where a page begins, as values of these kinds; None at the list's beginning."""
    if not cursor:
        return None
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_read(each, kind) for each, kind in zip(told, kinds, strict=True))
    except (ValueError, TypeError, binascii.Error, OverflowError, RecursionError):
        raise ProblemError(422, _("This cursor is of no page."), _("take the address in `next` as it is")) from None


def _written(value: Any) -> Any:
    return value.astimezone(dt.UTC).isoformat() if isinstance(value, dt.datetime) else value


def _read(value: Any, kind: type[Any]) -> Any:
    if kind is dt.datetime:
        found = dt.datetime.fromisoformat(value)
        if found.tzinfo is None:
            raise ValueError
        return found.astimezone(dt.UTC)
    if type(value) is not kind or (isinstance(value, int) and not 0 <= value < 2**63):
        raise ValueError
    return value
