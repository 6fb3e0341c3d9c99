"""Today: is the promise safe? What went out, what is due next, what needs a person; each with its one button."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import DELIVERY, REQUEST, form_of, may_here
from steadycast.desk.pages import Here, done, page
from steadycast.desk.slot_page import became
from steadycast.errors import InputError
from steadycast.language import current
from steadycast.pipeline.draft_notes import is_lone
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.to_do import placeholders_in_use, sent_to_nobody
from steadycast.pipeline.today import Today
from steadycast.pipeline.today import today as read_today
from steadycast.pipeline.write_draft import may_fix
from steadycast.typesetting import sentences
from steadycast.workspace.paths import PLACEHOLDER

router = APIRouter()


@router.get("/")
def today(request: Request, app: Here) -> HTMLResponse:
    """The page."""
    day, workspace = read_today(app, pipeline.now()), app.workspace
    return page(
        request, app, "today", "today", day=day, zone=workspace.community.zone, member_title=app.member_title,
        series_title=app.series_title,
        is_lone=is_lone, may_fix=may_fix, calls=things(request, day), placeholder=PLACEHOLDER,
        unwritten=placeholders_in_use(workspace), to_nobody=sent_to_nobody(app),
    )  # fmt: skip


def things(request: Request, day: Today) -> int:
    """How many things need the person who asks: what waits, and the settings that nobody has written yet."""
    return (len(day.unwritten) if may_here(request, Act.SETTINGS) else 0) + (
        day.calls if may_here(request, Act.DECIDE) else 0
    )


@router.post("/deliveries/{marker}/settle", dependencies=[form_of(Act.SETTLE, (DELIVERY, "marker"))])
def settle(
    app: Here,
    *,
    marker: str,
    is_there: Annotated[str, Form()],
    url: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> RedirectResponse:
    """What a person saw on the channel: there (with its address), absent, or to be sent again."""
    again, say = is_there == "again", current()
    if is_there == "yes" and not url.strip():
        raise InputError(say.gettext("Paste the address at which it is there."))
    pipeline.settle(app, marker, url=url if is_there == "yes" else "", again=again, now=pipeline.now())
    if is_there == "yes":
        said = say.gettext("It is there, at %(url)s.", url=url)
    elif again:
        said = say.gettext("It is sent again within a minute.")
    else:
        said = say.gettext("It counts as missed, and nobody sends it again.")
    return done(back, said)


@router.post("/publish-requests/{id}", dependencies=[form_of(Act.PLAN, (REQUEST, "id"))])
def answer(
    app: Here, *, id: int, answer: Annotated[Literal["yes", "no"], Form()], note: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """What a person says to a program that asks for a slot to go out now: yes sends it."""
    requests, now, by = pipeline.publish_requests, pipeline.now(), pipeline.who()
    if answer == "no":
        made = requests.say_no(app, id, now, by=by, note=note)
        said = current().gettext("%(name)s is told no. %(title)s keeps its hour.", name=made.who, title=made.title)
        return done("/", said)
    sent = requests.say_yes(app, id, now, by=by, note=note)
    return done("/", sentences(*became(sent)), refused=bool(sent.failed))
