"""Regular expressions that are compiled when something first asks for them: most runs never ask for most of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyPattern:
    """Stands for a compiled pattern. Classes of Han text cost ten milliseconds, a tenth of a command's start."""

    def __init__(self, pattern: str, engine: str = "re") -> None:
        self._pattern, self._engine = pattern, engine

    def __getattr__(self, name: str) -> Any:
        """Asked once for each method: from then on it is an attribute like any other."""
        method = getattr(import_module(self._engine).compile(self._pattern), name)
        setattr(self, name, method)
        return method
