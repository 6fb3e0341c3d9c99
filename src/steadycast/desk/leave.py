"""The page by which a reader leaves a channel: the token in its address says who, and a POST alone does it.

Programs that read mail open every link in it, so opening the page changes nothing (RFC 8058). A mail provider sends the
POST by itself, without a cookie: nothing but the token is looked at.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from steadycast.desk.acts import sent_by_token
from steadycast.desk.guard import LEAVE, address_of
from steadycast.desk.pages import Here, page
from steadycast.language import accepted_tags, current, first_of, speaking
from steadycast.pipeline import App, recipients
from steadycast.platform.subscribers import OWN, Subscribers
from steadycast.platform.unsubscribed import Left

router = APIRouter()
ADDRESS = LEAVE + "{channel}/{token}"


@router.get(ADDRESS)
def ask(request: Request, app: Here, channel: str, token: str) -> Response:
    """Whether they are to leave; or that they did."""
    of, mark = _who(request, app, channel, token)
    return _page(request, app, channel, of, mark)


@router.post(ADDRESS, dependencies=[sent_by_token()])
def leave(request: Request, app: Here, channel: str, token: str) -> Response:
    """They are sent nothing any more, and the page says so."""
    of, mark = _who(request, app, channel, token)
    of.leave(mark, "link")
    return _page(request, app, channel, of, mark)


@router.post(ADDRESS + "/back", dependencies=[sent_by_token()])
def back(request: Request, app: Here, channel: str, token: str) -> Response:
    """They left by mistake, and are sent to again."""
    of, mark = _who(request, app, channel, token)
    left = of.has_left(mark)
    if left is not None and left.why in OWN:
        of.back(mark)
    return _page(request, app, channel, of, mark, returned=True)


def _who(request: Request, app: App, channel: str, token: str) -> tuple[Subscribers, str]:
    """Whose token it is; any other is 404, and counted."""
    of = recipients.subscribers(app, channel)
    mark = of.mark_of(token) if of else ""
    if of is None or not mark:
        request.state.missed(address_of(request))
        raise HTTPException(404, current().gettext("This link is not one of ours, or it is not whole."))
    return of, mark


def _page(request: Request, app: App, channel: str, of: Subscribers, mark: str, *, returned: bool = False) -> Response:
    left = of.has_left(mark)
    with speaking(first_of(*accepted_tags(request.headers.get("accept-language", ""))).name):  # no person of the desk
        return _shown(request, app, channel, left, returned=returned)


def _shown(request: Request, app: App, channel: str, left: Left | None, *, returned: bool) -> Response:
    return page(
        request, app, "leave", "", title=app.workspace.channels[channel].title, left=left, returned=returned,
        mine=left is not None and left.why in OWN, base=f"{LEAVE}{quote(channel)}/{request.path_params['token']}",
    )  # fmt: skip
