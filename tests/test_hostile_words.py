"""Strings that break the handling of text, as titles, words, tags and names: they come out as what they are."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from email import message_from_bytes, policy
from typing import Any

import icalendar
import pytest
from hostile import WORDS, faults, kit_script, known, yaml_text
from pipeline_bench import COMMUNITY, Bench

from steadycast import pipeline
from steadycast.cli.command_line import app as commands
from steadycast.ledger.tables import State
from steadycast.render.sanitise import calm

pytestmark = pytest.mark.platforms("site", "feed", "kit", "mail", "calendar")

SERIES = """
[series.daily]
title = "Daily"
every = "day at 20:00"
forms = ["event"]
channels = ["site", "feed", "kit", "mail", "calendar"]
"""
CHANNELS = "".join(f'\n[channel.{name}]\nplatform = "{name}"\n' for name in ("site", "feed", "kit", "calendar"))
SETTINGS = COMMUNITY + SERIES + CHANNELS + '\n[channel.mail]\nplatform = "mail"\nfrom = "house@readers.example"\n'
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def usable(words: Any) -> list[str]:
    """Those that are a title at all once white space and what no file can hold are gone."""
    return [text for text in words if re.sub(r"[\s\0\ud800-\udfff]", "", text)]


def published(bench: Any, words: Any) -> None:
    """Each string as a draft's every word, published by hand on every channel."""
    content = {}
    for number, text in enumerate(words):
        said = yaml_text(text)
        front = [
            f"title: {said}",
            f"summary: {said}",
            f"tags: [{said}]",
            f"author: {said}",
            "form: event",
            "event:",
            "  start: 2026-12-01 10:00",
            f"  place: {said}",
        ]
        content[f"ugc/alice/{number}.md"] = (
            "---\n" + "\n".join(front) + f"\n---\n\nbody {number}\n\n{text}\n".replace("\0", "")
        )
    encoded = {path: body.encode("utf-8", "replace") for path, body in content.items()}
    bench.set_up(SETTINGS, encoded)
    pipeline.collect(bench.app, bench.clock.now())
    for row in bench.app.ledger.drafts():
        sent = pipeline.publish(bench.app, draft=row.id).sent
        assert {s.state for s in sent} <= {State.PUBLISHED, State.HANDED}, [
            (row.title[:40], s.channel, s.state, s.message) for s in sent
        ]


def plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", text) if not unicodedata.category(c).startswith(("C", "Z")))


SLOW = (pytest.mark.slow, pytest.mark.parallel)


@pytest.mark.parametrize(
    "words",
    [WORDS[20:30:3], pytest.param(WORDS, marks=SLOW), pytest.param(None, marks=SLOW)],
    ids=["a few", "own", "all known"],
)
def test_they_come_out_as_what_they_are(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: Any
) -> None:
    """Ledger, site, feeds, letters, calendar, kits and report hold them and are well-formed; a terminal obeys none."""
    every = usable(words or known("naughty-strings.json"))
    if words is None:
        every = every[::6]  # each is published five times over
    published(bench, every)
    rows = {row.path: row for row in bench.app.ledger.drafts()}
    assert len(rows) >= len(every) * 0.9
    for number, text in enumerate(every):
        if row := rows.get(f"ugc/alice/{number}.md"):
            assert plain(row.title) == plain(" ".join(text.split()).replace("\0", "")) or not plain(text)
    out = bench.app.workspace.out
    for file in out.rglob("*"):
        assert file.name.isprintable()
        assert len(file.name.encode()) < 255
        if file.suffix == ".xml":
            ET.fromstring(file.read_bytes())
        if file.suffix == ".json":
            json.loads(file.read_bytes())
        if file.suffix == ".html":
            assert faults(file.read_text(encoding="utf-8"), own=kit_script()) == []
        if file.suffix == ".eml":
            _letter(file.read_bytes())
        if file.suffix == ".ics":
            _calendar(file.read_bytes())
    _report(bench)
    _terminal(bench, capsys, monkeypatch)


def _letter(raw: bytes) -> None:
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert not re.search(rb"^(?:bcc|cc|x-evil)\s*:", head, re.IGNORECASE | re.MULTILINE)
    letter = message_from_bytes(raw, policy=policy.default)
    assert not letter.defects
    assert letter["subject"] is not None
    assert len(letter.get_all("to") or [""]) == 1


def _calendar(raw: bytes) -> None:
    read = icalendar.Calendar.from_ical(raw)
    assert {part.name for part in read.walk()} == {"VCALENDAR", "VEVENT"}
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))


def _report(bench: Any) -> None:
    pipeline.report(bench.app, bench.clock.now() + dt.timedelta(days=1))
    for file in bench.app.workspace.var.rglob("*.html"):
        assert faults(file.read_text(encoding="utf-8"), own=kit_script()) == []


