"""[[ritual]]: what a community marks."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from steadycast.language import gettext as _
from steadycast.schedule.days import DAY
from steadycast.schedule.occasions import When, parse_when
from steadycast.workspace.values import NAME, Model, Span

LONGEST_LEAD = 90 * DAY


def _readable(text: str) -> str:
    parse_when(text)
    return " ".join(text.split())


class RitualTable(Model):
    """[[ritual]]: a day that the community marks; the draft for it is written ahead, and waits for an editor."""

    when: Annotated[str, AfterValidator(_readable)]
    series: str = Field(pattern=NAME)  # whose slot carries it
    template: str = Field(pattern=NAME)  # templates/rituals/NAME.md.j2
    lead: Span = 7 * DAY  # how long ahead of its slot the draft lies ready

    @property
    def meant(self) -> When:
        """What `when` waits for."""
        return parse_when(self.when)

    @field_validator("lead")
    @classmethod
    def _not_too_early(cls, lead: dt.timedelta) -> dt.timedelta:
        if not DAY <= lead <= LONGEST_LEAD:
            message = _("a draft lies ready from 1 to %(num)s days ahead", num=LONGEST_LEAD.days)
            raise ValueError(message)
        return lead
