"""Accounts: persons who log in, their sessions, the tokens of their programs, and the log of what they changed.

Every token is random and told once: the ledger keeps its SHA-256, so a copy of the ledger lets nobody in. A password is
kept as argon2id with the low-memory profile of RFC 9106, section 4. What a password must be is NIST SP 800-63B's:
a length, and no rules of composition.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
import threading
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from steadycast.errors import InputError, unknown_name
from steadycast.language import gettext as _
from steadycast.ledger.tables import ApiTokenRow, AuditRow, PersonRow, SessionRow
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App
from steadycast.pipeline.permissions import Person, Role
from steadycast.workspace.values import member_name

SHORTEST, LONGEST = 10, 256  # characters of a password
LASTS = dt.timedelta(days=30)  # a session, however much it is used
IDLE = dt.timedelta(days=7)  # and from its last use
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
PREFIX = "steadycast_"  # of an API token: a scanner of published texts knows it by that
LONGEST_LABEL = 100
LONGEST_DETAIL = 500
PROFILE: dict[str, Any] = {"iterations": 3, "lanes": 4, "memory_cost": 64 * 1024}  # KiB
# One at a time, and 64 MiB: two at once share OpenSSL's threads for their lanes, and then wait for each other for ever.
_HASHING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in, and by which session."""

    person: Person
    row: SessionRow
    language: str | None = None


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new API token: its text is told this once."""

    text: str
    row: ApiTokenRow


def add_person(
    app: App, name: str, role: Role, password: str, now: dt.datetime, *, series: Collection[str] = ()
) -> Person:
    """A new person who may log in; InputError where name, series or password cannot be taken."""
    try:
        name = member_name(name)
    except ValueError as error:
        raise InputError(_("%(name)r %(why)s", name=name, why=error)) from None
    _check_series(app, role, series)
    row = PersonRow(name=name, role=role, series=sorted(set(series)), password=_hashed(name, password), made=now)
    if not app.ledger.put_person(row):
        raise InputError(_("%(name)s is there already, or was", name=name), hint=_("take another name"))
    return _person(app, row)


def set_password(app: App, name: str, password: str, now: dt.datetime, *, keep: str = "") -> None:
    """Give a person another password; all sessions of theirs end but the one with the hash `keep`."""
    _change(app, name, password=_hashed(name, password))
    app.ledger.end_sessions(now, person=name, keep=keep)


def change_role(app: App, name: str, role: Role, series: Collection[str] = ()) -> Person:
    """Give a person another role; it holds from their next request on."""
    _check_series(app, role, series)
    if role is not Role.OWNER:
        _not_the_last_owner(app, name)
    _change(app, name, role=role, series=sorted(set(series)))
    return Person(name, role, frozenset(series))


def set_language(app: App, name: str, language: str | None) -> None:
    """Remember in which language a person reads the desk; None: in the community's."""
    _change(app, name, language=language)


def language_of(app: App, name: str) -> str:
    """In which language a person reads the desk; "" where they never said, or have no account."""
    row = app.ledger.person(name)
    return (row.language if row else None) or ""


def end_person(app: App, name: str, now: dt.datetime) -> None:
    """Let a person in no more: sessions and tokens end. What they did stays under their name, and nobody gets it."""
    _not_the_last_owner(app, name)
    _change(app, name, ended=now)
    app.ledger.end_sessions(now, person=name)
    app.ledger.revoke_api_tokens(now, person=name)


def people(app: App) -> list[PersonRow]:
    """All persons by name, those who are let in no more as well."""
    return app.ledger.all_people()


def log_in(app: App, name: str, password: str, now: dt.datetime) -> str | None:
    """A new session's token; None where name and password do not belong together. It takes as long for any name."""
    row = app.ledger.person(as_named(name))
    right = _is_password(row.password if row else _nobodys(), password)
    if row is None or row.ended is not None or not right:
        return None
    token = secrets.token_urlsafe(32)
    app.ledger.put_credential(SessionRow(hash=hash_of(token), person=row.name, made=now, expires=now + LASTS, used=now))
    return token


def as_named(name: str) -> str:
    """The name that is looked for where somebody types this one."""
    return unicodedata.normalize("NFC", name.strip()[:LONGEST]).replace("\0", "")


def is_password(app: App, name: str, password: str) -> bool:
    """Whether this is the password of a person; asked before they change it."""
    row = app.ledger.person(name)
    return row is not None and row.ended is None and _is_password(row.password, password)


def session(app: App, token: str, now: dt.datetime) -> Session | None:
    """Who is logged in by this token now; None where nobody is."""
    return session_of(app, hash_of(token), now) if TOKEN.fullmatch(token) else None


def session_of(app: App, hash: str, now: dt.datetime) -> Session | None:
    """The session that the ledger knows by this hash, while it lasts."""
    found = app.ledger.session(hash)
    if found is None:
        return None
    row, person = found
    if row.ended is not None or person.ended is not None or now >= min(row.expires, row.used + IDLE):
        return None
    app.ledger.used_credential(row, now)
    return Session(_person(app, person), row, person.language)


