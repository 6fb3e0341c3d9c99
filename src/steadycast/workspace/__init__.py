"""One community's folder: where it is, what its steadycast.toml says, and where everything else lies.

The names below are looked up when they are first asked for: who asks for paths alone loads no settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steadycast.workspace.loading import Workspace, load
    from steadycast.workspace.paths import find_root
    from steadycast.workspace.settings_in_force import as_read, changes, in_force, stamps

__all__ = ["Workspace", "as_read", "changes", "find_root", "in_force", "load", "stamps"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    files = {"Workspace": "loading", "load": "loading", "find_root": "paths"}
    return getattr(import_module(f"steadycast.workspace.{files.get(name, 'settings_in_force')}"), name)
