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
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.pipeline.write_draft import ChangedMeanwhile

MEDIA_TYPE = "application/problem+json"
WRONG = 20  # fields that one answer names
LONGEST = 300  # characters of what is said of one field
TITLES = {  # of RFC 9110
    400: N_("Bad Request"),
    401: N_("Unauthorized"),
    403: N_("Forbidden"),
    404: N_("Not Found"),
    405: N_("Method Not Allowed"),
    408: N_("Request Timeout"),
    409: N_("Conflict"),
    413: N_("Content Too Large"),
    415: N_("Unsupported Media Type"),
    421: N_("Misdirected Request"),
    422: N_("Unprocessable Content"),
    429: N_("Too Many Requests"),
    500: N_("Internal Server Error"),
    501: N_("Not Implemented"),
    502: N_("Bad Gateway"),
    503: N_("Service Unavailable"),
}
WRONGS = {  # what pydantic finds wrong with a field, by its name for that
    "missing": N_("it is missing"),
    "extra_forbidden": N_("there is no such field"),
    "json_invalid": N_("it is no JSON"),
    "string_type": N_("it is no text"),
    "string_too_long": N_("it has more than %(max_length)s characters"),
    "string_too_short": N_("it has fewer than %(min_length)s characters"),
    "string_pattern_mismatch": N_("it is not written as the description says"),
    "too_long": N_("it has more than %(max_length)s entries"),
    "greater_than_equal": N_("it is less than %(ge)s"),
    "less_than_equal": N_("it is more than %(le)s"),
    "less_than": N_("it is not less than %(lt)s"),
    "enum": N_("it is none of these: %(expected)s"),
    "literal_error": N_("it is none of these: %(expected)s"),
    "int_type": N_("it is no whole number"),
    "int_parsing": N_("it is no whole number"),
    "int_from_float": N_("it is no whole number"),
    "bool_type": N_("it is neither true nor false"),
    "bool_parsing": N_("it is neither true nor false"),
    "list_type": N_("it is no list"),
    "dict_type": N_("it is no table"),
    "model_attributes_type": N_("it is no table"),
    "date_from_datetime_parsing": N_("it is no date, as 2026-12-31"),
    "date_parsing": N_("it is no date, as 2026-12-31"),
    "date_type": N_("it is no date, as 2026-12-31"),
}


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
    told = Problem(
        title=_(TITLES.get(status, HTTPStatus(status).phrase)),
        status=status,
        detail=detail,
        hint=hint,
        errors=[*errors],
    )
    return JSONResponse(told.model_dump(), status, headers, MEDIA_TYPE)


def refused(error: SteadycastError) -> Response:
    """What a verb refused."""
    if isinstance(error, SettingsError):
        return problem(503, str(error))
    if isinstance(error, InputError):
        where = f"{error.file}:{error.line}: " if error.line else f"{error.file}: " if error.file else ""
        status = 409 if isinstance(error, ChangedMeanwhile) else 422
        return problem(status, f"{where}{error.message}", error.hint or "")
    status = 503 if isinstance(error, LedgerError) else 502 if isinstance(error, FarSideError) else 409
    return problem(status, str(error))


async def of_verb(_request: Request, error: Exception) -> Response:
    """The handler of what verbs raise."""
    assert isinstance(error, SteadycastError)
    return refused(error)


async def of_http(_request: Request, error: Exception) -> Response:
    """The handler of the API's own refusals, and of what the framework finds wrong with an address or a method."""
    assert isinstance(error, HTTPException)
    hint, errors = getattr(error, "hint", ""), getattr(error, "errors", ())
    detail = str(error.detail)
    if detail == HTTPStatus(error.status_code).phrase:  # the framework's own
        detail = _(TITLES.get(error.status_code, detail))
    return problem(error.status_code, detail, hint, errors, headers=error.headers)


async def of_request(_request: Request, error: Exception) -> Response:
    """The handler of requests that are not as the description asks."""
    assert isinstance(error, RequestValidationError)
    found = [WrongField(where=_place(each["loc"]), said=wrong_of(each)) for each in error.errors()[:WRONG]]
    return problem(422, _("The request is not as it must be."), _("see /api/v1/openapi.json"), found)


def wrong_of(error: Mapping[str, Any]) -> str:
    """What is wrong with one field, for the reader; in pydantic's own words where the table has none."""
    said = WRONGS.get(str(error["type"]))
    told = _(said, **error.get("ctx", {})) if said else str(error["msg"])
    return told[:LONGEST]


async def of_fault(_request: Request, _error: Exception) -> Response:
    """The handler of our own faults: the log has them, the answer does not."""
    said, hint = _("This is a fault in Steadycast."), _("the desk's log says more")
    return problem(500, said, hint, headers={"Connection": "close"})  # as the server does, once it has logged the fault


def _place(parts: tuple[Any, ...]) -> str:
    return ".".join(str(part)[:60] for part in parts)[:LONGEST]


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The entries of a route's description for these statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
