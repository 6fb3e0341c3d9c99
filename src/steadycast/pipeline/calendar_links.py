"""The address by which one person's calendar program reads the plan: it opens that, and nothing else.

Calendar programs have no cookie, so the key stands in the address. The ledger keeps its hash alone. There is one for
each person: a new one ends the one before, and it ends with the person.
"""

from __future__ import annotations

import hmac
import re
import secrets

from steadycast.pipeline.accounts import hash_of
from steadycast.pipeline.app import App

TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_KEPT = "calendar link of "  # and the person's name: a key of the installation's values


def make(app: App, person: str) -> str:
    """The token of a new address; it is told this once."""
    token = secrets.token_urlsafe(24)
    app.ledger.set_meta(_KEPT + person, hash_of(token))
    return token


def end(app: App, person: str) -> None:
    """Nothing reads the plan by this person's address any more."""
    app.ledger.set_meta(_KEPT + person, "")


def has(app: App, person: str) -> bool:
    """Whether a person's address stands."""
    return bool(app.ledger.meta(_KEPT + person))


def person_of(app: App, token: str) -> str | None:
    """Whose address a token makes; None where it opens nothing, or the person is let in no more."""
    if not TOKEN.fullmatch(token):
        return None
    given = hash_of(token)
    found = next((n for n, kept in app.ledger.metas(_KEPT).items() if hmac.compare_digest(kept, given)), None)
    if found is None:
        return None
    row = app.ledger.person(found)
    return found if row is None or row.ended is None else None