def log_out(app: App, token: str, now: dt.datetime) -> None:
    """End the session of this token."""
    app.ledger.end_sessions(now, hash=hash_of(token))


def make_token(
    app: App,
    name: str,
    label: str,
    role: Role,
    now: dt.datetime,
    *,
    series: Collection[str] = (),
    lasts: dt.timedelta | None = None,
) -> MadeToken:
    """A new API token of a person: it may do what they may, but no more than `role` and `series` say."""
    if series:
        _check_series(app, Role.EDITOR, series)
    row = app.ledger.person(name)
    if row is None or row.ended is not None:
        raise _unknown(app, name)
    text = PREFIX + secrets.token_urlsafe(32)
    made = ApiTokenRow(
        hash=hash_of(text), person=name, label=" ".join(label.split())[:LONGEST_LABEL], role=role,
        series=sorted(set(series)), made=now, expires=now + lasts if lasts else None,
    )  # fmt: skip
    app.ledger.put_credential(made)
    return MadeToken(text, made)


def tokens_of(app: App, name: str) -> list[ApiTokenRow]:
    """A person's API tokens, the newest first, those that have ended as well."""
    return app.ledger.api_tokens_of(name)


def revoke_token(app: App, name: str, hash: str, now: dt.datetime) -> None:
    """Revoke one API token of a person; InputError where it is none of theirs, or revoked."""
    if not hash or not app.ledger.revoke_api_tokens(now, person=name, hash=hash):
        raise InputError(_("this token is revoked already, or is none of this person's"))


def token(app: App, text: str, now: dt.datetime) -> Person | None:
    """For whom an API token acts now, and how far; None where it lets nobody in."""
    is_one = text.startswith(PREFIX) and TOKEN.fullmatch(text.removeprefix(PREFIX))
    found = app.ledger.api_token(hash_of(text)) if is_one else None
    if found is None:
        return None
    row, person = found
    if row.revoked is not None or person.ended is not None or (row.expires is not None and now >= row.expires):
        return None
    app.ledger.used_credential(row, now)
    return _person(app, person).at_most(Role(row.role), row.series)


def audit(app: App, who: str, via: str, now: dt.datetime, *, act: str, subject: str = "", detail: str = "") -> None:
    """Write down that somebody changed something; `via` is desk, api, cli or mcp.

    Whatever a form said is written: PostgreSQL keeps no NUL, and so no row that holds one.
    """
    subject, detail = (text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST_DETAIL] for text in (subject, detail))
    app.ledger.put_audit(AuditRow(at=now, who=who, via=via, act=act, subject=subject, detail=detail))


def audited(app: App, before: int | None = None, count: int = 50) -> list[AuditRow]:
    """What was changed, the newest first: a page of it, of what is older than the row `before`."""
    return app.ledger.audit_page(before, count)


def hash_of(token: str) -> str:
    """What the ledger knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


def _person(app: App, row: PersonRow) -> Person:
    return Person(row.name, Role(row.role), frozenset(row.series)).within(leaders.editors_of(app))


def _change(app: App, name: str, **changed: object) -> None:
    if not app.ledger.change_person(name, **changed):
        raise _unknown(app, name)


def _unknown(app: App, name: str) -> InputError:
    there = [row.name for row in app.ledger.all_people() if row.ended is None]
    return unknown_name("person", name, there, _("`steadycast desk user list` shows them"))


def _not_the_last_owner(app: App, name: str) -> None:
    owners = [row.name for row in app.ledger.all_people() if row.ended is None and row.role == Role.OWNER]
    if owners == [name]:
        raise InputError(_("%(name)s is the only owner", name=name), hint=_("make somebody else an owner first"))


def _check_series(app: App, role: Role, series: Collection[str]) -> None:
    if series and role is not Role.EDITOR:
        raise InputError(
            _("only an editor can be limited to series"),
            hint=_("name no series for a person who is %(role)s", role=role),
        )
    for name in series:
        if name not in app.workspace.series:
            raise unknown_name("series", name, app.workspace.series, _("steadycast.toml has the series"))


def _normal(password: str) -> bytes:
    """Its bytes, the same whichever keyboard composed its characters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _hashed(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError(
            _("a password has %(least)s to %(most)s characters", least=SHORTEST, most=LONGEST),
            hint=_("a few words in a row are good"),
        )
    if unicodedata.normalize("NFKC", password).casefold() == unicodedata.normalize("NFKC", name).casefold():
        raise InputError(_("the password is the name"), hint=_("take another one"))
    return _derived(_normal(password))


def _derived(password: bytes) -> str:
    with _HASHING:
        return Argon2id(salt=secrets.token_bytes(16), length=32, **PROFILE).derive_phc_encoded(password)


def _is_password(hashed: str, password: str) -> bool:
    if len(password) > LONGEST:
        return False
    try:
        with _HASHING:
            Argon2id.verify_phc_encoded(_normal(password), hashed)
    except InvalidKey:
        return False
    return True


@cache
def _nobodys() -> str:
    """A hash that belongs to nobody: whoever guesses at names waits as long as for one that is there."""
    return _derived(secrets.token_bytes(32))
