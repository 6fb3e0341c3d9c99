"""Every command: where the help page shows it, and which file has its function. Being named here loads no file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from types import CodeType
from typing import Any, NamedTuple

from steadycast.language import N_

NAME = "steadycast"
ABOUT = N_(
    "Publishes what a community writes: drafts in, every channel served at its promised hour, and a record of it."
)


class Family(NamedTuple):
    """A command that has commands of its own."""

    about: str  # "": as its own function says
    verbs: Mapping[str, str]
    itself: str = ""  # the function that the word alone calls


# By the groups of the help page, in its order. `drafts:list_` is the function `list_` of drafts.py; `FAMILIES:class` is
# the family of that name.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "Drafts": {
        "check": "drafts:check",
        "intake": "drafts:intake",
        "list": "drafts:list_",
        "approve": "drafts:approve",
        "reject": "drafts:reject",
        "title": "drafts:title",
        "preview": "drafts:preview",
        "render": "drafts:render",
    },
    "Slots and deliveries": {
        "plan": "slots:plan",
        "rituals": "slots:rituals",
        "ask": "slots:ask",
        "asks": "slots:asks",
        "rhythm": "change_promise:rhythm",
        "skip": "change_promise:skip",
        "publish": "slots:publish",
        "answer": "slots:answer",
        "verify": "slots:verify",
        "confirm": "slots:confirm",
        "settle": "slots:settle",
        "revise": "slots:revise",
        "withdraw": "slots:withdraw",
    },
    "Classes": {
        "class": "FAMILIES:class",
        "member": "FAMILIES:member",
        "turn": "FAMILIES:turn",
        "comment": "FAMILIES:comment",
    },
    "The record": {
        "status": "record:status",
        "report": "record:report",
        "fair": "fairness:fair",
        "arrivals": "FAMILIES:arrivals",
        "circles": "FAMILIES:circles",
        "backfill": "record:backfill",
        "drill": "drill:drill",
    },
    "The desk": {
        "init": "setup:init",
        "copy": "copying:copy",
        "ready": "copying:ready",
        "deploy": "setup:deploy",
        "up": "up:up",
        "desk": "FAMILIES:desk",
        "channel": "FAMILIES:channel",
        "token": "FAMILIES:token",
        "mcp": "tokens:mcp",
        "doctor": "operations:doctor",
        "health": "operations:health",
        "backup": "operations:backup",
        "restore": "operations:restore",
        "rebuild": "operations:rebuild",
        "here": "operations:here",
        "completion": "setup:completion",
    },
}
FAMILIES: Mapping[str, Family] = {
    "class": Family(
        N_("Show who handed in what and who comments on whom, and write the page that is handed over."),
        {"list": "classes:list_", "show": "classes:show_", "round": "rounds:round_", "report": "rounds:report"},
    ),
    "member": Family(
        N_("Show a member of a class; grant leave, warn, put out, keep, take back, move, correct."),
        {
            "show": "classes:member_show",
            "leave": "classes:leave",
            "out": "classes:out",
            "keep": "classes:keep",
            "warn": "classes:warn",
            "correct": "classes:correct",
            "back": "classes:back",
            "move": "classes:move",
        },
    ),
    "turn": Family(
        N_("Show whose turn it is to be on duty or to lead a group, or swap two turns."),
        {"show": "rounds:turn_show", "swap": "rounds:turn_swap"},
    ),
    "comment": Family(N_("Say that a comment was made."), {"done": "rounds:comment_done"}),
    "arrivals": Family("", {"pull": "arrivals:pull", "import": "arrivals:import_"}, "arrivals:arrivals"),
    "circles": Family("", {"ask": "circles:ask"}, "circles:circles"),
    "channel": Family(
        N_("Show the platforms, add, log in to or test a channel, or copy a platform to change it."),
        {
            "list": "setup:channel_list",
            "add": "channels:add",
            "login": "channels:login",
            "test": "channels:try_out",
            "recipients": "channels:recipients",
            "eject": "setup:channel_eject",
        },
    ),
    "desk": Family("", {"user": "FAMILIES:user"}, "desk:desk"),
    "user": Family(
        N_("Say who may log in to the desk, and as what."),
        {"add": "users:add", "list": "users:list_", "password": "users:password", "end": "users:end"},
    ),
    "token": Family(
        N_("Let a program act for a person: make a token for the API, list or revoke them."),
        {"add": "tokens:add", "list": "tokens:list_", "revoke": "tokens:revoke"},
    ),
}


def first_line(where: str) -> str:
    """What the command does, in the line that its help begins with; its file is not run for that."""
    file, _colon, name = where.partition(":")
    if file == "FAMILIES":
        family = FAMILIES[name]
        return family.about or first_line(family.itself)
    return _docstring(file, name).strip().partition("\n")[0]


def _docstring(file: str, name: str) -> str:
    """A function's docstring as it lies in its file's byte code: the first constant."""
    return next(str(each.co_consts[0]) for each in _functions(file) if each.co_name == name)


@cache
def _functions(file: str) -> list[CodeType]:
    name = f"steadycast.cli.{file}"
    spec = find_spec(name)
    loader: Any = spec and spec.loader
    return [each for each in loader.get_code(name).co_consts if isinstance(each, CodeType)]
