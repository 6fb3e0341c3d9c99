"""The ledger: the only truth about slots, deliveries and receipts."""
