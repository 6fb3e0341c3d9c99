"""A change that is asked for twice under one key is made once: the second time the first answer comes again.

The key is taken in the ledger before the change begins. So one that was cut off in the middle is never made again by
itself: its key answers 409 until it is forgotten.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from steadycast import pipeline
from steadycast.api.asking import act_of, asking
from steadycast.api.problems import MEDIA_TYPE, ProblemError, problem, refused
from steadycast.errors import SteadycastError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.tables import IdempotencyRow
from steadycast.pipeline import App, accounts
from steadycast.pipeline.permissions import Person

NAME = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
MOST = 5_000  # changes of one person in that time: each answer is kept
KEY = re.compile(r"[\x21-\x7e]{1,100}")
HINT = N_("make a new key for each change, as by `uuidgen`; send the same one again only to ask for the same answer")


class Change(APIRoute):
    """A route that changes something."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, run once for each key."""
        handler, act = super().get_route_handler(), act_of(self)

        async def once(request: Request) -> Response:
            key, person, opened = request.headers.get(NAME, ""), asking(request), request.app.state.opened
            if not KEY.fullmatch(key):
                raise ProblemError(400, _("%(name)s is missing, or is no key.", name=NAME), _(HINT))
            with opened.app() as app:
                asked = await _fingerprint(request, app.ledger.secret)
                before = await run_in_threadpool(_begin, app, person, key, asked)
                if before is not None:
                    return _answered(before, asked)
                try:
                    answer = await handler(request)
                except SteadycastError as error:
                    answer = refused(error)
                except (RequestValidationError, HTTPException):  # nothing was begun
                    await run_in_threadpool(app.ledger.finish_idempotent, person.name, key, None)
                    raise
                except Exception:
                    answer = problem(
                        500, _("This is a fault in Steadycast."), _("look at what became of it: the log says more")
                    )
                    await run_in_threadpool(_end, app, person, key, answer)
                    raise
                if getattr(request.state, "looked", False):
                    await run_in_threadpool(app.ledger.finish_idempotent, person.name, key, None)
                    return answer
                said = f"{request.method} {request.url.path}" if answer.status_code < 400 else ""
                hidden = getattr(request.state, "told_once", "")
                await run_in_threadpool(_end, app, person, key, answer, said=said, act=act.value, hidden=hidden)
            return answer

        return once


def tell_once(request: Request, secret: str) -> None:
    """What of the answer is told this once: the ledger keeps the answer without it."""
    request.state.told_once = secret


async def _fingerprint(request: Request, secret: bytes) -> str:
    """What a request is known by. There may be a password in it, so nobody can try guesses on this."""
    path = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hmac.new(secret, path + await request.body(), hashlib.sha256).hexdigest()


def _begin(app: App, person: Person, key: str, asked: str) -> IdempotencyRow | None:
    """None where the key is taken for this request now; else the request that it was taken for."""
    now = pipeline.now()
    app.ledger.forget_idempotent(now - KEPT)
    row = IdempotencyRow(person=person.name, key=key, request=asked, made=now)
    before = app.ledger.idempotent(person.name, key)
    if before is None and app.ledger.count_idempotent(person.name) >= MOST:
        raise ProblemError(429, _("Too many changes in one day."), _("go on tomorrow"), headers={"Retry-After": "3600"})
    return None if before is None and app.ledger.begin_idempotent(row) else app.ledger.idempotent(person.name, key)


def _answered(row: IdempotencyRow, asked: str) -> Response:
    if row.request != asked:
        return problem(422, _("This %(name)s was used for another request.", name=NAME), _(HINT))
    if row.status is None:
        said = _("This change is under way, or was cut off.")
        return problem(409, said, _("ask again in a while; if it stays so, look at what became of it"))
    kind = MEDIA_TYPE if row.status >= 400 else "application/json"
    return Response(row.body, row.status, {"Idempotency-Replayed": "true"}, kind)


def _end(
    app: App, person: Person, key: str, answer: Response, *, said: str = "", act: str = "", hidden: str = ""
) -> None:
    body = bytes(answer.body).decode()
    app.ledger.finish_idempotent(person.name, key, answer.status_code, body.replace(hidden, "") if hidden else body)
    if said:
        accounts.audit(app, person.name, "api", pipeline.now(), act=act, subject=said)
