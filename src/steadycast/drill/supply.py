"""Who hands in what when, in one simulated stretch of time: drawn from counts a week, the same for the same seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from steadycast.schedule.model import Form, Origin

WEEK = 7
AWAKE = (8 * 60, 23 * 60)  # minutes of a day between which people write


@dataclass(frozen=True, slots=True)
class Source:
    """One stream of drafts: counts a week, in order or to be drawn from, and how much of them may be published."""

    name: str
    counts: Sequence[int]
    in_order: bool = False
    share: float = 1.0
    origin: Origin = Origin.UGC
    writers: tuple[str, ...] = ()  # members; () for the house
    series: str = ""
    form: Form = Form.ARTICLE
    opening: int = 0
    evergreens: int = 0
    away: Collection[dt.date] = ()


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """One draft as it is dropped."""

    at: dt.datetime
    path: str  # below content/
    member: str
    series: str
    form: Form
    evergreen: bool = False
    duty: dt.datetime | None = None  # what it is handed in for
    letters: int = 0  # it has at least so many


def hand_ins(  # noqa: PLR0917 a class, and how its members are
    name: str,
    dues: Sequence[dt.datetime],
    members: Sequence[str],
    least: int,
    chances: tuple[float, float, float],
    seed: int,
) -> list[Piece]:
    """What the members of a class hand in, each within the two days before it is due.

    `chances` are those that a member never begins, gives up at a duty, and hands in.
    """
    dice, found = random.Random(f"{seed}/class/{name}"), list[Piece]()  # noqa: S311 it is to come out the same again
    no_show, gives_up, rate = chances
    for member in members:
        here = dice.random() >= no_show
        for n, due in enumerate(dues):
            here = here and dice.random() >= gives_up
            at = due - dt.timedelta(minutes=dice.randrange(1, 2 * 24 * 60))
            if here and dice.random() < rate:
                path = f"ugc/{member}/{name}-{n:03d}.md"
                found.append(Piece(at, path, member, name, Form.ARTICLE, duty=due, letters=least))
    return sorted(found)


def pieces(sources: Sequence[Source], seed: int, start: dt.date, days: int, zone: ZoneInfo) -> list[Piece]:
    """Everything that is handed in from `start` on for so many days, in order of time."""
    return sorted(piece for source in sources for piece in _of(source, seed, start, days, zone))


def _of(source: Source, seed: int, start: dt.date, days: int, zone: ZoneInfo) -> Iterator[Piece]:
    dice = random.Random(f"{seed}/{source.name}")  # noqa: S311 a drill is to come out the same again
    number = 0
    for n in range(source.opening + source.evergreens):
        yield _piece(source, dice, number, _instant(start, 0, zone), n >= source.opening)
        number += 1
    for week in range(-(-days // WEEK)):
        many = source.counts[week % len(source.counts)] if source.in_order else dice.choice(source.counts or [0])
        for _ in range(many):
            fit = source.share >= 1 or dice.random() < source.share
            day, minute = start + dt.timedelta(days=WEEK * week + dice.randrange(WEEK)), dice.randrange(*AWAKE)
            if fit and day not in source.away and (day - start).days < days:
                yield _piece(source, dice, number, _instant(day, minute, zone))
                number += 1


def _instant(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    local = dt.datetime.combine(day, dt.time(minute // 60, minute % 60), tzinfo=zone)
    return local.astimezone(dt.UTC)


def _piece(source: Source, dice: random.Random, number: int, at: dt.datetime, evergreen: bool = False) -> Piece:
    member = dice.choice(source.writers) if source.writers else ""
    folder = f"ugc/{member}" if member else "pgc"
    return Piece(at, f"{folder}/{source.name}-{number:05d}.md", member, source.series, source.form, evergreen)


def text_of(piece: Piece) -> str:
    """The draft's file: short, like no other, and all that the product asks of one."""
    front = [] if piece.duty else [f"date: {piece.at.isoformat()}"]  # a duty is judged by the file's own time
    front += [f"series: {piece.series}"] if piece.series else []
    front += ["evergreen: true"] if piece.evergreen else []
    front += [f"media: {SAMPLES[piece.form]}"] if piece.form in SAMPLES else []
    name = piece.path.rpartition("/")[2].removesuffix(".md")
    body = f"{name}, {piece.at:%Y-%m-%d}." + "字" * piece.letters
    return "\n".join(["---", *front, "---", f"# {name}", "", body, ""])


SAMPLES: Mapping[Form, str] = {Form.AUDIO: "sound.mp3", Form.VIDEO: "film.mp4"}
