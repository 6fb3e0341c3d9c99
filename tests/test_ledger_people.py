"""Persons, sessions, tokens, the log and answered requests, on each database."""

from __future__ import annotations

import datetime as dt

from conftest import NOON

from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import ApiTokenRow, AuditRow, IdempotencyRow, PersonRow, SessionRow

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def person(name: str) -> PersonRow:
    return PersonRow(name=name, role="editor", series=["notes"], password="$argon2id$", made=NOON)


def test_people_sessions_and_tokens(ledger: Ledger) -> None:
    assert not ledger.has_people()
    assert ledger.put_person(person("ann"))
    assert not ledger.put_person(person("ann"))
    assert ledger.put_person(person("小林"))
    assert ledger.has_people()
    for name, hash in (("ann", "a"), ("ann", "b"), ("小林", "c")):
        ledger.put_credential(SessionRow(hash=hash, person=name, made=NOON, expires=NOON + HOUR, used=NOON))
        ledger.put_credential(ApiTokenRow(hash=hash, person=name, role="reader", made=NOON))
    row, whose = ledger.session("c") or (None, None)
    assert row
    assert whose
    assert (row.person, whose.name, whose.series, row.ended) == ("小林", "小林", ["notes"], None)
    ledger.used_credential(row, NOON + MINUTE)
    assert (ledger.session("c") or (row, whose))[0].used == NOON, "it is written down a few times an hour"
    ledger.used_credential(row, NOON + HOUR)
    assert (ledger.session("c") or (row, whose))[0].used == NOON + HOUR
    assert ledger.end_sessions(NOON, person="ann", keep="b") == 1
    assert ledger.end_sessions(NOON, hash="b") == 1
    assert ledger.end_sessions(NOON, hash="b") == 0
    assert ledger.revoke_api_tokens(NOON, person="ann", hash="c") == 0, "it is not theirs"
    assert ledger.revoke_api_tokens(NOON, person="ann") == 2
    token, _ = ledger.api_token("c") or (None, None)
    assert token
    ledger.used_credential(token, NOON)
    assert [t.used for t in ledger.api_tokens_of("小林")] == [NOON]
    for row_ in ledger.all_people():
        assert ledger.change_person(row_.name, ended=NOON)
        assert not ledger.change_person(row_.name, role="owner")
    assert not ledger.has_people()


def test_the_log_is_read_a_page_at_a_time(ledger: Ledger) -> None:
    for number in range(5):
        ledger.put_audit(AuditRow(at=NOON, who="ann", via="desk", act="plan", subject=str(number)))
    newest = ledger.audit_page(count=2)
    assert [row.subject for row in newest] == ["4", "3"]
    assert [row.subject for row in ledger.audit_page(newest[-1].id, count=2)] == ["2", "1"]


def test_a_key_is_taken_once_and_its_answer_kept(ledger: Ledger) -> None:
    row = IdempotencyRow(person="ann", key="k", request="r", made=NOON)
    assert ledger.begin_idempotent(row)
    assert not ledger.begin_idempotent(row)
    assert ledger.begin_idempotent(IdempotencyRow(person="eve", key="k", request="r", made=NOON))
    ledger.finish_idempotent("ann", "k", 200, "{}")
    kept = ledger.idempotent("ann", "k")
    assert kept
    assert (kept.status, kept.body) == (200, "{}")
    ledger.finish_idempotent("eve", "k", None)
    assert ledger.idempotent("eve", "k") is None
    assert ledger.forget_idempotent(NOON + HOUR) == 1
    assert ledger.begin_idempotent(row)
