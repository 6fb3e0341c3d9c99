"""The one fetcher for every address that a draft or a feed names."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from steadycast.web.wire import (
    MAX_REDIRECTS,
    PERMANENT,
    REDIRECTS,
    FetchError,
    Wire,
    body_of,
    checked,
    exchange,
    reason,
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer. `url` is where it came from; `permanent_url` is where to ask next time."""

    status: int
    url: str
    headers: Mapping[str, str]  # names in any case
    body: bytes
    permanent_url: str


class Fetcher:
    """The one way to ask for an address that a draft or a feed names. Safe to share between threads."""

    def __init__(
        self, *, max_bytes: int = 5 * 1024 * 1024, deadline: float = 20.0, allow_private: bool = False
    ) -> None:
        self.max_bytes = max_bytes
        self.deadline = deadline
        self.allow_private = allow_private

    def get(
        self,
        url: str,
        *,
        etag: str = "",
        modified: str = "",
        max_bytes: int | None = None,
        deadline: float | None = None,
        allow_private: bool | None = None,
        accept: str = "*/*",
    ) -> Fetched:
        """The answer to a GET, whatever its status; up to 5 redirects followed, each checked like the first address.

        `deadline` is seconds for everything together, `max_bytes` holds before and after unpacking. Raises FetchError.
        """
        private = self.allow_private if allow_private is None else allow_private
        wire_until = time.monotonic() + (self.deadline if deadline is None else deadline)
        limit = self.max_bytes if max_bytes is None else max_bytes
        headers = {"Accept": accept}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        here, permanent, moved_for_good = url, url, True
        for _ in range(MAX_REDIRECTS + 1):
            wire = Wire(wire_until, public_only=not private)
            status, answer, body = _sorted_get(wire, checked(here), headers, limit)
            target = answer.get("Location", "")
            if status not in REDIRECTS or not target:
                return Fetched(status, here, answer, body, permanent)
            here = urljoin(here, target)
            moved_for_good = moved_for_good and status in PERMANENT
            permanent = here if moved_for_good else permanent
        raise FetchError(f"more than {MAX_REDIRECTS} redirects")


def _sorted_get(wire: Wire, url: str, headers: Mapping[str, str], limit: int) -> tuple[int, Mapping[str, str], bytes]:
    host = urlsplit(url).hostname
    try:
        with exchange(wire, "GET", url, headers=dict(headers)) as response:
            redirects = response.status in REDIRECTS and "Location" in response.headers
            body = b"" if redirects or response.status == 304 else body_of(response, wire, limit)
            return response.status, response.headers, body
    except FetchError:
        raise
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise FetchError(f"{host}: {reason(error, wire)}") from None
