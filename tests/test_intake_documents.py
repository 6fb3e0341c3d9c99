"""What people drop in that is no Markdown: plain text, Word, notebooks, web pages, a sound or a picture alone."""

from __future__ import annotations

import contextlib
import html
import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import content_of, draft_of
from hypothesis import example, given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, MORNING, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.draft.frontmatter import split
from steadycast.errors import DraftError, InputError
from steadycast.intake import document_worker
from steadycast.intake.documents import as_markdown
from steadycast.intake.suffixes import DOCUMENTS
from steadycast.render.markdown import to_html

SETTINGS = (
    COMMUNITY
    + DAILY.replace(', "far"', "").replace('channels = ["site"', 'forms = ["article", "audio"]\nchannels = ["site"')
    + SITE
)
MOST = 2_000_000
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, **more: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(
            "[Content_Types].xml",
            """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>""",
        )
        archive.writestr(
            "_rels/.rels",
            """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>""",
        )
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>')
        for name, data in more.items():
            archive.writestr(name, data)
    return out.getvalue()


def para(text: str, style: str = "", bold: bool = False) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{properties}<w:r>{'<w:rPr><w:b/></w:rPr>' if bold else ''}<w:t>{text}</w:t></w:r></w:p>"


def body_of(raw: bytes, suffix: str) -> str:
    return split(as_markdown(raw, suffix, MOST)[0].decode()).body


