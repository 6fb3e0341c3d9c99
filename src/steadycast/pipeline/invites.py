"""Invites: a link that opens one member's own page, until it ends or is taken back.

The token is random and known to whoever has the link alone: the ledger keeps its hash. So a copy of the ledger opens no
page, and an invite is listed and taken back by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from steadycast.errors import InputError
from steadycast.language import gettext as _
from steadycast.ledger.tables import InviteRow
from steadycast.pipeline.app import App
from steadycast.pipeline.members import named
from steadycast.workspace.values import MemberName

LASTS = dt.timedelta(days=180)
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_NAME: TypeAdapter[str] = TypeAdapter(MemberName)


@dataclass(frozen=True, slots=True)
class Made:
    """A new invite: its token is told this once."""

    token: str
    row: InviteRow


def make(app: App, member: str, by: str, now: dt.datetime, lasts: dt.timedelta = LASTS) -> Made:
    """A new invite for a member, by the name of their folder, or by that for people where they are known.

    One who never wrote may have one too.
    """
    try:
        name = _NAME.validate_python(named(app, member))
    except ValidationError:
        said = _("%(name)r is no member's name", name=member)
        raise InputError(said, hint=_("a name is a folder's: letters and digits in any script")) from None
    token = secrets.token_urlsafe(24)
    row = InviteRow(hash=_hash(token), member=name, made=now, who=by, expires=now + lasts)
    app.ledger.put_credential(row)
    return Made(token, row)


def member_of(app: App, token: str, now: dt.datetime) -> str | None:
    """Whose page a token opens now; None where it opens none."""
    row = app.ledger.invite(_hash(token)) if TOKEN.fullmatch(token) else None
    if row is None or not stands(row, now):
        return None
    app.ledger.used_credential(row, now)
    return row.member


def stands(row: InviteRow, now: dt.datetime) -> bool:
    """Whether an invite still opens its page."""
    return row.revoked is None and now < row.expires


def revoke(app: App, hash: str, now: dt.datetime) -> None:
    """Take an invite back; InputError where it had ended."""
    if not app.ledger.revoke_invite(hash, now):
        raise InputError(_("this invite has ended already"), hint=_("make another one"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
