"""What a member sends by their page: taken in as a drop-in, waiting for approval; hostile files, names, numbers refused."""

from __future__ import annotations

import datetime as dt
import io
import wave
import zipfile
from collections.abc import Callable

import pytest
from PIL import Image
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench

from steadycast import pipeline
from steadycast.errors import InputError
from steadycast.ledger.tables import DraftRow
from steadycast.pipeline import invites, members, submission
from steadycast.pipeline.app import App
from steadycast.pipeline.submission import NotTakenError, Sent, Why
from steadycast.report.quiet import quiet_since, usual_pause

DESK = '[desk]\nmember_drafts = 3\nurl = "https://desk.readers.example"\n'
SETTINGS = COMMUNITY + DAILY + SITE + FAR + DESK
DAY = dt.timedelta(days=1)
WORD = """<?xml version="1.0" encoding="UTF-8"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>雨夜读诗</w:t></w:r></w:p>
<w:p><w:r><w:t>第一段。</w:t></w:r></w:p></w:body></w:document>"""


def document(text: str = WORD) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')  # fmt: skip
        archive.writestr("_rels/.rels", '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')  # fmt: skip
        archive.writestr("word/document.xml", text)
    return made.getvalue()


def photo() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(made, "JPEG")
    return made.getvalue()


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS)


@pytest.fixture
def send(bench: Bench, app: App) -> Callable[..., DraftRow]:
    def sent(text: str = "", title: str = "", member: str = "bob", **files: bytes) -> DraftRow:
        now = bench.clock.now()
        with submission.place(app, member, now) as at:
            put = []
            for number, (name, data) in enumerate(files.items()):
                (at.folder / f"part-{number}").write_bytes(data)
                put.append(Sent(at.folder / f"part-{number}", name))
            row = submission.send(app, at, title, text, put, now=now)
        assert row
        return row

    return sent


def test_a_text_with_pictures_waits_for_approval_and_is_planned_then(
    bench: Bench, app: App, send: Callable[..., DraftRow]
) -> None:
    row = send("第一行\n第二行", "雨夜: 读诗", **{"../../pgc/封 面.exe": photo()})
    assert (row.state, row.origin, row.member, row.title) == ("waiting", "ugc", "bob", "雨夜: 读诗")
    folder = (app.workspace.content / row.path).parent
    assert folder.parent == app.workspace.content / "ugc/bob"
    names = sorted(file.name for file in folder.iterdir())
    assert names[0].startswith("01-")
    assert names[0].endswith(".jpg")
    draft = pipeline.drafts(app, pipeline.now())[0]
    assert draft["form"] == "article"
    pipeline.decide(app, [row.id], "approve", by="editor", now=bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    (given,) = members.given(app, "bob", bench.clock.now())
    assert (given.fate, given.at) == ("planned", bench.at(23, 20))
    assert not [left for left in folder.parent.iterdir() if left.name.startswith(".")]


def test_a_document_is_read_as_intake_reads_it(app: App, send: Callable[..., DraftRow]) -> None:
    assert send(**{"稿子.docx": document()}).title == "雨夜读诗"
    assert send(title="另一个题目", **{"稿子.docx": document(), "a.jpg": photo()}).title == "另一个题目"
    row = send(**{"note.md": b"---\ntitle: Note\nchannels: {far: {skip: true}}\n---\n\nWords.\n"})
    assert row.title == "Note"
    assert len(app.ledger.drafts()) == 3


def sound(seconds: float = 1.0) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80\x90" * int(4000 * seconds))
    return made.getvalue()


def test_a_recording_is_the_drafts_own(app: App, send: Callable[..., DraftRow], bench: Bench) -> None:
    row = send("外婆讲了三分钟。", "外婆说弄堂", **{"录音.wav": sound()})
    assert (row.title, row.form) == ("外婆说弄堂", "audio")
    assert pipeline.drafts(app, pipeline.now())[0]["form"] == "audio"
    assert app.ledger.problems() == []


@pytest.mark.parametrize(
    ("text", "files", "title", "body"),
    [
        ("昨夜的雨打在窗上。我们读书。", {}, "昨夜的雨打在窗上", "昨夜的雨打在窗上。我们读书。"),
        ("外婆的弄堂\n\n门口有一只猫。\n它叫阿花。", {}, "外婆的弄堂", "门口有一只猫。"),
        ("**外婆的弄堂**\n门口有一只猫。", {}, "外婆的弄堂", "门口有一只猫。"),
        ("# 自己的标题\n\n正文。", {}, "自己的标题", "正文。"),
        ("…\n\n1. \n只有这句", {}, "只有这句", "只有这句"),
        ("长" * 60, {}, "长" * 39 + "…", "长" * 60),
        ("", {"外婆讲故事.wav": sound()}, "外婆讲故事", ""),
        ("", {"IMG_2034.JPG": photo()}, "小林的图片", ""),
        ("", {"mmexport1764412345678.jpg": photo()}, "小林的图片", ""),
        ("", {"新录音 12.wav": sound()}, "小林的录音", ""),
        (
            "",
            {"外婆.docx": document(WORD.replace('<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>', ""))},
            "外婆",
            "第一段。",
        ),
        ("", {"note.txt": "没有标题的一段。".encode()}, "note", "没有标题的一段。"),
    ],
)
def test_what_comes_without_a_title_gets_one_that_people_would_give(
    bench: Bench, text: str, files: dict[str, bytes], title: str, body: str
) -> None:
    app = bench.set_up(SETTINGS.replace('language = "en"', 'language = "zh-CN"').replace('"Bob"', '"小林"'))
    with submission.place(app, "bob", bench.clock.now()) as at:
        put = []
        for name, data in files.items():
            (at.folder / "part").write_bytes(data)
            put.append(Sent(at.folder / "part", name))
        row = submission.send(app, at, "", text, put, now=bench.clock.now())
    assert row
    assert row.title == title
    raw = (app.workspace.content / row.path).read_text("utf-8", "replace")
    assert not body or body in raw
    assert title in {"自己的标题", "昨夜的雨打在窗上", "只有这句"} or raw.count(title) == 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, Why.EMPTY),
        ({"text": " \n "}, Why.EMPTY),
        ({"a.docx": b"PK no zip"}, Why.UNREADABLE),
        ({"a.docx": document(), "b.md": b"# B"}, Why.DOCUMENTS),
        ({"text": "Words", "b.md": b"# B"}, Why.DOCUMENTS),
        ({"text": "Words", "a.jpg": b"MZ\x90 a program"}, Why.KIND),
        ({"text": "Words", "a.jpg": b"#!/bin/sh"}, Why.KIND),
        ({"text": "Words", "a.jpg": b"\xff\xd8\xff broken"}, Why.UNREADABLE),
        ({"text": "x" * 2_000_001}, Why.LARGE),
        ({"text": "<div>" * 200_000}, Why.UNREADABLE),
    ],
)
def test_what_is_no_draft_is_refused_and_leaves_nothing(
    app: App, send: Callable[..., DraftRow], given: dict[str, str], why: Why
) -> None:
    with pytest.raises(NotTakenError) as refused:
        send(**given)
    assert refused.value.why is why
    assert [*(app.workspace.content / "ugc/bob").iterdir()] == []
    assert app.ledger.drafts() == []


