"""The ledger's tables. Instants are whole microseconds since 1970 UTC, so both databases compare them alike.

models.py makes SQLModel models of them, with their indexes and what is unique in them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Integer, Text

from steadycast.ledger.rows import Field, TableRow

RowId = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up by itself only in an INTEGER PRIMARY KEY


class State(StrEnum):
    """Where one delivery stands."""

    PLANNED = "planned"  # its slot has no draft yet, or may still change
    DUE = "due"  # has a draft; waits for its instant, or for another try
    CLAIMED = "claimed"  # a worker has it: nothing has been sent
    SENDING = "sending"  # the socket may be open: from here on it may be there
    UNKNOWN = "unknown"  # may be there; read-back or a person settles it
    HANDED = "handed"  # a kit lies ready for a person
    PUBLISHED = "published"  # a receipt is in the ledger
    SEEN = "seen"  # and it was read back
    CONFIRMED = "confirmed"  # a person or a feed gave the kit's URL
    REFUSED = "refused"  # surely not there; a person fixes it
    MISSED = "missed"  # past `late`, or nothing to publish
    EXCUSED = "excused"  # nothing was owed
    CANCELLED = "cancelled"  # the draft says so, or a person did
    WITHDRAWN = "withdrawn"  # it was there, and a person had it taken away


OPEN = (State.DUE, State.CLAIMED, State.SENDING, State.UNKNOWN)
DONE = (State.PUBLISHED, State.SEEN, State.CONFIRMED)
WENT_OUT = (State.SENDING, State.UNKNOWN, State.HANDED, *DONE, State.WITHDRAWN)  # its draft is out, or may be
FREED = (State.MISSED, State.CANCELLED, State.EXCUSED)  # its slot gave the draft back


def _in_words(states: tuple[State, ...]) -> str:
    return f"state IN ({', '.join(repr(state.value) for state in states)})"


# As they stand in an index: a database takes it for a query that says the same words.
PLAIN = "NOT packed"  # of frozen posts: what is still to be compressed
IS_OUT = f"draft IS NOT NULL AND {_in_words(WENT_OUT)}"
IS_OPEN = "verdict = ''"
IS_FREED = _in_words(FREED)
IN_STOCK = "approved_revision IS NOT NULL"
WAITS = "state = 'open'"  # of a publish request that nobody has answered
STANDS = "state IN ('open', 'taken')"  # of an ask that nobody took back or declined


class DraftRow(TableRow):
    """A draft and its standing. `id` survives renames and edits."""

    __tablename__ = "draft"
    id: str = Field(primary_key=True, max_length=16)
    path: str = Field(index=True)  # relative to content/, or feed/<member>/<item>
    source: str = "folder"  # folder, feed, digest
    origin: str
    member: str = ""
    circle: str = ""  # the community that shares it, where it is another's: nobody's here
    form: str
    title: str
    revision: str = Field(index=True, max_length=64)  # the newest
    state: str = Field(index=True)  # waiting, approved, rejected, not-ready, gone, or why it is held
    first_seen: dt.datetime
    changed: dt.datetime
    approved_revision: str | None = Field(default=None, max_length=64)  # the newest approved one goes out
    approved_at: dt.datetime | None = None
    approved_by: str = ""
    held: str = ""  # why it is no stock before a person says so: archive, copy, doubtful
    resembles: str = ""  # the draft that it is a copy of, or looks like
    published_before: dt.datetime | None = None  # it went out before there was a ledger
    # What the planner asks for, of the approved revision; the rest is in `revision.draft`.
    plan: dict[str, Any] = Field(default_factory=dict)


class RevisionRow(TableRow):
    """One content state of a draft, whole: what a deleted or edited file can no longer tell."""

    __tablename__ = "revision"
    hash: str = Field(primary_key=True, max_length=64)
    draft: str = Field(foreign_key="draft.id", primary_key=True, max_length=16)
    at: dt.datetime
    content: dict[str, Any]  # the Draft, media by sha256
    own_at: dt.datetime | None = None  # its own time, where nobody had looked since
    letters: int | None = None  # characters of its text, where a class asks for them


class DraftLabelRow(TableRow):
    """One tag, series or language that a draft's newest revision names: see draft_labels.py."""

    __tablename__ = "draft_label"
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)  # in lower case
    draft: str = Field(foreign_key="draft.id", ondelete="CASCADE", primary_key=True, index=True, max_length=16)


