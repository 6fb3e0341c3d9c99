"""Accounts: who is let in, by what, until when; and that of no secret more than a hash is kept."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from pathlib import Path

import pytest
from conftest import NOON, PASSWORDS_IN_EARNEST
from pipeline_bench import DAILY, SETTINGS, Bench

from steadycast import pipeline
from steadycast.errors import InputError
from steadycast.pipeline import App, accounts, acting, concerns, who
from steadycast.pipeline.permissions import LEAST, LIMITED, ORDER, Act, Person, Role, may, may_somewhere

PASSWORD = "seven teapots"
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


NOTES = DAILY.replace("daily", "notes").replace("20:00", "08:00")


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS + NOTES, {"ugc/bob/one.md": "# One\n\nWords.\n"})


# Permissions


def test_each_role_may_all_that_the_one_before_it_may() -> None:
    """A reader looks, a member writes, an editor decides and plans, an owner sets up."""
    allowed = {
        Role.READER: {Act.READ},
        Role.MEMBER: {Act.READ, Act.SUBMIT},
        Role.EDITOR: {Act.READ, Act.SUBMIT, Act.DECIDE, Act.PLAN, Act.SETTLE},
        Role.OWNER: {*Act},
    }
    for role in Role:
        assert {act for act in Act if may(Person("ann", role), act)} == allowed[role], role


def test_an_editor_of_named_series_does_nothing_beyond_them() -> None:
    ann = Person("ann", Role.EDITOR, frozenset({"notes"}))
    for act in LIMITED:
        assert may_somewhere(ann, act)
        assert may(ann, act, {"notes"})
        assert not may(ann, act, {"notes", "talks"})
        assert not may(ann, act, set()), "it concerns no series that is theirs"
        assert not may(ann, act), "it concerns the whole community"
    assert may(ann, Act.READ)
    assert may(ann, Act.SUBMIT)
    assert may(Person("eve", Role.EDITOR), Act.PLAN, {"talks"})


@pytest.mark.parametrize("own", Role)
def test_a_token_narrows_and_never_widens(own: Role) -> None:
    """Whatever a token is made for: it may nothing that its person may not, and nothing beyond its own bounds."""
    series_of_own: list[tuple[str, ...]] = [(), ("notes",), ("notes", "talks")]
    series_of_cap: list[tuple[str, ...]] = [(), ("notes",), ("news",)]
    for cap, of_own, of_cap in itertools.product(Role, series_of_own, series_of_cap):
        person = Person("ann", own, frozenset(of_own) if own is Role.EDITOR else frozenset())
        narrowed = person.at_most(cap, of_cap)
        for act, series in itertools.product(Act, [None, {"notes"}, {"talks"}, {"news"}]):
            if may(narrowed, act, series):
                tried = (cap, of_own, of_cap, act, series)
                assert may(person, act, series), tried
                assert ORDER.index(LEAST[act]) <= ORDER.index(cap), tried
                assert not of_cap or act not in LIMITED or (series is not None and series <= {*of_cap}), tried


def test_what_a_change_concerns(app: App, bench: Bench) -> None:
    """A draft concerns every series that could carry it: approved, it may turn up in each."""
    bench.drop("ugc/bob/two.md", "---\nseries: notes\n---\n# Two\n\nWords.\n")
    pipeline.collect(app, bench.clock.now())
    assert concerns.series_of_draft(app, "ugc/bob/one.md") == {"daily", "notes"}
    assert concerns.series_of_draft(app, "ugc/bob/two.md") == {"notes"}
    assert concerns.series_of_slot("notes@2026-11-27T20:00") == {"notes"}
    assert concerns.series_of_delivery(app, "nothing") == set()


# Passwords and sessions


def test_logged_in_until_it_ends(app: App) -> None:
    accounts.add_person(app, "ann", Role.EDITOR, PASSWORD, NOON)
    assert accounts.log_in(app, "ann", "another one", NOON) is None
    assert accounts.log_in(app, "nobody", PASSWORD, NOON) is None
    token = accounts.log_in(app, "ann", PASSWORD, NOON)
    assert token
    found = accounts.session(app, token, NOON + HOUR)
    assert found
    assert found.person == Person("ann", Role.EDITOR)
    assert accounts.session(app, token + "x", NOON) is None
    assert accounts.session(app, "", NOON) is None
    accounts.log_out(app, token, NOON + HOUR)
    assert accounts.session(app, token, NOON + HOUR) is None


def test_a_session_ends_when_it_is_not_used_and_after_thirty_days(app: App) -> None:
    accounts.add_person(app, "ann", Role.READER, PASSWORD, NOON)
    idle, kept = (accounts.log_in(app, "ann", PASSWORD, NOON) or "" for _ in range(2))
    for day in range(0, 30, 5):
        assert accounts.session(app, kept, NOON + day * DAY)
    assert accounts.session(app, kept, NOON + 30 * DAY) is None
    assert accounts.session(app, idle, NOON + 7 * DAY) is None


def test_two_log_in_at_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several lanes, as in earnest: two passwords that were looked at side by side waited for each other for ever."""
    monkeypatch.setattr(accounts, "PROFILE", {"iterations": 1, "lanes": 4, "memory_cost": 1024})
    accounts.add_person(app, "two", Role.READER, PASSWORD, NOON)
    right: list[bool] = []

    def look() -> None:
        right.extend(accounts.is_password(app, "two", PASSWORD) for _ in range(20))

    looking = [threading.Thread(target=look, daemon=True) for _ in range(2)]
    for each in looking:
        each.start()
    for each in looking:
        each.join(20)
    assert right == [True] * 40


