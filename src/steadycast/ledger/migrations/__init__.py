"""The ledger's schema, version by version; `HEAD` is what this program speaks, known without importing Alembic."""

HEAD = "0016"
