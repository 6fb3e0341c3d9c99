"""Kits: what a person is handed where a platform has no open interface, whole or not at all, and within every limit."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import hashlib
import html
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, cast
from zoneinfo import ZoneInfo

import icalendar
import pytest
from PIL import Image
from tinytag import TinyTag

from steadycast.draft import Draft, DraftEvent, MediaRef
from steadycast.platform import Channel, Event, Known, Platform, Post, broken_lines
from steadycast.platform.registry import load, platforms
from steadycast.platform.text import count
from steadycast.render.compose import Target, compose
from steadycast.render.prepared_body import prepare
from steadycast.render.templates import Templates
from steadycast.schedule.model import Form, Origin

ROOT = Path(__file__).parent.parent
KITS = {n: p for n, p in platforms([ROOT / "channels"]).items() if p.delivery == "kit"}
EVERY = [(name, form) for name, platform in KITS.items() for form in platform.forms]
KEY = "k3f9abcdefgh2"
BODY = """## 弄堂里的早晨

上海话里，**“侬好”**不只是问候，参见[上期](https://mp.weixin.qq.com/s/abc)与[词典](https://example.org/dict)[^1]。

> 一句闲话，一条弄堂。

![弄堂口](images/lane.png)

- 阿拉
- 伊拉
  - 嵌套

| 词 | 读音 |
|---|---|
| 白相 | bah-xian |

```python
def greet(name):
    return f"侬好，{name}"
```

- [x] 读一遍

[^1]: 见 <https://example.org/note>。
"""
EVENT = Event(
    dt.datetime(2026, 11, 28, 6, tzinfo=dt.UTC), dt.datetime(2026, 11, 28, 8, tzinfo=dt.UTC), "复兴中路 1 号, 2 楼"
)
TICKETS = [{"name": "早鸟票", "price": "¥0", "count": 20}, {"name": "普通票", "price": "¥30", "until": "11-28"}]


def source(folder: Path, form: str) -> dict[str, MediaRef]:
    """The files that the draft names, on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, colour in (("lane.png", "#35605a"), ("cover.jpg", "#81a4cd")):
        Image.new("RGB", (1200, 1200), colour).save(folder / name)
    made = {
        "images/lane.png": MediaRef("image", "images/lane.png", folder / "lane.png", "弄堂口", 7),
        "cover.jpg": MediaRef("cover", "cover.jpg", folder / "cover.jpg"),
    }
    if form == "audio":
        # Silent frames of a tenth of a second, behind an ID3v2.4 tag that a kit may have to replace.
        frame = b"\xff\xfb\x90\x00" + bytes(413)
        tag = b"ID3\x04\x00\x00\x00\x00\x00\x14" + b"TIT2\x00\x00\x00\x09\x00\x00\x03old name" + b"\0"
        (folder / "a.mp3").write_bytes(tag + frame * 8)
        made["a.mp3"] = MediaRef("audio", "a.mp3", folder / "a.mp3")
    if form == "video":
        (folder / "v.mp4").write_bytes(b"\0\0\0\x10ftypmp42\0\0\0\0" + b"\0\0\x10\0free" + bytes(4088))
        made["v.mp4"] = MediaRef("video", "v.mp4", folder / "v.mp4")
    return made


def drafted(folder: Path, form: str, name: str, **changes: Any) -> Draft:
    own = {"tickets": TICKETS, "contact": "hi@example.org", "episode": 7}
    given: dict[str, Any] = {
        "path": PurePosixPath("ugc/alice/nongtang.md"),
        "origin": Origin.UGC,
        "member": "alice",
        "revision": "r" * 64,
        "title": "弄堂里的早晨：六十秒听懂一句话",
        "summary": "清晨六点，弄堂口的第一声招呼，藏着一座城市的脾气。",
        "body": BODY,
        "form": Form(form),
        "tags": ("上海话", "方言"),
        "slug": "nongtang",
        "media": tuple(source(folder, form).values()),
        "event": DraftEvent(EVENT.start, EVENT.end, EVENT.place) if form == "event" else None,
        "channels": {name: own} if form != "article" else {},
    }
    return Draft(**{**given, **changes})


@pytest.fixture(scope="module")
def compose_for(tmp_path_factory: Any) -> Any:
    """The product's own renderer; one store of media for all tests, as in a workspace."""
    room = tmp_path_factory.mktemp("kits")

    @functools.cache
    def composed(name: str, form: str, **changes: Any) -> Post:
        target = Target(
            channel=name,
            slot="notes@2026-11-27T20:00",
            key=KEY,
            published=dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC),
            zone=ZoneInfo("Asia/Shanghai"),
            community="沪语读书会",
            series="notes",
            series_title="每日一文",
            member_title="阿丽",
            canonical_url="https://hu.example.org/nongtang/",
        )
        draft = drafted(room / "src" / form, form, name, **changes)
        return compose(prepare(draft, room / "media", room / "cache"), KITS[name], target)

    return composed


