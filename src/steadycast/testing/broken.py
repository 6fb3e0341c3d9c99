"""How a rule of the contract says that it is broken, and what it needs to be tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from steadycast.errors import FarSideError
from steadycast.language import gettext as _
from steadycast.platform import registry
from steadycast.testing.bench import Bench

R = TypeVar("R", bound=Callable[[Bench], None])


class Broken(Exception):
    """A rule that is not kept: what was seen, and what would be right. `verb`: the adapter's to look at."""

    def __init__(self, said: str, hint: str = "", verb: str = "publish") -> None:
        super().__init__(said)
        self.said, self.hint, self.verb = said, hint, verb


def hold(kept: object, said: str, hint: str = "", verb: str = "publish", cause: object = None) -> None:
    """Raise Broken unless it is kept; `cause` is the error that came instead of what should have come."""
    if not kept:
        raise Broken(said, hint, verb) from cause if isinstance(cause, BaseException) else None


def named(answer: object) -> str:
    """What a publish or a look came to, for a message."""
    return f"{type(answer).__name__} ({answer})" if isinstance(answer, FarSideError) else type(answer).__name__


def needs(*wanted: str) -> Callable[[R], R]:
    """Mark a rule as one that can only be tried where the platform has all that is named."""

    def marked(rule: R) -> R:
        rule.needs = {name: NEEDS[name] for name in wanted}  # type: ignore[attr-defined]
        return rule

    return marked


def _verb(name: str) -> Callable[[Bench], str]:
    def missing(bench: Bench) -> str:
        return "" if hasattr(registry.load(bench.spec), name) else _("it has no %(name)s()", name=name)

    return missing


def _delivery(*classes: str) -> Callable[[Bench], str]:
    return lambda bench: (
        "" if bench.spec.delivery in classes else _("delivery is %(delivery)s", delivery=repr(bench.spec.delivery))
    )


def _thread(bench: Bench) -> str:
    return "" if bench.spec.render.thread and "text" in bench.spec.limits else _("it has no threads")


def _fake(bench: Bench) -> str:
    if bench.fakes:
        return ""
    return _("it has no fake.py to stand for its far side") if bench.speaks_http else _("it has no far side on the web")


NEEDS: dict[str, Callable[[Bench], str]] = {
    "fake": _fake,
    "a far side": lambda bench: _fake(bench) if bench.speaks_http else "",
    "thread": _thread,
    "a limit": lambda bench: "" if "text" in bench.spec.limits else _("its text has no limit"),
    "harmless": _delivery("conditional", "kit"),
    "secrets": lambda bench: "" if any(s.secret for s in bench.spec.settings.values()) else _("it has no secrets"),
    **{name: _verb(name) for name in ("check", "login", "revise", "withdraw")},
}
