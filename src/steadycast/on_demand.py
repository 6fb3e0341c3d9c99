"""What is loaded or compiled when it is first asked for: modules, names that a package offers, regular expressions."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import re

# What a server works with: every package but the faces, and what is for developers or has a process of its own.
ROOMS = (
    "alarms", "arrivals", "classes", "crash_safety", "delivery", "draft", "intake", "ledger", "ops", "outgoing",
    "pipeline", "platform", "render", "report", "schedule", "upload", "workspace",
)  # fmt: skip


class _LazyPattern:
    """Stands for a compiled pattern."""

    def __init__(self, pattern: str, flags: int = 0, engine: str = "re") -> None:
        self._asked = pattern, flags, engine

    def __getattr__(self, name: str) -> Any:
        """Asked once for each method: from then on it is an attribute like any other."""
        pattern, flags, engine = self._asked
        found = getattr(import_module(engine).compile(pattern, flags), name)
        setattr(self, name, found)
        return found


def lazy_pattern(pattern: str, flags: int = 0, engine: str = "re") -> re.Pattern[str]:
    """A pattern compiled when it is first used: most runs use few, and some take as long as loading a module."""
    return cast("re.Pattern[str]", _LazyPattern(pattern, flags, engine))


class _LazyModule:
    """Stands for a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self._name), name)


def lazy_module(name: str) -> Any:
    """A module loaded when something of it is first asked for."""
    return _LazyModule(name)


class _Package(ModuleType):
    """A package in which a name that a file and a verb share is the verb's."""

    def __setattr__(self, name: str, value: object) -> None:
        # Python puts each file that it imports into its package, by its name: there it would hide the verb.
        if not (isinstance(value, ModuleType) and name in self.__dict__["_verbs"]):
            super().__setattr__(name, value)


def offer(package: str, names: Sequence[str], verbs: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that offers `names`: a file's verbs, in one text, or files of that name."""
    files = {verb: file for file, brought in verbs.items() for verb in brought.split()}
    module = sys.modules[package]
    module.__dict__["_verbs"] = files
    module.__class__ = _Package

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"{package}.{name}", name=name, obj=module)
        if name not in files:
            return import_module(f"{package}.{name}")
        found = module.__dict__[name] = getattr(import_module(f"{package}.{files[name]}"), name)
        return found

    return find


def load() -> None:
    """Loads all that any verb may come to use: for whoever serves, so that no request and no tick waits for it."""
    for room in ROOMS:
        package = import_module(f"steadycast.{room}")
        for file in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{file.name}")
        for name in getattr(package, "__all__", ()):
            getattr(package, name)
