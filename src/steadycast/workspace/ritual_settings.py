"""[[ritual]] and [asks]: what a community marks, and how those who are asked to write are reminded."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.schedule.days import DAY
from steadycast.schedule.occasions import When, parse_when
from steadycast.workspace.values import NAME, Model, Span

LONGEST_LEAD = 90 * DAY
LONGEST_REMINDER = 30 * DAY


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


class AsksTable(Model):
    """[asks]: how those who are asked to write for a slot are reminded."""

    channel: str = Field(default="", pattern=f"{NAME}|^$")  # the group's own; "": nobody is reminded
    before: Span = DAY  # so long before the day on whose end it is wanted
    at: str = "09:00"  # local time

    @property
    def hour(self) -> dt.time:
        """The local hour of a reminder."""
        return dt.time.fromisoformat(self.at)

    @field_validator("at")
    @classmethod
    def _an_hour(cls, at: str) -> str:
        if not re.fullmatch(r"(?:[01]\d|2[0-3]):[0-5]\d", at):
            message = _('%(said)s is no hour; write "09:00"', said=quoted(at[:20]))
            raise ValueError(message)
        return at

    @field_validator("before")
    @classmethod
    def _in_days(cls, before: dt.timedelta) -> dt.timedelta:
        if before % DAY or before > LONGEST_REMINDER:
            message = _("a reminder comes 0 to %(num)s whole days before the day", num=LONGEST_REMINDER.days)
            raise ValueError(message)
        return before
