"""Writing at the desk: a text becomes a file in content/, is planned, and is shown beforehand as each channel will."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_bench import Desk
from pipeline_bench import SETTINGS, Bench, article
from platform_bench import png

from steadycast.testing import drop


@pytest.fixture
def root(bench: Bench) -> Path:
    bench.set_up(SETTINGS, {"pgc/old.md": article("Old", "# kept", "mood: calm", body="Words of old.")})
    bench.app.workspace.content.joinpath("ugc").mkdir(exist_ok=True)
    return bench.root


@pytest.fixture
def desk(root: Path) -> Iterator[Desk]:
    with Desk(root).up() as desk:
        yield desk


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def test_a_text_becomes_a_file_and_its_page_says_what_became_of_it(desk: Desk, root: Path) -> None:
    """Its name is made from the title; it is planned at once, and stands in the calendar."""
    done = desk.post("/write", on="/write", title="雨后 散步", body="第一行\r\n\r\n**粗**", ready="yes")
    assert "Saved. It goes out on" in done.text
    file = root / "content/pgc/雨后-散步.md"
    assert file.read_text(encoding="utf-8") == "---\ntitle: 雨后 散步\n---\n\n第一行\n\n**粗**\n"
    assert "雨后 散步" in desk.get("/calendar").text
    assert re.search(r"/write/\w+$", done.url)


def test_an_edit_changes_what_was_edited(desk: Desk, root: Path) -> None:
    """The head keeps its order, its comments and what the desk does not know."""
    desk.post("/write", on="/write", title="Another", body="Words.", ready="yes")  # collects
    file = root / "content/pgc/old.md"
    page = desk.get(f"/write/{_id(desk, 'Old')}").text
    form = {name: hidden(page, name) for name in ("id", "file", "base")}
    desk.post("/write", on="/write", title="Newer", body="Words of old.\n", tags="a, b", ready="no", **form)
    assert file.read_text(encoding="utf-8") == (
        "---\ntitle: Newer\n# kept\nmood: calm\ntags: [a, b]\ndraft: true\n---\n\nWords of old.\n"
    )


def test_the_point_that_crops_keep_is_set_in_two_numbers_and_only_where_it_is_changed(desk: Desk, root: Path) -> None:
    """Whatever the file calls it; what is no point is told, and nothing is written."""
    file = root / "content/pgc/old.md"
    drop(root, "content/pgc/sea.png", png(1, 2, 3))
    drop(
        root,
        "content/pgc/old.md",
        "---\ntitle: Old\ncover: sea.png\nfocal_point: TopRight  # theirs\n---\n\nWords of old.\n",
    )
    desk.post("/write", on="/write", title="Another one", body="Words.", ready="yes")  # collects
    page = desk.get(f"/write/{_id(desk, 'Old')}").text
    assert [re.search(f'name="focal_{side}"[^>]* value="(\\d*)"', page)[1] for side in "xy"] == ["100", "0"]  # type: ignore[index]
    form = {name: hidden(page, name) for name in ("id", "file", "base")} | {"title": "Old", "body": "Words of old.\n"}
    desk.post("/write", on="/write", **form, focal_x="100", focal_y="0", cover_alt="The sea", ready="yes")
    assert "focal_point: TopRight  # theirs\n" in file.read_text(encoding="utf-8")
    form["base"] = hidden(desk.get(f"/write/{_id(desk, 'Old')}").text, "base")
    told = desk.post("/write", on="/write", **form, focal_x="130", focal_y="", ready="yes")
    assert "is no point of a picture" in told.text
    desk.post("/write", on="/write", **form, focal_x="30", focal_y="", cover_alt="The sea", ready="yes")
    head = file.read_text(encoding="utf-8").split("---")[1]
    assert 'focal_point: "0.3 0.5"  # theirs' in head
    assert "cover_alt: The sea" in head


def _id(desk: Desk, title: str) -> str:
    found = re.search(rf'/drafts/(\w+)"><bdi>{title}<', desk.get("/drafts?shelf=all").text)
    assert found
    return found[1]


def test_two_who_edit_one_draft_do_not_lose_each_others_words(desk: Desk, root: Path) -> None:
    """The second is shown both texts, and nothing is written; saving again is on purpose."""
    desk.post("/write", on="/write", title="Another", body="Words.", ready="yes")
    page = desk.get(f"/write/{_id(desk, 'Old')}").text
    form = {name: hidden(page, name) for name in ("id", "file", "base")}
    file = root / "content/pgc/old.md"
    desk.post("/write", on="/write", title="Old", body="The first one's.", ready="yes", **form)
    before = file.read_bytes()
    told = desk.post("/write", on="/write", title="Old", body="The second one's.", ready="yes", **form)
    assert told.status_code == 409
    assert "The first one&#39;s." in told.text
    assert "The second one&#39;s." in told.text
    assert file.read_bytes() == before
    again = form | {"base": hidden(told.text, "base")}
    desk.post("/write", on="/write", title="Old", body="Both.", ready="yes", **again)
    assert file.read_text(encoding="utf-8").endswith("\n\nBoth.\n")


def test_what_cannot_be_saved_is_told_and_kept_on_the_page(desk: Desk, root: Path) -> None:
    """The text is still there, with the line that is wrong; no file was written."""
    for form, said in (({"title": "", "body": "Some words."}, "the title is empty"), ({"title": "x", "slot": "later", "body": "Some words."}, "slot is no date")):  # fmt: skip
        told = desk.post("/write", on="/write", ready="yes", **form)
        assert told.status_code == 422
        assert said in told.text
        assert "Some words." in told.text
    assert [file.name for file in (root / "content").rglob("*.md")] == ["old.md"]


def test_every_channel_is_shown_before_anything_is_saved(desk: Desk, root: Path) -> None:
    """In frames of nobody's origin; no file, no plan and no delivery comes of it."""
    form = {
        "title": "Seen <script>",
        "body": "A line.\n\n<script>alert(1)</script>",
        "form_token": desk.token("/write"),
    }
    own = {"Sec-Fetch-Site": "same-origin", "HX-Request": "true"}
    seen = desk.session.post(f"{desk.url}/write/preview", data=form, headers=own, timeout=30)
    assert seen.text.count('<details class="channel"') == 2
    assert "HTML that could run or load something is left out." in seen.text
    assert "<html" not in seen.text
    frames = re.findall(r'<iframe sandbox loading="lazy" src="([^"]+)"', seen.text)
    assert frames
    page = desk.get(frames[0])
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "<script" not in page.text
    assert not list((root / "content").rglob("*Seen*"))
    assert not (root / "var/preview").exists()
    assert desk.get("/write/frame/nothing").status_code == 404


