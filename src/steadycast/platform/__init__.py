"""The contract between Steadycast and a platform: Post in, Receipt or one of three errors out.

An adapter imports from here, and from nowhere else in Steadycast.
"""

from steadycast import durable
from steadycast.errors import Busy, Refused, Unknown
from steadycast.platform.contract import Adapter, Channel, Known, Limit, MediaRule, Platform, RenderRule, Setting
from steadycast.platform.files import Shelf, captioned, media_name, slot_path, with_media
from steadycast.platform.post import Event, Media, Post, Receipt, View
from steadycast.platform.state import MemoryState, State
from steadycast.platform.text import count
from steadycast.turn import held as in_turn

__all__ = [
    "Adapter",
    "Busy",
    "Channel",
    "Event",
    "Known",
    "Limit",
    "Media",
    "MediaRule",
    "MemoryState",
    "Platform",
    "Post",
    "Receipt",
    "Refused",
    "RenderRule",
    "Setting",
    "Shelf",
    "State",
    "Unknown",
    "View",
    "captioned",
    "count",
    "durable",
    "in_turn",
    "media_name",
    "slot_path",
    "with_media",
]
