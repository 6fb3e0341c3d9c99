"""A draft written at the desk becomes a file by the rules of a drop-in: nothing of anybody's is lost on the way."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import MORNING, SETTINGS, Bench, article
from platform_bench import png

from steadycast.draft.decoding import visible
from steadycast.draft.edited import Edited, put_together, taken_apart, to_bytes
from steadycast.draft.front_edit import with_keys
from steadycast.draft.frontmatter import split
from steadycast.errors import DraftError, InputError
from steadycast.intake.copy_names import originals
from steadycast.intake.folder import is_draft_name
from steadycast.intake.pasted import as_markdown
from steadycast.pipeline import App, content_files
from steadycast.pipeline.write_draft import ChangedMeanwhile, OpenFile, add_medium, open_draft, save_draft

PATH = PurePosixPath("pgc/name.md")
ODD = """---
# first
标题: 旧 # why it is called so
tags:
- a
- "b: c"
# about the summary
summary: >
  folded
  text

mood: {calm: 1}
channels:
  site: # of the site
    title: x
    # inside
    text: |
      a

      b
  far: skip
---

Body
---
more
"""
HEADS = [
    ODD,
    "Title: old\nTags: a, b\n\nBody\n",
    "+++\ntitle = 'x' # why\n[channels.site]\ntitle='q'\n+++\nBody\n",
    '{\n"title": "x",\n "n": 5}\nBody\n',
    "title: x\n---\nBody\n",
    "# A heading\n\nBody\n",
    "---\ntitle: A\n---\n# A\n\nBody\n",
    "---\n---\n\n\nBody\n",
    "Body\n",
    "",
]
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30).map(lambda t: " ".join(t.split()))
BODIES = st.text(st.sampled_from("ab #-*\n`$|<>~。字"), max_size=60)


def test_a_head_keeps_its_order_its_comments_and_what_nobody_asked_to_change() -> None:
    changed = with_keys(ODD, {"title": "新: 标题 #1", "tags": ["a", "z, y"], "slot": "daily@2026-11-27"})
    expected = ODD.replace("标题: 旧 #", '标题: "新: 标题 #1" #').replace('- a\n- "b: c"', "  - a\n  - z, y")
    assert changed == expected.replace("  far: skip\n", "  far: skip\nslot: daily@2026-11-27\n")


def test_one_key_of_one_channel_is_changed_alone() -> None:
    """The comments of the others stay."""
    before = taken_apart(ODD, PATH)
    on = {**before.channels, "site": {**before.channels["site"], "title": "Other"}, "new": {"skip": True}}
    changed = put_together(ODD, replace(before, channels=on), PATH)
    expected = ODD.replace("    title: x\n", "    title: Other\n")
    assert changed == expected.replace("  far: skip\n", "  far: skip\n  new:\n    skip: true\n")


@pytest.mark.parametrize("text", HEADS)
def test_what_was_not_edited_stays_to_the_byte(text: str) -> None:
    for raw in (text.encode(), b"\xef\xbb\xbf" + text.encode(), text.replace("\n", "\r\n").encode()):
        assert to_bytes(put_together(text, taken_apart(text, PATH), PATH), raw) == raw


@pytest.mark.parametrize("text", HEADS)
@given(
    title=TEXTS.filter(visible),
    summary=TEXTS,
    tags=st.lists(TEXTS.filter(visible), max_size=3, unique=True),
    body=BODIES,
)
@examples(40)
def test_what_was_edited_is_read_again_as_it_was_written(
    text: str, title: str, summary: str, tags: list[str], body: str
) -> None:
    """Or it is refused: nothing else comes of any words in any kind of head."""
    before = taken_apart(text, PATH)
    wanted = replace(before, title=title, summary=summary, tags=tuple(tags), body=f"Words {body}\n")
    try:
        made = put_together(text, wanted, PATH)
    except DraftError:
        return
    found = taken_apart(made, PATH)
    keys = {"title", "summary", "tags", "description", "标题"}
    assert found.summary == summary
    assert found.title in (title, before.title if not title.strip() else title)
    assert {k: v for k, v in split(made).values.items() if k.lower() not in keys} == {
        k: v for k, v in split(text).values.items() if k.lower() not in keys
    }
    assert found.channels == before.channels


def test_line_ends_and_the_mark_at_the_beginning_are_kept() -> None:
    raw = b"\xef\xbb\xbf---\r\ntitle: x\r\n---\r\n\r\nBody\r\n"
    text = "---\ntitle: x\n---\n\nBody\n"
    edited = replace(taken_apart(text, PATH), body="New\nlines")
    assert to_bytes(put_together(text, edited, PATH), raw) == raw.replace(b"Body\r\n", b"New\r\nlines\r\n")


@pytest.mark.parametrize(
    "title",
    ["../../etc/passwd", "..", ".hidden", "a/b\\c", "CON", "README", "_index", "2020-01-01 day", "rain (1)", "rain - copy",
     "雨的副本", "x" * 500, "字" * 300, "\u202egnp.md", "a\nb", "%2e%2e", "~$lock", "#x", "requirements", "新建 冲突副本"],
)  # fmt: skip
def test_a_hostile_title_makes_a_name_that_is_only_a_name(title: str) -> None:
    name = content_files.draft_name(title)
    assert "/" not in name
    assert len(name.encode()) <= 100
    assert is_draft_name(name)
    assert not any(originals(PurePosixPath(name)))
    assert not name.startswith((".", "20"))


@given(st.text(max_size=120))
@examples(100)
def test_any_title_makes_such_a_name(title: str) -> None:
    name = content_files.draft_name(title)
    assert PurePosixPath(name).name == name
    assert is_draft_name(name)
    assert not any(originals(PurePosixPath(name)))


@pytest.fixture
def app(bench: Bench) -> App:
    app = bench.set_up(SETTINGS, {"pgc/old.md": article("Old", body="Old words.")})
    from steadycast import pipeline

    pipeline.collect(app, MORNING, feeds=False)
    return app


def new(title: str, body: str = "Words.", *, member: str = "") -> OpenFile:
    return OpenFile(Edited(title=title, body=body), member=member)


def test_a_new_draft_takes_a_name_that_is_free(app: App) -> None:
    """Also where only capitals differ."""
    for title, name in (("Rain", "Rain.md"), ("rain", "rain-2.md"), ("old", "old-2.md")):
        assert save_draft(app, new(title, f"On {title} {name}."), MORNING).path == PurePosixPath("pgc") / name
    assert save_draft(app, new("By Bob", member="bob"), MORNING).path == PurePosixPath("ugc/bob/By-Bob.md")
    with pytest.raises(InputError, match="no member"):
        save_draft(app, new("By nobody", member="../bob"), MORNING)


def test_no_link_leads_a_save_outside(app: App) -> None:
    content = app.workspace.content
    outside = content.parent / "outside"
    outside.mkdir()
    (content / "ugc").mkdir(exist_ok=True)
    (content / "ugc" / "bob").symlink_to(outside)
    with pytest.raises(InputError, match="cannot be written"):
        save_draft(app, new("By Bob", member="bob"), MORNING)
    opened = open_draft(app, "pgc/old.md")
    (content / "pgc/old.md").rename(outside / "old.md")
    (content / "pgc/old.md").symlink_to(outside / "old.md")
    with pytest.raises(InputError, match="cannot be read"):
        save_draft(app, replace(opened, edited=replace(opened.edited, body="Mine.")), MORNING)
    assert sorted(file.name for file in outside.iterdir()) == ["old.md"]
    assert "Mine" not in (outside / "old.md").read_text()
    with pytest.raises(InputError):
        save_draft(app, replace(new("x"), path=PurePosixPath("../x.md"), base="0"), MORNING)


def test_a_file_that_is_edited_while_it_is_saved_stays_as_its_editor_left_it(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last look is taken when the new bytes are on the disk."""
    opened = open_draft(app, "pgc/old.md")
    file, sync = app.workspace.content / "pgc/old.md", os.fsync

    def edits(handle: int) -> None:
        file.write_text(article("Old", body="Theirs."))
        sync(handle)

    monkeypatch.setattr(content_files.os, "fsync", edits)
    with pytest.raises(ChangedMeanwhile) as told:
        save_draft(app, replace(opened, edited=replace(opened.edited, body="Mine.")), MORNING)
    assert told.value.theirs is not None
    assert told.value.theirs.edited.body == "Theirs.\n"
    assert "Theirs." in file.read_text()
    assert [f.name for f in file.parent.iterdir()] == ["old.md"]


