"""The address of a post, as a person or a feed gives it: whether it is one, and whether its platform has such."""

from __future__ import annotations

from urllib.parse import urlsplit

from steadycast.platform import Platform

LONGEST = 2000


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


def _below(url: str, prefix: str) -> bool:
    """Whether a URL begins with `host/path`; sub-domains of the host count."""
    parts = urlsplit(url)
    host, _, path = prefix.partition("/")
    own = parts.hostname or ""
    query = f"?{parts.query}" if parts.query else ""
    return (own == host or own.endswith(f".{host}")) and f"{parts.path}{query}".startswith(f"/{path}")
