"""What tests of classes stand on: a class of 77 over eight Sundays, a workspace with one, and what was handed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.classes.duties import duties
from steadycast.classes.judging import judge
from steadycast.classes.model import Class, Duty, HandIn, LeaveLimits, MemberStanding, OutRule, Seat, Work
from steadycast.ledger.tables import HandInRow
from steadycast.pipeline import App
from steadycast.schedule.model import Series
from steadycast.workspace import load

ZONE = ZoneInfo("Asia/Shanghai")
COMMUNITY = """[community]
name = "c"
timezone = "Asia/Shanghai"
language = "en"

"""
SPRING_FESTIVAL = dt.date(2027, 2, 7)


def at(text: str, zone: ZoneInfo = ZONE) -> dt.datetime:
    """The instant of "2027-01-10 20:00" in Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


def a_class(**more: Any) -> Class:
    given = {
        "name": "c16", "every": "week on sun at 20:00", "zone": ZONE, "start": dt.date(2027, 1, 4),
        "grace": dt.timedelta(), "late": dt.timedelta(hours=4), "days_off": {SPRING_FESTIVAL: "Spring Festival"},
    }  # fmt: skip
    rhythm = Series(**{**given, **{name: more.pop(name) for name in [*more] if name in Series.__dataclass_fields__}})
    return Class(rhythm.name, rhythm, **{"out": OutRule(1), "leave": LeaveLimits(), **more})


def members(n: int = 77) -> list[str]:
    return [f"m{number:02}" for number in range(1, n + 1)]


def works(times: Iterable[str | dt.datetime]) -> list[Work]:
    """Drafts that were seen when they were handed in, a name each."""
    moments = sorted(each if isinstance(each, dt.datetime) else at(each) for each in times)
    return [Work(each, f"d{each:%m%d%H%M}", "r", each) for each in moments]


def judged(
    the_class: Class,
    seats: Sequence[Seat],
    handed: Callable[[str], list[Work]],
    now: dt.datetime,
    standings: Sequence[MemberStanding] = (),
    looked: dt.datetime | None = None,
) -> tuple[dict[str, list[Duty]], dict[str, list[HandIn]]]:
    """Member -> duties, and member -> how they ended, with all sources looked at just before `now`."""
    start = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    owed = duties(the_class, seats, standings, start, now + dt.timedelta(days=15))
    return owed, {
        member: judge(the_class, member, its, handed(member), looked or now, now) for member, its in owed.items()
    }


def workspace_of(root: Path, settings: str, roster: str, turns: str = "") -> App:
    """A workspace of these settings and that roster; it opens anew where there is one."""
    files = {"steadycast.toml": COMMUNITY + settings, "roster.csv": roster, "turns.csv": turns}
    for name, text in files.items():
        if text:
            (root / name).write_text(text, encoding="utf-8")
    (root / "content" / "pgc").mkdir(parents=True, exist_ok=True)
    return App(load(root))


def handed_in(app: App, due: dt.datetime, verdicts: Mapping[str, str], **more: Any) -> str:
    """How each member's duty of that hour ended in the class c16; its slot."""
    slot = f"c16@{due.astimezone(ZONE):%Y-%m-%dT%H:%M}"
    given = {"draft": "d", "at": due, **more}
    app.ledger.put_hand_ins(
        HandInRow(the_class="c16", slot=slot, member=member, due=due, verdict=verdict, **given)
        for member, verdict in verdicts.items()
    )
    return slot