class App:
    """One channel of a platform, on disk; `fail_at` makes the write of that file crash."""

    def __init__(self, platform: Platform, out: Path, language: str = "zh-CN", **settings: Any) -> None:
        self.fail_at = ""
        self.written: list[str] = []
        self.out = out
        zone = ZoneInfo("Asia/Shanghai")
        self.channel = Channel(
            name=platform.name,
            platform=platform.name,
            settings={**{n: s.default for n, s in platform.settings.items()}, **settings},
            out=out,
            zone=zone,
            language=language,
            community="沪语读书会",
            spec=platform,
            render=Templates(platform.folders, zone=zone).render,
            write=self.write,
        )
        self.adapter: Any = load(platform)(self.channel)

    def write(self, name: str, data: bytes) -> Path:
        if self.fail_at and name.endswith(self.fail_at):
            raise OSError(28, "No space left on device")
        self.written.append(name)
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def kit(self, made: Post) -> Path:
        return (self.adapter.channel.out / self.adapter.publish(made).page).parent


@pytest.fixture
def app(tmp_path: Path) -> Callable[..., App]:
    def made(name: str, **more: Any) -> App:
        return App(KITS[name], tmp_path / "out" / name, **more)

    return made


def pasted(kit: Path) -> str:
    """What the copy button takes: the inside of the paste area, without the marks the button removes."""
    page = (kit / "article.html").read_text(encoding="utf-8")
    inside = re.search(r'<div id="paste"[^>]*>(.*?)</div></div>\n</section>', page, re.DOTALL)
    assert inside
    return re.sub(r' data-file="[^"]*"', "", inside[1])


def files(kit: Path) -> dict[str, bytes]:
    return {str(p.relative_to(kit)): p.read_bytes() for p in sorted(kit.rglob("*")) if p.is_file()}


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_a_kit_is_whole_and_its_manifest_tells_the_truth(name: str, form: str, app: Any, compose_for: Any) -> None:
    """Every platform and form gives a checklist, a page, a QR code and media; kit.json lists each file with its hash."""
    made = compose_for(name, form)
    at = app(name)
    receipt = at.adapter.publish(made)
    kit = (at.out / receipt.page).parent
    told = json.loads((kit / "kit.json").read_text(encoding="utf-8"))
    there = files(kit)
    assert (receipt.handed, receipt.remote_id, receipt.url) == (True, KEY, "")
    assert {"CHECKLIST.md", "article.html", "qr.png"} <= set(told["files"])
    assert {n: [len(b), hashlib.sha256(b).hexdigest()] for n, b in there.items() if n != "kit.json"} == told["files"]
    assert told["delivery"] == KEY
    assert told["due"] == "2026-11-27T20:00:00+08:00"
    assert at.written[-1].endswith("/kit.json")
    found = at.adapter.find(made, Known())
    assert found is not None
    assert (found.remote_id, found.handed, found.seen) == (KEY, True, "file")


