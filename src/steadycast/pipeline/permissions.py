"""Who may do what: four roles, each of which may all that the one before it may. Pure.

An editor may be limited to named series. Such a one may plan and decide what concerns these series alone, and nothing
that concerns the whole community. A token of a person may narrow both, and widens neither.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person is for the community, from the least to the most."""

    READER = "reader"
    MEMBER = "member"
    EDITOR = "editor"
    OWNER = "owner"


class Act(StrEnum):
    """A kind of thing that one does; every form of the desk and every call of the API is one of them."""

    READ = "read"  # look; and what is one's own alone: a language, a password
    SUBMIT = "submit"  # write a draft
    DECIDE = "decide"  # approve a draft, reject it, change or take away what is out
    PLAN = "plan"  # move, pin, skip, fill, publish now, ask a member
    SETTLE = "settle"  # say what became of a delivery, confirm a kit
    SETTINGS = "settings"  # steadycast.toml, channels and their secrets
    PEOPLE = "people"  # who may log in, and members' invites


ORDER = tuple(Role)
LEAST = {
    Act.READ: Role.READER,
    Act.SUBMIT: Role.MEMBER,
    Act.DECIDE: Role.EDITOR,
    Act.PLAN: Role.EDITOR,
    Act.SETTLE: Role.EDITOR,
    Act.SETTINGS: Role.OWNER,
    Act.PEOPLE: Role.OWNER,
}
LIMITED = {Act.DECIDE, Act.PLAN, Act.SETTLE}  # what an editor of named series does in these only


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is let in, and how far."""

    name: str
    role: Role
    series: frozenset[str] = frozenset()  # an editor's; empty: all
    of_all: bool = False  # limited as some series have editors of their own: what concerns no series is theirs as well

    def at_most(self, role: Role, series: Collection[str] = ()) -> Person:
        """The same person with no more than this role, and in no other series than these (empty: in all of theirs).

        Whoever is limited to series is an editor at most; where none is left, a member at most.
        """
        both = frozenset(series) & self.series if series and self.series else frozenset(series) or self.series
        bound = Role.OWNER if not series else Role.EDITOR if both else Role.MEMBER
        return Person(self.name, min(self.role, role, bound, key=ORDER.index), both, self.of_all and not series)

    def within(self, editors: Mapping[str, Collection[str]]) -> Person:
        """The same person where series have editors of their own: who is not among them decides nothing there.

        Owners decide everywhere. An editor who is left no series is a member at most.
        """
        if self.role is not Role.EDITOR or all(not names or self.name in names for names in editors.values()):
            return self
        open_ = {name for name, names in editors.items() if not names or self.name in names}
        left = frozenset(open_ & self.series if self.series else open_)
        return Person(self.name, Role.EDITOR if left else Role.MEMBER, left, of_all=bool(left) and not self.series)

    @property
    def is_limited(self) -> bool:
        """Whether this is an editor of named series."""
        return self.role is Role.EDITOR and bool(self.series)


def may(person: Person, act: Act, series: Collection[str] | None = None) -> bool:
    """Whether a person may do this, where it concerns these series; None: it concerns the whole community."""
    if not may_somewhere(person, act):
        return False
    if act not in LIMITED or not person.is_limited:
        return True
    if series is None:
        return person.of_all
    return bool(series) and person.series >= frozenset(series)


def may_somewhere(person: Person, act: Act) -> bool:
    """Whether a person may do this in any series at all."""
    return ORDER.index(person.role) >= ORDER.index(LEAST[act])


def may_write(person: Person, member: str, series: Collection[str] = (), *, waits: bool = False) -> bool:
    """Whether a person may write a draft of this member ("": of the house) that concerns these series.

    A member writes their own. What an editor of named series writes concerns these alone, where it is approved on
    arrival: only what `waits` for an approval may name others.
    """
    if not may_somewhere(person, Act.DECIDE):
        return may_somewhere(person, Act.SUBMIT) and member == person.name
    return waits or may(person, Act.DECIDE, series)
