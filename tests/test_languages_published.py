"""No English is left in what a Chinese community publishes, is told and posts by hand, and dates are those of its language."""

from __future__ import annotations

import dataclasses
import datetime as dt
import email.policy
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from platform_bench import PLATFORMS, bench, key, of_form, opened
from report_year import NOW, year

from steadycast import alarms as a
from steadycast.ledger.recovery import Jump
from steadycast.ledger.tables import FeedRow
from steadycast.platform import Channel, Post
from steadycast.report.badge import badge
from steadycast.report.model import Square, Waiting
from steadycast.report.page import page
from steadycast.report.picture import picture

CHINESE = {"zh-CN": "周", "zh-TW": "週"}  # language -> how its weekdays begin
WORD = re.compile(r"[A-Za-z]{2,}")
# Addresses, files, commands and values stand as they are.
VERBATIM = re.compile(
    r"https?://\S+|\S*@\S+|`[^`]*`|steadycast [a-z]+|[\w.-]*/[\w./-]+|[\w-]+(?:\.[\w-]+){2,}"
    r"|[\w-]+\.(?:html|txt|ics|jpg|png|md|mp3|mp4)\b|--\w+",
    re.ASCII,
)
NAMES = set("Steadycast Asia Shanghai UTC URL MP ID MB Markdown channels tickets steadycast toml plan".split())
HEARD = {"alt", "title", "aria-label", "placeholder", "content"}


class Reader(HTMLParser):
    """What a person reads or hears of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        given = dict(attrs)
        self.inside = [tag] if tag in {"style", "script", "code"} else self.inside
        if tag != "meta" or given.get("name") == "description":
            self.said += [value for name, value in attrs if name in HEARD and value]
        self.said += [given["data-done"], given["data-failed"]] if "data-done" in given else []

    def handle_endtag(self, tag: Any) -> None:
        self.inside = [each for each in self.inside if each != tag]

    def handle_data(self, data: Any) -> None:
        if not self.inside:
            self.said.append(data)


def english(texts: Iterable[str], own: set[str]) -> set[str]:
    """Latin words that are neither names nor the community's own."""
    return {word for text in texts for word in WORD.findall(VERBATIM.sub("", text))} - NAMES - own


def of_html(html: str) -> list[str]:
    return Reader(html).said


def words_of(value: Any) -> set[str]:
    return set(WORD.findall(str(value)))


def channel(name: str, out: Path, language: str) -> Channel:
    settings = {"from": "desk@hu.example", "account": "官方号", "groups": ["书友一群"], "contact": "desk@hu.example"}
    spec = PLATFORMS[name]
    made = bench.channel(spec, out, settings={k: v for k, v in settings.items() if k in spec.settings})
    return dataclasses.replace(made, language=language)


def posts(name: str, folder: Path) -> Iterator[Post]:
    for number, form in enumerate(PLATFORMS[name].forms):
        yield dataclasses.replace(of_form(form, folder), language="zh", key=key(number))


def published(name: str, folder: Path, language: str) -> Iterator[tuple[str, list[str]]]:
    """Each file that a person reads of a channel on which one post of each form is out: its name, and what it says."""
    out = folder / "out"
    for post in posts(name, folder / "in"):
        opened(channel(name, out, language)).publish(post)
    for file in sorted(out.rglob("*")):
        if file.suffix == ".html":
            yield file.name, of_html(file.read_text(encoding="utf-8"))
        elif file.name in {"CHECKLIST.md", "links.txt", "event.txt"}:
            yield file.name, [file.read_text(encoding="utf-8")]
        elif file.suffix == ".eml":
            letter: Any = message_from_bytes(file.read_bytes(), policy=email.policy.default)
            yield f"{file.name} text", [letter.get_body(("plain",)).get_content()]
            yield f"{file.name} page", of_html(letter.get_body(("html",)).get_content())


