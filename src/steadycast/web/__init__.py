"""Every request Steadycast makes: the guarded fetcher for what a draft or a feed names, and an adapter's HTTP half."""

from steadycast.web.far import Answer, Far, retry_after
from steadycast.web.fetcher import Fetched, Fetcher, authority
from steadycast.web.wire import FetchError, redacted_urls, shown_url

__all__ = [
    "Answer",
    "Far",
    "FetchError",
    "Fetched",
    "Fetcher",
    "authority",
    "redacted_urls",
    "retry_after",
    "shown_url",
]