def test_a_save_keeps_the_rights_of_the_file_and_says_where_it_goes(app: App) -> None:
    file = app.workspace.content / "pgc/old.md"
    file.chmod(0o640)
    opened = open_draft(app, "pgc/old.md")
    saved = save_draft(app, replace(opened, edited=replace(opened.edited, body="New words.")), MORNING)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert saved.place is not None
    assert (saved.place.kind, saved.place.series) == ("slot", "daily")
    same = open_draft(app, "pgc/old.md")
    before = file.stat().st_mtime_ns
    save_draft(app, same, MORNING)
    assert file.stat().st_mtime_ns == before, "nothing is written where nothing was changed"


def test_what_intake_would_refuse_is_not_written(app: App) -> None:
    for wrong in (new("Empty", ""), new("Huge", "x" * 3_000_000), new("", "Words."), new("Gone", "![](no.png)")):
        with pytest.raises(InputError):
            save_draft(app, wrong, MORNING)
    assert [file.name for file in app.workspace.content.rglob("*.md")] == ["old.md"]


def test_a_medium_is_what_its_bytes_say(app: App, tmp_path: Path) -> None:
    """It lies beside the draft, under a name that is only a name, and the draft that shows it can be saved."""
    file = tmp_path / "x"
    file.write_bytes(png(8, 8, 8))
    named = [add_medium(app, new("x"), file, "../../海 (边).exe").ref for _ in range(2)]
    assert named == ["media/海-边.png", "media/海-边-2.png"]
    assert save_draft(app, new("Sea", f"![]({named[0]})"), MORNING).row
    file.write_bytes(b"<script>alert(1)</script>")
    with pytest.raises(DraftError):
        add_medium(app, new("x"), file, "a.png")
    with pytest.raises(InputError):
        add_medium(app, replace(new("x"), path=PurePosixPath("../up/x.md")), file, "a.png")


def test_what_is_pasted_keeps_its_structure() -> None:
    """Word's lists are paragraphs, its notes to itself are comments; an official account's pictures load by a script."""
    word = (
        "<html><head><style>p{}</style></head><body><!--[if gte mso 9]><xml>x</xml><![endif]--><h1>题目<o:p></o:p></h1>"
        "<p>第一 <b>粗</b> 10~20，[图]</p><p style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>&nbsp;</span>"
        "</span>一</p><p style='mso-list:l0 level2 lfo1'><span style='mso-list:Ignore'>1.<span> </span></span>下</p>"
        "<p style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span> </span></span>二</p></body></html>"
    )
    assert as_markdown(word) == "# 题目\n\n第一 **粗** 10\\~20，[图]\n\n- 一\n\n  1. 下\n- 二"
    page = '<section><span style="font-weight: bold">小标题</span></section><img data-src="https://a.example/b.png">'
    assert as_markdown(page) == "**小标题**\n\n![](<https://a.example/b.png>)"
    assert as_markdown('<b style="font-weight:normal"><p>plain</p></b>') == "plain"
    assert "script" not in as_markdown("<script>alert(1)</script><p onclick=x>a</p>")