SPEAKING = [  # those that make files here, with words in them: what needs a secret sends its post elsewhere
    name
    for name, spec in PLATFORMS.items()
    if spec.words_in("en").keys() - {"errors"} and not any(s.secret and s.required for s in spec.settings.values())
]


@pytest.mark.parametrize("language", CHINESE)
@pytest.mark.parametrize("name", SPEAKING)
def test_no_english_is_left_in_what_a_platform_makes(name: str, language: str, tmp_path: Path) -> None:
    own = set().union(*(words_of(post) for post in posts(name, tmp_path / "own"))) | words_of(PLATFORMS[name].title)
    files = dict(published(name, tmp_path, language))
    assert files
    assert {file: left for file, said in files.items() if (left := english(said, own))} == {}
    other = r"[日\d] ?" + ("週" if language == "zh-CN" else "周")
    assert not [file for file, said in files.items() if re.search(other, " ".join(said))]


@pytest.mark.parametrize("language", CHINESE)
def test_no_english_is_left_in_a_report(language: str) -> None:
    """Nor in its badge and its picture, whatever stands on them."""
    made = year(2, language=language)
    shown = dataclasses.replace(
        made, problems=(), lately=(), plan=made.plan[:40],
        waiting=tuple(Waiting(kind, "1", "稿件", "渠道", NOW) for kind in ("refused", "unknown", "gap", "kit", "draft") for _ in range(9)),
    )  # fmt: skip
    own = words_of(made.plan) | words_of(made.contributors) | words_of(made.series) | words_of(made.channels)
    for html in (
        page(shown),
        page(dataclasses.replace(shown, waiting=(), plan=(), channels=(), series=(), contributors=(), alarms=())),
        badge(shown),
        picture(shown, []),
    ):
        assert english(of_html(html), own) == set()
    assert f"{CHINESE[language]}日" in page(shown)


def test_a_square_names_its_weekday_in_traditional_chinese() -> None:
    made = year(1, language="zh-Hant")
    one = dataclasses.replace(
        made.channels[0], squares=(Square(dt.date(2026, 11, 20), "late", {"late": 1, "kept": 2}),)
    )
    said = page(dataclasses.replace(made, channels=(one,)))
    assert '<html lang="zh-Hant">' in said
    assert "<title>2026-11-20 週五 遲發 1 · 按時 2</title>" in said


def everything_wrong(language: str) -> a.AlarmInputs:
    day = dt.timedelta(days=1)
    promise = a.Promise(
        "n", "每日一文", 5, 0, NOW + day, NOW + day, 1, 3, silent=3, waiting=2, editors=("小艾", "老董")
    )
    low, never = dataclasses.replace(promise, name="m", covered=2), dataclasses.replace(promise, name="o", ever=False)
    stuck = a.Stuck("blog", "博客", 2, NOW - 2 * day)
    feeds = [
        FeedRow(key=name, url="https://a.example", member="小艾", failures=5, last_ok=ok)
        for name, ok in (("1", None), ("2", NOW - 3 * day))
    ]
    jump = Jump(NOW - 2 * day, NOW, 3)
    return a.AlarmInputs(
        NOW, language, (promise, low, never), NOW - 2 * day, unknown=(stuck,), refused=(stuck,), feeds=feeds, jump=jump
    )


@pytest.mark.parametrize("language", CHINESE)
def test_no_english_is_left_in_an_alarm(language: str) -> None:
    """Every kind of alarm, its head and the news that it is over, as they are sent."""
    told: list[str] = []

    def notify(_url: str, title: str, body: str) -> bool:
        told.extend((title, body))
        return True

    due = a.due_alarms(everything_wrong(language))
    assert len({alarm.key.rpartition(":")[2] for alarm in due}) == 9
    assert a.send(due, ["one"], notify, language=language)
    assert a.send_fixed([alarm.text for alarm in due], ["one"], notify, language=language)
    assert english(told, set()) == set()
    assert re.search(rf"月\d+日{CHINESE[language]}", " ".join(told))
