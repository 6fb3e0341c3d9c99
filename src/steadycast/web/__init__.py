"""Every request Steadycast makes: the guarded fetcher for what a draft or a feed names, an adapter's client."""

from steadycast.web.answers import Answer, reset_after, retry_after
from steadycast.web.fetcher import Fetched, Fetcher, authority
from steadycast.web.http_client import HttpClient
from steadycast.web.wire import FetchError, redacted_urls, shown_url

__all__ = [
    "Answer",
    "FetchError",
    "Fetched",
    "Fetcher",
    "HttpClient",
    "authority",
    "redacted_urls",
    "reset_after",
    "retry_after",
    "shown_url",
]
