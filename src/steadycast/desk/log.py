"""The log: every delivery, the newest first; and one delivery's page with all that the ledger keeps of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk import files
from steadycast.desk.acts import DELIVERY, form_of, may_here
from steadycast.desk.pages import Here, done, page
from steadycast.errors import unknown_name
from steadycast.language import current
from steadycast.ledger.delivery_log import LogPage, Place, kept_of, log
from steadycast.ledger.tables import DONE, DeliveryRow, State
from steadycast.pipeline import App, recipients
from steadycast.pipeline.permissions import Act
from steadycast.schedule.days import DAY, midnight
from steadycast.workspace.settings import BY_HAND

router = APIRouter()
SIZE = 50
GROUPS: dict[str, tuple[State, ...]] = {
    "there": (*DONE,),
    "person": (State.UNKNOWN, State.REFUSED, State.HANDED),
    "missed": (State.MISSED,),
    "coming": (State.PLANNED, State.DUE, State.CLAIMED, State.SENDING),
    "off": (State.EXCUSED, State.CANCELLED, State.WITHDRAWN),
}
HAPPENED = tuple(state for state in State if state not in (State.PLANNED, State.DUE, State.EXCUSED))
SHOWN_OF_POST = 20_000  # characters of what was sent
SHOWN_OF_VALUE = 600  # of what one step or a receipt holds


@router.get("/log")
def deliveries(
    request: Request, app: Here, *, channel: str = "", state: str = "", day: str = "", before: str = ""
) -> HTMLResponse:
    """The list, by what the address asks: a channel, a state, a day."""
    asked = {"channel": channel, "state": state if state in GROUPS else "", "day": day}
    found = _asked(app, asked, before)
    titles = app.ledger.titles({row.draft for row in found.rows if row.draft})
    after = _query(asked | {"before": _written(found.next)}) if found.next else ""
    return page(
        request, app, "log", "record", rows=found.rows, titles=titles, asked=asked, groups=GROUPS, next=after,
        names=names(app), further=bool(before), query=lambda **new: _query(asked | new),
    )  # fmt: skip


def _query(asked: dict[str, str]) -> str:
    given = urlencode({name: value for name, value in asked.items() if value})
    return f"/log?{given}" if given else "/log"


def _asked(app: App, asked: dict[str, str], before: str) -> LogPage:
    zone = app.workspace.community.zone
    day = _day(asked["day"])
    return log(
        app.ledger,
        states=GROUPS.get(asked["state"], HAPPENED),
        channel=asked["channel"],
        after=midnight(day, zone) if day else None,
        until=midnight(day + DAY, zone) if day else None,
        before=_read(before),
        size=SIZE,
    )


def _day(text: str) -> dt.date | None:
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return found if dt.date.min + DAY < found < dt.date.max - DAY else None


def _written(place: Place | None) -> str:
    return f"{int(place.at.timestamp() * 1_000_000)}.{place.id}" if place else ""


def _read(text: str) -> Place | None:
    """Where a page begins; what is no such place is the beginning."""
    at, dot, id = text.partition(".")
    if not (dot and at.isascii() and id.isascii() and at.isdigit() and id.isdigit()) or len(text) > 40:
        return None
    try:
        return Place(dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=int(at)), min(int(id), 2**63 - 1))
    except OverflowError:
        return None


@router.get("/deliveries/{key}")
def delivery(request: Request, app: Here, key: str) -> HTMLResponse:
    """One delivery: what happened in which order, what was sent, what came back, and what a person can do."""
    row = app.ledger.delivery_of(key.strip().lower()[:40])
    if row is None or row.id is None:
        raise unknown_name("delivery", key[:40], ())
    kept = kept_of(app.ledger, row.id)
    title = app.ledger.titles([row.draft or ""]).get(row.draft or "", "")
    return page(
        request, app, "delivery", "record", row=row, title=title, events=app.ledger.events(row.id)[-200:], kept=kept,
        steps=[(step, app.redact(step.value or "")[:SHOWN_OF_VALUE]) for step in kept.steps[:50]],
        proof=_proof(app, kept.receipt.detail) if kept.receipt else "", names=names(app), can=_can(app, row),
        sent=_sent(app, kept.sent), local=files.local_addresses(request, app, [row]),
        recipients=recipients.of_delivery(app, row, named=may_here(request, "settle", *filter(None, [row.series]))),
    )  # fmt: skip


@router.post("/deliveries/{marker}/confirm", dependencies=[form_of(Act.SETTLE, (DELIVERY, "marker"))])
def confirm(app: Here, marker: str, url: Annotated[str, Form()]) -> RedirectResponse:
    """Closes a kit with the address of its post, or corrects an address that a person gave."""
    pipeline.confirm(app, marker, url.strip(), pipeline.now())
    row = app.ledger.delivery_of(marker)
    return done(f"/deliveries/{marker}", current().gettext("Its address is %(url)s", url=row.url if row else ""))


def _can(app: App, row: DeliveryRow) -> str:
    """What a person may do about it: settle, again, confirm, correct; "" for nothing."""
    if row.state == State.UNKNOWN:
        return "settle"
    if row.state in (State.REFUSED, State.MISSED) and row.draft:
        return "again"
    if row.state == State.HANDED:
        return "confirm"
    said = app.ledger.receipts_of([row.id or 0]).get(row.id or 0)
    return "correct" if row.state in (State.CONFIRMED, State.PUBLISHED) and said and said.seen == "person" else ""


def _proof(app: App, detail: dict[str, object]) -> str:
    return app.redact(orjson.dumps(detail, option=orjson.OPT_INDENT_2).decode())[:SHOWN_OF_VALUE] if detail else ""


def _sent(app: App, post: bytes) -> str:
    """What was frozen to be sent, to read."""
    try:
        told = orjson.dumps(orjson.loads(post), option=orjson.OPT_INDENT_2).decode() if post else ""
    except orjson.JSONDecodeError:
        told = post.decode(errors="replace")
    return app.redact(told[:SHOWN_OF_POST])


def names(app: App) -> dict[str, str]:
    """Channels and series by their names for people."""
    channels = {name: app.channel_title(name) for name in app.workspace.channels}
    series = {f"series:{name}": each.title or name for name, each in app.workspace.series.items()}
    return series | {f"series:{BY_HAND}": current().gettext("by hand")} | channels