@pytest.mark.platforms("ximalaya")
def test_a_kit_made_the_day_before_bears_the_slots_day(app: Any, compose_for: Any) -> None:
    """Its folder, its episode's file, its due time: a person posts it at the hour that was promised."""
    made = dataclasses.replace(compose_for("ximalaya", "audio"), extra={})
    early = dataclasses.replace(made, published=made.published - dt.timedelta(days=1), slot_at=made.published)
    on_time, ahead = (app("ximalaya").kit(post) for post in (made, early))
    assert ahead.name == on_time.name
    assert ahead.name.startswith("2026-11-27-")
    assert (ahead / "media/20261127-nongtang.mp3").exists()
    assert json.loads((ahead / "kit.json").read_text(encoding="utf-8"))["due"] == "2026-11-27T20:00:00+08:00"


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_what_is_pasted_keeps_the_platforms_limits(name: str, form: str, app: Any, compose_for: Any) -> None:
    """Title, summary and short text are within the declared limit however it counts, and the counters say so."""
    platform = KITS[name]
    kit = app(name).kit(compose_for(name, form))
    told = json.loads((kit / "kit.json").read_text(encoding="utf-8"))
    for field, counted in told["counts"].items():
        assert counted["n"] <= counted["max"] == platform.limits[field].max
    for file, what in (("title.txt", "title"), ("summary.txt", "summary"), ("article.txt", "text")):
        if what in platform.limits and (kit / file).exists():
            text = (kit / file).read_text(encoding="utf-8").rstrip("\n")
            assert count(text, platform.limits[what]) <= platform.limits[what].max


