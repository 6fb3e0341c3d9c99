"""The command about shares: who writes, who decides, how long drafts wait."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, say, show
from steadycast.language import N_, current
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.parameters import Json
    from steadycast.pipeline.fair import Fair


def fair(*, json: Json = False) -> int:
    """Show who wrote and who decided in the last 30 days, how long drafts waited, and the mix.

    Exit 1 when a figure is at a limit that [fair] sets.
    """
    with pipeline.App.open(readonly=True) as app:
        found = pipeline.fair.fair(app, pipeline.now())
    if json:
        as_json(found.plain())
    else:
        rows = [
            {
                "who": voice.title or _("the house"),
                "slots": voice.slots,
                "share": current().percent(voice.share),
                "decisions": voice.decisions,
                "decided": current().percent(voice.decided),
            }
            for voice in found.voices
        ]
        columns = {"who": "by", "slots": "slots", "share": "share", "decisions": "decisions", "decided": "of these"}
        show(rows, columns, title=_("The last 30 days"), empty=_("Nothing went out and nothing was decided."))
        say(*_lines(found))
    return NEEDS_A_PERSON if found.breaches else OK


def _lines(found: Fair) -> list[str]:
    shares, words = found.shares, found.shares.words
    lines = [
        _(
            "Active members: %(num)s (%(new)s new, %(back)s had been out before).",
            num=found.active,
            new=shares.new,
            back=shares.returning,
        )
    ]
    if words.total:
        lines.append(
            _(
                "Largest share %(top)s; %(factor)s made half of it; as many voices as %(effective)s; Gini %(gini)s.",
                top=current().percent(words.top),
                factor=words.absence_factor,
                effective=round(words.effective, 2),
                gini=round(words.gini, 2),
            )
        )
        lines.append(_("The founder's share of all: %(share)s.", share=current().percent(shares.founder)))
    waits = shares.waits
    if waits.p50 is not None and waits.p90 is not None:
        lines.append(
            _(
                "From coming in to going out: half within %(half)s, nine of ten within %(most)s.",
                half=_length(waits.p50),
                most=_length(waits.p90),
            )
        )
    if waits.oldest is not None:
        lines.append(_("The longest wait in stock without a slot: %(span)s.", span=_length(waits.oldest)))
    for each in found.mixes:
        asked, real = (
            " : ".join(str(parts.get(origin, 0)) for origin in ("pgc", "ugc")) for parts in (each.asked, each.real)
        )
        lines.append(
            _(
                "%(series)s: %(mix)s.",
                series=each.title,
                mix=_("asked %(asked)s (house : members), went out %(real)s", asked=asked, real=real),
            )
        )
    limits = {
        "top": _("A member's share is at the limit that [fair] sets."),
        "founder": _("The founder's share is at the limit that [fair] sets."),
        "wait": _("A draft has waited as long as the limit that [fair] sets."),
    }
    of_series = N_("%(series)s: one person's share of the decisions is at the limit that [fair] sets.")
    told = (limits.get(each.kind) or _(of_series, series=each.series) for each in found.breaches)
    return [*lines, *told]


def _length(span: dt.timedelta) -> str:
    return current().length(span)
