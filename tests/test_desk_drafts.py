"""Drafts on the desk: listed, found, decided on, taken back; one draft with all that is known of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
from desk_bench import Desk
from pictures import noise
from pipeline_bench import MORNING, SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.delivery import SystemClock
from steadycast.ledger.tables import State
from steadycast.schedule.days import DAY

HOSTILE = """---
title: "<script>alert(1)</script>"
tags: ["上海", "<b>"]
series: daily
---

**注意：**请看 <script>alert(2)</script> <b onclick=alert(3)>b</b>

![弄堂](a.png)
"""


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    drafts = {f"ugc/bob/{n:02}.md": f"# Number {n}\n\nWords of {n}.\n" for n in range(60)}
    app = bench.set_up(
        SETTINGS,
        {
            **drafts,
            "ugc/bob/hostile.md": HOSTILE,
            "ugc/bob/a.png": noise((40, 30)),
            "ugc/bob/bad.md": "---\ntitle: [\n---\nx\n",
        },
    )
    pipeline.collect(app, MORNING)
    with Desk(bench.root).up() as desk:
        yield desk


def states(bench: Bench) -> dict[str, str]:
    return {row["path"]: row["state"] for row in pipeline.drafts(bench.open(), MORNING)}


def test_drafts_on_the_desk(desk: Desk, bench: Bench) -> None:
    """One workspace for all of it: a person's way through the list and one draft."""
    inbox = desk.get("/drafts")
    assert inbox.text.count('name="ids"') == 50
    assert re.search(r'aria-current="page">Inbox <span class="count">61', inbox.text)
    assert desk.get("/drafts?shelf=inbox&page=2").text.count('name="ids"') == 11
    assert desk.get("/drafts?shelf=stock").text.count('name="ids"') == 0
    for bad in ("page=0", "page=x", "page=99999999999999999999"):
        assert desk.get(f"/drafts?{bad}").status_code == 422
    # What is asked for stays in the address, and in the form.
    found = desk.get("/drafts?shelf=all&q=Number+7&member=bob&form=article")
    assert "Number 7" in found.text
    assert 'value="Number 7"' in found.text
    assert "Number 8" not in found.text
    assert "alert(1)" in desk.get("/drafts?tag=上海").text
    assert "No draft here is like that" in desk.get("/drafts?q=%25").text
    # What could not be taken in.
    assert "Could not be taken in" in inbox.text
    assert "ugc/bob/bad.md:" in desk.get("/drafts/unread").text
    # Many at once, with a reason, and back again.
    listed = re.findall(r'name="ids" value="(\w+)"', inbox.text)
    answer = desk.post(
        "/drafts/decide", "/drafts", verdict="reject", ids=listed[:3], why="too short  for\nus", back="/drafts"
    )
    assert "3 drafts are rejected." in answer.text
    assert list(states(bench).values()).count("rejected") == 3
    one = desk.get(f"/drafts/{listed[0]}")
    assert "too short for us" in one.text
    assert bench.open().ledger.reasons(listed[:4]) == dict.fromkeys(listed[:3], "too short for us")
    offered = re.findall(r'name="ids" value="(\w+)"', answer.text.partition('class="said')[2].partition("</form>")[0])
    assert offered == listed[:3]
    assert "3 decisions are taken back." in desk.post("/drafts/decide", "/drafts", verdict="undo", ids=offered).text
    assert "rejected" not in states(bench).values()
    assert "no decision to take back" in desk.post("/drafts/decide", "/drafts", verdict="undo", ids=offered).text
    # Nothing chosen, or too much: told, and nothing is done.
    assert "Choose at least one draft" in desk.post("/drafts/decide", "/drafts", verdict="approve").text
    assert (
        "Choose at least one draft" in desk.post("/drafts/decide", "/drafts", verdict="approve", ids=["x"] * 500).text
    )
    assert set(states(bench).values()) == {"waiting"}
    # What is approved is told with its slot.
    told = desk.post("/drafts/decide", "/drafts", verdict="approve", ids=listed[:1]).text
    assert re.search(r"One draft is approved. It goes out on \w+, .* 20:00, in Daily\.", told)
    assert "2 of them have a slot, the first on" in desk.post(
        "/drafts/decide", "/drafts", verdict="approve", ids=listed[1:3]
    ).text  # fmt: skip
    assert "3 decisions" in desk.post("/drafts/decide", "/drafts", verdict="undo", ids=listed[:3]).text
    # One draft, with a hostile text.
    row = bench.open().ledger.draft("ugc/bob/hostile.md")
    assert row
    shown = desk.get(f"/drafts/{row.id}")
    assert "<script>alert" not in shown.text
    assert "onclick=alert" not in re.sub(r"<pre.*?</pre>", "", shown.text, flags=re.DOTALL)
    frame = desk.get(f"/drafts/{row.id}/text")
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "<script" not in frame.text
    assert "<strong>注意：</strong>" in frame.text
    assert 'src="data:image/png;base64,' in frame.text
    assert desk.get(f"/drafts/{row.id}/media/0").headers["content-type"] == "image/png"
    assert desk.get(f"/drafts/{row.id}/media/1").status_code == 404
    assert desk.get("/drafts/nowhere").status_code == 404
    assert "Nothing: every channel takes it" in desk.get(f"/drafts/{row.id}/problems").text
    # Edited: what changed.
    bench.drop("ugc/bob/00.md", "# Number 0\n\nOther words of 0.\n")
    pipeline.collect(bench.app, MORNING + dt.timedelta(hours=1))
    edited = bench.open().ledger.draft("ugc/bob/00.md")
    assert edited
    changed = desk.get(f"/drafts/{edited.id}?revision={edited.revision}")
    assert '<li class="gone">' in changed.text
    assert re.search("<mark>", changed.text)
    # A sound that came alone becomes a draft by its title, and by no other file's name.
    bench.drop("pgc/voice.mp3", b"ID3" + b"\0" * 200)
    pipeline.collect(bench.open(), pipeline.now())
    assert 'value="pgc/voice.mp3"' in desk.get("/drafts/unread").text
    assert "Give it a title" in desk.get("/").text
    for other in ("../steadycast.toml", "ugc/bob/bad.md", "pgc/none.mp3"):
        assert "not there any more" in desk.post("/drafts/title", on="/drafts/unread", file=other, title="x").text
    made = desk.post("/drafts/title", on="/drafts/unread", file="pgc/voice.mp3", title="Grandmother  speaks")
    assert "“Grandmother speaks” is a draft now" in made.text
    assert (bench.root / "content/pgc/voice.md").read_text().startswith('---\ntitle: "Grandmother speaks"')
    assert 'value="pgc/voice.mp3"' not in made.text


