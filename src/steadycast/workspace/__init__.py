"""One community's folder: where it is, what its steadycast.toml says, and where everything else lies.

The names below are looked up when they are first asked for: who asks for paths alone loads no settings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from steadycast.workspace.force import changes, in_force, prints
    from steadycast.workspace.loading import Workspace, load
    from steadycast.workspace.paths import find_root
    from steadycast.workspace.settings import ChannelSettings, Community, Feed, Intake, Member, Publish

__all__ = [
    "ChannelSettings",
    "Community",
    "Feed",
    "Intake",
    "Member",
    "Publish",
    "Workspace",
    "changes",
    "find_root",
    "in_force",
    "load",
    "prints",
]

_WHERE = {"force": ("changes", "in_force", "prints"), "loading": ("Workspace", "load"), "paths": ("find_root",)}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    file = next((file for file, names in _WHERE.items() if name in names), "settings")
    return getattr(import_module(f"steadycast.workspace.{file}"), name)