def test_another_password_ends_the_other_sessions(app: App) -> None:
    accounts.add_person(app, "ann", Role.READER, PASSWORD, NOON)
    here, there = (accounts.log_in(app, "ann", PASSWORD, NOON) or "" for _ in range(2))
    accounts.set_password(app, "ann", "eight teapots", NOON, keep=accounts.hash_of(here))
    assert accounts.session(app, here, NOON)
    assert accounts.session(app, there, NOON) is None
    assert accounts.log_in(app, "ann", PASSWORD, NOON) is None
    assert accounts.is_password(app, "ann", "eight teapots")


def test_a_password_is_the_same_on_every_keyboard(app: App) -> None:
    """One composes é, another sends e and an accent; a full-width keyboard sends other letters."""
    accounts.add_person(app, "ann", Role.READER, "caf\u00e9 au lait ABC", NOON)
    assert accounts.log_in(app, "ann", "cafe\u0301 au lait \uff21\uff22\uff23", NOON)


@pytest.mark.parametrize("password", ["short", "x" * 257, "a long name", "A LONG NAME"])
def test_a_password_that_is_not_taken(app: App, password: str) -> None:
    with pytest.raises(InputError) as refused:
        accounts.add_person(app, "a long name", Role.READER, password, NOON)
    assert password not in str(refused.value)
    assert accounts.people(app) == []


@pytest.mark.parametrize(
    ("name", "role", "series"),
    [("../x", Role.READER, []), ("", Role.READER, []), ("ann", Role.OWNER, ["notes"]), ("ann", Role.EDITOR, ["none"])],
)
def test_a_person_who_cannot_be_added(app: App, name: str, role: Role, series: list[str]) -> None:
    with pytest.raises(InputError):
        accounts.add_person(app, name, role, PASSWORD, NOON, series=series)


def test_whoever_is_ended_is_out_at_once_and_the_name_is_never_given_again(app: App) -> None:
    accounts.add_person(app, "ann", Role.OWNER, PASSWORD, NOON)
    accounts.add_person(app, "eve", Role.OWNER, PASSWORD, NOON)
    session = accounts.log_in(app, "eve", PASSWORD, NOON) or ""
    text = accounts.make_token(app, "eve", "script", Role.OWNER, NOON).text
    accounts.end_person(app, "eve", NOON)
    assert accounts.session(app, session, NOON) is None
    assert accounts.token(app, text, NOON) is None
    assert accounts.log_in(app, "eve", PASSWORD, NOON) is None
    with pytest.raises(InputError, match="eve"):
        accounts.add_person(app, "eve", Role.READER, PASSWORD, NOON)
    with pytest.raises(InputError, match="eve"):
        accounts.change_role(app, "eve", Role.READER)
    for last in (lambda: accounts.end_person(app, "ann", NOON), lambda: accounts.change_role(app, "ann", Role.READER)):
        with pytest.raises(InputError, match="only owner"):
            last()


