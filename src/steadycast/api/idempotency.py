"""A change that is asked for twice under one key is made once: the second time the first answer comes again.

The key is taken in the ledger before the change begins. So one that was cut off in the middle is never made again by
itself: its key answers 409 until it is forgotten.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import re
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from steadycast import pipeline
from steadycast.api.authorization import act_of, asking
from steadycast.api.problems import MEDIA_TYPE, ProblemError, problem, refused
from steadycast.crash_safety import durable
from steadycast.errors import SteadycastError
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.ledger.tables import IdempotencyRow
from steadycast.pipeline import App, accounts, submission
from steadycast.pipeline.permissions import Person

NAME = "Idempotency-Key"
KEPT = dt.timedelta(hours=24)
MOST = 5_000  # changes of one person in that time: each answer is kept
LARGEST = 1 << 29  # bytes of one file
DRAINED = 8_000_000  # bytes beyond them that are read all the same: who still sends hears no answer
PATIENCE = 900  # seconds in which it has come
UPLOADS = threading.BoundedSemaphore(4)
LATER = {"Retry-After": "10"}
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
            with opened.app() as app, self.room(app) as file:
                asked = await _fingerprint(request, app.ledger.secret, file)
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

    @contextmanager
    def room(self, app: App) -> Iterator[IO[bytes] | None]:  # noqa: ARG002 for who overrides it
        """Where the body of a request lies while it is answered; None: in memory."""
        yield None


class Upload(Change):
    """A route to which a whole file is sent: it lies in a file of its own, `sent_file`, until the answer is there."""

    @contextmanager
    def room(self, app: App) -> Iterator[IO[bytes] | None]:
        """A file of no name that is left behind."""
        if not UPLOADS.acquire(blocking=False):
            raise ProblemError(503, _("Other files are being sent."), _("ask again in a while"), headers=LATER)
        try:
            durable.make_folder(app.workspace.cache)
            submission.check_room(app.workspace.cache, LARGEST)
            with tempfile.NamedTemporaryFile(dir=app.workspace.cache) as file:
                yield file
        finally:
            UPLOADS.release()


def sent_file(request: Request) -> Path:
    """The file that was sent to an `Upload` route."""
    file: Path = request.state.file
    return file


def tell_once(request: Request, secret: str) -> None:
    """What of the answer is told this once: the ledger keeps the answer without it."""
    request.state.told_once = secret


async def _fingerprint(request: Request, secret: bytes, file: IO[bytes] | None) -> str:
    """What a request is known by. There may be a password in it, so nobody can try guesses on this."""
    path = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    known = hmac.new(secret, path, hashlib.sha256)
    if file is None:
        known.update(await request.body())
        return known.hexdigest()
    size = 0
    async with asyncio.timeout(PATIENCE):
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST + DRAINED:
                break
            if size <= LARGEST:
                known.update(piece)
                await run_in_threadpool(file.write, piece)
    if size > LARGEST:
        said = _("The request has more than %(most)s bytes.", most=LARGEST)
        raise ProblemError(413, said, headers={"Connection": "close"})
    file.flush()
    request.state.file = Path(file.name)
    return known.hexdigest()


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
