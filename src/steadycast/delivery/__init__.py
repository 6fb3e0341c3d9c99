"""Delivery: exactly once as far as the far side allows. Knows the ledger and the contract, no platform and no SQL.

ledger.recover(now)                                          # at every start and every tick
claims = ledger.claim(now, owner, lease, ids=ids)
outcomes = deliver(ledger, claims, make_post, adapter_for)    # freeze, hold, intend, send, receive
settle(ledger, adapter_for)                                  # what is in doubt
amend(ledger, claim, platform, make_post, adapter_for, clock)  # what is out, changed or taken away
verify(ledger, adapter_for)                                  # what is published and not yet seen
"""

from typing import TYPE_CHECKING

from steadycast import on_demand

__all__ = [
    "AdapterFor",
    "Clock",
    "LedgerState",
    "Opened",
    "SystemClock",
    "amend",
    "amendment_lease",
    "deliver",
    "known_of",
    "settle",
    "verify",
]

if TYPE_CHECKING:
    from steadycast.delivery.amend import amend, amendment_lease
    from steadycast.delivery.channel_memory import LedgerState
    from steadycast.delivery.clock import Clock, SystemClock
    from steadycast.delivery.known_to_ledger import known_of
    from steadycast.delivery.send import deliver
    from steadycast.delivery.settle import settle, verify
    from steadycast.delivery.transitions import AdapterFor, Opened
else:
    __getattr__ = on_demand.offer(
        __name__,
        __all__,
        {
            "amend": "amend amendment_lease",
            "channel_memory": "LedgerState",
            "clock": "Clock SystemClock",
            "known_to_ledger": "known_of",
            "send": "deliver",
            "settle": "settle verify",
            "transitions": "AdapterFor Opened",
        },
    )
