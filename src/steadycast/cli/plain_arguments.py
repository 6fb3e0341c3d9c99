"""Words that need no parser: a command's own, and flags. To load Cyclopts takes longer than what many commands do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from types import FunctionType

from steadycast.cli.commands import GROUPS


def call(words: Sequence[str]) -> Callable[[], int] | None:
    """What `words` ask for, where they are a command and its flags, each once; None where Cyclopts has to read them.

    A flag is an option that is off unless it is named. Whatever has a value, a negative or a mistake is not for here.
    """
    where = next((verbs[words[0]] for verbs in GROUPS.values() if words[0] in verbs), "FAMILIES:")
    file, _colon, name = where.partition(":")
    if file == "FAMILIES" or any(not word.startswith("--") or "_" in word for word in words[1:]):
        return None
    function = getattr(import_module(f"steadycast.cli.{file}"), name)
    flags = [word.removeprefix("--").replace("-", "_") for word in words[1:]]
    if (
        _may_lack(function)
        or len({*flags}) < len(flags)
        or any(_default(function, flag) is not False for flag in flags)
    ):
        return None
    return partial(function, **dict.fromkeys(flags, True))


def _default(function: FunctionType, name: str) -> object:
    return (function.__kwdefaults__ or {}).get(name)


def _may_lack(function: FunctionType) -> bool:
    """Whether something has to be said that has no default."""
    code = function.__code__
    named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return code.co_argcount > len(function.__defaults__ or ()) or not {*named} <= (function.__kwdefaults__ or {}).keys()