class ProblemRow(TableRow):
    """Why a file or a feed could not be taken in; gone once it can."""

    __tablename__ = "problem"
    path: str = Field(primary_key=True)
    at: dt.datetime  # since when
    line: int | None = None
    message: str
    hint: str = ""


class FeedRow(TableRow):
    """What is remembered of a member's feed between two looks."""

    __tablename__ = "feed"
    key: str = Field(primary_key=True, max_length=16)  # hash of member and configured URL
    member: str
    url: str  # where it is now (a permanent redirect moves it); shortened where it may carry a token
    etag: str = ""
    modified: str = ""
    baseline: bool = False  # the first fetch has set its baseline
    gone: bool = False  # the far side said 410
    failures: int = 0
    last_ok: dt.datetime | None = None
    next_at: dt.datetime | None = None
    message: str = ""


class FeedItemRow(TableRow):
    """One item of a feed, once for ever; `draft` is null for items that were old at the baseline."""

    __tablename__ = "feed_item"
    feed: str = Field(primary_key=True, max_length=16)
    guid: str = Field(primary_key=True)
    link: str = ""
    content_hash: str = Field(default="", max_length=64)
    draft: str | None = Field(default=None, max_length=16)
    at: dt.datetime
    published: dt.datetime | None = None  # as the feed has it
    pending: bool = False  # a file of it could not be had yet, and is tried again


class SlotRow(TableRow):
    """One occurrence of a series, and the draft it will carry or carried."""

    __tablename__ = "slot"
    id: str = Field(primary_key=True)
    series: str
    at: dt.datetime
    local: str  # naive ISO wall time
    occasion: str = ""
    draft: str | None = Field(default=None, index=True, max_length=16)
    filled: bool = False
    why: str = ""
    excused: str = ""
    manual: bool = False  # made by a manual trigger or a backfill, not by the cadence


class DeliveryRow(TableRow):
    """The one sending of one slot's post to one channel."""

    __tablename__ = "delivery"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    slot: str = Field(foreign_key="slot.id")
    channel: str
    series: str
    at: dt.datetime  # the slot's instant
    grace: int = 600  # seconds: within this it is kept
    late: int = 43200  # seconds: after this it is missed
    state: str = State.PLANNED
    wake: dt.datetime | None = None  # when a tick must look at it again
    marker: str = Field(max_length=13)
    attempt: int = 0
    token: int = 0  # fencing: grows with every claim
    owner: str = ""  # who has it; of what is out: who amends it, or did so last
    lease: dt.datetime | None = None
    deadline: dt.datetime | None = None  # the request's own; SETTLE counts from it
    draft: str | None = Field(default=None, max_length=16)
    revision: str | None = Field(default=None, max_length=64)
    origin: str = ""
    member: str = ""
    frozen: str | None = Field(default=None, max_length=64)  # hash of the frozen post
    looks: int = 0  # read-backs made while unknown; of what is due again: that none could tell, so it may be there
    remote_id: str = ""
    url: str = Field(default="", sa_type=Text)
    finished: dt.datetime | None = None  # when it was there
    verdict: str = ""  # kept, late, filled, missed, excused; "" while open
    code: str = ""
    message: str = Field(default="", sa_type=Text)  # the last error, redacted


class FrozenRow(TableRow):
    """The bytes that a delivery sends: what is sent is what was frozen."""

    __tablename__ = "frozen"
    delivery: int = Field(foreign_key="delivery.id", primary_key=True, sa_type=BigInteger)
    hash: str = Field(max_length=64)
    post: bytes  # what was sent, or that compressed: `packed` says which
    at: dt.datetime
    packed: bool = False


class StepRow(TableRow):
    """One step of a thread or of a publish in several steps: begun, and its value once it is done."""

    __tablename__ = "step"
    delivery: int = Field(foreign_key="delivery.id", primary_key=True, sa_type=BigInteger)
    name: str = Field(primary_key=True)
    begun: dt.datetime
    value: str | None = None  # JSON


class ChannelStateRow(TableRow):
    """What one channel remembers under a key, who is just making it anew, and until when something of it holds."""

    __tablename__ = "channel_state"
    channel: str = Field(primary_key=True)
    key: str = Field(primary_key=True)  # an adapter's own, or `*writer`, `*pause`, `*pace`
    value: bytes | None = None  # sealed: see sealed.py
    expires: dt.datetime | None = None
    owner: str = ""
    until: dt.datetime | None = None  # by the ledger's own clock: see time_spans.py


