"""What is decided on a draft: approved, rejected, pinned; changed or taken away where it is out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field, StringConstraints

from steadycast import pipeline
from steadycast.api.authorization import Asking, allow, needs
from steadycast.api.drafts import Draft, Ran, Word, listed, ran_of
from steadycast.api.problems import ProblemError
from steadycast.api.routes import changes, looks
from steadycast.api.shapes import Asked, Here, Name, Reason, Seen, Shown, draft_of
from steadycast.language import gettext as _
from steadycast.ledger.tables import DONE
from steadycast.pipeline import App, amend, concerns, pinning
from steadycast.pipeline.permissions import Act, Person

router, changed = looks("drafts"), changes("drafts")


class Verdict(Asked):
    """A decision on a draft, as it was seen."""

    seen: Seen = Field("", description="The revision that was looked at; where it is another by now, 409.")
    why: Reason = Field("", description="The member reads it.")


class Seeing(Asked):
    """The revision that was looked at; where it is another by now, nothing is done."""

    seen: Seen = ""


class Amending(Asked):
    """Where a draft that is out is changed, or taken away; on all channels where none is named."""

    channel: Word = ""
    why: Reason = ""


class Amended(Shown):
    """What happened on one channel."""

    channel: str
    what: str
    done: bool
    said: str
    link: str


class PinAsked(Asked):
    """The slot that a draft's own file names; empty: none."""

    slot: Annotated[str, StringConstraints(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$")]
    seen: Seen = ""


class AmendFilter(Asked):
    """Which change of what is out is looked at."""

    verb: Literal["revise", "withdraw"]
    channel: Word = ""


class Leaving(Shown):
    """What changing or taking away a draft would reach."""

    there: list[Ran] = Field(description="Where it is out.")
    sends: list[str] = Field(description="Channels to which a request would go at once.")


class Pinned(Shown):
    """A draft whose slot a person chose, and what its file said of that before."""

    draft: str
    title: str
    before: str
    now: str


@changed.post("/drafts/{id}/approve", dependencies=[needs(Act.DECIDE)])
def approve(app: Here, person: Asking, id: Name, verdict: Verdict) -> Draft:
    """Approve a draft as it is now, and plan with it: it goes out in its slot."""
    return decided(app, person, id, "approve", verdict)


@changed.post("/drafts/{id}/reject", dependencies=[needs(Act.DECIDE)])
def reject(app: Here, person: Asking, id: Name, verdict: Verdict) -> Draft:
    """Reject a draft; its member reads why."""
    return decided(app, person, id, "reject", verdict)


def decided(app: App, person: Person, id: str, verb: str, verdict: Verdict) -> Draft:
    """A draft as it stands once that is decided."""
    row = _to_decide(app, person, id, verdict.seen)
    pipeline.decide(app, [row], verb, by=person.name, now=pipeline.now(), why=verdict.why)
    pipeline.plan(app, pipeline.now())
    return listed(app, row)


@changed.post("/drafts/{id}/take-back", dependencies=[needs(Act.DECIDE)])
def take_back(app: Here, person: Asking, id: Name, asked: Seeing) -> Draft:
    """Undo the last decision on a draft."""
    row = _to_decide(app, person, id, asked.seen)
    pipeline.take_back(app, [row], by=person.name, now=pipeline.now())
    pipeline.plan(app, pipeline.now())
    return listed(app, row)


@changed.post("/drafts/{id}/unpin", dependencies=[needs(Act.PLAN)])
def unpin(app: Here, person: Asking, id: Name, asked: Seeing) -> Pinned:
    """Let the plan choose the slot of a draft again."""
    row = _to_decide(app, person, id, asked.seen, Act.PLAN)
    return Pinned.model_validate(pinning.unpin(app, row, pipeline.now(), seen=asked.seen))


@changed.post("/drafts/{id}/pin", dependencies=[needs(Act.PLAN)])
def put_pin(app: Here, person: Asking, id: Name, asked: PinAsked) -> Pinned:
    """Write the slot that a draft's own file names, as `before` of an earlier change says it: this undoes that."""
    row = _to_decide(app, person, id, asked.seen, Act.PLAN)
    return Pinned.model_validate(pinning.put_pin(app, row, asked.slot, pipeline.now(), seen=asked.seen))


@router.get("/drafts/{id}/leaving", dependencies=[needs(Act.READ)])
def effect_of_amend(app: Here, id: Name, asked: Annotated[AmendFilter, Query()]) -> Leaving:
    """What `revise` or `withdraw` would reach, before it is done."""
    row = draft_of(app, id)
    sends = amend.leaving(app, row.id, asked.channel or None, asked.verb)
    there = [d for d in app.ledger.draft_deliveries(row.id, states=DONE) if asked.channel in ("", d.channel)]
    return Leaving(there=[ran_of(d) for d in there], sends=sorted({d.channel for d in sends}))


@changed.post("/drafts/{id}/revise", dependencies=[needs(Act.DECIDE)])
def revise(app: Here, person: Asking, id: Name, asked: Amending) -> list[Amended]:
    """Send the approved revision to every channel where the draft is out already."""
    row = _to_decide(app, person, id)
    return _amended(amend.revise(app, row, asked.channel or None))


@changed.post("/drafts/{id}/withdraw", dependencies=[needs(Act.DECIDE)])
def withdraw(app: Here, person: Asking, id: Name, asked: Amending) -> list[Amended]:
    """Take a draft's posts away, on one channel or wherever they are; then nobody sends it any more."""
    row = _to_decide(app, person, id)
    return _amended(amend.withdraw(app, row, asked.why, asked.channel or None))


def _amended(told: tuple[amend.Amended, ...]) -> list[Amended]:
    return [Amended.model_validate(each) for each in told]


def _to_decide(app: App, person: Person, id: str, seen: str = "", act: Act = Act.DECIDE) -> str:
    """The id of a draft on which this person may decide, and which is still as it was seen."""
    row = draft_of(app, id)
    allow(person, act, concerns.series_of_draft(app, row.id))
    if seen and seen != row.revision:
        raise ProblemError(409, _("The draft was changed meanwhile."), _("look at it again, and decide again"))
    return row.id
