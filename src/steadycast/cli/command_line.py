"""The command line as Cyclopts has it: each command of `commands`, loaded when its word is read."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from cyclopts import App, Group

from steadycast import __version__
from steadycast.cli import parameters
from steadycast.cli.commands import ABOUT, FAMILIES, GROUPS, NAME
from steadycast.cli.help_page import HelpPage


def __getattr__(name: str) -> App | Callable[..., int]:
    """The command, as `file.function`, or the family of that name: Cyclopts looks for it in a module, by its name."""
    if "." in name:
        return _function(*name.split("."))
    if name not in FAMILIES:
        raise AttributeError(name)
    family = FAMILIES[name]
    made = App(name=name, help=family.about or None)
    if family.itself:
        made.default(_found(family.itself))
    for verb, where in family.verbs.items():
        made.command(_found(where), name=verb)
    return made


def _function(file: str, name: str) -> Callable[..., int]:
    """The function, with what its arguments' types are called: its file does without, so that it loads no parser."""
    module = import_module(f"steadycast.cli.{file}")
    for each, kind in vars(parameters).items():
        vars(module).setdefault(each, kind)
    found: Callable[..., int] = getattr(module, name)
    return found


def _found(where: str) -> App | Callable[..., int]:
    return __getattr__(_name(where))


def _name(where: str) -> str:
    return where.removeprefix("FAMILIES:").replace(":", ".")


app = App(name=NAME, help=ABOUT, version=__version__, help_format="plaintext", help_formatter=HelpPage())
for number, (title, verbs) in enumerate(GROUPS.items(), 1):
    group = Group(title, sort_key=number)
    for verb, where in verbs.items():
        app.command(f"{__name__}:{_name(where)}", name=verb, group=group)
