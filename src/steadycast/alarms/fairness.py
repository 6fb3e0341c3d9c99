"""What is told of fairness: figures at their limits, and steps of a mix. They name series and nobody, as alarms may
be read in a group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from steadycast.alarms.due import Alarm, alarm
from steadycast.language import N_, of_tag
from steadycast.schedule.mix_steps import MixStep
from steadycast.schedule.model import Origin
from steadycast.schedule.shares import Breach

STEPS = {
    "grew": N_("%(series)s: the mix is now %(mix)s (house : members), as %(num)s members are active."),
    "shrank": N_("%(series)s: the mix is %(mix)s (house : members) again, as only %(num)s members are active."),
    "settings": N_("%(series)s: the mix is now %(mix)s (house : members), as the settings ask; %(num)s are active."),
}
SEE = N_("`steadycast fair` shows the figures.")


def fair_alarms(
    breaches: Iterable[Breach], steps: Iterable[tuple[str, MixStep]], titles: Mapping[str, str], language: str
) -> list[Alarm]:
    """Alarms fair:all:top|founder|wait and series:NAME:decided; the news mix:NAME:stepped. `titles` are of series."""
    return [*_breached(breaches, titles, language), *_stepped(steps, titles, language)]


def _breached(breaches: Iterable[Breach], titles: Mapping[str, str], language: str) -> Iterator[Alarm]:
    say = of_tag(language)
    _, see = say.gettext, say.gettext(SEE)
    for each in breaches:
        share = say.percent(each.share)
        if each.kind == "top":
            told = _("One member has %(share)s of the members' slots of the last 30 days.", share=share)
        elif each.kind == "founder":
            told = _("The founder has %(share)s of the slots of the last 30 days.", share=share)
        elif each.kind == "wait":
            told = _("A draft has waited for a slot for %(span)s.", span=say.length(each.wait))
        else:
            title = titles.get(each.series, each.series)
            told = _(
                "%(series)s: one person made %(share)s of the decisions of the last 30 days.", series=title, share=share
            )
            yield alarm("series", each.series, "decided", told, see)
            continue
        yield alarm("fair", "all", each.kind, told, see)


def _stepped(steps: Iterable[tuple[str, MixStep]], titles: Mapping[str, str], language: str) -> Iterator[Alarm]:
    say = of_tag(language)
    for name, step in steps:
        mix = f"{step.mix.get(Origin.PGC, 0)} : {step.mix.get(Origin.UGC, 0)}"
        told = say.gettext(STEPS[step.why], series=titles.get(name, name), mix=mix, num=step.active)
        yield alarm("mix", name, "stepped", told)