def test_a_slot_is_chosen_from_those_that_come_and_a_channels_fields_have_their_own_name(
    desk: Desk, root: Path
) -> None:
    desk.post("/write", on="/write", title="First", body="Words.", ready="yes")  # plans
    page = desk.get("/write").text
    chosen = re.findall(r'<option value="(daily@[\d-]+)">', page)
    assert len(chosen) > 10
    desk.post("/write", on="/write", title="Pinned", body="Words.", ready="yes", slot=chosen[3])
    assert f"slot: {chosen[3]}\n" in (root / "content/pgc/Pinned.md").read_text()
    assert f'value="{chosen[3]}" selected' in desk.get(f"/write/{_id(desk, 'Pinned')}").text
    by_id = desk.get(f"/write?series=daily&slot={chosen[5]}T20:00").text
    assert f'value="{chosen[5]}T20:00" selected' in by_id, "as a slot's own page asks for it"
    assert '<legend class="unseen"><bdi>Far side</bdi></legend>' in page


def test_a_file_that_no_text_can_show_is_not_taken(desk: Desk, root: Path) -> None:
    headers = {"X-Form-Token": desk.token("/write"), "Sec-Fetch-Site": "same-origin", "Origin": desk.url}
    answer = desk.session.post(
        f"{desk.url}/write/media?name=talk.pdf", data=b"%PDF-1.7 words", headers=headers, timeout=9
    )
    assert answer.status_code == 422
    assert "no picture, sound or video" in answer.json()["said"]
    assert not [*root.glob("content/**/*.pdf")]
