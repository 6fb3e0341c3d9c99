"""The one fetcher for every address that a draft or a feed names."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from steadycast.language import gettext as _
from steadycast.outgoing.answer_bodies import body_of, ends_of
from steadycast.outgoing.connection import (
    MAX_REDIRECTS,
    PERMANENT,
    REDIRECTS,
    Connection,
    checked,
    exchange,
    reason,
)
from steadycast.outgoing.fetch_errors import FetchError

MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `url` is where it came from; `permanent_url` is where to ask next time."""

    status: int
    url: str
    headers: Mapping[str, str]  # names in any case
    body: bytes
    permanent_url: str
    gap: int = 0  # where `body` lacks its middle, as it is too long; 0 = whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """The one way to ask for an address that a draft or a feed names. Safe to share between threads."""

    deadline: float = 20.0
    allow_private: bool = False

    def get(
        self,
        url: str,
        *,
        etag: str = "",
        modified: str = "",
        max_bytes: int = MAX_BYTES,
        deadline: float | None = None,
        allow_private: bool | None = None,
        accept: str = "*/*",
        ends: bool = False,
    ) -> Fetched:
        """The answer to a GET, whatever its status; up to 5 redirects followed, each checked like the first address.

        `deadline` is seconds for everything together, `max_bytes` holds before and after unpacking; with `ends` what is
        longer comes without its middle. `allow_private` is leave for the host and port of `url`, and for no other that
        it leads to. From https nothing leads to http. Raises FetchError.
        """
        wire_until = time.monotonic() + (self.deadline if deadline is None else deadline)
        headers = {"Accept": accept}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        here, permanent, moved_for_good = url, url, True
        for _hop in range(MAX_REDIRECTS + 1):
            own = bool(allow_private) and authority(here) == authority(url)
            wire = Connection(wire_until, public_only=not (self.allow_private or own))
            _check_port(checked(here))
            status, answer, body, gap = _sorted_get(wire, here, headers, max_bytes, ends=ends)
            target = answer.get("Location", "")
            if status not in REDIRECTS or not target:
                return Fetched(status, here, answer, body, permanent, gap)
            here = _followed(here, target)
            moved_for_good = moved_for_good and status in PERMANENT
            permanent = here if moved_for_good else permanent
        raise FetchError(_("more than %(most)s redirects", most=MAX_REDIRECTS))


def authority(url: str) -> tuple[str, int]:
    """The host and port that an address leads to; FetchError for what is none."""
    parts = urlsplit(checked(url))
    return (parts.hostname or "").lower().rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)


def _followed(here: str, target: str) -> str:
    try:
        there = urljoin(here, target)
    except ValueError:
        raise FetchError(_("it leads to no address")) from None
    if here.lower().startswith("https:") and not there.lower().startswith("https:"):
        raise FetchError(_("%(host)s leads from https to http", host=urlsplit(here).hostname))
    return there


def _check_port(url: str) -> None:
    """No member makes this machine talk to a mail server: ports of other protocols are refused, as browsers do."""
    port = authority(url)[1]
    if (port < 1024 and port not in {80, 443}) or port in _NOT_OF_THE_WEB:
        raise FetchError(_("port %(port)s is not one of the web", port=port))


# From 1024 on, of the Fetch standard's list of bad ports.
_NOT_OF_THE_WEB = {
    1719,
    1720,
    1723,
    2049,
    3659,
    4045,
    4190,
    5060,
    5061,
    6000,
    6566,
    *range(6665, 6670),
    6679,
    6697,
    10080,
}


def _sorted_get(
    wire: Connection, url: str, headers: Mapping[str, str], limit: int, *, ends: bool
) -> tuple[int, Mapping[str, str], bytes, int]:
    host = urlsplit(url).hostname
    try:
        with exchange(wire, "GET", url, headers=dict(headers)) as response:
            if response.status == 304 or (response.status in REDIRECTS and "Location" in response.headers):
                return response.status, response.headers, b"", 0
            body, gap = ends_of(response, wire, limit) if ends else (body_of(response, wire, limit), 0)
            return response.status, response.headers, body, gap
    except FetchError:
        raise
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise FetchError(_("%(name)s: %(said)s", name=host, said=reason(error, wire))) from None
