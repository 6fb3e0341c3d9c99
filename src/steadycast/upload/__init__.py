"""A channel's folder brought to a web host: only what changed, in an order that shows no reader a dead link."""

from typing import TYPE_CHECKING

from steadycast import on_demand

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

if TYPE_CHECKING:
    from steadycast.upload.doors import Needs, open_far
    from steadycast.upload.folder import LocalFolder
    from steadycast.upload.manifest import LIST, Manifest
    from steadycast.upload.ssh import HostKey, host_keys, known, trust
    from steadycast.upload.syncing import Synced, far_manifest, sync
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "doors": "Needs open_far",
            "folder": "LocalFolder",
            "manifest": "LIST Manifest",
            "ssh": "HostKey host_keys known trust",
            "syncing": "Synced far_manifest sync",
        },
    )
