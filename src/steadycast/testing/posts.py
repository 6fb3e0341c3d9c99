"""Posts of every form as the pipeline would hand them over, and one whose every plain field tries to break out."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import struct
import wave
import zlib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.platform import Event, Media, Post

ZONE = ZoneInfo("Asia/Shanghai")
HOSTILE = "<script>alert(1)</script>\"'&]]>{{7*7}}\u0007"


@functools.cache  # deflating it takes longer than most of what is tested with it
def png(red: int, green: int, blue: int, width: int = 640, height: int = 360) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((red, green, blue)) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def media(folder: Path, role: str, name: str, mime: str, data: bytes, **measures: Any) -> Media:
    """A file of a post, on disk under its hash."""
    sha = hashlib.sha256(data).hexdigest()
    path = folder / f"{sha}{Path(name).suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Media(role=role, path=path, name=name, mime=mime, size=len(data), sha256=sha, **measures)


def tone(folder: Path) -> Media:
    """One second of silence that a player really plays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 8000, "NONE", "not compressed"))
        file.writeframes(b"\0\0" * 8000)
    return media(folder, "audio", "morning.mp3", "audio/mpeg", path.read_bytes(), seconds=61.4)


def key(number: int) -> str:
    """A marker: 13 characters of a-z2-7."""
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(digits[(number >> (5 * i)) & 31] for i in range(12, -1, -1))


def article(folder: Path, number: int = 1, **changes: Any) -> Post:
    """An article with a picture, a table, code, a quotation and a footnote."""
    cover = media(folder, "cover", "cover.png", "image/png", png(201, 162, 118), width=640, height=360)
    image = media(
        folder, "image", "lane.png", "image/png", png(92, 122, 118), alt="弄堂口的书摊", width=640, height=360
    )
    html = (
        "<p>老底子，<strong>弄堂口</strong>有个书摊。阿婆讲：“书要借得勤，闲话要讲得清。”"
        '这一句我记到现在，<a href="https://example.org/lane?a=1&amp;b=2" rel="nofollow ugc noopener">出处在此</a>。</p>'
        f'<p><img src="media:{image.sha256}" alt="弄堂口的书摊" width="640" height="360"></p>'
        "<h2>一、侬好，<ruby>沪语<rp>(</rp><rt>wu nyu</rt><rp>)</rp></ruby></h2>"
        "<p>“侬好”不念 <em>nóng</em>，念 <code>non</code>。In Shanghainese the initial is voiced，中英混排也要好看。</p>"
        "<blockquote><p>吾伲讲言话，言话养吾伲。</p></blockquote>"
        "<ul><li>阴平：<code>53</code></li><li>阴去：<code>34</code></li><li>阳去：<code>23</code></li></ul>"
        "<table><thead><tr><th>词</th><th>读音</th><th>意思</th></tr></thead>"
        "<tbody><tr><td>辰光</td><td>zen kuaon</td><td>时候</td></tr><tr><td>白相</td><td>bah xian</td><td>玩</td></tr></tbody></table>"
        "<pre><code>for word in lane:\n    print(word.tone)  # 一行蛮长的代码，用来看横向滚动是不是只在代码块里，而不是整页滚动</code></pre>"
        "<p>未完，下趟再讲。<sup><a href='#fn1'>1</a></sup></p>"
    )
    values = {
        "key": key(number),
        "channel": "out",
        "slot": f"notes@2026-11-{1 + number % 27:02}T20:00",
        "title": "弄堂口的书摊",
        "summary": "阿婆讲：书要借得勤，闲话要讲得清。",
        "html": html,
        "parts": (),
        "text": "老底子，弄堂口有个书摊。\n\n" + "书要借得勤。" * 20,
        "published": dt.datetime(2026, 11, 1 + number % 27, 20, 0, tzinfo=ZONE),
        "form": "article",
        "origin": "ugc",
        "member": "alice",
        "member_title": "阿丽",
        "author": "阿丽",
        "series": "notes",
        "series_title": "每日一文",
        "slug": "nong-tang",
        "tags": ("沪语", "弄堂"),
        "links": (("出处在此", "https://example.org/lane?a=1&b=2"),),
        "media": (cover, image),
        "revision": hashlib.sha256(str(number).encode()).hexdigest(),
        "draft": f"ugc/alice/{number}.md",
    }
    values["parts"] = (values["text"],)
    return Post(**{**values, **changes})


