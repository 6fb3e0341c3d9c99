"""Drafts a page at a time, what was decided on them, and how two revisions differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import pytest
from conftest import NOON
from ledger_rows import DAY, a_draft, a_slot, asked
from many_drafts import fill
from pipeline_bench import COMMUNITY, FAR, MORNING, SITE, Bench
from sqlalchemy import event

from steadycast import pipeline
from steadycast.draft import Draft
from steadycast.errors import InputError
from steadycast.ledger.draft_list import SHELVES, DraftsAsked
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import RevisionRow
from steadycast.pipeline.draft_page import LINES, difference, document
from steadycast.schedule.model import Assignment, Origin

SETTINGS = COMMUNITY + SITE + FAR


@contextmanager
def counted(ledger: Ledger) -> Iterator[list[str]]:
    """The statements that are made inside the block."""
    said: list[str] = []

    def heard(*given: Any) -> None:
        if given[2].lstrip().upper().startswith("SELECT"):
            said.append(given[2])

    event.listen(ledger.engine, "before_cursor_execute", heard)
    yield said
    event.remove(ledger.engine, "before_cursor_execute", heard)


def ids(ledger: Ledger, first: int = 0, most: int = 50, **what: Any) -> list[str]:
    return [row.id for row in ledger.draft_page(DraftsAsked(**what), NOON, first=first, most=most).rows]


def put(ledger: Ledger, id: str, n: int = 0, content: dict[str, Any] | None = None, **more: Any) -> None:
    row = a_draft(id, revision=f"r-{id}", changed=NOON - n * DAY, **more)
    told = {"title": row.title, "tags": [], "series": [], "language": "", **(content or {})}
    ledger.put_drafts([row], [RevisionRow(hash=row.revision, draft=id, at=NOON, content=told)])


def test_each_draft_stands_on_one_shelf(ledger: Ledger) -> None:
    """To decide, in stock, in reserve, or over; what has a coming slot is still in stock."""
    for n, state in enumerate(("waiting", "copy", "doubtful", "rejected", "not-ready", "gone", "archive")):
        put(ledger, state, n, state=state)
    put(ledger, "free", 1, approved_revision="r-free")
    put(ledger, "coming", 2)
    put(ledger, "out", 3)
    put(ledger, "before", 4, published_before=NOON - DAY)
    put(ledger, "green", 5, approved_revision="r-green", plan={"evergreen": True})
    for id in ("shared", "had"):
        put(ledger, id, 6, circle="绘画营", approved_revision=f"r-{id}")
    ledger.save_plan([a_slot(-2)], [Assignment(a_slot(-2).id, "had")], asked(a_slot(-2)), NOON)
    ledger.save_plan([a_slot(1)], [Assignment(a_slot(1).id, "coming")], asked(a_slot(1)), NOON)
    ledger.save_plan([a_slot(-1)], [Assignment(a_slot(-1).id, "out")], asked(a_slot(-1)), NOON)
    with ledger.write() as connection:
        for slot in (a_slot(-1), a_slot(-2)):
            connection.exec_driver_sql(f"UPDATE delivery SET state = 'published' WHERE slot = '{slot.id}'")
    found = {shelf: set(ids(ledger, shelf=shelf)) for shelf in SHELVES}
    assert found == {
        "inbox": {"waiting", "copy", "doubtful"},
        "stock": {"free", "coming"},
        "reserve": {"green", "shared"},
        "archive": {"rejected", "not-ready", "gone", "archive", "out", "before", "had"},
    }
    assert {row.id for row in ledger.free_stock()} == {"free"}
    assert {row.id for row in ledger.free_stock(evergreen=True)} == {"green", "shared"}
    page = ledger.draft_page(DraftsAsked(), NOON, first=0, most=50)
    assert page.shelves == {name: len(which) for name, which in found.items()}
    assert page.total == 14
    standings = {row.id: row.standing for row in page.rows}
    assert {id: standings[id] for id in ("free", "coming", "out", "before", "green", "copy")} == {
        "free": "stock", "coming": "planned", "out": "used", "before": "used", "green": "stock", "copy": "copy",
    }  # fmt: skip
    for standing in set(standings.values()):
        assert set(ids(ledger, standing=standing)) == {id for id, one in standings.items() if one == standing}


def test_drafts_are_found_by_what_is_asked_of_them(ledger: Ledger) -> None:
    put(ledger, "a", 1, {"tags": ["上海", "100%"], "series": ["每日一文"], "language": "zh-CN"}, title="外婆的绒线衫")
    put(
        ledger,
        "b",
        2,
        {"tags": ["海"], "series": ["notes"], "language": "en"},
        title="100% Wool",
        form="audio",
        member="bo",
    )
    put(ledger, "c", 3, {}, title="Plain", origin="pgc", member="")
    assert ids(ledger, tag="上海") == ["a"]
    assert ids(ledger, tag="海") == ["b"]
    assert ids(ledger, tag="100%") == ["a"]
    assert ids(ledger, series="notes", series_names=("每日一文",)) == ["a", "b"]
    assert ids(ledger, language="en") == ["b"]
    put(ledger, "unsaid", 9)
    assert ids(ledger, language="en", own_language="en") == ["b", "c", "unsaid"], (
        "those that name none are in the community's"
    )
    assert ids(ledger, language="zh-CN", own_language="en") == ["a"]
    assert ids(ledger, series="daily") == []
    ledger.save_plan([a_slot(1)], [Assignment(a_slot(1).id, "unsaid")], asked(a_slot(1)), NOON)
    assert ids(ledger, series=a_slot(1).series) == ["b", "unsaid"], "the second: a slot of it carries it"
    assert ids(ledger, form="audio") == ["b"]
    assert ids(ledger, member="bo") == ["b"]
    assert ids(ledger, member="", origin="pgc") == ["c"]
    assert ids(ledger, words="绒线") == ["a"]
    assert ids(ledger, words="wool") == ["b"]
    assert ids(ledger, words="100%") == ["b"]
    assert ids(ledger, words="%' OR 1=1 --") == []


def test_labels_are_of_the_newest_revision_and_case_is_the_same(ledger: Ledger) -> None:
    put(ledger, "a", 1, {"tags": ["Walks", "WALKS", "x" * 300], "series": ["Notes"], "language": "zh-CN"})
    assert ids(ledger, tag="walks") == ids(ledger, tag="WALKS") == ids(ledger, tag="x" * 300) == ["a"]
    assert ids(ledger, series="notes") == ids(ledger, language="zh-cn") == ["a"]
    ledger.put_drafts(
        [a_draft("a", revision="r2")], [RevisionRow(hash="r2", draft="a", at=NOON, content={"tags": ["海"]})]
    )
    assert ids(ledger, tag="walks") == ids(ledger, series="notes") == ids(ledger, language="zh-CN") == []
    assert ids(ledger, tag="海") == ids(ledger, language="en", own_language="en") == ["a"]


def test_no_text_is_read_to_find_drafts(ledger: Ledger) -> None:
    """But those of the page that is shown."""
    fill(ledger, NOON, drafts=100, deliveries=100)
    for asked_for in (
        DraftsAsked(tag="上海"),
        DraftsAsked(language="en", own_language="en"),
        DraftsAsked(series="notes"),
    ):
        with counted(ledger) as said:
            found = ledger.draft_page(asked_for, NOON, most=5)
        assert found.total > len(found.rows) == 5
        assert ["revision" in statement for statement in said] == [False, False, True]


def test_what_waits_comes_the_oldest_first_and_all_else_the_newest(ledger: Ledger) -> None:
    for n in range(4):
        put(ledger, f"w{n}", n, state="waiting")
        put(ledger, f"s{n}", n)
    assert ids(ledger, shelf="inbox") == ["w3", "w2", "w1", "w0"]
    assert ids(ledger, shelf="stock") == ["s0", "s1", "s2", "s3"]
    assert ids(ledger, first=2, most=2, shelf="stock") == ["s2", "s3"]


def test_a_page_reads_no_more_of_many_drafts_than_of_few(ledger: Ledger) -> None:
    """As many statements, and fifty drafts, however many there are."""
    seen = []
    for many in (200, 1_000):
        with ledger.write() as connection:
            for name in ("delivery", "slot", "revision", "draft"):
                connection.exec_driver_sql(f"DELETE FROM {name}")
        fill(ledger, NOON, drafts=many, deliveries=many * 2)
        with counted(ledger) as said:
            for shelf in ("", *SHELVES):
                page = ledger.draft_page(DraftsAsked(shelf, words="第"), NOON, first=0, most=50)
                assert len(page.rows) <= 50
                assert len({row.id for row in page.rows}) == len(page.rows)
        seen.append(len(said))
    assert seen[0] == seen[1] == 3 * 5


def test_a_decision_is_kept_with_its_reason_and_can_be_taken_back(ledger: Ledger) -> None:
    put(ledger, "d1", state="copy", held="copy", resembles="d0")
    assert ledger.approve("d1", "r-d1", "editor", NOON, title="Own")
    assert ledger.reject("d1", "r-d1", "chief", NOON + DAY, "too long\nfor us")
    told = ledger.decisions_of("d1")
    assert [(one.kind, one.who, one.why) for one in told] == [
        ("draft rejected", "chief", "too long\nfor us"), ("draft approved", "editor", ""),
    ]  # fmt: skip
    assert ledger.reasons(["d1", "d2"]) == {"d1": "too long\nfor us"}
    assert ledger.take_back_decision("d1", "chief", NOON + DAY)
    row = ledger.draft("d1")
    assert row
    assert (row.state, row.approved_revision, row.approved_by, row.approved_at) == ("approved", "r-d1", "editor", NOON)
    assert ledger.reasons(["d1"]) == {}
    assert not ledger.take_back_decision("d1", "chief", NOON + DAY)


def test_taking_back_the_first_decision_gives_the_draft_as_it_was(ledger: Ledger) -> None:
    put(ledger, "d1", state="copy", held="copy", resembles="d0")
    before = ledger.draft("d1")
    ledger.approve("d1", "r-d1", "editor", NOON, title="Own", plan={"evergreen": True})
    assert ledger.take_back_decision("d1", "editor", NOON)
    assert ledger.draft("d1") == before


def test_a_decision_on_a_text_that_has_changed_since_is_not_taken_back(ledger: Ledger) -> None:
    put(ledger, "d1", state="waiting")
    ledger.approve("d1", "r-d1", "editor", NOON)
    put(ledger, "d1", state="waiting")
    ledger.put_drafts([a_draft("d1", revision="r2", state="waiting")])
    assert not ledger.take_back_decision("d1", "editor", NOON)


def test_what_is_out_is_not_taken_back_but_withdrawn(bench: Bench) -> None:
    app = bench.set_up(
        SETTINGS + '[series.daily]\nevery = "day at 20:00"\nchannels = ["site", "far"]\n',
        {"ugc/bob/a.md": "# A\n\nWords.\n", "ugc/bob/b.md": "# B\n\nWords.\n"},
    )
    pipeline.collect(app, MORNING)
    pipeline.decide(app, ["ugc/bob/a.md", "ugc/bob/b.md"], "approve", by="editor", now=MORNING)
    assert [row["path"] for row in pipeline.take_back(app, ["ugc/bob/b.md"], by="editor", now=MORNING)] == [
        "ugc/bob/b.md"
    ]
    assert {row["path"]: row["state"] for row in pipeline.drafts(app, MORNING)} == {
        "ugc/bob/a.md": "stock", "ugc/bob/b.md": "waiting",
    }  # fmt: skip
    pipeline.plan(app, MORNING)
    with app.ledger.write() as connection:
        connection.exec_driver_sql("UPDATE delivery SET state = 'sending' WHERE draft IS NOT NULL")
    with pytest.raises(InputError, match="is out on far, site already"):
        pipeline.take_back(app, ["ugc/bob/a.md"], by="editor", now=MORNING)


def a_text(body: str, title: str = "T", **more: Any) -> Draft:
    return Draft(PurePosixPath("pgc/a.md"), Origin.PGC, "", "r", title, body, **more)


def told(before: Draft, after: Draft) -> list[tuple[str, str]]:
    return [(one.kind, "".join(text for text, _ in one.parts)) for one in difference(before, after)]


def test_a_difference_shows_lines_and_what_changed_in_them() -> None:
    before, after = a_text("一\n二\n三\n四\n五\n六\n七\n八"), a_text("一\n二\n三\n四\n五\n六\n七七\n八", tags=("上海",))
    found = told(before, after)
    assert ("new", "tags: 上海") in found
    assert ("gone", "七") in found
    assert ("new", "七七") in found
    assert ("skip", "") in found
    assert ("same", "三") not in found
    marked = [
        part for one in difference(a_text("the old words"), a_text("the new words")) for part in one.parts if part[1]
    ]
    assert "".join(text for text, _ in marked)
    assert difference(before, before) == []


@pytest.mark.parametrize("line", ["a", "一二三" * 3000, "<script>alert(1)</script>"])
def test_the_difference_of_long_texts_is_bounded(line: str) -> None:
    before, after = a_text("\n".join([line] * 5_000)), a_text("\n".join([f"{line}x"] * 5_000))
    assert len(difference(before, after)) <= 2 * LINES + 2


def test_a_document_holds_no_script_and_names_no_other_place(bench: Bench) -> None:
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(1)>\n\n![far](https://evil.example/a.png)\n\n**注意：**请看"
    )
    made = document(bench.set_up(SETTINGS), a_text(hostile, "<b>T</b>"))
    assert "<script" not in made
    assert "onerror" not in made
    assert "<strong>注意：</strong>请看" in made
    assert "<h1>&lt;b&gt;T&lt;/b&gt;</h1>" in made
