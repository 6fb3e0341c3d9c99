"""Words made fit for one line and for a link; short forms filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from steadycast.platform import Limit, first_that_fits, one_line


def plain(text: object) -> str:
    """Return `text` as one line without controls."""
    return one_line(str(text))


def first_fit(forms: Iterable[str], given: Mapping[str, str], limit: Limit) -> str:
    """Return the first of `forms`, filled in, that is within `limit`; "" when none is."""
    return first_that_fits(
        ("\n".join(filter(None, (_line(part, given) for part in form.split("\n")))) for form in forms), limit
    )


def _line(form: str, given: Mapping[str, str]) -> str:
    """Fill in one line of a short form: what was not given leaves no hole, and a text keeps its paragraphs."""
    made = form.format(**given)
    return made if form == "{text}" else " ".join(made.split()).replace("】 ", "】")