def test_another_role_holds_from_the_next_request_on(app: App) -> None:
    accounts.add_person(app, "ann", Role.EDITOR, PASSWORD, NOON, series=["notes"])
    token = accounts.log_in(app, "ann", PASSWORD, NOON) or ""
    accounts.change_role(app, "ann", Role.READER)
    accounts.set_language(app, "ann", "zh_Hans")
    found = accounts.session(app, token, NOON)
    assert found
    assert (found.person.role, found.person.series, found.language) == (Role.READER, frozenset(), "zh_Hans")


# Tokens of programs


def test_a_token_of_a_program(app: App) -> None:
    accounts.add_person(app, "ann", Role.EDITOR, PASSWORD, NOON)
    made = accounts.make_token(app, "ann", " my\nscript ", Role.OWNER, NOON, series=["notes"], lasts=DAY)
    assert accounts.token(app, made.text, NOON) == Person("ann", Role.EDITOR, frozenset({"notes"}))
    assert accounts.token(app, made.text, NOON + DAY) is None
    assert accounts.token(app, made.text.removeprefix(accounts.PREFIX), NOON) is None
    assert accounts.session(app, made.text, NOON) is None
    [row] = accounts.tokens_of(app, "ann")
    assert (row.label, row.used) == ("my script", NOON)
    accounts.change_role(app, "ann", Role.READER)
    assert accounts.token(app, made.text, NOON) == Person("ann", Role.READER, frozenset({"notes"}))
    with pytest.raises(InputError):
        accounts.revoke_token(app, "eve", row.hash, NOON)
    accounts.revoke_token(app, "ann", row.hash, NOON)
    assert accounts.token(app, made.text, NOON) is None


def test_of_no_secret_more_than_a_hash_is_kept(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a copy of the ledger is let in nowhere."""
    monkeypatch.setattr(accounts, "PROFILE", PASSWORDS_IN_EARNEST)
    accounts.add_person(app, "ann", Role.EDITOR, PASSWORD, NOON)
    session = accounts.log_in(app, "ann", PASSWORD, NOON) or ""
    text = accounts.make_token(app, "ann", "script", Role.EDITOR, NOON).text
    kept = Path(app.workspace.ledger).read_bytes()
    for secret in (PASSWORD, session, text):
        assert secret
        assert secret.encode() not in kept
    assert b"$argon2id$v=19$m=65536,t=3,p=4$" in kept


# What was done


def test_what_was_changed_is_written_down_whatever_a_form_said(app: App) -> None:
    """PostgreSQL refuses a row with a NUL in it: the change would be made, and nobody would have made it."""
    accounts.audit(app, "ann", "desk", NOON, act="decide", subject="draft x", detail="/drafts/decide reject\0")
    assert accounts.audited(app)[0].detail == "/drafts/decide reject\N{REPLACEMENT CHARACTER}"


def test_who_did_what(app: App) -> None:
    assert who() != "ann"
    with acting("ann"):
        assert who() == "ann"
    for number in range(3):
        accounts.audit(app, "ann", "desk", NOON, act=Act.DECIDE, subject=f"draft {number}", detail="x" * 10_000)
    newest, *_ = accounts.audited(app)
    assert (newest.who, newest.via, newest.act, newest.subject) == ("ann", "desk", "decide", "draft 2")
    assert len(newest.detail) == accounts.LONGEST_DETAIL
    assert [row.subject for row in accounts.audited(app, newest.id, 1)] == ["draft 1"]
