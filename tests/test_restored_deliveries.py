"""A restored ledger sends nothing again: what may have gone out since is in doubt, and read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pipeline_bench import Bench, article
from restore_bench import DRAFTS, HOUR, SETTINGS, publish_day

from steadycast import ops, pipeline
from steadycast.errors import Busy
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.pipeline.lost_by_hand import LOOKED
from steadycast.platform.post_store import PostStore


@pytest.fixture
def community(bench: Bench, database: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Three channels, one of each class, on either database; slot A (the 23rd) is out, a backup is `backup.tar`."""
    app = bench.set_up(SETTINGS, DRAFTS)
    if "://" in database:
        monkeypatch.setenv("STEADYCAST_LEDGER", database)
    pipeline.collect(app, bench.clock.now())
    publish_day(bench, 23)
    ops.backup(app, bench.root / "backup.tar", bench.clock.now())
    return bench


def standings(bench: Bench, day: int) -> dict[str, str]:
    rows = bench.app.ledger.deliveries(slots=[f"daily@2026-11-{day}T20:00"])
    return {row.channel: row.state for row in rows}


def tick(bench: Bench) -> None:
    """What the flows do, in the hour after a restore: recovery, due slots, read-back, planning."""
    for _ in range(3):
        bench.clock.advance(HOUR / 3)
        pipeline.plan(bench.app, bench.clock.now())
        pipeline.publish(bench.app)
        pipeline.verify(bench.app, bench.clock.now())


@pytest.fixture
def kept(community: Bench) -> Path:
    """What pg_dump would have kept of a PostgreSQL ledger at the time of the backup."""
    file = community.root / "kept.json"
    if not community.app.ledger.is_sqlite:
        file.write_text(json.dumps(dump(community.app.ledger)))
    return file


@pytest.fixture
def before(community: Bench, kept: Path) -> Path:
    """Slot B (the 24th) is out since."""
    publish_day(community, 24)
    assert len(community.there()) == len(community.there("post")) == 2
    return kept


def dump(ledger: Ledger) -> dict[str, list[dict[str, object]]]:
    from steadycast.ledger.rows import METADATA

    with ledger.read() as connection:
        tables = METADATA.sorted_tables
        return {
            t.name: [row_to_json(r) for r in connection.exec_driver_sql(f'SELECT * FROM "{t.name}"')] for t in tables
        }


def row_to_json(row: object) -> dict[str, object]:
    plain = dict(row._mapping)  # type: ignore[attr-defined]
    return {k: {"hex": bytes(v).hex()} if isinstance(v, (bytes, memoryview)) else v for k, v in plain.items()}


def load_dump(ledger: Ledger, kept: Path) -> None:
    from sqlalchemy import text

    from steadycast.ledger.rows import METADATA

    rows = json.loads(kept.read_text())
    with ledger.write() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
        for table in METADATA.sorted_tables:
            for row in rows[table.name]:
                values = {k: bytes.fromhex(v["hex"]) if isinstance(v, dict) and set(v) == {"hex"} else
                          json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}  # fmt: skip
                names = ", ".join(values)
                connection.execute(text(f'INSERT INTO "{table.name}" ({names}) VALUES (:{", :".join(values)})'), values)


def take_back(bench: Bench, kept: Path, *, force: bool = True) -> None:
    """The machine as a restore finds it: the ledger is the older copy again."""
    for app in bench.opened:
        app.close()
        app.__dict__.pop("ledger", None)
    if kept.exists():
        with Ledger.open(bench.app.workspace.ledger) as ledger:  # as psql does it: knows of no mark
            load_dump(ledger, kept)
    ops.restore(bench.app.workspace, bench.root / "backup.tar", bench.clock.now(), force=force)


def test_what_went_out_since_the_backup_is_not_sent_again(community: Bench, before: Path) -> None:
    """The promise, on each class and each database: found by read-back where one can look, parked where nobody can."""
    assert standings(community, 24) == {"site": "published", "far": "published", "post": "published"}
    take_back(community, before)
    assert standings(community, 24) == {"site": "due", "far": "due", "post": "due"}
    tick(community)
    assert standings(community, 24) == {"site": "seen", "far": "seen", "post": "unknown"}
    assert len(community.there()) == len(community.there("post")) == 2
    [row] = community.app.ledger.deliveries(states=[State.UNKNOWN])
    assert "older copy" in row.message
    waiting = ops.status(community.app, community.clock.now())["waiting"]
    assert [(w["state"], w["channel"]) for w in waiting] == [("unknown", "post")]


def test_later_slots_go_out_as_ever_after_a_restore(community: Bench, before: Path) -> None:
    """Only the time that is lost is in doubt."""
    take_back(community, before)
    tick(community)
    publish_day(community, 25)
    assert standings(community, 25) == {"site": "published", "far": "published", "post": "published"}
    assert len(community.there("post")) == 3


