"""Invites: who may open a member's page, and until when. The token itself is nowhere, only its hash."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select, update

from steadycast.ledger.connection import Database, row_of, rows_of, table
from steadycast.ledger.tables import InviteRow

INVITE = table("invite")
MOST = 200  # invites that are listed


def invite(db: Database, hash: str) -> InviteRow | None:
    """The invite whose token has this hash, whatever became of it; None where there is none."""
    return row_of(db, InviteRow, select(INVITE).where(INVITE.c.hash == hash))


def invites_of(db: Database, member: str | None = None) -> list[InviteRow]:
    """The newest invites, of one member or of all."""
    query = select(INVITE).order_by(INVITE.c.made.desc(), INVITE.c.hash).limit(MOST)
    return rows_of(db, InviteRow, query if member is None else query.where(INVITE.c.member == member))


def revoke_invite(db: Database, hash: str, now: dt.datetime) -> bool:
    """End an invite now; False when it had ended already, or is not there."""
    with db.write() as connection:
        stands = (INVITE.c.hash == hash) & INVITE.c.revoked.is_(None) & (INVITE.c.expires > now)
        return connection.execute(update(INVITE).where(stands).values(revoked=now)).rowcount == 1
