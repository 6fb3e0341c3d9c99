"""The contract between Steadycast and a platform: Post in, Receipt or one of three errors out.

An adapter imports from here, and from nowhere else in Steadycast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from steadycast import on_demand
from steadycast.characters import broken_lines, one_line
from steadycast.crash_safety import durable
from steadycast.errors import Busy, Refused, Unknown
from steadycast.html_tree import Element, elements

__all__ = [
    "Account",
    "Adapter",
    "Answer",
    "Arrival",
    "Ask",
    "Busy",
    "Channel",
    "Element",
    "Event",
    "FolderAdapter",
    "Group",
    "HttpClient",
    "Known",
    "Limit",
    "Limits",
    "Media",
    "MediaRule",
    "MemoryState",
    "OAuth",
    "Piece",
    "Platform",
    "Post",
    "PostStore",
    "Receipt",
    "Recipient",
    "Refused",
    "RenderRule",
    "Setting",
    "Show",
    "Span",
    "State",
    "Unknown",
    "View",
    "broken_lines",
    "count",
    "cut",
    "durable",
    "elements",
    "first_that_fits",
    "fits",
    "hashtags",
    "in_turn",
    "log_in",
    "markdown",
    "marks",
    "media_name",
    "one_line",
    "piece",
    "runs",
    "slot_path",
    "split",
    "styled",
    "web_address",
]

if TYPE_CHECKING:
    from steadycast.arrival import Arrival
    from steadycast.crash_safety.send_window import held as in_turn
    from steadycast.outgoing import Answer, HttpClient
    from steadycast.platform.composition import hashtags
    from steadycast.platform.contract import (
        Account,
        Adapter,
        Ask,
        Channel,
        Known,
        Limit,
        Limits,
        MediaRule,
        Platform,
        Recipient,
        RenderRule,
        Setting,
        Show,
    )
    from steadycast.platform.folder import FolderAdapter
    from steadycast.platform.markdown import markdown
    from steadycast.platform.markdown_escapes import web_address
    from steadycast.platform.oauth import OAuth, log_in
    from steadycast.platform.pieces import Piece, piece
    from steadycast.platform.post import Event, Media, Post, View
    from steadycast.platform.post_files import media_name, slot_path
    from steadycast.platform.post_index import Group
    from steadycast.platform.post_store import PostStore
    from steadycast.platform.state import MemoryState, State
    from steadycast.platform.styled import Span, runs, styled
    from steadycast.platform.text import count, cut, first_that_fits, fits, marks, split
    from steadycast.receipt import Receipt
else:
    _of_files = on_demand.offer(
        __name__,
        __all__,
        {
            "composition": "hashtags",
            "contract": "Account Adapter Ask Channel Known Limit Limits MediaRule Platform Recipient RenderRule "
            "Setting Show",
            "post_files": "media_name slot_path",
            "post_store": "PostStore",
            "folder": "FolderAdapter",
            "markdown": "markdown",
            "markdown_escapes": "web_address",
            "oauth": "OAuth log_in",
            "pieces": "Piece piece",
            "post": "Event Media Post View",
            "post_index": "Group",
            "state": "MemoryState State",
            "styled": "Span runs styled",
            "text": "count cut first_that_fits fits marks split",
        },
    )

    def __getattr__(name: str) -> Any:
        """The client's types load the HTTP library, and a turn to send the kernel's timers: to render needs neither."""
        if name in ("Arrival", "Receipt"):
            return getattr(import_module(f"steadycast.{name.lower()}"), name)
        if name == "in_turn":
            from steadycast.crash_safety.send_window import held

            return held
        if name in ("Answer", "HttpClient"):
            from steadycast import outgoing

            return getattr(outgoing, name)
        return _of_files(name)
