"""The command line as Cyclopts has it: each command of `commands`, loaded when its word is read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from cyclopts import App, Group

from steadycast import __version__
from steadycast.cli.commands import ABOUT, FAMILIES, GROUPS, NAME
from steadycast.cli.help_page import HelpPage


def __getattr__(name: str) -> App:
    """The family of that name: Cyclopts looks for a command in a module, by its name there."""
    if name not in FAMILIES:
        raise AttributeError(name)
    family = FAMILIES[name]
    made = App(name=name, help=family.about or None)
    if family.itself:
        made.default(_found(family.itself))
    for verb, where in family.verbs.items():
        made.command(_found(where), name=verb)
    return made


def _found(where: str) -> App | Callable[..., int]:
    module, _colon, name = _path(where).partition(":")
    found: App | Callable[..., int] = getattr(import_module(module), name)
    return found


def _path(where: str) -> str:
    file, colon, name = where.partition(":")
    return f"{__name__ if file == 'FAMILIES' else f'steadycast.cli.{file}'}{colon}{name}"


app = App(name=NAME, help=ABOUT, version=__version__, help_format="plaintext", help_formatter=HelpPage())
for number, (title, verbs) in enumerate(GROUPS.items(), 1):
    group = Group(title, sort_key=number)
    for verb, where in verbs.items():
        app.command(_path(where), name=verb, group=group)