class ReceiptRow(TableRow):
    """Proof of a delivery."""

    __tablename__ = "receipt"
    delivery: int = Field(foreign_key="delivery.id", primary_key=True, sa_type=BigInteger)
    remote_id: str
    url: str = Field(default="", sa_type=Text)
    at: dt.datetime
    seen: str  # answer, read-back, file, person, feed
    detail: dict[str, Any] = Field(default_factory=dict)


def page_in(detail: Mapping[str, Any], out: Path) -> Path | None:
    """The file below the channel's folder `out` that a person opens, where a receipt's detail names one there."""
    if not detail.get("page"):
        return None
    page = out / str(detail["page"])
    return page if page.resolve().is_relative_to(out.resolve()) and page.is_file() else None


class AmendmentRow(TableRow):
    """A revision that was sent to where a draft is out already; or that its post was to go."""

    __tablename__ = "amendment"
    delivery: int = Field(foreign_key="delivery.id", primary_key=True, sa_type=BigInteger)
    revision: str = Field(primary_key=True, max_length=64)  # "": it is taken away
    state: str  # sending, due, published, refused, unknown; cancelled: another one took its place
    at: dt.datetime  # when a person asked for it
    who: str = ""
    why: str = Field(default="", sa_type=Text)
    token: int = 0  # fencing: grows with every try
    tries: int = 0
    wake: dt.datetime | None = None  # when it is done again
    lease: dt.datetime | None = None
    finished: dt.datetime | None = None
    code: str = ""
    message: str = Field(default="", sa_type=Text)  # the last error, redacted


class EventRow(TableRow):
    """What happened to a delivery, in order, for people; nothing decides by it."""

    __tablename__ = "event"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    delivery: int | None = Field(default=None, sa_type=BigInteger)
    at: dt.datetime
    kind: str
    detail: str = Field(default="", sa_type=Text)


class AlarmRow(TableRow):
    """An alarm that was sent and is not yet closed, or was."""

    __tablename__ = "alarm"
    key: str = Field(primary_key=True)  # kind:series[:channel]
    kind: str  # starvation, machinery
    opened: dt.datetime
    sent: dt.datetime | None = None  # null: nobody could be told yet
    closed: dt.datetime | None = None
    text: str = Field(sa_type=Text)


class InviteRow(TableRow):
    """Who may open a member's page. Its token is known to that member alone: here is its SHA-256."""

    __tablename__ = "invite"
    hash: str = Field(primary_key=True, max_length=64)
    member: str
    made: dt.datetime
    who: str = ""  # who made it
    expires: dt.datetime
    revoked: dt.datetime | None = None
    used: dt.datetime | None = None  # last, within some minutes


class PersonRow(TableRow):
    """Who may log in to the desk, and what their role lets them do. Of the password here is its argon2id hash."""

    __tablename__ = "person"
    name: str = Field(primary_key=True)
    role: str  # reader, member, editor, owner
    series: list[str] = Field(default_factory=list)  # an editor's; empty: all
    password: str = Field(sa_type=Text)
    made: dt.datetime
    ended: dt.datetime | None = None
    language: str | None = None  # that they read the desk in


class SessionRow(TableRow):
    """One log-in. Its token is a cookie of that browser alone: here is its SHA-256."""

    __tablename__ = "session"
    hash: str = Field(primary_key=True, max_length=64)
    person: str = Field(foreign_key="person.name")
    made: dt.datetime
    expires: dt.datetime
    used: dt.datetime  # last, within some minutes
    ended: dt.datetime | None = None


class ApiTokenRow(TableRow):
    """What lets a program in for a person: it may do what both the person and the token may. Here is its SHA-256."""

    __tablename__ = "api_token"
    hash: str = Field(primary_key=True, max_length=64)
    person: str = Field(foreign_key="person.name")
    label: str = ""
    role: str  # it may do no more than this
    series: list[str] = Field(default_factory=list)  # empty: its person's
    made: dt.datetime
    expires: dt.datetime | None = None
    revoked: dt.datetime | None = None
    used: dt.datetime | None = None  # last, within some minutes


class AuditRow(TableRow):
    """One change that somebody made: who, by what, and of what kind. No secret and no text of a draft stands here."""

    __tablename__ = "audit"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    at: dt.datetime
    who: str
    via: str  # desk, api, cli, mcp
    act: str
    subject: str = ""
    detail: str = Field(default="", sa_type=Text)


class IdempotencyRow(TableRow):
    """A change that a program asked for under a key of its own, and its answer: asked again, it is answered again."""

    __tablename__ = "idempotency"
    person: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request: str = Field(max_length=64)  # its hash: another request under this key is refused
    status: int | None = None  # null: it is under way
    body: str = Field(default="", sa_type=Text)
    made: dt.datetime


