"""Delivery: exactly once as far as the far side allows. Knows the ledger and the contract, no platform and no SQL.

ledger.recover(now)                                          # at every start and every tick
claims = ledger.claim(now, owner, lease, ids=ids)
outcomes = deliver(ledger, claims, make_post, adapter_for)    # freeze, hold, intend, send, receive
settle(ledger, adapter_for)                                  # what is in doubt
amend(ledger, claim, platform, make_post, adapter_for, clock)  # what is out, changed or taken away
verify(ledger, adapter_for)                                  # what is published and not yet seen
"""

from steadycast.delivery.amend import amend, amendment_lease
from steadycast.delivery.channel_memory import LedgerState
from steadycast.delivery.clock import Clock, SystemClock
from steadycast.delivery.known_to_ledger import known_of
from steadycast.delivery.send import deliver
from steadycast.delivery.settle import settle, verify
from steadycast.delivery.transitions import AdapterFor, Opened

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
