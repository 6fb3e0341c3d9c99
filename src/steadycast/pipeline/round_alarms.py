"""What is wrong with rounds and turns, for alarms: authors without a word, turns that nobody has."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from steadycast.alarms.due import Alarm, alarm
from steadycast.classes.turns import THE_CLASS
from steadycast.language import Language, of_tag
from steadycast.pipeline import rounds, turns
from steadycast.pipeline.app import App
from steadycast.pipeline.turns import Roll


def alarms_of_rounds(app: App, now: dt.datetime) -> list[Alarm]:
    """class:NAME:alone, a day after comments were due, where an author has none; class:NAME:noturn, where nobody is
    there for a turn that runs or begins within a week. No member's name is in them: they may be read in a group.
    """
    say = of_tag(app.workspace.community.language)
    return [told for roll in turns.rolls(app) for told in _of(app, roll, now, say)]


def _of(app: App, roll: Roll, now: dt.datetime, say: Language) -> Iterator[Alarm]:
    the_class = roll.the_class
    left = rounds.left_alone(app, the_class, now) if the_class.comments.each else None
    if left:
        told = say.ngettext(
            "%(title)s: nobody has commented on the hand-in of %(num)s member.",
            "%(title)s: nobody has commented on the hand-ins of %(num)s members.",
            len(left.alone),
            title=the_class.title,
        )
        yield alarm("class", the_class.name, "alone", told, say.gettext("`steadycast class round` shows whose."))
    nobody = turns.turns(app, roll, now).nobody(now.astimezone(the_class.rhythm.zone).date())
    if nobody:
        first = nobody[0]
        words = {"title": the_class.title, "period": first.period}
        told = (
            say.gettext("%(title)s: nobody is on duty in %(period)s.", **words)
            if first.group == THE_CLASS
            else say.gettext("%(title)s: nobody leads group %(group)s in %(period)s.", group=first.group, **words)
        )
        fix = say.gettext("Write a row into turns.csv: `steadycast turn show` lists the turns.")
        yield alarm("class", the_class.name, "noturn", told, fix)