def test_a_slot_that_never_went_out_is_sent_late_where_one_can_look(community: Bench, before: Path) -> None:
    """The machine was down at the 25th's hour: absent is proven by read-back, and on a blind channel a person says so."""
    community.at(25, 20, 30)
    for mark in community.app.workspace.var.glob("*.sent"):
        mark.unlink()  # it was on the disk that is lost
    take_back(community, before)
    with Ledger.open(community.app.workspace.ledger) as ledger, ledger.read() as connection:
        marked = connection.exec_driver_sql("SELECT value FROM meta WHERE key = 'copy'").first()
    assert marked, "the copy says of itself that it is one"
    for _ in range(2):
        tick(community)
    assert standings(community, 25) == {"site": "seen", "far": "seen", "post": "unknown"}
    assert len(community.there()) == 3
    assert len(community.there("post")) == 2
    row = next(r for r in community.app.ledger.deliveries(states=[State.UNKNOWN]) if "25T" in r.slot)
    pipeline.settle(community.app, row.marker, url="", again=True, now=community.clock.now())
    tick(community)
    assert len(community.there("post")) == 3
    assert standings(community, 25)["post"] == "published"


def test_what_was_published_ahead_of_its_hour_is_not_sent_at_its_hour(community: Bench, kept: Path) -> None:
    """A person published the next slot of a series by hand: a copy cannot know whether that was done."""
    community.at(24, 9)
    pipeline.publish(community.app, series="daily")
    assert len(community.there("post")) == 2
    take_back(community, kept)
    tick(community)
    community.at(24, 20, 1)
    pipeline.publish(community.app)
    assert len(community.there()) == len(community.there("post")) == 2
    assert standings(community, 24) == {"site": "seen", "far": "seen", "post": "unknown"}


def test_what_was_published_by_hand_since_the_backup_has_its_row_again(community: Bench, kept: Path) -> None:
    """The folder shows it. So its draft is no stock, it is sent nowhere again, and the ledger says where it is."""
    community.at(24, 9)
    by_hand = pipeline.publish(community.app, draft="pgc/3.md")
    [slot] = {sent.slot for sent in by_hand.sent}
    sent, kept_at = len(community.there()), {sent.channel: sent.url for sent in by_hand.sent}
    take_back(community, kept)
    assert not community.app.ledger.deliveries(slots=[slot])
    tick(community)
    rows = {row.channel: row for row in community.app.ledger.deliveries(slots=[slot])}
    assert {channel: str(row.state) for channel, row in rows.items()} == {
        "site": "seen", "far": "seen", "post": "unknown",
    }  # fmt: skip
    assert rows["site"].url == kept_at["site"]
    [three] = {row.draft for row in rows.values()}
    assert three not in {each.draft for each in pipeline.plan(community.app, community.clock.now()).slots}
    pipeline.publish(community.app, draft="pgc/3.md")
    assert len(community.there()) == sent
    assert len(community.there("post")) == 2


def test_what_was_published_by_hand_to_one_channel_is_sent_to_no_other(community: Bench, kept: Path) -> None:
    """Nobody knows which were asked for: what a look does not find there is not made up for."""
    community.at(24, 9)
    [only] = pipeline.publish(community.app, draft="pgc/3.md", channel="site").sent
    sent = len(community.there())
    take_back(community, kept)
    tick(community)
    tick(community)
    rows = {row.channel: str(row.state) for row in community.app.ledger.deliveries(slots=[only.slot])}
    assert rows == {"site": "seen", "far": "missed", "post": "unknown"}
    assert len(community.there()) == sent


def test_a_draft_that_came_after_the_backup_and_went_out_by_hand_is_no_stock(community: Bench, kept: Path) -> None:
    """It has another id when it is taken in again: its file tells."""
    community.at(24, 9)
    community.drop("pgc/new.md", article("New"))
    pipeline.collect(community.app, community.clock.now())
    [slot] = {sent.slot for sent in pipeline.publish(community.app, draft="pgc/new.md").sent}
    take_back(community, kept)
    pipeline.collect(community.app, community.clock.now())
    tick(community)
    again = community.app.ledger.draft("pgc/new.md")
    assert again
    assert {row.draft for row in community.app.ledger.deliveries(slots=[slot])} == {again.id}
    assert again.id not in {each.draft for each in pipeline.plan(community.app, community.clock.now()).slots}


def test_a_folder_that_cannot_be_read_holds_up_no_slot(
    community: Bench, before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(PostStore, "slots", property(damaged))
        take_back(community, before)
        pipeline.publish(community.app)
    assert community.app.ledger.meta(LOOKED) is None, "the next look reads it"
    pipeline.publish(community.app)
    assert community.app.ledger.meta(LOOKED)


def damaged(_shelf: PostStore) -> dict[str, str]:
    raise Busy("its index is damaged")
