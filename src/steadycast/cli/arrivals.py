"""Commands about who came: shown, asked for, taken from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, say, show, tell
from steadycast.cli.parameters import Json
from steadycast.language import gettext as _
from steadycast.language import ngettext

if TYPE_CHECKING:
    from steadycast.report.model import Came

Days = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=3660))]
Asked = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=366))]


def arrivals(*, days: Days = 90, csv: bool = False, json: Json = False) -> int:
    """Show who came, by source and by slot.

    Parameters
    ----------
    days
        How far back.
    csv
        Every day's row as a table, which `import` takes again.
    """
    with pipeline.App.open(readonly=True) as app:
        if csv:
            say(pipeline.arrivals.to_csv(app, pipeline.now(), days).lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n"))
            return OK
        found = pipeline.arrivals.shown(app, pipeline.now(), days)
    if json:
        as_json(found.values())
        return OK
    columns = {"title": "source", "visits": "visits", "joins": "joins", "leaves": "went away", "counter": "counted by"}
    nothing = _("Nobody has been counted: `steadycast arrivals import FILE`, or [arrivals.NAME] in steadycast.toml.")
    show([_row(each) for each in found.sources], columns, title=_("By source"), empty=nothing)
    if found.slots:
        show([_row(each) for each in found.slots], columns | {"title": "slot"}, title=_("By slot"))
    say(*(f"{each.name}: {each.error}" for each in found.counters if each.error))
    return OK


def _row(came: Came) -> dict[str, object]:
    return {
        "title": came.title or _("(not known)"), "visits": came.visits, "joins": came.joins, "leaves": came.leaves,
        "counter": came.counter,
    }  # fmt: skip


def pull(counter: str = "", *, days: Asked = 7, json: Json = False) -> int:
    """Ask those who count for their last days. The hourly flow does this by itself. Exit 1 when one cannot be read.

    Parameters
    ----------
    counter
        Only this one: an [arrivals.NAME] of steadycast.toml, or a channel whose platform counts.
    days
        How many days: what was said of them before is replaced.
    """
    with pipeline.App.open() as app:
        done = pipeline.arrivals.pull(app, pipeline.now(), counter, days)
    rows = [{"counter": each.counter, "rows": each.rows, "error": each.error} for each in done]
    lines = [f"{each.counter}: {each.error or ngettext('%(num)s row', '%(num)s rows', each.rows)}" for each in done]
    tell(json, rows, *(lines or [_("Nobody counts: write [arrivals.NAME] into steadycast.toml.")]))
    return NEEDS_A_PERSON if any(each.error for each in done) else OK


def import_(file: Path, *, json: Json = False) -> int:
    """Take counts from a table (CSV) with the columns day, source and n. The same table again changes nothing.

    Parameters
    ----------
    file
        Columns besides: medium, campaign, content, slot (`daily@2026-11-27T20:00`), kind (visit, join, leave).
    """
    with pipeline.App.open() as app:
        rows = pipeline.arrivals.take_file(app, file)
    tell(json, {"rows": rows}, ngettext("%(num)s row is kept.", "%(num)s rows are kept.", rows))
    return OK