@pytest.mark.parametrize(("name", "form"), EVERY)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_checklist_says_everything(name: str, form: str, language: str, app: Any, compose_for: Any) -> None:
    """Numbered steps in the community's language: due time with zone, account, the creator page, how to report back."""
    platform = KITS[name]
    made = compose_for(name, form)
    kit = app(name, language=language, account="读书会官方").kit(made)
    text = (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    weekday = "周五" if language == "zh-CN" else "Fri"
    assert f"2026-11-27 {weekday} 20:00 Asia/Shanghai (UTC+08:00)" in text
    assert "`读书会官方`" in text
    assert f"steadycast confirm {KEY} --url URL" in text
    assert platform.data["creator"].get(form, "") in text
    assert all(f"`https://{host}`" in text for host in platform.confirm_hosts)
    numbers = [int(n) for n in re.findall(r"^(\d+)\. \[ \] ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4
    lang = language[:2]
    steps = platform.data["steps"].get(form, platform.data["steps"]["any"])
    assert all(step in text for step in steps[lang])
    named = {f for step in steps[lang] for f in re.findall(r"media/[\w-]+\.\w+|\w+\.ics", step)}
    assert named <= set(files(kit)), "a step names a file that is not in the kit"


@pytest.mark.parametrize("name", KITS)
def test_both_languages_have_the_same_words_and_as_many_steps(name: str) -> None:
    """Whoever changes the community's language loses no step and no word."""
    data = KITS[name].data
    assert set(data["words"]["zh"]) == set(data["words"]["en"])
    for steps in data["steps"].values():
        assert len(steps["zh"]) == len(steps["en"]) > 0
    for form in KITS[name].forms:
        assert form in data["fields"]
        for field in data["fields"][form]:
            assert field in data["words"]["zh"]


@pytest.mark.platforms("wechat")
def test_wechat_html_is_what_its_editor_keeps(app: Any, compose_for: Any) -> None:
    """No class, id, style block, script or forbidden style; no picture from elsewhere; only its own links stay links."""
    body = pasted(app("wechat").kit(compose_for("wechat", "article")))
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", body))
    assert tags <= set(KITS["wechat"].render.tags)
    assert not re.search(r"\s(?:class|id|on\w+)=", body)
    styles = ";".join(re.findall(r'style="([^"]*)"', body))
    assert not re.search(
        r"position|float|flex|grid|transform|transition|animation|filter|(?<!-)gap|var\(|font-family", styles
    )
    assert set(re.findall(r'href="https?://([^/"]+)', body)) == {"mp.weixin.qq.com"}
    assert all(src.startswith("data:image/png;base64,") for src in re.findall(r'src="([^"]*)"', body))
    assert all("color:" in p for p in re.findall(r'<p style="([^"]*)"', body) if "font-size:0" not in p)
    assert re.search(r"词典<sup[^>]*>\[1\]</sup>", body)
    assert "引用链接" in body
    assert "• 阿拉" in body
    assert "&nbsp;&nbsp;&nbsp;&nbsp;" in body
    assert "<br>" in body


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("length", [9_400, 25_000])
def test_a_wechat_kit_is_laid_however_long_the_article(length: int, app: Any, compose_for: Any) -> None:
    """The interface's 20,000 characters of HTML are no limit of the editor: the whole text is there, and counted."""
    paragraph = "这是一段话，讲一件小事，只有字。" * 5 + "\n\n"
    times = length // len(paragraph.strip())
    made = compose_for("wechat", "article", body=paragraph * times + "见[出处](https://example.org/a)。完。")
    kit = app("wechat").kit(made)
    body = pasted(kit)
    text = html.unescape(re.sub(r"<sup[^>]*>.*?</sup>|<[^>]*>|\s", "", body))
    assert text.count("讲一件小事") == 5 * times
    assert "完。" in (kit / "article.txt").read_text(encoding="utf-8")
    shown = re.search(r"<h2>正文 <small>([\d,]+) 字</small></h2>", (kit / "article.html").read_text(encoding="utf-8"))
    assert shown
    assert int(shown[1].replace(",", "")) == pytest.approx(length, rel=0.03)


@pytest.mark.platforms("wechat")
def test_every_element_of_a_wechat_kit_says_a_property_once(app: Any, compose_for: Any) -> None:
    """Two rules that name one property become one declaration, and nothing is said that an element is anyway."""
    body = pasted(
        app("wechat").kit(
            compose_for(
                "wechat",
                "article",
                body=BODY + '\n\n> 甲 *斜* **粗**\n>\n> - 乙\n\n<table><tr><td align="right">1</td></tr></table>',
            )
        )
    )
    for tag, style in re.findall(r'<([a-z0-9]+)[^>]* style="([^"]*)"', body):
        names = [declaration.partition(":")[0] for declaration in style.split(";")]
        assert len(names) == len(set(names)), (tag, style)
        bold = tag in ("strong", "th") or re.fullmatch("h[1-6]", tag)
        assert not bold or "font-weight" not in names


@pytest.mark.platforms("wechat")
def test_no_style_of_the_theme_is_one_the_editor_refuses() -> None:
    """The theme itself, not only what one draft happens to use of it."""
    theme = (ROOT / "channels/wechat/style.toml").read_text(encoding="utf-8")
    rules = "\n".join(line for line in theme.splitlines() if not line.startswith("#"))
    refused = r"position|float|flex|grid|transform|transition|animation|filter|gap|var\(|font-family|url\(|@|:hover|::"
    assert not re.search(refused, rules)


@pytest.mark.platforms("wechat")
def test_no_han_letter_is_slanted_in_a_wechat_kit(app: Any, compose_for: Any) -> None:
    """There are no italics of Han letters: what stands out does so by its colour."""
    body = pasted(
        app("wechat").kit(compose_for("wechat", "article", body="一句*要紧*的话，见[词典](https://example.org/d)"))
    )
    assert all("font-style:normal" in style for style in re.findall(r"<(?:em|i)\b([^>]*)>", body))
    assert "<i>" not in body


@pytest.mark.platforms("wechat")
def test_numbered_links_and_the_canonical_address_lie_beside(app: Any, compose_for: Any) -> None:
    """links.txt repeats the footnotes with their numbers, then the canonical address."""
    kit = app("wechat").kit(compose_for("wechat", "article"))
    text = (kit / "links.txt").read_text(encoding="utf-8")
    assert text.startswith("[1] 词典\n    https://example.org/dict\n")
    assert text.endswith("阅读原文：https://hu.example.org/nongtang/\n")
    with Image.open(kit / "qr.png") as code:
        assert code.format == "PNG"
        assert code.size[0] == code.size[1] >= 200


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_written_again_it_has_the_same_bytes(name: str, form: str, app: Any, compose_for: Any, tmp_path: Path) -> None:
    """A publish that is repeated changes nothing, in this folder or in another."""
    made = compose_for(name, form)
    first = app(name)
    kit = first.kit(made)
    before = files(kit)
    assert first.kit(made) == kit
    assert files(kit) == before
    elsewhere = App(KITS[name], tmp_path / "elsewhere")
    assert files(elsewhere.kit(made)) == before


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("where", ["kit.json", "CHECKLIST.md", "article.html", "title.txt"])
def test_a_crash_before_the_commit_point_leaves_no_kit(where: str, app: Any, compose_for: Any) -> None:
    """Until kit.json is there, find says it is surely not; the next publish makes it whole."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    at.fail_at = where
    with pytest.raises(OSError):
        at.adapter.publish(made)
    assert at.adapter.find(made, Known()) is None
    at.fail_at = ""
    at.adapter.publish(made)
    assert at.adapter.find(made, Known()) is not None


@pytest.mark.platforms("wechat")
def test_a_crash_while_writing_other_content_takes_the_old_kit_back(app: Any, compose_for: Any) -> None:
    """A kit is never half of one revision and half of another."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    at.adapter.publish(made)
    at.fail_at = "kit.json"
    with pytest.raises(OSError):
        at.adapter.publish(dataclasses.replace(made, title="改过的标题"))
    assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("wechat")
def test_files_the_new_kit_lacks_are_gone_and_a_persons_own_stay(app: Any, compose_for: Any) -> None:
    """After a change of mind nobody uploads a picture that is no longer in the text."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    kit = at.kit(made)
    (kit / "my-notes.txt").write_text("mine", encoding="utf-8")
    at.adapter.publish(dataclasses.replace(made, media=made.of("cover"), html="<p>短</p>"))
    assert not (kit / "media/01-lane.png").exists()
    assert (kit / "my-notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("lost", ["media/01-lane.png", "article.html"])
def test_a_kit_that_lost_a_file_is_not_there(lost: str, app: Any, compose_for: Any) -> None:
    """Somebody tidied up: find does not vouch for what is no longer whole."""
    made = compose_for("wechat", "article")
    at = app("wechat")
    (at.kit(made) / lost).unlink()
    assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("weibo")
def test_another_deliverys_kit_or_a_broken_manifest_is_not_taken_for_this_one(app: Any, compose_for: Any) -> None:
    """The manifest has to name this delivery, and has to be one."""
    made = compose_for("weibo", "article")
    at = app("weibo")
    kit = at.kit(made)
    assert at.adapter.find(dataclasses.replace(made, key=made.key[:5] + "aaaaaaaa"), Known()) is None
    for content in (b"", b"[]", b"\xff", b'{"delivery": "k3f9abcdefgh2"}'):
        (kit / "kit.json").write_bytes(content)
        assert at.adapter.find(made, Known()) is None


@pytest.mark.platforms("zhihu")
def test_two_posts_of_one_day_and_slug_never_share_a_folder(app: Any, compose_for: Any) -> None:
    """Two members may both call a draft review.md."""
    made = compose_for("zhihu", "article")
    at = app("zhihu")
    other = dataclasses.replace(made, key="z" + KEY[1:])
    assert at.kit(made) != at.kit(other)
    assert at.adapter.find(made, Known()) is not None
    assert at.adapter.find(other, Known()) is not None
    assert at.kit(made).name.startswith("2026-11-27-nongtang-")
    assert at.kit(dataclasses.replace(made, slug="")).name == f"2026-11-27-{KEY}"


HOSTILE = "</title><script>alert(1)</script>\"'`{{7*7}}\u202e\n# <img src=x onerror=alert(1)>"


@pytest.mark.parametrize(("name", "form"), EVERY)
def test_hostile_words_stay_words(name: str, form: str, app: Any, compose_for: Any) -> None:
    """Titles, tags, tickets, links and slugs are text to page and checklist, and no path leads out of the folder."""
    made = dataclasses.replace(
        compose_for(name, form),
        title=HOSTILE,
        summary=HOSTILE,
        author=HOSTILE,
        member_title=HOSTILE,
        tags=(HOSTILE,),
        slug="../../etc/passwd",
        canonical_url='javascript:alert("x")',
        links=((HOSTILE, "javascript:alert(1)"), (HOSTILE, 'https://example.org/"><script>')),
        extra={"tickets": [{"name": HOSTILE}, "no table", {"price": ["x"]}], "contact": HOSTILE, "episode": True},
        event=dataclasses.replace(EVENT, place=HOSTILE, url="javascript:x") if form == "event" else None,
    )
    at = app(name, account=HOSTILE)
    kit = at.kit(made)
    assert kit.parent == at.out
    page = (kit / "article.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<script", page)) == 1
    assert "javascript:" not in page
    assert "49" not in re.findall(r"<h1>(.*)</h1>", page)[0]
    assert "<img src=x" not in page
    lines = (kit / "CHECKLIST.md").read_text(encoding="utf-8").splitlines()
    assert not any(line.startswith("# <img") for line in lines)
    assert all("<script" not in re.sub(r"`[^`]*`", "", line) for line in lines if not line.startswith("    "))
    assert not any("\u202e" in line for line in lines)
    assert "\n" not in (kit / "title.txt").read_text(encoding="utf-8") if (kit / "title.txt").exists() else True
    json.loads((kit / "kit.json").read_text(encoding="utf-8"))


@pytest.mark.platforms("zhihu")
def test_the_page_runs_only_its_own_script(app: Any, compose_for: Any) -> None:
    """The policy allows one script by its hash, and nothing from anywhere else."""
    page = (app("zhihu").kit(compose_for("zhihu", "article")) / "article.html").read_text("utf-8")
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', page)[0])
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r'(?:src|href)="https?://(?!hu\.example|example|mp\.weixin|zhuanlan)', page)


@pytest.mark.platforms("ximalaya")
def test_an_episode_is_numbered_and_tagged(app: Any, compose_for: Any) -> None:
    """NNN-slug.mp3, with title, artist, album and cover in place of the tag it came with; the sound is untouched."""
    made = compose_for("ximalaya", "audio")
    kit = app("ximalaya").kit(made)
    tag = TinyTag.get(kit / "media/007-nongtang.mp3", image=True)
    assert (tag.title, tag.artist, tag.album) == (made.title, "阿丽", "每日一文")
    assert tag.images.front_cover is not None
    assert tag.images.front_cover.data == made.of("cover")[0].path.read_bytes()
    sound = made.of("audio")[0].path.read_bytes()
    assert (kit / "media/007-nongtang.mp3").read_bytes().endswith(sound[sound.index(b"\xff\xfb") :])
    assert b"old name" not in (kit / "media/007-nongtang.mp3").read_bytes()
    unnumbered = dataclasses.replace(made, extra={})
    assert (app("ximalaya").kit(unnumbered) / "media/20261127-nongtang.mp3").is_file()


@pytest.mark.platforms("huodongxing")
def test_an_event_has_its_fields_its_tickets_and_a_calendar_file(app: Any, compose_for: Any) -> None:
    """Times carry their zone on paper and are UTC in the calendar file; the ticket table is what the draft says."""
    kit = app("huodongxing").kit(compose_for("huodongxing", "event"))
    fields = (kit / "event.txt").read_text(encoding="utf-8")
    assert "开始时间：2026-11-28 周六 14:00 Asia/Shanghai" in fields
    assert "联系方式：hi@example.org" in fields
    assert "早鸟票\t¥0\t20" in fields
    assert "<td>普通票</td>" in (kit / "article.html").read_text(encoding="utf-8")
    entry = icalendar.Calendar.from_ical((kit / "event.ics").read_bytes()).events[0]
    assert cast("Any", entry["DTSTART"]).dt == EVENT.start
    assert str(entry["LOCATION"]) == EVENT.place


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("徐老师", "徐老师"),
        ("Tom Rivera", "Tom"),
        ("沪语读书会的朋友们", "沪语读书会的朋友"),
        ("👨‍👩‍👧" * 3, "👨‍👩‍👧"),
        ("A B C D E", "A B C D"),
    ],
)
def test_a_name_is_cut_to_what_the_author_box_takes(author: str, shown: str, app: Any, compose_for: Any) -> None:
    """Eight characters: whole words of it, or as many whole graphemes as there is room for."""
    made = dataclasses.replace(compose_for("wechat", "article"), author=author)
    kit = app("wechat").kit(made)
    assert f"作者：{len(shown)}/8 字\n" in (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert f">{shown}<" in (kit / "article.html").read_text(encoding="utf-8")


@pytest.mark.platforms("wechat")
def test_without_an_account_a_kit_names_the_community(app: Any, compose_for: Any) -> None:
    """The platform's own name, which a channel without a title has, tells nobody whose account it is."""
    box = app("wechat")
    box.adapter.channel = dataclasses.replace(box.channel, title="微信公众号")
    kit = box.kit(compose_for("wechat", "article"))
    assert json.loads((kit / "kit.json").read_bytes())["account"] == "沪语读书会"


@pytest.mark.platforms("huodongxing")
def test_guests_write_to_the_community_where_the_event_names_nobody(app: Any, compose_for: Any) -> None:
    made = compose_for("huodongxing", "event")
    box = app("huodongxing")
    box.adapter.channel = dataclasses.replace(box.channel, email="desk@hu.example")
    kit = box.kit(dataclasses.replace(made, extra={}))
    assert "联系方式：desk@hu.example" in (kit / "event.txt").read_text(encoding="utf-8")


@pytest.mark.platforms("wechat-group")
def test_a_group_gets_a_short_message_and_a_poster(app: Any, compose_for: Any) -> None:
    """At most 500 characters with the link, a 3:4 poster, and a line to tick for each group."""
    made = compose_for("wechat-group", "article", body="长" * 600)
    kit = app("wechat-group", groups=["一群", "二`群"]).kit(made)
    message = (kit / "article.txt").read_text(encoding="utf-8")
    assert len(message) <= 500
    assert message.endswith("https://hu.example.org/nongtang/\n")
    with Image.open(kit / "media/poster-3x4.jpg") as sheet:
        assert sheet.size == (1080, 1440)
    checklist = (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert "- [ ] `一群`" in checklist
    assert "- [ ] `二'群`" in checklist


@pytest.mark.platforms("wechat-group")
@pytest.mark.parametrize("fonts", [[], ["/nowhere.ttc"]])
def test_a_poster_needs_neither_a_font_nor_a_cover(
    fonts: list[str], app: Any, compose_for: Any, tmp_path: Path
) -> None:
    """On a machine without CJK fonts, for a draft without pictures, there is still a poster with a code."""
    platform = dataclasses.replace(KITS["wechat-group"], data={**KITS["wechat-group"].data, "fonts": fonts})
    kit = App(platform, tmp_path / "out").kit(dataclasses.replace(compose_for("wechat-group", "article"), media=()))
    data = (kit / "media/poster-3x4.jpg").read_bytes()
    assert Image.open(io.BytesIO(data)).size == (1080, 1440)


@pytest.mark.platforms("wechat-group")
@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("十二月读书会：海上花开头四回", ["十二月读书会：", "海上花开头四回"]),
        ("一二三四五六七，八", ["一二三四五六", "七，八"]),
        ("一二三四五六，八", ["一二三四五六，", "八"]),
        ("A night walk", ["A night", "walk"]),
        ("沪语 morning 好", ["沪语", "morning", "好"]),
        ("abcdefghijklmno", ["abcdefg", "hijklmn", "o"]),
        ("", [""]),
    ],
)
def test_a_posters_lines_break_as_a_reader_expects(words: str, lines: list[str]) -> None:
    """Seven wide: no Latin word is cut that fits a line, and no line begins with a comma."""
    assert broken_lines(words, 7, len) == lines


@pytest.mark.platforms("weibo")
def test_a_post_that_does_not_fit_loses_its_summary_before_its_link(app: Any, compose_for: Any) -> None:
    """140 characters: 【title】summary link, else 【title】link, else the title alone; own words come first."""
    made = compose_for("weibo", "article")

    def text(**changes: Any) -> str:
        return (app("weibo").kit(dataclasses.replace(made, **changes)) / "article.txt").read_text("utf-8").rstrip("\n")

    title, link = f"【{made.title}】", made.canonical_url
    assert text() == f"{title}{made.summary} {link}"
    assert text(canonical_url=(long := "https://example.org/" + "a" * 90)) == f"{title}{long}"
    assert text(canonical_url="https://example.org/" + "a" * 140) == made.title
    assert text(text="自己的话", extra={"text": "自己的话"}) == f"自己的话\n{link}"


@pytest.mark.platforms("youku")
def test_a_film_is_copied_without_being_held_in_memory(app: Any, compose_for: Any) -> None:
    """Media do not pass through `write`, which takes all bytes at once; they are readable by others, and no scraps stay."""
    at = app("youku")
    kit = at.kit(compose_for("youku", "video"))
    copy = kit / "media/nongtang.mp4"
    assert copy.stat().st_mode & 0o777 == 0o644
    assert not any(name.endswith(".mp4") for name in at.written)
    assert {p.name for p in (kit / "media").iterdir()} == {
        "01-lane.png",
        "nongtang.mp4",
        "cover-16x9.jpg",
        "cover-3x4.jpg",
    }


@pytest.mark.platforms("wechat", "zhihu")
def test_markdown_lies_beside_the_page_where_the_platform_may_take_it(app: Any, compose_for: Any) -> None:
    """Pictures by the names they have in media/, links with their addresses; the checklist names the file."""
    kit = app("zhihu").kit(compose_for("zhihu", "article"))
    text = (kit / "article.md").read_text(encoding="utf-8")
    assert "“**侬好**”不只是问候，参见[上期](https://mp.weixin.qq.com/s/abc)" in text
    assert "![弄堂口](media/01-lane.png)" in text
    assert (kit / "media/01-lane.png").exists()
    assert "`article.html` / `article.md` (Markdown)" in (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert not (app("wechat").kit(compose_for("wechat", "article")) / "article.md").exists()
    assert not (app("zhihu").kit(compose_for("zhihu", "video")) / "article.md").exists()


@pytest.mark.parametrize("name", [name for name, form in EVERY if form == "event"])
def test_an_all_day_event_is_days_in_a_kit_and_the_same_event_as_in_the_calendar(
    name: str, app: Any, compose_for: Any
) -> None:
    days = DraftEvent(
        dt.datetime(2026, 12, 12, tzinfo=ZoneInfo("Asia/Shanghai")),
        dt.datetime(2026, 12, 14, tzinfo=ZoneInfo("Asia/Shanghai")),
        all_day=True,
    )
    made = compose_for(name, "event", event=days)
    kit = app(name).kit(made)
    data = (kit / "event.ics").read_bytes()
    assert b"DTSTART;VALUE=DATE:20261212\r\nDTEND;VALUE=DATE:20261214" in data
    assert made.event.uid.encode() in data
    said = "".join(file.read_text(encoding="utf-8") for file in kit.glob("*.txt"))
    assert "2026-12-12 周六" in said
    assert "00:00" not in said
    assert "2026-12-14" not in said


@pytest.mark.parametrize("name", KITS)
def test_the_sample_beside_each_platform_is_true(name: str, app: Any, compose_for: Any) -> None:
    """samples/ holds what a person really gets of its first form. To renew: STEADYCAST_RENEW_SAMPLES=1."""
    form = KITS[name].forms[0]
    kit = app(name, account="沪语读书会").kit(compose_for(name, form))
    folder = ROOT / "channels" / name / "samples"
    made = {
        n: (kit / n).read_text(encoding="utf-8")
        for n in ("CHECKLIST.md", "links.txt", "article.txt", "article.md")
        if (kit / n).exists()
    }
    if form == "article" and "body" in KITS[name].data["fields"]["article"]:
        made["body.html"] = re.sub(r'src="data:[^"]*"', 'src="media/01-lane.png"', pasted(kit)).strip() + "\n"
    if os.environ.get("STEADYCAST_RENEW_SAMPLES"):
        folder.mkdir(exist_ok=True)
        for file, text in made.items():
            (folder / file).write_text(text, encoding="utf-8")
    assert {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()} == made


@pytest.mark.platforms("wechat")
@pytest.mark.parallel
@pytest.mark.live
@pytest.mark.parametrize("width", [1280, 390])
def test_the_paste_page_works_in_a_browser(width: int, app: Any, compose_for: Any) -> None:
    """Nothing overflows, nothing is blocked, and the buttons put text and rich text on the clipboard."""
    sync_api = pytest.importorskip("playwright.sync_api")
    made = compose_for("wechat", "article")
    kit = app("wechat").kit(made)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((kit / "article.html").as_uri())
        page.evaluate("""addEventListener("copy", (event) => { window.got = {
            text: event.clipboardData.getData("text/plain"), html: event.clipboardData.getData("text/html") }; })""")
        page.click('button[data-copy="field-title"]')
        title = page.evaluate("window.got")
        page.click('button[data-copy="body"]')
        whole = page.evaluate("window.got")
        page.click('button[data-copy="places"]')
        places = page.evaluate("window.got")
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert said == []
    assert wide <= width
    assert title == {"text": made.title, "html": ""}
    assert "data:image/png;base64," in whole["html"]
    assert "data-file" not in whole["html"]
    assert "弄堂里的早晨" in whole["text"]
    assert "【media/01-lane.png】" in places["html"]
    assert "<img" not in places["html"]
