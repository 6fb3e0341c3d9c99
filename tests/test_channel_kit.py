"""Kits: what a person is handed where a platform has no open interface, whole or not at all, and within every limit."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
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
from steadycast.platform import Channel, Event, Known, Platform, Post
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
@pytest.mark.parametrize("language", ["zh-CN", "zh-TW", "en"])
def test_the_checklist_says_everything(name: str, form: str, language: str, app: Any, compose_for: Any) -> None:
    """Numbered steps in the community's language: due time with zone, account, the creator page, how to report back."""
    platform = KITS[name]
    made = compose_for(name, form)
    kit = app(name, language=language, account="读书会官方").kit(made)
    text = (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    weekday = {"zh-CN": "周五", "zh-TW": "週五", "en": "Fri"}[language]
    assert f"2026-11-27 {weekday} 20:00 Asia/Shanghai (UTC+08:00)" in text
    assert "`读书会官方`" in text
    where = made.canonical_url if platform.data["own_page"] else "URL"  # a message in a group has no address
    assert f"steadycast confirm {KEY} --url {where}" in text
    assert text.startswith(f"# {platform.title_in(language)} · ")
    assert platform.data["creator"].get(form, "") in text
    assert all(f"`https://{host}`" in text for host in platform.confirm_hosts)
    numbers = [int(n) for n in re.findall(r"^(\d+)\. \[ \] ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 4
    said = platform.words_in(language)["steps"]
    steps = said.get(form, said["any"])
    assert all(step in text for step in steps)
    named = {f for step in steps for f in re.findall(r"media/[\w-]+\.\w+|\w+\.ics", step)}
    assert named <= set(files(kit)), "a step names a file that is not in the kit"


@pytest.mark.parametrize("name", KITS)
def test_every_form_has_its_fields_and_each_field_its_label(name: str) -> None:
    words = KITS[name].words_in("en")
    for form in KITS[name].forms:
        assert set(KITS[name].data["fields"][form]) <= set(words)


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


@pytest.mark.platforms("huodongxing")
def test_guests_write_to_the_community_where_the_event_names_nobody(app: Any, compose_for: Any) -> None:
    made = compose_for("huodongxing", "event")
    box = app("huodongxing")
    box.adapter.channel = dataclasses.replace(box.channel, email="desk@hu.example")
    kit = box.kit(dataclasses.replace(made, extra={}))
    assert "联系方式：desk@hu.example" in (kit / "event.txt").read_text(encoding="utf-8")


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