def audio(folder: Path, number: int = 40, **changes: Any) -> Post:
    """A morning minute."""
    given = {
        "form": "audio",
        "title": f"早安六十秒 第 {number} 期",
        "summary": "今朝讲一个字：“白相”的“相”。",
        "origin": "pgc",
        "member": "",
        "member_title": "",
        "author": "读书会",
        "series": "morning",
        "series_title": "早安六十秒",
        "slot": f"morning@2026-11-{1 + number % 27:02}T06:20",
        "html": "<p>今朝讲一个字。</p>",
        "text": "今朝讲一个字。",
        "tags": ("声音",),
        "media": (tone(folder),),
    }
    return article(folder, number, **{**given, **changes})


def drawn(folder: Path) -> Media:
    """A cover, as one is drawn for a draft without a picture."""
    return media(folder, "cover", "cover.png", "image/png", png(60, 72, 96), width=640, height=360)


def video(folder: Path, number: int = 60, **changes: Any) -> Post:
    """A Friday film."""
    film = media(
        folder,
        "video",
        "friday.mp4",
        "video/mp4",
        b"\0\0\0\x18ftypmp42" + bytes(64),
        seconds=95.0,
        width=640,
        height=360,
    )
    given = {
        "form": "video",
        "title": "周五视频：苏州河边读一页",
        "origin": "pgc",
        "member": "",
        "member_title": "",
        "series": "friday",
        "series_title": "周五视频",
        "html": "<p>桥上风大，书页自己会翻。</p>",
        "slot": f"friday@2026-11-{1 + number % 27:02}T20:00",
        "media": (drawn(folder), film),
    }
    return article(folder, number, **{**given, **changes})


def event(folder: Path, number: int = 80, **changes: Any) -> Post:
    """The monthly reading, next week."""
    start = dt.datetime(2026, 12, 5, 14, 0, tzinfo=ZONE)
    given = {
        "form": "event",
        "title": "十二月读书会：《繁花》第一章",
        "summary": "围炉夜读，带一本书，讲一段话。",
        "origin": "pgc",
        "member": "",
        "member_title": "",
        "series": "reading",
        "series_title": "读书会",
        "slot": f"reading@2026-11-{1 + number % 27:02}T14:00",
        "media": (),
        "event": Event(
            start, start + dt.timedelta(hours=2), "上海图书馆东馆，三楼研讨室", "https://hu.example/events/12"
        ),
        "draft": "pgc/2026/reading-12.md",
        "html": "<p>带一本《繁花》，读一段，再用沪语讲一遍。</p>",
    }
    return article(folder, number, **{**given, **changes})


def hostile(folder: Path, number: int = 99, **changes: Any) -> Post:
    """A post whose every plain field tries to break out."""
    names = ("title", "summary", "member_title", "author", "series_title", "slug", "text")
    given = {name: f"{name} {HOSTILE}" for name in names} | {
        "tags": (f"tag {HOSTILE}", "../../up", ""),
        "member": "../mallory",
    }
    given |= {
        "canonical_url": "javascript:alert(1)",
        "slot": "../../etc@../passwd",
        "series": "../x",
        "html": "<p>safe</p>",
    }
    return article(folder, number, **{**given, **changes})


FORMS = {"article": article, "audio": audio, "video": video, "event": event}


def of_form(form: str, folder: Path, number: int = 1, **changes: Any) -> Post:
    """A post of that form."""
    return FORMS[form](folder, number, **changes)
