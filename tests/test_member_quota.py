"""What one member's files may hold: each counted once, what is held never refused, what is too much told with the way out."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench
from pytest_httpserver import HTTPServer
from test_hostile_media import FILM, MB, SETTINGS
from test_pipeline_feeds import Server, feed, item

from steadycast import ops, pipeline
from steadycast.errors import DraftError
from steadycast.intake.quota import Quota
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow, RevisionRow

SMALL = "\n[intake]\nmember_media = 5_000_000\n"
FILES = st.dictionaries(st.sampled_from("abcdef"), st.just(10))


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "3"]), FILES), max_size=12), st.integers(0, 70))
def test_each_file_counts_once_and_never_more_than_is_allowed(looks: list[Any], most: int) -> None:
    """Whatever drafts come, change and share: the sum is that of the different files, and what is refused counts not."""
    quota = Quota("bob", most)
    there: dict[str, Any] = {}
    for path, files in looks:
        held = len({sha for each in there.values() for sha in each}) * 10
        after = len({sha for each in ({**there, path: files}).values() for sha in each}) * 10
        if after > max(most, held):
            with pytest.raises(DraftError):
                quota.take(path, files)
        else:
            quota.take(path, files)
            there[path] = files
    total = len({sha for each in there.values() for sha in each}) * 10
    assert total <= most
    assert quota._held == total
    assert +quota._named == Counter(sha for each in there.values() for sha in each)


def film(n: int) -> bytes:
    """A film of 2 MB that differs from all others."""
    return FILM[:64] + n.to_bytes(4, "big") + bytes(2_000_000 - 68)


def drop(bench: Any, member: str, n: int, data: bytes | None = None) -> None:
    bench.drop(f"ugc/{member}/v{n}.mp4", data or film(n))
    bench.drop(f"ugc/{member}/a{n}.md", f"---\ntitle: Film {n}\nvideo: v{n}.mp4\n---\nWords {n}\n")


def look(bench: Any) -> Any:
    found = {p.where: str(p) for p in pipeline.collect(bench.app, bench.clock.now(), feeds=False).problems}
    checked = {p.where: str(p) for p in ops.check(bench.clock.now(), root=bench.root) if "member_media" in p.hint}
    assert checked == {path: said for path, said in found.items() if "member_media" in said}
    return found


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """These films end after their first bytes: nobody asks how long they last."""
    monkeypatch.setattr("steadycast.render.measured_media.ask", lambda request: {"seconds": 1.0})


@pytest.mark.parametrize("member", ["alice", "bob"])
def test_a_draft_that_would_be_too_much_is_told_and_the_others_go_on(bench: Bench, member: Any) -> None:
    """Of a trusted member and of one whose drafts wait; another member and the house have room of their own."""
    bench.set_up(SETTINGS + SMALL, {})
    for n in range(4):
        drop(bench, member, n)
    drop(bench, "carol", 9)
    bench.drop("pgc/v.mp4", film(10) + bytes(9 * MB))
    bench.drop("pgc/a.md", "---\ntitle: House\nvideo: v.mp4\n---\nWords\n")
    problems = look(bench)
    assert sorted(problems) == [f"ugc/{member}/a2.md", f"ugc/{member}/a3.md"]
    said = problems[f"ugc/{member}/a2.md"]
    assert said.startswith(f"ugc/{member}/a2.md:3: the files of {member} would come to 6 MB of 5 MB (")
    assert "raise member_media under [intake]" in said
    taken = {row.path for row in bench.app.ledger.drafts()}
    assert taken == {f"ugc/{member}/a0.md", f"ugc/{member}/a1.md", "ugc/carol/a9.md", "pgc/a.md"}


def test_room_that_is_made_is_used_at_the_next_look(bench: Bench) -> None:
    """What waited and was taken away counts no more."""
    bench.set_up(SETTINGS + SMALL, {})
    for n in range(3):
        drop(bench, "bob", n)
    assert sorted(look(bench)) == ["ugc/bob/a2.md"]
    for name in ("a0.md", "v0.mp4"):
        (bench.root / "content/ugc/bob" / name).unlink()
    pipeline.collect(bench.app, bench.clock.now(), feeds=False)  # this look sees that it is gone
    assert look(bench) == {}
    assert {row.path for row in bench.app.ledger.drafts() if row.state == "waiting"} == {
        "ugc/bob/a1.md",
        "ugc/bob/a2.md",
    }


def test_a_new_film_every_minute_under_one_name_fills_no_disk(bench: Bench) -> None:
    """A trusted member's draft is edited again and again: each revision's film that was kept counts."""
    bench.set_up(SETTINGS + SMALL, {})
    for n in range(6):
        bench.drop("ugc/alice/v.mp4", film(n))
        bench.drop("ugc/alice/a.md", f"---\ntitle: Film\nvideo: v.mp4\n---\nWords {n}\n")
        os.utime(bench.root / "content/ugc/alice/a.md", (n + 1, n + 1))
        problems = look(bench)
    assert list(problems) == ["ugc/alice/a.md"]
    kept = [f.stat().st_size for f in bench.app.workspace.media.iterdir()]
    assert sum(kept) <= 5_000_000
    assert len(bench.app.ledger.drafts()) == 1


def test_what_a_member_edits_while_it_waits_counts_as_it_is_now(bench: Bench) -> None:
    """No copy was made of what it was, so nothing of that is held."""
    bench.set_up(SETTINGS + SMALL, {})
    for n in range(4):
        bench.drop("ugc/bob/v.mp4", film(n) + bytes(2 * MB))
        bench.drop("ugc/bob/a.md", f"---\ntitle: Film\nvideo: v.mp4\n---\nWords {n}\n")
        os.utime(bench.root / "content/ugc/bob/a.md", (n + 1, n + 1))
        assert look(bench) == {}


def test_a_limit_that_is_set_later_refuses_nothing_that_is_held(bench: Bench) -> None:
    """The drafts that are there stay; more is refused."""
    bench.set_up(SETTINGS, {})
    for n in range(3):
        drop(bench, "bob", n)
    assert look(bench) == {}
    bench.set_up(SETTINGS + SMALL)
    assert look(bench) == {}
    drop(bench, "bob", 3)
    assert sorted(look(bench)) == ["ugc/bob/a3.md"]


def test_the_files_of_a_revision_are_read_of_every_revision(database: str, ledger_with_films: Any) -> None:
    """On each database: what was kept of an earlier one is on the disk too."""
    assert sorted(
        (path, here, [m["file"] for m in media]) for path, here, media in ledger_with_films.media_of("bob")
    ) == [
        ("ugc/bob/a.md", False, ["1.mp4"]),
        ("ugc/bob/a.md", True, ["2.mp4"]),
    ]
    assert list(ledger_with_films.media_of("alice")) == []


@pytest.fixture
def ledger_with_films(ledger: Ledger) -> Any:
    row = DraftRow(
        id="a", path="ugc/bob/a.md", origin="ugc", member="bob", form="video", title="T", revision="r2", state="waiting",
        first_seen=MORNING, changed=MORNING,
    )  # fmt: skip
    other = DraftRow(**{**row.model_dump(), "id": "b", "member": "alice", "path": "ugc/alice/a.md"})
    content: tuple[dict[str, Any], ...] = {"media": [{"file": "1.mp4"}]}, {"media": [{"file": "2.mp4"}]}, {"media": []}
    ledger.put_drafts(
        [row, other],
        [
            RevisionRow(hash="r1", draft="a", at=MORNING, content=content[0]),
            RevisionRow(hash="r2", draft="a", at=MORNING, content=content[1]),
            RevisionRow(hash="r2", draft="b", at=MORNING, content=content[2]),
        ],
    )
    return ledger


def test_a_feed_brings_its_text_where_there_is_no_room_for_its_film(bench: Bench, httpserver: HTTPServer) -> None:
    """The file that was fetched goes; the reason is told."""
    server, big = Server(httpserver), film(1) + bytes(4_000_000)
    httpserver.expect_request("/v.mp4").respond_with_data(big, content_type="video/mp4")
    enclosure = f'<enclosure url="{httpserver.url_for("/v.mp4")}" type="video/mp4" length="{len(big)}"/></item>'
    server.has(item(1).replace("</item>", enclosure))
    settings = COMMUNITY + DAILY.replace(', "far"', "") + SITE + SMALL
    app = bench.set_up(settings + feed(server.url, "take_old = 9", member="bob"), {})
    collected = pipeline.collect(app, MORNING)
    assert [t.kind for t in collected.taken] == ["new"]
    assert "would come to 6 MB of 5 MB" in collected.problems[0].message
    files = [f for f in app.workspace.var.rglob("*") if f.is_file() and f.stat().st_size > 5_000_000]
    assert files == []
