"""Alembic's entry: runs on the connection that `schema.upgrade` hands in, inside its transaction and its lock."""

from __future__ import annotations

from alembic import context

from steadycast.ledger.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
