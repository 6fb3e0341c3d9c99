"""A channel's folder brought to a web host: only what changed, in an order that shows no reader a dead link."""

from steadycast.upload.doors import Needs, open_far
from steadycast.upload.folder import LocalFolder
from steadycast.upload.manifest import LIST, Manifest
from steadycast.upload.ssh import HostKey, host_keys, known, trust
from steadycast.upload.syncing import Synced, far_manifest, sync

__all__ = [
    "LIST",
    "HostKey",
    "LocalFolder",
    "Manifest",
    "Needs",
    "Synced",
    "far_manifest",
    "host_keys",
    "known",
    "open_far",
    "sync",
    "trust",
]
