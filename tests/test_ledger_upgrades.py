"""A ledger of every version that was ever released is upgraded, and nothing of it is lost.

`tests/ledgers/<version>.sql` holds a small ledger as that version made it. Whoever adds a migration keeps one for it:
`.venv/bin/python tests/test_ledger_upgrades.py` writes it.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import NOON, promised
from sqlalchemy import insert

from steadycast.arrival import Arrival
from steadycast.ledger.migrations import HEAD
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.record_weeks import put_record_weeks
from steadycast.ledger.rows import METADATA
from steadycast.ledger.store import Ledger, State
from steadycast.ledger.tables import (
    ApiTokenRow,
    AskRow,
    AuditRow,
    CommentRow,
    DraftRow,
    FeedItemRow,
    FeedRow,
    HandInRow,
    IdempotencyRow,
    InviteRow,
    MemberStandingRow,
    PersonRow,
    ProblemRow,
    PublishRequestRow,
    RevisionRow,
    SessionRow,
    page_in,
)
from steadycast.receipt import Receipt

KEPT = Path(__file__).parent / "ledgers"
VERSIONS = Path(__file__).parent.parent / "src" / "steadycast" / "ledger" / "migrations" / "versions"
DUMPS = sorted(KEPT.glob("*.sql"))
SECRET = "5" * 64
HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("migrated")


def small(path: Path) -> None:
    """A ledger with something in every table, and a delivery in each of the states that matter."""
    with Ledger.open(path) as ledger:
        ledger.set_meta("secret", SECRET)
        ledger.secret = bytes.fromhex(SECRET)
        ids = promised(ledger, "blog", "mail", "far", "kit")
        told = {"tags": ["上海", "Walks"], "series": ["notes"], "language": "zh-CN"}
        draft = DraftRow(
            id="d0", path="pgc/d0.md", origin="pgc", form="article", title="旧", revision="r0", state="rejected",
            first_seen=NOON, changed=NOON,
        )  # fmt: skip
        ledger.put_drafts([draft], [RevisionRow(hash="r0", draft="d0", at=NOON, content=told)])
        promised(ledger, "blog", at=NOON + HOUR, draft=None)
        claims = ledger.claim(NOON, "worker", HOUR, ids=ids)
        ledger.freeze([(replace(c, revision="r1"), b"{}") for c in claims], NOON)
        claims = ledger.intend(claims, NOON, HOUR)
        ledger.begin_step(claims[1], "part-1", NOON, HOUR)
        ledger.finish_step(claims[1], "part-1", "remote-1", NOON)
        there = Receipt("id-1", "https://blog.example/1", detail={"parts": ["1"]})
        ends = [
            (State.PUBLISHED, there),
            (State.UNKNOWN, None),
            (State.REFUSED, None),
            (State.HANDED, Receipt("kit-1")),
        ]
        outcomes = [Outcome(c, s, NOON, p) for c, (s, p) in zip(claims, ends, strict=True)]
        ledger.receive(outcomes, NOON)
        amended = ledger.begin_amendment(ids[0], "r2", NOON, HOUR, who="editor", why="a year was wrong")
        assert amended
        ledger.end_amendment(amended, Outcome(amended, State.REFUSED, NOON, message="no"), b"{}", NOON)
        ledger.put_problems([ProblemRow(path="ugc/bob/x.md", at=NOON, line=3, message="no title", hint="write one")])
        ledger.put_feeds([FeedRow(key="f", member="alice", url="https://alice.example/…feed", last_ok=NOON)])
        ledger.put_feed_items([FeedItemRow(feed="f", guid="g", link="https://alice.example/1", draft="d1", at=NOON)])
        ledger.open_alarm("starvation:notes:low", "starvation", "low", NOON)
        ledger.set_state("far", "token", {"access": "t0k3n"}, NOON + HOUR)
        ledger.put_credential(InviteRow(hash="a" * 64, member="alice", made=NOON, who="editor", expires=NOON + HOUR))
        ledger.put_person(PersonRow(name="ann", role="editor", series=["notes"], password="$argon2id$", made=NOON))
        ledger.put_credential(SessionRow(hash="b" * 64, person="ann", made=NOON, expires=NOON + HOUR, used=NOON))
        ledger.put_credential(ApiTokenRow(hash="c" * 64, person="ann", label="script", role="reader", made=NOON))
        ledger.put_audit(AuditRow(at=NOON, who="ann", via="desk", act="decide", subject="d1"))
        ledger.begin_idempotent(IdempotencyRow(person="ann", key="k", request="d" * 64, made=NOON))
        asked = AskRow(
            slot="notes@1", series="notes", at=NOON, member="alice", asked=NOON, due="2026-11-26", changed=NOON
        )
        assert ledger.put_ask(asked)
        wanted = PublishRequestRow(
            slot="notes@1", series="notes", at=NOON, draft="d1", revision="r1", who="ann", via="mcp", asked=NOON
        )
        assert ledger.put_publish_request(wanted)
        put_record_weeks(ledger, None, "[]", {}, lambda: {"2026-11-16": "[]"})
        with ledger.write() as connection:
            for row in (
                HandInRow(the_class="c1", slot="c1@1", member="alice", due=NOON, verdict="missed", closes=NOON + HOUR),
                MemberStandingRow(member="alice", the_class="c1", at=NOON, what="warned", who="ann", why="twice late"),
                CommentRow(the_class="c1", slot="c1@1", reviewer="alice", author="bob", draft="d1", due=NOON),
            ):
                connection.execute(insert(METADATA.tables[row.__tablename__]).values(**row.model_dump(exclude={"id"})))
        ledger.put_arrivals("table", [Arrival(NOON.date(), "site", kind="join", n=2)])
        ledger.ticked(NOON)


def dump_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


@pytest.fixture
def kept(request: pytest.FixtureRequest, quick_path: Path) -> Path:
    """A ledger as that version left it."""
    path = quick_path / "old.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(request.param.read_text(encoding="utf-8"))
    return path


def tables_of(path: Path) -> dict[str, list[dict[str, object]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [r[0] for r in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {n: [dict(r) for r in connection.execute(f'SELECT * FROM "{n}"')] for n in names if "sqlite_" not in n}


def test_every_version_has_its_ledger() -> None:
    """A migration without a kept ledger of its version cannot be released: its users' upgrade would be untried."""
    versions = {file.name.partition("_")[0] for file in VERSIONS.glob("[0-9]*.py")}
    assert {file.stem for file in DUMPS} == versions
    assert max(versions) == HEAD


