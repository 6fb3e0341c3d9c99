"""What can go wrong, in two small families: bad input (a person fixes it) and the far side (the protocol decides)."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _

OK, WARN, BAD = "ok", "warn", "bad"  # how bad: well; told for clearness, nothing has to be fixed; a person fixes it
LOST = logging.getLogger("steadycast.lost")  # hears that a ledger was lost, from whoever reads the new one


def with_hint(said: str, hint: str | None) -> str:
    """What is wrong, and what to do about it, in one line."""
    return _("%(said)s (%(hint)s)", said=said, hint=hint) if hint else said


class SteadycastError(Exception):
    """Anything Steadycast says went wrong; `str()` is one line fit for an operator, without a secret in it."""

    exit_code = 1


@dataclass(eq=False)
class InputError(SteadycastError):
    """Something a person wrote cannot be used: says which file and line, what is wrong, and how to fix it."""

    message: str
    file: Path | str | None = None
    line: int | None = None
    hint: str | None = None
    channel: str | None = None

    exit_code = 2

    def __str__(self) -> str:
        where = "" if self.file is None else f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        channel = f"{self.channel}: " if self.channel else ""
        return with_hint(f"{where}{channel}{self.message}" if where or channel else self.message, self.hint)

    def problem(self, where: str = "") -> Problem:
        """The same as one of many, which stops nothing else."""
        severity = WARN if getattr(self, "harmless", False) else BAD
        said, hint = self.message, self.hint or ""
        return Problem(where or str(self.file or ""), self.line, said, hint, severity, self.channel or "")


@dataclass(eq=False)
class DraftError(InputError):
    """A draft that cannot be taken in as it is; or, where it is `harmless`, what it will lose on its way."""

    harmless: bool = False


class SettingsError(InputError):
    """A steadycast.toml or channel.toml that cannot be used."""


class FeedError(InputError):
    """A member's feed that cannot be read; `file` is its URL, shortened where it may carry a token."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong that stops nothing else: where it is, what it is, and what to do about it.

    Whoever looks at everything, as a doctor does, says in the same words what is well.
    """

    where: str  # below content/ for a draft; a settings file, a feed's name, or what was looked at
    line: int | None
    message: str
    hint: str = ""
    severity: str = BAD
    channel: str = ""  # the one that it concerns, where it is not all of them
    member: str = ""  # whom a link to write with would help
    held: int = 0  # how many drafts were read well, and wait for a person to say what they are

    @property
    def harmless(self) -> bool:
        """Whether nothing has to be fixed."""
        return self.severity != BAD

    @property
    def place(self) -> str:
        """Where it is, with the line."""
        return f"{self.where}:{self.line}" if self.line else self.where

    @property
    def said(self) -> str:
        """What it is, with the channel that it concerns."""
        return f"{self.channel}: {self.message}" if self.channel else self.message

    def __str__(self) -> str:
        return with_hint(f"{self.place}: {self.said}", self.hint)

    def row(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {"path": self.where, "line": self.line, "message": self.said, "hint": self.hint}


def looked_at(where: str, message: str, hint: str = "", severity: str = OK) -> Problem:
    """What was seen there; where it is well there is nothing to do about it."""
    return Problem(where, None, message, "" if severity == OK else hint, severity)


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint for a word that is not known: the one that was probably meant, else `otherwise`."""
    from difflib import get_close_matches  # only where something is wrong

    near = get_close_matches(word, list(known), n=1)
    return _("did you mean %(word)s?", word=quoted(near[0])) if near else otherwise


FEW = 12  # names that a hint lists where none was given
THERE_IS_NO = {
    "series": N_("there is no series %(name)s"),
    "slot": N_("there is no slot %(name)s"),
    "draft": N_("there is no draft %(name)s"),
    "channel": N_("there is no channel %(name)s"),
    "platform": N_("there is no platform %(name)s"),
    "channel or platform": N_("there is no channel or platform %(name)s"),
    "setting": N_("there is no setting %(name)s"),
    "secret": N_("there is no secret %(name)s"),
    "delivery": N_("there is no delivery %(name)s"),
    "kit": N_("there is no kit %(name)s"),
    "person": N_("there is no person %(name)s"),
    "member": N_("there is no member %(name)s"),
    "class": N_("there is no class %(name)s"),
    "circle": N_("there is no circle %(name)s"),
    "counter": N_("nobody called %(name)s counts who comes"),
}


def unknown_name(what: str, name: str, known: Iterable[str], otherwise: str = "") -> InputError:
    """The error for a name that a person gave and that is not there; `what` it names is a key of THERE_IS_NO."""
    there = sorted({*known})
    hint = did_you_mean(name, there, otherwise or _("see steadycast.toml"))
    if there and not name.strip() and len(there) <= FEW:
        hint = _("known here: %(keys)s", keys=listed(there))
    return InputError(_(THERE_IS_NO[what], name=quoted(name)), hint=hint)


class LedgerError(SteadycastError):
    """The ledger cannot be opened, is newer than this program, or refused a commit."""

    exit_code = 3


class Fenced(SteadycastError):
    """This worker's claim was taken over or its lease ran out: whatever it meant to send, it must not."""


@dataclass(eq=False)
class FarSideError(SteadycastError):
    """A channel's far side did not take a post; `code` is its own code (HTTP status, errcode), as text."""

    message: str
    code: str | None = None
    channel: str | None = None
    answer: Any = field(default=None, init=False, repr=False)  # the outgoing.Answer that caused it; it may hold secrets

    def __reduce__(self) -> tuple[Any, ...]:  # without its answer, which stays in its process
        values = {name: value for name, value in vars(self).items() if name != "answer"}
        return type(self).__new__, (type(self),), values

    def __str__(self) -> str:
        return f"{self.channel or 'channel'}: {f'{self.code} ' if self.code else ''}{self.message}"


class Refused(FarSideError):
    """Surely not accepted, and never will be as it is: bad content or bad credentials. A person fixes it."""


@dataclass(eq=False)
class Busy(FarSideError):
    """Surely not accepted, may be later: failed before the first body byte left, or a documented 429."""

    retry_after: dt.timedelta | None = None


class Unknown(FarSideError):
    """May have been accepted: a time-out, a 5xx, a reset, garbage. Never resent as it is; settled by read-back."""
