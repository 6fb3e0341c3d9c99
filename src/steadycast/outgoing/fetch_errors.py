"""Why something on the web could not be had."""

from __future__ import annotations

from steadycast.errors import SteadycastError


class FetchError(SteadycastError):
    """Something on the web could not be had; the message names the host at most, never a path or a token."""


class PrivateAddressError(FetchError):
    """It leads to a private network, and nobody gave leave for that."""
