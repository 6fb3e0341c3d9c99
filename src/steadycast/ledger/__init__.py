"""The ledger: the only truth about slots, deliveries and receipts. `steadycast.ledger.store.Ledger` is the way in."""
