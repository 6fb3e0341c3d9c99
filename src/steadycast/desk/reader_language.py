"""The language that one reader wants, whatever the community's is: kept in a cookie."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse

from steadycast.desk.language import LOCALES
from steadycast.desk.pages import CHOSEN, FromOurForm, inside

router = APIRouter()
KEPT = 400 * 86_400  # seconds: browsers keep no cookie for longer


@router.post("/language", dependencies=[FromOurForm])
def choose(locale: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> RedirectResponse:
    """Back to the page, in that language; any other word means the community's again."""
    answer = RedirectResponse(inside(back), 303)
    if locale in LOCALES:
        answer.set_cookie(CHOSEN, locale, max_age=KEPT, httponly=True, samesite="strict", path="/")
    else:
        answer.delete_cookie(CHOSEN)
    return answer
