"""Days on which a series sends nothing: public holidays, and what holidays.toml says of single days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.workspace.toml_file import line_of, tables


def overrides(file: Path, raw: bytes) -> dict[str, str]:
    """What holidays.toml says by ISO date: `"2027-02-14" = ""` makes a working day, a name makes a day off."""
    text, table = tables(file, raw)
    found = {}
    for day, name in table.items():
        try:
            found[dt.date.fromisoformat(day).isoformat()] = str(name)
        except ValueError:
            said, hint = _("%(said)s is no day", said=quoted(day)), _('write "2027-02-14" = "New Year\'s Eve"')
            raise SettingsError(said, file=file, line=line_of(text, (day,)), hint=hint) from None
    return found


def days_off(countries: Iterable[str], overrides: Mapping[str, str]) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
    """Public holidays of those countries 2015 to 2035 as far as known, and the weekend days worked to make up for them.

    The workspace's own days go over both.
    """
    import holidays  # a fifth of a second: only where a series asks for it

    off: dict[dt.date, str] = {}
    worked: set[dt.date] = set()
    for country in countries:
        try:
            known = holidays.country_holidays(country, years=range(2015, 2036))
        except NotImplementedError:
            raise SettingsError(
                _("no holidays are known for %(country)s", country=quoted(country)), hint=_("holidays:CN, for example")
            ) from None
        off |= dict(known)
        worked |= getattr(known, "weekend_workdays", set())
    for day, name in ((dt.date.fromisoformat(day), name) for day, name in overrides.items()):
        if name:
            off[day] = name
            worked.discard(day)
        else:
            off.pop(day, None)
            worked.add(day)
    return off, frozenset(worked)