def test_plain_text_is_a_draft_with_its_first_line_as_title(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/雨.txt": "落雨天\n\n价格10~20元，2*3*4。\n　　第二段 a_b_c\n# 不是标题\n"})
    (taken,) = pipeline.collect(app, MORNING).taken
    assert taken.title == "落雨天"
    pipeline.plan(app, MORNING)
    bench.at(23, 20, 1)
    pipeline.publish(app)
    page = "".join(p.read_text() for p in (app.workspace.out / "site").rglob("*.html"))
    for words in ("价格10~20元，2*3*4。", "第二段 a_b_c", "# 不是标题"):
        assert words in page


def test_a_text_in_gbk_is_named_and_a_marked_title_is_one(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/walk.txt": "# 散步记\n\n今天走了10~20公里。\n".encode("gbk")})
    said = "is written in GBK and was read as such"
    assert said in [p.message for p in ops.check(MORNING, root=bench.root) if p.where == "pgc/walk.txt"]
    collected = pipeline.collect(app, MORNING)
    assert [taken.title for taken in collected.taken] == ["散步记"]
    assert said in [p.message for p in collected.noticed if p.where == "pgc/walk.txt"]


@pytest.mark.parametrize("text", ["时间: 周五\n地点: 这里\n", "---\n不是头\n", "{\n不是头\n}"])
def test_text_that_begins_like_a_head_keeps_its_first_words(text: Any) -> None:
    body = body_of(text.encode(), ".txt")
    assert all(line in body.replace("\\", "") for line in text.split())


@given(st.lists(st.text("ab甲~*_`[]<>#|$\\+-=1. ){}:^%&!/", min_size=1, max_size=12), min_size=1, max_size=5))
@example(["1", " ", "1", ":-"])  # a table of one column
def test_plain_text_shows_the_characters_that_it_has(lines: list[Any]) -> None:
    """Whatever they are: no mark of Markdown eats one."""
    shown = html.unescape(re.sub(r"<[^>]*>", "", to_html(body_of("\n".join(["x", *lines]).encode(), ".txt"))))
    assert "".join(shown.split()) == "".join("".join(["x", *lines]).split())


def test_a_text_with_front_matter_is_markdown() -> None:
    raw = b"---\ntitle: x\n---\n**b**\n"
    assert as_markdown(raw, ".txt", MOST) == (raw, ())


def test_a_word_document_is_a_draft(bench: Bench) -> None:
    body = para("落雨天", "Heading1") + para("第一段") + para("要紧", bold=True)
    styles = f'<w:styles xmlns:w="{WORD}"><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/></w:style></w:styles>'
    rels = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>'
    made = docx(body, **{"word/styles.xml": styles.encode(), "word/_rels/document.xml.rels": rels.encode()})
    app = bench.set_up(SETTINGS, {"ugc/alice/rain.docx": made})
    (taken,) = pipeline.collect(app, MORNING).taken
    assert (taken.title, taken.member, taken.state) == ("落雨天", "alice", "approved")
    kept = content_of(app.ledger, draft_of(app.ledger, taken.draft).revision)["body"]
    assert "第一段" in kept
    assert "**要紧**" in kept
    assert pipeline.collect(app, MORNING).taken == ()


def test_a_notebook_and_a_page_are_drafts_and_what_is_lost_is_told(bench: Bench) -> None:
    book = {"cells": [{"cell_type": "markdown", "source": ["# A book\n", "Words."]},
                      {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\n"]}, {"data": {"image/png": "x", "text/plain": "<Figure>"}}]}]}  # fmt: skip
    page = "<html><head><title>A page &amp; more</title></head><body><p>Words <b>of</b> it.</p><img src='a.png'><script>alert(1)</script></body></html>"
    app = bench.set_up(
        SETTINGS, {"pgc/a.ipynb": json.dumps(book), "pgc/b.html": page, "pgc/c.html": "<p>{{ page }}</p>"}
    )
    collected = pipeline.collect(app, MORNING)
    assert sorted(t.title for t in collected.taken) == ["A book", "A page & more"]
    assert [(p.where, "template" in p.message) for p in collected.problems] == [("pgc/c.html", True)]
    told = {(p.where, p.message) for p in ops.check(MORNING, root=bench.root) if p.harmless}
    assert {("pgc/a.ipynb", "its picture was left out"), ("pgc/b.html", "its picture was left out")} <= told
    row = next(t for t in collected.taken if t.path == "pgc/b.html")
    assert "alert" not in content_of(app.ledger, draft_of(app.ledger, row.draft).revision)["body"]


@pytest.mark.parametrize(
    "made",
    [lambda: b"no zip", lambda: docx("<w:p>"), lambda: docx(""), lambda: docx("<w:p/>", bomb=b"\0" * (600 << 20))],
    ids=["no zip", "broken", "empty", "bomb"],
)  # made when it runs: every collection of the tests would pack the bomb
def test_a_hostile_document_is_refused_in_a_moment(made: Callable[[], bytes]) -> None:
    raw = made()
    began = time.monotonic()
    with contextlib.suppress(DraftError):
        read, _ = as_markdown(raw, ".docx", MOST)
        assert split(read.decode()).body.strip() == ""
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_a_document_that_never_ends_is_cut_off_by_its_limits() -> None:
    deep = docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 900_000)  # 30 MB of XML in a few KB
    began = time.monotonic()
    with pytest.raises(DraftError, match=r"limits|memory|MB of text"):
        as_markdown(deep, ".docx", MOST)
    assert time.monotonic() - began < 70


def test_a_lone_sound_waits_for_a_title_and_a_person_gives_it(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    sample = Path(__file__).parent.parent / "content/pgc/morning/001-aq-la.mp3"
    bench.drop("ugc/alice/rain.mp3", sample.read_bytes())
    (said,) = pipeline.collect(app, MORNING).problems
    assert (said.where, "waits for a title" in said.message) == ("ugc/alice/rain.mp3", True)
    assert "steadycast title ugc/alice/rain.mp3" in said.hint
    pipeline.give_title(app, "ugc/alice/rain.mp3", '落雨: "夜里"')
    collected = pipeline.collect(app, MORNING)
    assert collected.problems == ()
    assert [(t.title, t.form, t.member) for t in collected.taken] == [('落雨: "夜里"', "audio", "alice")]
    with pytest.raises(InputError, match="is there"):
        pipeline.give_title(app, "ugc/alice/rain.mp3", "Again")
    with pytest.raises(InputError, match="no such file"):
        pipeline.give_title(app, str(bench.root.parent / "voice.mp3"), "Outside")


def test_every_file_is_told_once_but_junk_and_what_a_draft_names(bench: Bench) -> None:
    files: dict[str, str | bytes] = {
        "pgc/a.md": article("A", body="![](images/a.png)"),
        "pgc/images/a.png": PNG,
        "pgc/images/b.png": PNG,
        "pgc/images/c.png": PNG,
        "pgc/table.xlsx": b"x",
        "pgc/old.doc": b"x",
        "pgc/Thumbs.db": b"x",
        "pgc/.DS_Store": b"x",
        "pgc/.obsidian/app.json": b"x",
        "pgc/~$rain.docx": b"x",
        "pgc/robots.txt": b"x",
    }
    app = bench.set_up(SETTINGS, files)
    collected = pipeline.collect(app, MORNING)
    assert collected.problems == ()
    wanted = {"pgc/images/b.png", "pgc/table.xlsx", "pgc/old.doc", "pgc/robots.txt"}
    assert {p.where for p in collected.noticed} == wanted
    assert all(p.hint for p in collected.noticed)
    assert pipeline.collect(app, MORNING).noticed == (), "once"
    assert {p.where for p in ops.check(MORNING, root=bench.root) if p.harmless} >= wanted


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def test_each_document_that_a_scan_takes_has_who_reads_it() -> None:
    """A scan knows them without loading what reads them."""
    assert frozenset(document_worker.KINDS) == DOCUMENTS
