"""What all answers share: the workspace for one request, values that are read from our own, and texts within bounds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request

from steadycast.api.problems import ProblemError
from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.tables import DeliveryRow, DraftRow
from steadycast.pipeline import App
from steadycast.pipeline.drafts import find_draft


def opened(request: Request) -> Iterator[App]:
    """The workspace, for one request."""
    with request.app.state.opened.app() as app:
        yield app


Here = Annotated[App, Depends(opened)]
# A name of ours in an address: without control characters, which no name has.
Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Reason = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Address = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\x00-\x20\x7f]+$")]
Seen = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9a-f]*$")]


class Shown(BaseModel):
    """An answer, read from a value of ours with fields of the same names."""

    model_config = ConfigDict(from_attributes=True)


class TurnChange(Shown):
    """A turn that somebody else has than before."""

    period: str
    group: str = Field(description="Empty: being on duty for the class.")
    was: str = Field(description="Empty: nobody.")
    member: str = Field(description="Empty: nobody.")
    written: bool = Field(description="Into turns.csv; else the rota gave it to another by itself.")


class Asked(BaseModel):
    """What a change carries: a field that we do not know is refused."""

    model_config = ConfigDict(extra="forbid")


class Note(Shown):
    """Something that a person should look at."""

    where: str
    line: int | None
    message: str
    hint: str
    severity: str = Field(description="bad: somebody has to fix it; warn: told for clearness.")
    channel: str


class SlotMoved(Shown):
    """What a change did to one slot: stays, moves, gone, new."""

    change: str
    series: str
    was: str
    becomes: str
    carried: str
    carries: str


def draft_of(app: App, id: str) -> DraftRow:
    """A draft by its id; 404 where there is none."""
    try:
        return find_draft(app, id)
    except (InputError, OSError, ValueError) as error:
        raise ProblemError(404, _("There is no such draft."), getattr(error, "hint", None) or "") from None


def delivery_of(app: App, id: str) -> DeliveryRow:
    """A delivery by its id; 404 where there is none."""
    row = app.ledger.delivery_of(id.strip().lower()[:40])
    if row is None:
        raise ProblemError(404, _("There is no such delivery."))
    return row


def local(app: App, at: dt.datetime | None) -> dt.datetime | None:
    """An instant in the community's zone; one without a zone is by its clock."""
    zone = app.workspace.community.zone
    return at and (at.astimezone(zone) if at.tzinfo else at.replace(tzinfo=zone))
