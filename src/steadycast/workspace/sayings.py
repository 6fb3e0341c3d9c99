"""What posts say of members and at their end, by the settings: asked of a workspace, and of what is kept of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar


class WrittenMember(Protocol):
    """[members.ID]."""

    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str: ...


class WrittenCall(Protocol):
    """[call.NAME]."""

    @property
    def text(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def channels(self) -> tuple[str, ...]: ...
    @property
    def qr(self) -> str: ...
    @property
    def utm(self) -> bool: ...


class WrittenSeries(Protocol):
    """[series.NAME]."""

    @property
    def call(self) -> str: ...


M = TypeVar("M", bound=WrittenMember)
C = TypeVar("C", bound=WrittenCall)
S = TypeVar("S", bound=WrittenSeries)


class Sayings(Generic[M, C, S]):
    """The questions; who answers has the three tables."""

    members: Mapping[str, M]
    calls: Mapping[str, C]
    promises: Mapping[str, S]

    def call(self, channel: str, series: str = "", wanted: str = "") -> tuple[str, C] | None:
        """The call that a post has there, by name: the draft's `wanted` one, the series' own, else the first."""
        if not self.calls:
            return None
        table = self.promises.get(series)
        named = wanted or (table.call if table else "")
        found = ((name, call) for name, call in self.calls.items() if not named or name == named)
        return next(((n, call) for n, call in found if not call.channels or channel in call.channels), None)

    def member_url(self, member: str) -> str:
        """A member's own page, where steadycast.toml names one that is on the web."""
        url = self.members[member].url if member in self.members else ""
        return url if url.startswith(("http://", "https://")) else ""

    def member_title(self, member: str) -> str:
        """A member's name for people."""
        known = self.members.get(member)
        return (known.title if known else "") or member
