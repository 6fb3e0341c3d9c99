"""One community's folder: where it is, what its steadycast.toml says, and where everything else lies."""

from steadycast.workspace.force import changes, in_force, prints
from steadycast.workspace.load import Workspace, load
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
