"""What drafts are made with, of settings and platforms, as plain values. It is kept beside what was made of them.

Loading what reads and checks settings takes longer than to make a draft for all channels. So a run takes them as an
earlier one read them, as long as no file is another that they come from (its inputs).
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from steadycast.crash_safety import cache_files
from steadycast.platform import Platform
from steadycast.platform.as_values import as_values, of_values
from steadycast.workspace.paths import Paths
from steadycast.workspace.sayings import Sayings

Inputs = dict[str, list[int] | None]  # settings, templates, our own code -> facts
_LONGEST = 16 << 20  # bytes
FORM = f"2 {sys.version}"  # of this file: marshal's is another with each Python


class Community(NamedTuple):
    """[community], as far as posts say it."""

    name: str
    timezone: str
    language: str
    url: str
    description: str
    email: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone that posts tell times in."""
        return ZoneInfo(self.timezone)


class Member(NamedTuple):
    """[members.ID], as far as posts say it."""

    title: str
    url: str


class Call(NamedTuple):
    """[call.NAME]."""

    text: str
    url: str
    channels: tuple[str, ...]
    qr: str
    utm: bool


class Series(NamedTuple):
    """[series.NAME], as far as posts say it."""

    call: str


class Outlet(NamedTuple):
    """One channel to render for."""

    platform: Platform  # with this channel's limits
    settings: dict[str, Any]  # typed, defaults filled in
    title: str
    forms: tuple[str, ...]
    template: str  # post.<ext>.j2, or ""
    edition: str  # a hash of all that a post depends on besides its draft


@dataclass(frozen=True)
class Recipe(Paths, Sayings[Member, Call, Series]):
    """A workspace's folders, and what of its settings decides how its drafts look."""

    community: Community
    members: dict[str, Member]
    calls: dict[str, Call]
    promises: dict[str, Series]
    series_names: dict[str, str]  # what a draft may call a series, and the name that is meant
    max_bytes: int  # of a draft
    outlets: dict[str, Outlet]

    def save(self, file: Path, inputs: Inputs) -> None:
        """Keeps it; what cannot be kept, a date of channel.toml it may be, is read again each time."""
        with contextlib.suppress(ValueError, RecursionError, OSError):  # OSError: something else lies there
            file.unlink(missing_ok=True)
            data = marshal.dumps((str(self.root), inputs, [as_values(getattr(self, name)) for name in _PARTS]))
            fresh = file.with_suffix(".tmp")
            fresh.write_bytes(_sum(data) + data)
            fresh.replace(file)

    @classmethod
    def load(cls, file: Path, root: Path, inputs: Inputs) -> Recipe | None:
        """What was kept for that workspace and of these inputs; None where there is none that can be used."""
        try:
            kept = cache_files.read(file, _LONGEST)
            if kept[:32] != _sum(kept[32:]):  # what is damaged could end the process that reads it
                return None
            of_root, of_inputs, told = marshal.loads(kept[32:])  # noqa: S302  it holds values: none of them is run
            if (of_root, of_inputs) != (str(root), inputs):
                return None
            community, members, calls, promises, names, max_bytes, outlets = map(of_values, told)
            return cls(
                root,
                Community(*community),
                {name: Member(*each) for name, each in members.items()},
                {name: Call(*each) for name, each in calls.items()},
                {name: Series(*each) for name, each in promises.items()},
                names,
                max_bytes,
                {name: Outlet(*each) for name, each in outlets.items()},
            )
        except (OSError, ValueError, TypeError, LookupError, EOFError, AttributeError):
            return None


_PARTS = ("community", "members", "calls", "promises", "series_names", "max_bytes", "outlets")


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(FORM.encode() + data).digest()