def _terminal(bench: Any, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(bench.root))
    for words in (
        ["list"],
        ["list", "--json"],
        ["status"],
        ["status", "--json"],
        ["plan"],
        ["check"],
        ["intake", "--no-feeds"],
    ):
        capsys.readouterr()
        commands(words, result_action="return_value", exit_on_error=False)
        said = capsys.readouterr()
        assert not OBEYED.search(said.out + said.err), words
        if "--json" in words:
            json.loads(said.out)


@pytest.mark.parametrize(
    "text",
    ["@everyone", "hi @here", "a@everyone", "<@123>", "<@!123>", "<@&123>", "<!channel>", "<!subteam^S1>", "<!HERE>", "@所有人", "你好@所有人", "@全体成员", "＠".replace("＠", "@") + "all"],
)  # fmt: skip
def test_nobody_is_called_by_a_member(bench: Bench, text: Any) -> None:
    """Neither everybody nor one person: text for chats has no mention in it that a chat would follow."""
    called = re.compile(
        r"@(?:everyone|here|all|所有人|全体)|<@[!&]?\d|<!(?:channel|here|everyone|subteam)", re.IGNORECASE
    )
    assert called.search(text)
    assert not called.search(calm(text))
    assert calm(text).replace("\u2060", "") == text


@pytest.mark.parametrize(
    "text", ["alice@example.com", "https://a.example/@alice", "alice@all.example", "a <b> c", "<!doctype"]
)
def test_addresses_stay_addresses(text: Any) -> None:
    assert calm(text).replace("\u2060", "") == text
    assert "@\u2060" not in calm(text)


def test_a_members_words_call_nobody_in_any_text_of_a_kit(bench: Bench) -> None:
    """Title, summary, tags and words, in the files that are pasted into a chat."""
    bench.set_up(
        SETTINGS,
        {
            "ugc/alice/a.md": "---\ntitle: '@everyone 来'\nsummary: '<!channel> x'\nform: event\nevent: {start: 2026-12-01 10:00}\n---\n\n@所有人 <@&1>\n"
        },
    )
    pipeline.collect(bench.app, bench.clock.now())
    (row,) = bench.app.ledger.drafts()
    pipeline.publish(bench.app, draft=row.id)
    texts = [f.read_text(encoding="utf-8") for f in (bench.app.workspace.out / "kit").rglob("*.txt")]
    assert texts
    for text in texts:
        assert not re.search(r"@(?:everyone|所有人)|<@&1|<!channel", text)


def test_nor_do_a_members_place_and_names(bench: Bench) -> None:
    """Whatever else of a draft comes into a text: where an event is, what a link and a picture are called, who wrote it."""
    head = "title: t\nform: event\nauthor: '@everyone a'\ntags: ['@everyone']\nevent: {start: 2026-12-01 10:00, place: '@everyone 楼上'}"
    body = "[@everyone 链](https://a.example/) 文 <https://a.example/@everyone>\n"
    bench.set_up(SETTINGS, {"ugc/alice/a.md": f"---\n{head}\n---\n\n{body}"})
    pipeline.collect(bench.app, bench.clock.now())
    (row,) = bench.app.ledger.drafts()
    pipeline.publish(bench.app, draft=row.id)
    texts = [f.read_text(encoding="utf-8") for f in (bench.app.workspace.out / "kit").rglob("*.txt")]
    assert any("楼上" in text for text in texts)
    for text in texts:
        assert not re.search(r"(?<!/)@everyone", text)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("a\u061cb", "a\\u061cb"),
        ("Z" + "\u0301\u0315\u0336" * 40 + "algo", "Z\u0301\u0315\u0336\u0301algo"),
        ("Việt Nam é", "Việt Nam é"),
        ("ẹ̄́", "ẹ̄́"),
    ],
)
def test_a_terminal_is_given_neither_a_turn_of_direction_nor_a_pile_of_marks(
    capsys: pytest.CaptureFixture[str], written: Any, seen: Any
) -> None:
    from steadycast.cli.output import complain, say

    say(written)
    complain(written)
    captured = capsys.readouterr()
    assert captured.out == f"{seen}\n"
    assert captured.err.endswith(f"{seen}\n")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("language-python", ' class="language-python"'),
        ("language-c++", ' class="language-c++"'),
        ("masthead fixed", ""),
        ("language-x masthead", ""),
        ("language-" + "x" * 500, ""),
    ],
)
def test_a_members_code_takes_no_class_of_the_page(given: Any, kept: Any) -> None:
    from steadycast.render.sanitise import clean

    assert clean(f'<pre><code class="{given}">x</code></pre>') == f"<pre><code{kept}>x</code></pre>"
