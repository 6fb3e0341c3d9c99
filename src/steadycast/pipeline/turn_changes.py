"""Which turns somebody else has after a person's word than before it: the rota is worked out anew from there on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.pipeline import turns
from steadycast.pipeline.app import App
from steadycast.pipeline.turns import Roll

T = TypeVar("T")
Holders = Mapping[tuple[str, str], str]  # (period, group) -> member; "" is nobody


@dataclass(frozen=True, slots=True)
class TurnChange:
    """A turn that somebody else has than before."""

    period: str
    group: str  # "" for being on duty for the class
    was: str  # a member; "" is nobody
    member: str
    written: bool = False  # into turns.csv; else the rota gave it to another by itself
    the_class: str = ""

    def values(self) -> dict[str, Any]:
        """As JSON tells it."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {"class": told.pop("the_class"), **told}


def holders(app: App, the_class: str, now: dt.datetime) -> Holders:
    """Who has each turn that is in sight, as things are now; nobody where the roster cannot be read."""
    try:
        given = turns.roll(app, the_class)
    except InputError:  # `turn show` says why: it keeps nobody from a leave
        return {}
    found = turns.turns(app, given, now, turns.IN_SIGHT)
    return {(turn.period, turn.group): turn.member for _period, its in found.periods for turn in its}


def changes(
    the_class: str, before: Holders, after: Holders, written: Collection[tuple[str, str]] = ()
) -> list[TurnChange]:
    """The turns that somebody else has than before, in order of time; `written` are those that a person gave."""
    return [
        TurnChange(*key, before.get(key, ""), member, key in written, the_class)
        for key, member in after.items()
        if before.get(key, "") != member
    ]


def watched(app: App, classes: Iterable[str], now: dt.datetime, act: Callable[[], T]) -> tuple[T, list[TurnChange]]:
    """What a person's word on a member answers, and the turns of these classes that somebody else has for it."""
    before = {name: holders(app, name, now) for name in classes}
    done = act()
    return done, [each for name, its in before.items() for each in changes(name, its, holders(app, name, now))]


def swap(
    app: App, given: Roll, member: str, other: str, now: dt.datetime, *, period: str = "", why: str = ""
) -> list[TurnChange]:
    """What `turns.swap` changes, all of it: the turns that were given, and those that the rota moved for it."""
    name = given.the_class.name
    before = holders(app, name, now)
    rows = turns.swap(app, given, member, other, now, period=period, why=why)
    return changes(name, before, holders(app, name, now), {(at, group) for at, group, _member in rows})


def said_of_swap(app: App, given: Roll, changed: Collection[TurnChange]) -> list[str]:
    """What to say of a swap: the turns that were given, and apart from them those that moved by themselves."""
    given_, moved = ([each for each in changed if each.written is written] for written in (True, False))
    if not changed:
        return [_("It is written into turns.csv. No turn in sight changes hands.")]
    said = _lines(app, given, given_)
    if moved:
        said.append(_("The other turns from then on are worked out anew. These change hands too:"))
    return said + _lines(app, given, moved)


def said_of(app: App, changed: Collection[TurnChange]) -> list[str]:
    """What to say of the turns that somebody else has for a word on a member; nothing where there are none."""
    said, classes = [], list(dict.fromkeys(each.the_class for each in changed))
    for name in classes:
        given = turns.roll(app, name)
        title, head = given.the_class.title, _("These turns change hands:")
        said.append(head if len(classes) == 1 else _("In %(class_title)s these turns change hands:", class_title=title))
        said += _lines(app, given, [each for each in changed if each.the_class == name])
    return said


def _lines(app: App, given: Roll, changed: Iterable[TurnChange]) -> list[str]:
    return [
        _(
            "%(period)s, %(group)s: %(was)s → %(now)s",
            period=each.period,
            group=each.group or _("the class"),
            was=given.title(app, each.was) or _("nobody"),
            now=given.title(app, each.member) or _("nobody"),
        )
        for each in changed
    ]


def within(said: Sequence[str], most: int) -> str:
    """Lines as one text of at most so many characters; where they are more, it says so at the end."""
    shown = list(said)
    while len(shown) > 1 and sum(map(len, shown)) + len(shown) > most:
        shown.pop()
        shown[-1] = _("and more turns: `steadycast turn show` lists all")
    return "\n".join(shown)
