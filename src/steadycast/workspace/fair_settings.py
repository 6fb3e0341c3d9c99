"""What steadycast.toml may say of fairness: [fair], and the steps of a series' mix."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.schedule.model import MixAbove, Origin
from steadycast.schedule.shares import Limits
from steadycast.workspace.values import Model, Span


def share(text: str) -> str:
    """A share such as "40%"; "" is none."""
    if text and not re.fullmatch(r"(?:[1-9]\d?|100)%", text):
        message = _('%(value)s is no share; write one from "1%%" to "100%%", or "" for none', value=quoted(text))
        raise ValueError(message)
    return text


Share = Annotated[str, AfterValidator(share)]


class Fair(Model):
    """[fair]: from which figures on somebody is told."""

    top: Share = ""  # one member's share of the members' slots of the last 30 days
    founder: Share = ""  # the founder's share of all slots of that time
    wait: Span = dt.timedelta()  # an approved draft without a slot, as long as that; 0: never
    decided: Share = ""  # one person's share of a series' decisions of that time
    waiting: int = Field(default=0, ge=0, le=1000)  # drafts of one member that the inbox shows at once; 0: all

    @property
    def limits(self) -> Limits:
        """The figures that are told of."""
        top, founder, decided = (int(each.rstrip("%") or 0) / 100 for each in (self.top, self.founder, self.decided))
        return Limits(top, founder, self.wait, decided)


class MixAt(Model):
    """One of [series.NAME] mix_at: the mix from so many active members on."""

    active: int = Field(ge=1, le=1_000_000)
    pgc: int = Field(default=0, ge=0, le=100)
    ugc: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _asks_for_something(self) -> MixAt:
        if not self.pgc + self.ugc:
            message = _("is no mix; write { active = 60, pgc = 7, ugc = 3 }")
            raise ValueError(message)
        return self

    @property
    def above(self) -> MixAbove:
        """The step, ready for the schedule."""
        return MixAbove(self.active, {Origin.PGC: self.pgc, Origin.UGC: self.ugc})


def rising(steps: tuple[MixAt, ...], *, base: bool) -> None:
    """Raises ValueError where steps are not in order of their numbers, or no mix holds before the first."""
    if steps and not base:
        message = _("mix_at needs a mix that holds before it: mix = { pgc = 3, ugc = 7 }")
        raise ValueError(message)
    for one, other in pairwise(steps):
        if other.active <= one.active:
            message = _(
                "mix_at: %(more)s stands after %(less)s; write the steps in rising order",
                more=other.active,
                less=one.active,
            )
            raise ValueError(message)
