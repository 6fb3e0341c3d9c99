"""What is wrong with a command line, in the current language."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from cyclopts import CycloptsError, MissingArgumentError

from steadycast.language import N_
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from rich.text import Text

# Cyclopts' own sentences, with what stands in them left out. One that is not here is shown in its English.
KNOWN = (
    N_('Unknown command "%(a)s".'),
    N_('Unknown command "%(a)s". Did you mean "%(b)s"?'),
    N_("Unknown option: %(a)s."),
    N_("Unknown option: %(a)s. Did you mean %(b)s?"),
    N_('Unknown option: "%(a)s".'),
    N_("Unused Tokens: %(a)s."),
    N_("Parameter %(a)s specified multiple times."),
    N_('Command "%(a)s" parameter %(b)s requires an argument.'),
    N_('Invalid value "%(a)s" for %(b)s.'),
    N_('Invalid value "%(a)s" for %(b)s. Must be >= %(c)s.'),
    N_('Invalid value "%(a)s" for %(b)s. Must be <= %(c)s.'),
    N_('Invalid value "%(a)s" for %(b)s. Choose from: %(c)s.'),
    N_('Invalid value "%(a)s" for %(b)s. Choose from: %(c)s. Did you mean "%(d)s"?'),
    N_('Invalid value for %(a)s: unable to convert "%(b)s" into int.'),
)
LISTED = " Available commands"  # where Cyclopts begins to list all of them


def usage(error: CycloptsError) -> str:
    """What is wrong with it, and where to read how it should be."""
    command = " ".join(("steadycast", *(error.command_chain or ())))
    return _("%(said)s (`%(command)s --help` shows how)", said=_said(error), command=command)


def _said(error: CycloptsError) -> str:
    if isinstance(error, MissingArgumentError) and error.argument and not error.keyword:
        name = error.argument.name
        by_name = error.argument.field_info.kind is inspect.Parameter.KEYWORD_ONLY
        return _("%(name)s is missing", name=name if by_name else name.removeprefix("--").upper())
    error.verbose = False
    template, values = _apart(error.__rich__())
    text = _(template, **values) if template in KNOWN else str(error).partition(LISTED)[0]
    return " ".join(text.split()).removesuffix(".")


def _apart(said: Text) -> tuple[str, dict[str, str]]:
    """A sentence with placeholders for what is styled in it and for its numbers, and what stood there."""
    plain = said.plain.partition(LISTED)[0]
    found = [(span.start, span.end) for span in said.spans if span.end <= len(plain)]
    taken = {n for start, end in found for n in range(start, end)}
    unstyled = re.finditer(r"(?<=[<>]= )\d+|(?<=^Unused Tokens: )\[.*\]", plain)
    found += [m.span() for m in unstyled if m.start() not in taken]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and plain[joined[-1][1] : start] == ", ":  # a list of choices is one
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    values, template, at = {}, "", 0
    for name, (start, end) in zip("abcdefgh", joined, strict=False):
        template += f"{plain[at:start].replace('%', '%%')}%({name})s"
        values[name], at = plain[start:end], end
    return template + plain[at:].replace("%", "%%"), values