def test_a_file_that_cannot_be_read_is_put_right_on_the_desk(desk: Desk, bench: Bench) -> None:
    """As it is; nothing is written that cannot be read either, or over what somebody else wrote meanwhile."""
    on, file = "/drafts/fix?file=ugc/bob/bad.md", bench.root / "content/ugc/bob/bad.md"
    for page in ("/", "/drafts/unread"):
        assert f'href="{on}"' in desk.get(page).text
    shown = desk.get(on).text
    assert "title: [" in shown
    base = re.search(r'name="base" value="(\w+)"', shown)
    assert base
    form = {"file": "ugc/bob/bad.md", "base": base[1]}
    wrong = desk.post("/drafts/fix", on, **form, text="---\ntitle: [still\n---\nMore.\n")
    assert (wrong.status_code, "title: [still" in wrong.text) == (422, True)
    assert file.read_text() == "---\ntitle: [\n---\nx\n"
    assert "changed meanwhile" in desk.post("/drafts/fix", on, **form | {"base": "0"}, text="# Good\n\nWords.\n").text
    assert "is taken in" in desk.post("/drafts/fix", on, **form, text="# Good\r\n\r\nWords.\r\n").text
    assert file.read_text() == "# Good\n\nWords.\n"
    assert "bad.md" not in desk.get("/drafts/unread").text
    for other in ("ugc/bob/00.md", "ugc/bob/../../steadycast.toml", "steadycast.toml", "/etc/passwd"):
        assert desk.get(f"/drafts/fix?file={other}").status_code == 404, other


