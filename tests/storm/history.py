"""What happened, as both sides wrote it down: the only thing that the checker is given."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DONE
from storm.log import lines

ONE_WRITER = "conditional"  # the platform that says so


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    t: float  # the machine's monotonic clock, in seconds: the same for every process
    what: str
    more: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.more[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class Story:
    """One delivery's: what was promised, what each side did about it, and how the ledger says it ended."""

    key: str
    kind: str  # the storm's platform
    delivery: str  # its class: conditional, read-back, blind
    parts: int = 1
    ours: list[Line] = field(default_factory=list)  # attempt, invoke, answer, fail, maybe, receipt, looked
    theirs: list[Line] = field(default_factory=list)  # arrived, answered, taken, again, drafted, moderated
    events: list[str] = field(default_factory=list)  # the ledger's own, in order
    state: str = ""
    receipt: str | None = None  # its remote id
    told: bool = False  # a person is shown it
    wakes: bool = False  # the ledger means to look at it again by itself
    channel: str = ""
    alone: bool = False  # its channel has one writer


@dataclass
class History:
    """Every delivery's story, and what the bargain with the far side is."""

    stories: list[Story]
    deadline: float  # seconds
    settle: float


Logs = dict[str, dict[str, list[Line]]]  # key -> side -> its lines
Kinds = dict[str, tuple[str, str, int]]  # channel -> platform, class, parts


def logs(folder: Path) -> Logs:
    """What both sides wrote so far."""
    by_key: Logs = defaultdict(lambda: {"ours": [], "far": []})
    for side in ("ours", "far"):
        path = folder / f"{side}.log"
        for line in lines(path) if path.exists() else ():
            t, what = line.pop("t"), line.pop("what")
            by_key[line.get("key", "")][side].append(Line(t, what, line))
    return by_key


def stories(ledger: Ledger, read: Logs, kinds: Kinds) -> list[Story]:
    """Every delivery of a ledger; the logs are read before it, so that it may know more than they, and never less."""
    waiting = {w.id for w in ledger.waiting()}
    receipts, events = _receipts(ledger), _events(ledger)
    found = []
    for row in ledger.deliveries():
        kind, delivery, parts = kinds[row.channel]
        both = read[row.marker]
        assert row.id is not None
        found.append(
            Story(
                row.marker,
                kind,
                delivery,
                parts,
                both["ours"],
                both["far"],
                events.get(row.id, []),
                row.state,
                receipts.get(row.id) if row.state in DONE else None,
                row.id in waiting,
                row.wake is not None,
                row.channel,
                kind == ONE_WRITER,
            )
        )
    return found


def _receipts(ledger: Ledger) -> dict[int, str]:
    with ledger.read() as connection:
        return dict(connection.exec_driver_sql("SELECT delivery, remote_id FROM receipt").tuples().all())


def _events(ledger: Ledger) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    with ledger.read() as connection:
        for delivery, kind in connection.exec_driver_sql("SELECT delivery, kind FROM event ORDER BY id"):
            found[delivery].append(kind)
    return found
