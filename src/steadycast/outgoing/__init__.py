"""Every request Steadycast makes: the guarded fetcher for what a draft or a feed names, an adapter's client."""

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = [
    "Answer",
    "FetchError",
    "Fetched",
    "Fetcher",
    "HttpClient",
    "PrivateAddressError",
    "authority",
    "redacted_urls",
    "reset_after",
    "retry_after",
    "shown_url",
]

if TYPE_CHECKING:
    from steadycast.outgoing.answers import Answer, reset_after, retry_after
    from steadycast.outgoing.connection import redacted_urls, shown_url
    from steadycast.outgoing.fetch_errors import FetchError, PrivateAddressError
    from steadycast.outgoing.fetcher import Fetched, Fetcher, authority
    from steadycast.outgoing.http_client import HttpClient
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "answers": "Answer reset_after retry_after",
            "connection": "redacted_urls shown_url",
            "fetch_errors": "FetchError PrivateAddressError",
            "fetcher": "Fetched Fetcher authority",
            "http_client": "HttpClient",
        },
    )