def test_what_is_out_is_revised_and_withdrawn_from_its_page(bench: Bench) -> None:
    """The desk asks first, and says where it worked and where it did not."""
    app, now = bench.set_up(SETTINGS, {"ugc/bob/one.md": "# One\n\nWords.\n"}), pipeline.now()
    pipeline.collect(app, now)
    pipeline.decide(app, ["ugc/bob/one.md"], "approve", by="editor", now=now)
    pipeline.plan(app, now)
    row = app.ledger.draft("ugc/bob/one.md")
    assert row
    with Desk(bench.root).up() as desk:
        page = desk.get(f"/drafts/{row.id}")
        assert "Reject it after all" in page.text
        assert "/calendar?month=" in page.text
        refused = desk.get(f"/drafts/{row.id}/amend?verb=withdraw&channel=nowhere")
        assert (refused.status_code, "is not out" in refused.text) == (404, True)
        app.clock = SystemClock()
        pipeline.publish(app, draft=row.id)
        out = desk.get(f"/drafts/{row.id}")
        assert "Take it away…" in out.text
        assert "Reject it after all" not in out.text
        undone = desk.post("/drafts/decide", "/drafts", verdict="undo", ids=[row.id])
        assert "is out on far, site already" in undone.text
        asked = desk.get(f"/drafts/{row.id}/amend?verb=withdraw&channel=site")
        assert "Take it away from where it is?" in asked.text
        assert app.ledger.draft_deliveries(row.id, states={State.WITHDRAWN}) == []
        done = desk.post(f"/drafts/{row.id}/amend", "/drafts", verb="withdraw", channel="site", why="a mistake")
        assert "Done on one channel." in done.text
        assert [d.channel for d in app.ledger.draft_deliveries(row.id, states={State.WITHDRAWN})] == ["site"]


def test_a_delivery_whose_hour_is_past_is_said_to_be_overdue(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    app = bench.set_up(SETTINGS, {"pgc/one.md": "# One\n\nWords.\n"})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    (row,) = pipeline.drafts(app, MORNING)
    with Desk(bench.root).up() as desk:
        for hour, said, other in (
            (19, "goes out at its hour", "overdue"),
            (21, "overdue, and still tried", "its hour"),
        ):
            monkeypatch.setattr(pipeline, "now", lambda hour=hour: MORNING.replace(hour=hour))
            shown = desk.get(f"/drafts/{row['id']}").text.partition("Each channel")[2].partition("</section>")[0]
            assert shown.count(said) == 2
            assert other not in shown


def test_a_pin_that_is_past_is_told_until_the_draft_is_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    app = bench.set_up(SETTINGS, {"pgc/one.md": article("One", "slot: 2026-11-24")})
    pipeline.collect(app, MORNING)
    (row,) = pipeline.drafts(app, MORNING)
    told = ("It has no slot yet.", "The slot it is pinned to, 2026-11-24, is past")

    def shown(desk: Desk, day: int) -> list[str]:
        monkeypatch.setattr(pipeline, "now", lambda: MORNING.replace(day=day))
        page = desk.get(f"/drafts/{row['id']}").text
        return [text for text in told if text in page]

    with Desk(bench.root).up() as desk:
        assert shown(desk, 23) == [told[0]]
        assert shown(desk, 25) == [told[1]]
        assert pipeline.publish(app, draft="pgc/one.md").sent
        assert shown(desk, 25) == []


def test_the_drafts_open_on_a_shelf_that_has_some(bench: Bench) -> None:
    """An inbox where nothing waits is no answer to where the drafts are; whoever asks for it sees it."""
    app, now = bench.set_up(SETTINGS, {"pgc/one.md": "# One\n\nWords.\n"}), pipeline.now()
    with Desk(bench.root).up() as desk:
        assert 'aria-current="page">Inbox' in desk.get("/drafts").text
        pipeline.collect(app, now)
        assert 'aria-current="page">Stock' in (page := desk.get("/drafts").text)
        assert ">One</bdi>" in page
        assert 'aria-current="page">Inbox' in desk.get("/drafts?shelf=inbox").text


def test_what_was_published_is_shown_where_it_lies_on_this_machine(bench: Bench) -> None:
    """Its public address may be nobody's yet: the page itself is there, on its slot, its draft and its delivery."""
    app, now = (
        bench.set_up(SETTINGS, {"pgc/one.md": "---\ntitle: One\nseries: daily\n---\n\nWords of one.\n"}),
        pipeline.now(),
    )
    app.clock = SystemClock()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    slot = next(each for each in app.ledger.slots_between(now, now + 3 * DAY) if each.draft)
    with Desk(bench.root).up() as desk:
        ahead = desk.get(f"/drafts/{slot.draft}").text
        assert "Look at it on this machine" not in ahead
        assert "<bdi>Daily</bdi>" in ahead
        assert "<bdi>daily</bdi>" not in ahead
        pipeline.publish(app, slot=slot.id)
        (row,) = app.ledger.deliveries(slots=[slot.id], channels=["site"])
        for page in (f"/slots/{slot.id}", f"/drafts/{slot.draft}", f"/deliveries/{row.marker}"):
            (here,) = re.findall(r'<a href="(/files/[^"]+)"[^>]*>Look at it on this machine', desk.get(page).text)
            assert "Words of one." in desk.get(here).text
