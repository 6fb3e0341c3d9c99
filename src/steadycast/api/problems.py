"""What went wrong, as problem details (RFC 9457): what, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from steadycast.errors import FarSideError, InputError, LedgerError, SettingsError, SteadycastError

MEDIA_TYPE = "application/problem+json"
WRONG = 20  # fields that one answer names
LONGEST = 300  # characters of what is said of one field


class WrongField(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="The part of the request and the field, as `body.markdown`.")
    said: str


class Problem(BaseModel):
    """Problem details as RFC 9457 has them."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What went wrong, for a person.")
    hint: str = Field("", description="What to do about it; empty where there is nothing to say.")
    errors: list[WrongField] = Field([], description="What is wrong with the request, field by field.")


class ProblemError(HTTPException):
    """A refusal of the API's own, with its hint."""

    def __init__(
        self,
        status: int,
        detail: str,
        hint: str = "",
        errors: Sequence[WrongField] = (),
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.hint, self.errors = hint, errors


def problem(
    status: int,
    detail: str,
    hint: str = "",
    errors: Sequence[WrongField] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, hint=hint, errors=[*errors])
    return JSONResponse(told.model_dump(), status, headers, MEDIA_TYPE)


def refused(error: SteadycastError) -> Response:
    """What a verb refused."""
    if isinstance(error, SettingsError):
        return problem(503, str(error))
    if isinstance(error, InputError):
        where = f"{error.file}:{error.line}: " if error.line else f"{error.file}: " if error.file else ""
        return problem(422, f"{where}{error.message}", error.hint or "")
    status = 503 if isinstance(error, LedgerError) else 502 if isinstance(error, FarSideError) else 409
    return problem(status, str(error))


async def of_verb(_: Request, error: Exception) -> Response:
    """The handler of what verbs raise."""
    assert isinstance(error, SteadycastError)
    return refused(error)


async def of_http(_: Request, error: Exception) -> Response:
    """The handler of the API's own refusals, and of what the framework finds wrong with an address or a method."""
    assert isinstance(error, HTTPException)
    hint, errors = getattr(error, "hint", ""), getattr(error, "errors", ())
    return problem(error.status_code, str(error.detail), hint, errors, headers=error.headers)


async def of_request(_: Request, error: Exception) -> Response:
    """The handler of requests that are not as the description asks."""
    assert isinstance(error, RequestValidationError)
    found = [WrongField(where=_place(each["loc"]), said=str(each["msg"])[:LONGEST]) for each in error.errors()[:WRONG]]
    return problem(422, "The request is not as it must be.", "see /api/v1/openapi.json", found)


async def of_fault(_: Request, __: Exception) -> Response:
    """The handler of our own faults: the log has them, the answer does not."""
    return problem(500, "This is a fault in Steadycast.", "the desk's log says more")


def _place(parts: tuple[Any, ...]) -> str:
    return ".".join(str(part)[:60] for part in parts)[:LONGEST]


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The entries of a route's description for these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