def test_a_days_number_and_the_members_room_are_bounds(bench: Bench, app: App, send: Callable[..., DraftRow]) -> None:
    for n in range(3):
        send(f"Text {n}", "One title")  # each in a folder of its own
    with pytest.raises(NotTakenError) as refused:
        send("Text 4")
    assert refused.value.why is Why.TODAY
    assert send("Another's", member="李雷").member == "李雷"
    bench.clock.advance(DAY + dt.timedelta(seconds=1))
    assert send("Text 5").state == "waiting"
    assert len({row.path for row in app.ledger.drafts()}) == 5


def test_front_matter_in_a_written_text_is_only_words(app: App, send: Callable[..., DraftRow]) -> None:
    """A page's form makes no trusted author, takes no slot and names no channel."""
    row = send("---\nstatus: approved\nslot: daily@2026-11-23T20:00\n---\nWords.")
    assert row.state == "waiting"
    assert row.plan["slot"] is None


def test_a_members_folder_that_is_a_link_is_not_written_to(app: App, send: Callable[..., DraftRow]) -> None:
    ugc = app.workspace.content / "ugc"
    ugc.mkdir(parents=True)
    elsewhere = app.workspace.root / "elsewhere"
    elsewhere.mkdir()
    (ugc / "bob").symlink_to(elsewhere)
    with pytest.raises(NotTakenError):
        send("Words")
    assert [*elsewhere.iterdir()] == []


def test_an_invite_opens_one_members_page_until_it_ends(bench: Bench, app: App) -> None:
    now = bench.clock.now()
    made = invites.make(app, "bob", "editor", now)
    assert invites.member_of(app, made.token, now) == "bob"
    assert invites.member_of(app, made.token, now + invites.LASTS) is None
    for wrong in ("", "x" * 32, made.token + "x", made.row.hash, "../../etc/passwd", "\x00" * 32):
        assert invites.member_of(app, wrong, now) is None
    kept = app.ledger.invites_of("bob")
    assert made.token not in str(kept)
    assert kept[0].used == now
    invites.revoke(app, made.row.hash, now)
    assert invites.member_of(app, made.token, now) is None
    with pytest.raises(InputError):
        invites.revoke(app, made.row.hash, now)
    for name in ("../pgc", ".git", "a/b", "", "x" * 100):
        with pytest.raises(InputError):
            invites.make(app, name, "editor", now)


def test_who_has_gone_quiet() -> None:
    """Longer silent than four weeks, and than twice the usual pause."""
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    weekly = [now - DAY * days for days in (30, 37, 44, 51)]
    assert usual_pause(weekly) == 7 * DAY
    assert quiet_since(weekly, now) == now - 30 * DAY
    assert quiet_since(weekly, now - 3 * DAY) is None
    monthly = [now - DAY * days for days in (55, 85, 115)]
    assert quiet_since(monthly, now) is None
    assert quiet_since(monthly, now + 6 * DAY) == monthly[0]
    assert quiet_since([], now) is None
    assert quiet_since([now - 29 * DAY], now) == now - 29 * DAY


def test_members_as_the_record_has_them(bench: Bench, app: App, send: Callable[..., DraftRow]) -> None:
    first = send("One")
    send("Two")
    bench.clock.advance(dt.timedelta(hours=2))
    pipeline.decide(app, [first.id], "approve", by="editor", now=bench.clock.now())
    bob, alice = members.members(app, bench.clock.now())
    assert (bob.name, bob.drafts, bob.waiting, bob.stock, bob.wait) == ("bob", 2, 1, 1, dt.timedelta(hours=2))
    assert (alice.name, alice.title, alice.trusted, alice.last) == ("alice", "Alice", True, None)
    page = members.page_of(app, "bob", bench.clock.now())
    assert page
    assert [given.fate for given in page.given].count("waiting") == 1
    assert members.page_of(app, "nobody", bench.clock.now()) is None
