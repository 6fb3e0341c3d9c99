"""What steadycast.toml may say of being copied: [ready]."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from steadycast.schedule.gates import Asked
from steadycast.workspace.fair_settings import Share
from steadycast.workspace.values import Model, Span

USUAL = Asked()


class Ready(Model):
    """[ready]: what the gates of `steadycast ready` ask before the community is copied."""

    sentence: str = Field(default="", max_length=300)  # what the community is, in its leader's own words
    runway: Span = USUAL.runway  # of every series
    deciders: int = Field(default=USUAL.deciders, ge=1, le=100)  # people who decided something in 60 days
    decides: Share = Field(default="50%", min_length=2)  # one person's share of those decisions, at most
    waits: Span = USUAL.waits  # half of all drafts have a person's word within this time
    turns: int = Field(default=USUAL.turns, ge=1, le=100)  # the last turns, each by another person
    members: int = Field(default=USUAL.members, ge=1, le=10_000)  # who keep giving
    pieces: int = Field(default=USUAL.pieces, ge=1, le=100)  # that each of them gave: of four duties, or in four weeks
    absence: int = Field(default=USUAL.absence, ge=1, le=1000)  # members who gave half of what went out, at least
    founder: Share = Field(default="50%", min_length=2)  # the founder's share of what went out, at most
    active: int = Field(default=USUAL.active, ge=1, le=10_000)  # members in 30 days
    comments: Share = Field(default="60%", min_length=2)  # of those that were due
    stay: Share = Field(default="25%", min_length=2)  # of who came 90 days ago

    @property
    def asked(self) -> Asked:
        """What the gates ask."""
        values: dict[str, Any] = self.model_dump(exclude={"sentence"})
        shares = {key: int(each[:-1]) / 100 for key, each in values.items() if isinstance(each, str)}
        return Asked(**values | shares)
