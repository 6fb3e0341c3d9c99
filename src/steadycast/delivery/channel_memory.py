"""`Channel.state` on the ledger: the same for every worker; of all of them one makes a new value."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from steadycast.crash_safety import send_window
from steadycast.delivery.clock import Clock
from steadycast.errors import Busy, Unknown
from steadycast.language import gettext as _
from steadycast.ledger.store import Ledger
from steadycast.platform.state import MARGIN, SECRET, Make, secrets_in

PATIENCE = 30.0  # seconds to wait for another worker's new value, before this delivery is tried again later
NAP = 0.1  # seconds between two looks for it
SPARE = 30.0  # seconds, beyond the requests' deadlines, for which one worker is left to make it
REQUESTS = 2  # that it takes, at most


class LedgerState:
    """One channel's values. What its name calls a secret is learnt, so that no message repeats it."""

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        channel: str,
        clock: Clock,
        *,
        deadline: float = 60.0,
        learn: Callable[[str], object] = str,
    ) -> None:
        self._ledger = ledger
        self._channel = channel
        self._clock = clock
        self._lasts = dt.timedelta(seconds=REQUESTS * deadline + SPARE)
        self._learn = learn

    def get(self, key: str) -> Any:
        """As State."""
        return self._lasting(key, 0.0)[0]

    def set(self, key: str, value: Any, *, expires: dt.datetime | None = None) -> None:
        """As State."""
        self._ledger().set_state(self._channel, key, self._known(key, value), expires)

    def all(self, prefix: str) -> dict[str, Any]:
        """As State."""
        found = self._ledger().states_of_channel(self._channel, prefix, self._clock.now())
        return {key: self._known(key, value) for key, value in found.items()}

    def fresh(self, key: str, make: Make, *, margin: float = MARGIN) -> Any:
        """As State. An answer that is lost while a new value is made leaves no post in doubt: Busy."""
        me, waited = uuid.uuid4().hex, self._clock.monotonic()
        while True:
            value, old = self._lasting(key, margin)
            if value is not None:
                return value
            if self._ledger().readonly:
                raise Busy(_("a new %(key)s is needed, and only a publish makes one", key=key), channel=self._channel)
            if self._ledger().lock_state(self._channel, key, me, self._clock.now(), lasts=self._lasts):
                return self._made(key, make, margin, old, me)
            if self._clock.monotonic() - waited > PATIENCE:
                raise Busy(
                    _(
                        "another worker has been getting a new %(key)s for %(num)s s",
                        key=key,
                        num=round(PATIENCE),
                    ),
                    channel=self._channel,
                )
            self._clock.sleep(NAP)

    def _made(self, key: str, make: Make, margin: float, old: Any, me: str) -> Any:
        """The new value; whoever had the lock before may have made one since it was looked for."""
        kept = False
        try:
            value, old = self._lasting(key, margin)
            if value is None:
                with send_window.harmless():
                    value, expires = make(old)
                kept = self._ledger().set_state(self._channel, key, self._known(key, value), expires, owner=me)
        except Unknown as error:
            raise Busy(error.message, error.code, error.channel) from error
        finally:
            if not kept:
                self._ledger().unlock_state(self._channel, key, me)
        return value

    def _lasting(self, key: str, margin: float) -> tuple[Any, Any]:
        """The value where it lasts so many seconds more, else None; and whatever there is."""
        value, expires = self._ledger().state(self._channel, key)
        self._known(key, value)
        lasts = expires is None or expires > self._clock.now() + dt.timedelta(seconds=margin)
        return (value if lasts else None), value

    def _known(self, key: str, value: Any) -> Any:
        for secret in secrets_in(value, secret=SECRET.search(key) is not None):
            self._learn(secret)
        return value
