"""The rooms that commands work with, each loaded when something of it is first asked for: `--help` answers at once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["ops", "pipeline"]

if TYPE_CHECKING:
    from steadycast import ops, pipeline
else:

    class _Room:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            return getattr(import_module(self._name), name)

    ops, pipeline = _Room("steadycast.ops"), _Room("steadycast.pipeline")
