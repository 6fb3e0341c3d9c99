"""Kits: what a person posts by hand, one after another, also on a phone; and the address that closes each."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk import files
from steadycast.desk.acts import DELIVERY, form_of
from steadycast.desk.pages import Here, done, page
from steadycast.errors import InputError
from steadycast.language import current
from steadycast.pipeline.permissions import Act

router = APIRouter()
SHOWN = 50
LONGEST = 1000  # characters of an address that is shown again
QUEUE = "/kits"


@router.get(QUEUE)
def kits(request: Request, app: Here) -> HTMLResponse:
    """The queue, the oldest first; below it what was posted today."""
    waiting, posted = pipeline.kits.waiting(app), pipeline.kits.posted(app, pipeline.now())
    return page(request, app, "kits", "kits", rows=waiting[:SHOWN], total=len(waiting), posted=posted[:SHOWN])


@router.get(QUEUE + "/{marker}")
def kit(request: Request, app: Here, marker: str, url: str = "") -> HTMLResponse:
    """One kit, step by step: copy, save, open the page to post on, bring back the address; `url` is one that was
    refused.
    """
    shown, queue = pipeline.kits.kit(app, marker), [k.marker for k in pipeline.kits.waiting(app)]

    def address(name: str) -> str:
        return files.address(request, name)

    left = [other for other in queue if other != marker]
    return page(
        request, app, "kit", "kits", kit=shown, left=left, address=address, url=url or shown.url or shown.own_page
    )


@router.post(QUEUE + "/{marker}/confirm", dependencies=[form_of(Act.SETTLE, (DELIVERY, "marker"))])
def confirm(app: Here, marker: str, url: Annotated[str, Form()], at: Annotated[str, Form()] = "") -> RedirectResponse:
    """Closes a kit with the address of the post, or corrects it; and on to the next one."""
    corrected = pipeline.kits.kit(app, marker).state != "handed"
    say, url = current(), url.strip()
    try:
        pipeline.confirm(app, marker, url, pipeline.now(), at)
    except InputError as refused:
        return done(f"{QUEUE}/{marker}?{urlencode({'url': url[:LONGEST]})}", str(refused), refused=True)
    url = pipeline.kits.kit(app, marker).url
    if corrected:
        return done(QUEUE, say.gettext("The address is corrected: %(url)s", url=url))
    left = pipeline.kits.waiting(app)
    to = f"{QUEUE}/{left[0].marker}" if left else QUEUE
    return done(to, say.gettext("Confirmed: %(url)s", url=url))
