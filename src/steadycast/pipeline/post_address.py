"""The address of a post, as a person or a feed gives it: whether it is one, and whether its platform has such."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from steadycast.platform import Platform

LONGEST = 2000
LONGEST_SHARED = 4000  # characters of what an app's “share” gives: a title, some words, an address
_SHARED = re.compile(r"https?://[!#-&(-;=?-~]+", re.IGNORECASE)  # what is not ASCII stands behind the address
_BEHIND = ".,;:!?)]}'"


def is_web_address(url: str) -> bool:
    """Whether that is the address of a page: http or https, a host, and nothing that ends an address."""
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False
    return named and len(url) <= LONGEST and not set(url) & set(" \t\r\n<>\"'")


def is_of(platform: Platform, url: str) -> bool:
    """Whether a post on this platform may have that address: its `confirm_hosts`, where there are any, begin it."""
    return not platform.confirm_hosts or any(_below(url, prefix) for prefix in platform.confirm_hosts)


def address_in(platform: Platform, given: str) -> str:
    """The address of a post in what a person pasted: an address, or an app's share text with one in it.

    Of several, those that the platform may have; `given` itself where there is none, or more than one.
    """
    text = given.strip()
    if is_web_address(text) or len(text) > LONGEST_SHARED:
        return text
    found = {url for each in _SHARED.findall(text) if is_web_address(url := each.rstrip(_BEHIND))}
    fitting = [url for url in found if urlsplit(url).path.strip("/") and is_of(platform, url)]
    return fitting[0] if len(fitting) == 1 else text


def _below(url: str, prefix: str) -> bool:
    """Whether a URL begins with `host/path`; sub-domains of the host count."""
    parts = urlsplit(url)
    host, _, path = prefix.partition("/")
    own = parts.hostname or ""
    query = f"?{parts.query}" if parts.query else ""
    return (own == host or own.endswith(f".{host}")) and f"{parts.path}{query}".startswith(f"/{path}")
