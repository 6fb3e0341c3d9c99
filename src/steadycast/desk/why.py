"""Why is nothing happening? Each look with what it means and what to do, the one that explains it first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import ops, pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done, page
from steadycast.desk.today import things
from steadycast.errors import InputError
from steadycast.language import current
from steadycast.ops.deployments import write
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.today import today as read_today

router = APIRouter()
PAGE = "/why"


@router.get(PAGE)
def why(request: Request, app: Here) -> HTMLResponse:
    """The page."""
    found = ops.why(app, pipeline.now())
    calls = things(request, read_today(app, pipeline.now()))
    return page(request, app, "why", "record", looks=found.looks, answer=found.answer, calls=calls)


@router.post(PAGE + "/look", dependencies=[form_of(Act.PLAN)])
def look(app: Here) -> RedirectResponse:
    """Looks once at what was dropped and at what is due, as the schedules do every minute."""
    say = current()
    pipeline.collect(app, pipeline.now(), feeds=False)
    pipeline.plan(app, pipeline.now())
    sent = len(pipeline.publish(app).sent)
    if not sent:
        return done(PAGE, say.gettext("Looked: nothing was due."))
    return done(PAGE, say.ngettext("Looked: one delivery was due.", "Looked: %(num)s deliveries were due.", sent))


@router.post(PAGE + "/schedules", dependencies=[form_of(Act.SETTINGS)])
def schedules(app: Here) -> RedirectResponse:
    """Writes the schedules anew, from the settings."""
    write(app.workspace)
    return done(PAGE, current().gettext("The schedules are written anew."))


@router.post(PAGE + "/here", dependencies=[form_of(Act.SETTINGS)])
def here(app: Here, *, sure: Annotated[bool, Form()] = False) -> RedirectResponse:
    """A person's word that nothing publishes from elsewhere: this machine goes on, and looks before it sends."""
    if not sure:
        raise InputError(current().gettext("Say first that no other copy publishes."))
    app.ledger.move_here(pipeline.now())
    return done(PAGE, current().gettext("This machine publishes from now on."))