@pytest.mark.parametrize("kept", DUMPS, indirect=True, ids=lambda f: f.stem)
def test_an_old_ledger_keeps_every_row(kept: Path) -> None:
    """Upgraded to today's tables, it has as many rows as before, and each its key."""
    before = tables_of(kept)
    assert all(before[name] for name in METADATA.tables if name in before), "something in every table"
    Ledger.open(kept).close()
    after = tables_of(kept)
    assert after["alembic_version"] == [{"version_num": HEAD}]
    for name, rows in before.items():
        if name not in ("alembic_version", "meta"):
            same = set(rows[0]) & set(after[name][0])
            assert [{k: r[k] for k in same} for r in after[name]] == [{k: r[k] for k in same} for r in rows], name


@pytest.mark.parametrize("kept", DUMPS, indirect=True, ids=lambda f: f.stem)
def test_an_old_ledger_goes_on_where_it_was(kept: Path) -> None:
    """What was out is out, what was in doubt is in doubt, markers are the same, and the next slot is served."""
    with Ledger.open(kept) as ledger:
        assert {d.channel: d.state for d in ledger.deliveries(draft="d1")} == {
            "blog": "published", "mail": "unknown", "far": "refused", "kit": "handed",
        }  # fmt: skip
        assert [d.marker for d in ledger.deliveries()] == [
            ledger.marker(d.slot, d.channel) for d in ledger.deliveries()
        ]
        assert (
            ledger.receipts_of([ledger.deliveries()[0].id])[ledger.deliveries()[0].id].url == "https://blog.example/1"
        )
        mail = next(d.id for d in ledger.deliveries(draft="d1") if d.channel == "mail")
        assert ledger.steps_of([mail])[mail] == {"part-1": "remote-1"}
        assert ledger.last_tick() == NOON
        assert ledger.recover(NOON).unknown == ()
        [fresh] = promised(ledger, "blog", at=NOON + 2 * HOUR, draft="d2")
        assert len(ledger.claim(NOON + 2 * HOUR, "w", HOUR, ids=[fresh])) == 1


@pytest.mark.parametrize("kept", [KEPT / "0002.sql"], indirect=True)
def test_a_kit_that_waits_keeps_its_page(kept: Path, tmp_path: Path) -> None:
    """Before, a receipt named the kit's folder by its whole path, and the page in it."""
    folder = tmp_path / "out" / "kit" / "2026-11-27-notes-nnasd"
    folder.mkdir(parents=True)
    (folder / "article.html").write_text("x")
    told = {"path": str(folder), "page": "article.html", "feed": "", "confirm_hosts": []}
    with closing(sqlite3.connect(kept)) as connection, connection:
        connection.execute("UPDATE receipt SET detail = ? WHERE delivery = 4", (json.dumps(told),))
    with Ledger.open(kept) as ledger:
        receipt = ledger.receipts_of([4])[4]
    assert page_in(receipt.detail, tmp_path / "out" / "kit") == folder / "article.html"


@pytest.mark.parametrize("kept", [KEPT / "0009.sql"], indirect=True)
def test_drafts_that_were_there_are_found_by_their_labels(kept: Path) -> None:
    """The tags, series and language of their newest revisions, and of no older one."""
    told = {"tags": ["上海", "Walks", "walks"], "series": ["notes"], "language": "zh-CN", "body": "x"}
    with closing(sqlite3.connect(kept)) as connection, connection:
        connection.execute("UPDATE revision SET content = ?", (json.dumps(told),))
        connection.execute("INSERT INTO revision VALUES ('r0', 'd1', 0, ?)", (json.dumps({"tags": ["older"]}),))
    labels = [("language", "zh-cn"), ("series", "notes"), ("tag", "walks"), ("tag", "上海")]
    with Ledger.open(kept) as ledger:
        assert _labels_of(ledger) == labels
        row = ledger.draft("d1")
        assert row
        ledger.put_drafts([row])
        assert _labels_of(ledger) == labels, "what intake writes is the same"


def _labels_of(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.read() as connection:
        found = connection.exec_driver_sql("SELECT kind, name FROM draft_label WHERE draft = 'd1' ORDER BY kind, name")
        return [(kind, name) for kind, name in found]


def test_the_newest_kept_ledger_is_what_this_program_makes(tmp_path: Path) -> None:
    """A table that was changed without a migration shows here: the kept ledger has it otherwise."""
    small(tmp_path / "new.sqlite")
    made, kept = (
        schema(text) for text in (dump_of(tmp_path / "new.sqlite"), (KEPT / f"{HEAD}.sql").read_text("utf-8"))
    )
    assert made == kept


def schema(text: str) -> set[str]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(text)
        return {
            " ".join(r[0].split()) for r in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        }


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        small(Path(folder) / "ledger.sqlite")
        (KEPT / f"{HEAD}.sql").write_text(dump_of(Path(folder) / "ledger.sqlite"), encoding="utf-8")
