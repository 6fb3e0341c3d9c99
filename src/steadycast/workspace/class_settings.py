"""[class.NAME]: members who owe hand-ins on a rhythm, as steadycast.toml writes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from steadycast.classes.model import NEXT, NONE, Class, Comments, LeaveLimits, OutRule
from steadycast.errors import SettingsError, with_hint
from steadycast.language import gettext as _
from steadycast.schedule.cadence import parse
from steadycast.schedule.model import Form, Series
from steadycast.workspace.values import FormerNames, Model, Skip, Span, Zone, duration

DAY = dt.timedelta(days=1)


class LeaveTable(Model):
    """[class.NAME.leave]: what a leave has to keep to."""

    notice: Span = dt.timedelta(days=7)
    most: Span = dt.timedelta(days=30)
    per_year: int = Field(default=3, ge=0, le=100)

    @field_validator("notice", "most")
    @classmethod
    def _whole_days(cls, span: dt.timedelta) -> dt.timedelta:
        if span % DAY:
            message = _('leave is counted in whole days; write "7d"')
            raise ValueError(message)
        return span


class CommentTable(Model):
    """[class.NAME.comment]: the comments that members owe each other on one duty slot."""

    each: int = Field(default=0, ge=0, le=20)
    within: Span = dt.timedelta(hours=24)
    least: int = Field(default=0, ge=0, le=100_000)
    of: Literal["class", "group"] = "class"


class ClassTable(Model):
    """[class.NAME]: a class, as written; `Workspace.classes` holds it as classes.model.Class."""

    title: str = Field(default="", max_length=80)
    was: FormerNames = ()  # its names before it was renamed
    every: str | None = None
    rrule: str | None = None
    start: dt.date
    until: dt.date | None = None
    skip: tuple[Skip, ...] = ()
    grace: Span = dt.timedelta()
    late: Span = dt.timedelta(hours=4)
    forms: tuple[Form, ...] = (Form.ARTICLE,)
    least: int = Field(default=0, ge=0, le=1_000_000)
    makeup: str = NEXT
    out: str = ""
    enforce: Literal["person", "rule"] = "person"
    leave: LeaveTable = Field(default_factory=LeaveTable)
    comment: CommentTable = Field(default_factory=CommentTable)
    group: int = Field(default=8, ge=1, le=1000)
    turn: Literal["week", "month", ""] = ""
    publish: Literal["offer", "keep"] = "offer"

    @field_validator("makeup")
    @classmethod
    def _a_make_up(cls, makeup: str) -> str:
        if makeup not in (NEXT, NONE):
            try:
                duration(makeup)
            except ValueError:
                message = _('write "next", "none" or a length of time such as "3d"')
                raise ValueError(message) from None
        return makeup

    @field_validator("out")
    @classmethod
    def _a_rule(cls, out: str) -> str:
        if out.strip():
            OutRule.read(out)
        return out.strip()

    @field_validator("forms")
    @classmethod
    def _handed_in(cls, forms: tuple[Form, ...]) -> tuple[Form, ...]:
        if not forms:
            message = _('name at least one form: ["article"]')
            raise ValueError(message)
        return forms

    @model_validator(mode="after")
    def _one_rhythm(self) -> ClassTable:
        if (self.every is None) == (self.rrule is None):
            message = _('give it exactly one rhythm: every = "week on sun at 20:00", or rrule = "FREQ=..."')
            raise ValueError(message)
        try:
            parse(self.every, self.rrule)
        except SettingsError as error:
            raise ValueError(with_hint(error.message, error.hint)) from None
        if self.grace > self.late:
            message = _("grace is longer than late: a hand-in would be missed before it could be late")
            raise ValueError(message)
        return self

    def built(self, name: str, zone: Zone, days_off: Mapping[dt.date, str]) -> Class:
        """The class, ready to be judged; `days_off` says why nothing is owed on a day, where it is left out."""
        rhythm = Series(
            name=name,
            title=self.title or name,
            every=self.every,
            rrule=self.rrule,
            zone=zone,
            start=self.start,
            until=self.until,
            forms=self.forms,
            grace=self.grace,
            late=self.late,
            days_off=days_off,
        )
        return Class(
            name,
            rhythm,
            title=self.title or name,
            was=self.was,
            least=self.least,
            makeup=self.makeup if self.makeup in (NEXT, NONE) else duration(self.makeup),  # type: ignore[arg-type]
            out=OutRule.read(self.out) if self.out else None,
            by_rule=self.enforce == "rule",
            leave=LeaveLimits(self.leave.notice, self.leave.most, self.leave.per_year),
            comments=Comments(self.comment.each, self.comment.within, self.comment.least, self.comment.of),
            group=self.group,
            turn=self.turn,
            offered=self.publish == "offer",
        )
