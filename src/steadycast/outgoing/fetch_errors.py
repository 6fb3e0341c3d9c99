"""Why something on the web could not be had."""

from __future__ import annotations

from steadycast.errors import SteadycastError


class FetchError(SteadycastError):
    """Something on the web could not be had; the message names the host at most, never a path or a token."""

    def __str__(self) -> str:
        """The message as it was made, so that it can be said in another language (see retold.py)."""
        return self.args[0] if self.args else ""


class PrivateAddressError(FetchError):
    """It leads to a private network, and nobody gave leave for that."""