class AskRow(TableRow):
    """A member who is asked to write for a slot. Whether it was met is no state: the slot's draft tells."""

    __tablename__ = "ask"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    slot: str  # its id: the slot itself need not be planned yet
    series: str
    at: dt.datetime  # the slot's instant
    member: str
    asked: dt.datetime
    who: str = ""  # who asked
    due: str = Field(max_length=10)  # the local day by whose end it is wanted, as ISO writes it
    note: str = Field(default="", sa_type=Text)
    state: str = "open"  # open, taken, declined, withdrawn
    answered: dt.datetime | None = None  # by the member
    draft: str | None = Field(default=None, index=True, max_length=16)  # what they sent for it
    sequence: int = 0  # how often it changed: calendar programs ask
    changed: dt.datetime


class PublishRequestRow(TableRow):
    """A program that asks a person to publish a slot ahead of its hour, with the draft that it carried."""

    __tablename__ = "publish_request"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    slot: str
    series: str
    at: dt.datetime  # the slot's instant
    draft: str = Field(max_length=16)
    revision: str = Field(max_length=64)
    who: str
    via: str  # mcp, api
    why: str = Field(default="", sa_type=Text)
    asked: dt.datetime
    state: str = "open"  # open, yes, no, withdrawn, lapsed
    answered: dt.datetime | None = None
    answered_by: str = ""
    note: str = Field(default="", sa_type=Text)  # of who answered


class RecordWeekRow(TableRow):
    """What was counted of a week that is over, so that nobody counts it again: see record_weeks.py."""

    __tablename__ = "record_week"
    monday: str = Field(primary_key=True, max_length=10)  # as ISO writes it; "": how far the weeks were counted
    counts: str = Field(sa_type=Text)  # JSON


class ArrivalRow(TableRow):
    """How many came on one day from one source, as one counter has it; a later count of the same goes over it."""

    __tablename__ = "arrival"
    counter: str = Field(primary_key=True)  # who counted: a name of steadycast.toml, or what a table is called
    day: str = Field(primary_key=True, max_length=10)  # local, as ISO writes it
    source: str = Field(primary_key=True)
    medium: str = Field(primary_key=True)
    campaign: str = Field(primary_key=True)
    content: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)  # visit, join, leave
    n: int = Field(sa_type=BigInteger)


class HandInRow(TableRow):
    """How one member's duty ended. It outlives the files, the roster and the rules that it was judged by."""

    __tablename__ = "handin"
    the_class: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)  # class@local time
    member: str = Field(primary_key=True)
    due: dt.datetime  # the slot's instant
    verdict: str  # kept, late, missed, excused
    draft: str | None = Field(default=None, max_length=16)
    revision: str | None = Field(default=None, max_length=64)
    at: dt.datetime | None = None  # when it was handed in
    seen: dt.datetime | None = None  # when it was found
    by: str = ""  # what `at` was taken from: look, window; or the person who corrected the verdict
    made_up_at: dt.datetime | None = None
    made_up_by: str | None = Field(default=None, max_length=16)  # the draft
    closes: dt.datetime | None = None  # making it up ends then; null: settled
    note: str = Field(default="", sa_type=Text)


class MemberStandingRow(TableRow):
    """What happened to a member of a class: a leave, a warning, a decision, a turn; by whom and why."""

    __tablename__ = "member_standing"
    id: int | None = Field(default=None, sa_type=RowId, primary_key=True)
    member: str
    the_class: str
    at: dt.datetime
    what: str  # joined, leave, warned, up, out, kept, returned, moved, turn, lead
    first: str = Field(default="", max_length=10)  # local days of a leave or a turn, as ISO writes them
    last: str = Field(default="", max_length=10)
    who: str = ""
    why: str = Field(default="", sa_type=Text)


class CommentRow(TableRow):
    """Who was drawn to comment on whose hand-in, and whether it was done: a later roster cannot change a round."""

    __tablename__ = "comment"
    the_class: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    reviewer: str = Field(primary_key=True)
    author: str = Field(primary_key=True)
    draft: str = Field(default="", max_length=16)
    due: dt.datetime
    done_at: dt.datetime | None = None
    how: str = ""  # file, feed, person


class MetaRow(TableRow):
    """Installation-wide values: the marker's secret, the time of the last tick."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str = Field(sa_type=Text)
