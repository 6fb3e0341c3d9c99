"""Words made fit for one line and for a link; short forms filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from steadycast.platform import Limit, first_that_fits, one_line


def plain(text: object) -> str:
    """Return `text` as one line without controls."""
    return one_line(str(text))


def address(url: object) -> str:
    """Return an http(s) address as one word, or "" for anything else: a kit links to nothing a draft made up."""
    text = plain(url).replace(" ", "%20")
    try:
        return text if urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname else ""
    except ValueError:
        return ""


def first_fit(forms: Iterable[str], given: Mapping[str, str], limit: Limit) -> str:
    """Return the first of `forms`, filled in, that is within `limit`; "" when none is."""
    return first_that_fits(
        ("\n".join(filter(None, (_line(part, given) for part in form.split("\n")))) for form in forms), limit
    )


def _line(form: str, given: Mapping[str, str]) -> str:
    """Fill in one line of a short form: what was not given leaves no hole, and a text keeps its paragraphs."""
    made = form.format(**given)
    return made if form == "{text}" else " ".join(made.split()).replace("】 ", "】")
