"""Why a file cannot be used, in the reader's language, where a parser or the system says it in words of its own."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from steadycast.language import N_, current, quoted
from steadycast.language import gettext as _

if TYPE_CHECKING:
    import json
    import tomllib

QUOTE = N_("a quotation mark is not closed")
BRACKET = N_("a bracket is not closed")
VALUE = N_("a value is missing, or is written in a way that cannot be read: text stands in quotation marks")

# What the system's error number means.
OF_SYSTEM = {
    errno.ENOENT: N_("it is not there"),
    errno.EACCES: N_("permission denied"),
    errno.EPERM: N_("operation not permitted"),
    errno.EEXIST: N_("something of that name is there already"),
    errno.ENOTDIR: N_("a part of its path is no folder"),
    errno.EISDIR: N_("it is a folder"),
    errno.ENOSPC: N_("no space is left on the disk"),
    errno.EDQUOT: N_("this user's share of the disk is used up"),
    errno.EROFS: N_("the disk can only be read"),
    errno.EFBIG: N_("it would be larger than this user's files may be"),
    errno.ENAMETOOLONG: N_("its name is too long"),
    errno.ELOOP: N_("its links lead in a circle"),
    errno.EIO: N_("the disk failed"),
    errno.EMFILE: N_("too many files are open"),
    errno.ENFILE: N_("too many files are open"),
    errno.ENOTEMPTY: N_("the folder is not empty"),
    errno.EBUSY: N_("it is in use"),
    errno.ETXTBSY: N_("it is in use"),
    errno.EADDRINUSE: N_("another program listens at this address"),
    errno.EADDRNOTAVAIL: N_("this machine has no such address"),
    errno.ECONNREFUSED: N_("nobody answers at that address"),
    errno.ETIMEDOUT: N_("no answer came in time"),
}

# What a parser of TOML says, and what that means; the first that is found in it counts.
OF_TOML = (
    (r"Illegal character '\\n'|Unterminated string|Expected \"", QUOTE),
    (r"Unclosed|Expected '\]", BRACKET),
    (r"Expected '=' after a key", N_("a key has no = after it")),
    (r"Cannot (?:declare|overwrite|define|mutate)|Duplicate inline table key", N_("a name is given twice")),
    (r"Expected newline or end of document", N_("something follows a value that has ended: write one setting a line")),
    (r"Invalid initial character for a key|Invalid statement", N_("a line that is no `key = value`")),
    (r"Invalid date", N_("no such date")),
    (r"Unescaped '\\'|Escaped character|Invalid hex value", N_('a \\ in "…" means something of its own')),
    (r"Found invalid character|Illegal character", N_("a character that cannot stand here")),
    (r"Invalid value", VALUE),
)  # fmt: skip
OF_JSON = (
    (r"Unterminated string|Invalid control character", QUOTE),
    (r"Expecting ',' delimiter", N_("a comma or a closing bracket is missing")),
    (r"Expecting ':' delimiter", N_("a key has no : after it")),
    (r"Expecting property name|Illegal trailing comma", N_('a key in "…" is missing, or a comma is one too many')),
    (r"Extra data", N_("something follows after its end")),
    (r"escape", N_('a \\ in "…" means something of its own')),
    (r"Expecting value", VALUE),
)  # fmt: skip

OF_DATABASE = (
    (r"disk is full|no space left", OF_SYSTEM[errno.ENOSPC]),
    (r"disk i/o error", OF_SYSTEM[errno.EIO]),
    (r"readonly database|read-only", N_("it can only be read")),
    (r"unable to open database file", N_("it cannot be opened")),
    (r"database is locked", N_("another process is writing to it")),
    (r"lock timeout", N_("another process is writing to it")),
    (
        r"idle-in-transaction timeout",
        N_("this process stood still in the middle of a change, so the database let go of it"),
    ),
    (r"not a database", N_("this file is no database")),
    (r"malformed", N_("it is damaged")),
    (r"password authentication", N_("the database does not take this user and password")),
    (r"too many open files", OF_SYSTEM[errno.EMFILE]),
    (r"connection (?:refused|failed)|could not connect", N_("the database does not answer")),
)  # fmt: skip

A_LIST = N_("should be a list, in [ ]")
# What models that check settings say in a programmer's words.
OF_MODELS = {
    "Input should be a valid string": N_("should be a text, in quotes"),
    "Input should be a valid integer": N_("should be a whole number"),
    "Input should be a valid number": N_("should be a number"),
    "Input should be a valid boolean": N_("should be true or false"),
    "Input should be a valid tuple": A_LIST,
    "Input should be a valid list": A_LIST,
    "Input should be a valid dictionary": N_("should be a table"),
    "Input should be a valid date": N_("should be a date, such as 2026-11-27"),
    "Value should have at most %(num)s items after validation": N_("should have at most %(num)s entries"),
}
# Their sentences that stay as they are, with what stands in them left out.
KEPT = (
    N_("Field required"),
    N_("Input should be %(words)s"),
    N_("Input should be greater than %(num)s"),
    N_("Input should be less than %(num)s"),
    N_("Input should be greater than or equal to %(num)s"),
    N_("Input should be less than or equal to %(num)s"),
    N_("String should have at least %(num)s characters"),
    N_("String should have at least %(num)s character"),
    N_("String should have at most %(num)s characters"),
)


def of_system(error: OSError) -> str:
    """Why the system refused; in its own words where its number is an unusual one."""
    known = OF_SYSTEM.get(error.errno or 0)
    return _(known) if known else verbatim(error.strerror or str(error) or type(error).__name__)


def of_toml(error: tomllib.TOMLDecodeError | RecursionError) -> tuple[str, int | None]:
    """(why a text is not TOML, on which of its lines); None where it is found only at the end."""
    said = str(error)
    at = re.search(r"\(at line (\d+)", said)
    return _of_table(OF_TOML, re.sub(r" \(at .*\)$", "", said)), int(at[1]) if at else None


def of_json(error: json.JSONDecodeError) -> str:
    """Why a text is not JSON."""
    return _of_table(OF_JSON, error.msg)


def of_database(said: str) -> str:
    """What a database's driver says, in plain words where they are known."""
    return _of_table(OF_DATABASE, said.lower(), said)


def of_model(said: str) -> str:
    """What a model says of a value, where it is one of its own sentences; ours are translated already."""
    said = said.removeprefix("Value error, ")
    said = re.sub(r"(Input should be a valid \w+|after validation), .*", r"\1", said)
    if re.fullmatch(r"Input should be '.*'", said):
        *some, last = map(quoted, re.findall(r"'([^']*)'", said))
        return _("Input should be %(words)s", words=current().listed(some) + _(" or ") * bool(some) + last)
    bound = re.search(r"-?\d+(?:\.\d+)?", said)
    template = said.replace(bound[0], "%(num)s", 1) if bound else said
    words = OF_MODELS.get(template, template if template in KEPT else "")
    return _(words, num=bound[0] if bound else "") if words else said


def verbatim(said: str) -> str:
    """What a parser says, marked as its own words, where nothing better is known."""
    return _("in its own words: %(said)r", said=said)


def _of_table(table: Iterable[tuple[str, str]], said: str, own: str = "") -> str:
    return next((_(words) for pattern, words in table if re.search(pattern, said)), None) or verbatim(own or said)
