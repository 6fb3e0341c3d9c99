"""A made-up year of a community, the same at every run: what the pages of these tests show."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

from steadycast.report import model as m

ZONE = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 22, 21, 3, tzinfo=ZONE)
CHANNELS = (
    ("gongzhonghao", "公众号", 365), ("podcast", "播客", 365), ("ximalaya", "喜马拉雅", 365), ("blog", "读书会博客", 365),
    ("weibo", "微博", 365), ("newsletter", "每日来信", 365), ("bilibili", "B 站", 52), ("youku", "优酷", 52),
    ("zhihu", "知乎专栏", 260), ("huodongxing", "活动行", 12),
)  # fmt: skip
TITLES = (
    "弄堂里的早饭摊", "侬晓得“嗲”字哪能写", "读《繁花》第十三章", "外婆的绒线衫", "苏州河边一下午", "沪语里的八个声调",
    "一张老照片：1987 年的外滩", "雨天适合读的五首诗", "从“阿拉”说到“我伲”", "How to read Shanghainese aloud, part 3",
)  # fmt: skip
MEMBERS = (
    ("alice", "小艾"),
    ("bo", "阿波"),
    ("chen", "陈家姆妈"),
    ("dong", "老董"),
    ("emma", "Emma W."),
    ("fei", "飞飞"),
)


def squares(per_year: int, first: dt.date, last: dt.date, rng: random.Random, fate: float) -> tuple[m.Square, ...]:
    """A channel's days: daily, on weekdays, weekly or monthly by how many it has a year."""
    found = []
    day = first + dt.timedelta(days=24)
    while day <= last:
        falls = {365: True, 260: day.weekday() < 5, 52: day.weekday() == 4, 12: day.day == 7}[per_year]
        if falls:
            counts = (
                {"excused": 1} if (day.month, day.day) in {(10, 1), (10, 2), (10, 3), (2, 16), (2, 17), (2, 18)} else {}
            )
            if not counts:
                counts = _day(day, rng, fate)
            found.append(m.Square(day, m.gravest(counts), counts))
        day += dt.timedelta(days=1)
    return tuple(found)


def _day(day: dt.date, rng: random.Random, fate: float) -> dict[str, int]:
    if day > NOW.date():
        ahead = (day - NOW.date()).days
        return {"gap" if ahead > 13 and rng.random() < 0.25 else "planned": 1}
    roll = rng.random() / fate
    if (NOW.date() - day).days == 1 and fate > 1.5:
        return {"open": 1}
    mark = "missed" if roll < 0.008 else "late" if roll < 0.03 else "filled" if roll < 0.08 else "kept"
    return {mark: 1, "kept": 1} if mark != "kept" and rng.random() < 0.3 else {mark: 1}


def channel(n: int, rng: random.Random, first: dt.date, last: dt.date) -> m.ChannelRecord:
    """One channel's record, and figures that agree with its squares."""
    name, title, per_year = CHANNELS[n % len(CHANNELS)]
    marks = squares(per_year, first, last, rng, 0.4 + 0.25 * n)
    counts: dict[str, int] = {}
    for square in marks:
        for mark, count in square.counts.items():
            if mark not in ("planned", "gap", "open"):
                counts[mark] = counts.get(mark, 0) + count
    gap = next((s.date for s in marks if s.mark == "gap"), None)
    return m.ChannelRecord(
        name, title, name, marks, counts, m.on_time(counts),
        m.Streak(128 - 11 * n, n % 3, 201 + n, "day" if per_year == 365 else "slot"),
        m.Runway(13 - n, 13 - n, dt.datetime.combine(gap, dt.time(20), ZONE) if gap else None),
    )  # fmt: skip


def series(rng: random.Random) -> tuple[m.SeriesRecord, ...]:
    """Four promises: one in plenty, one short, one weekly, one monthly."""
    asked = {"pgc": 3, "ugc": 7}
    rows: tuple[Any, ...] = (
        ("morning", "早安六十秒", "每天 06:20", {}, {"pgc": 365}, 25, 31, 10, 0.02, range(1, 29), 26),
        ("notes", "每日一文", "每天 20:00", asked, {"pgc": 118, "ugc": 241}, 9, 9, 14, 0.63, range(1, 29), 9),
        ("friday", "周五视频", "每周五 20:00", {"pgc": 1, "ugc": 1}, {"pgc": 29, "ugc": 18}, 12, 2, 2, 0.31, range(5, 29, 7), 12),
        ("circle", "读书会", "每月最后一个周六 14:00", {}, {"pgc": 12}, 20, 1, 0, None, (6,), 28),
    )  # fmt: skip
    made = []
    for name, title, cadence, asks, real, days, stock, reserve, chance, ahead, covered in rows:
        hour, minute = (int(part) for part in cadence[-5:].split(":"))
        at = [NOW.replace(hour=hour, minute=minute) + dt.timedelta(days=d) for d in ahead]
        coming = tuple(
            m.Coming(a, "gap" if (a - NOW).days >= covered else "filled" if rng.random() < 0.1 else "planned")
            for a in at
        )
        gap = next((c.at for c in coming if c.state == "gap"), None)
        made.append(
            m.SeriesRecord(
                name, title, cadence, ("blog", "podcast"), asks, real, m.Streak(128, 1, 201, "day"),
                m.Runway(sum(c.state != "gap" for c in coming), days, gap), chance, stock, reserve, coming,
            )
        )  # fmt: skip
    return tuple(made)


def plan(promises: tuple[m.SeriesRecord, ...], rng: random.Random) -> tuple[m.PlanEntry, ...]:
    """What goes out when, from the same coming slots."""
    entries = []
    for promise in promises:
        for slot in promise.coming:
            member, name = rng.choice((("", ""), *MEMBERS))
            empty = slot.state == "gap"
            entries.append(
                m.PlanEntry(
                    f"{promise.name}@{slot.at:%Y-%m-%dT%H:%M}", slot.at, promise.name, promise.title, slot.state,
                    "" if empty else "abc", "" if empty else rng.choice(TITLES), "ugc" if member else "pgc", name,
                    ("公众号", "读书会博客", "微博", "每日来信"),
                )
            )  # fmt: skip
    return tuple(sorted(entries, key=lambda e: e.at))


def waiting() -> tuple[m.Waiting, ...]:
    """Some of each kind, more drafts than are shown at once."""
    hours = dt.timedelta(hours=1)
    drafts = tuple(
        m.Waiting(
            "draft",
            f"d{n}",
            TITLES[n],
            at=NOW - 7 * n * hours - hours,
            member=MEMBERS[n % 6][1],
            command=f"steadycast approve d{n}4kq7",
        )
        for n in range(8)
    )
    return (
        m.Waiting("refused", "401", "苏州河边一下午", "微博", NOW - 25 * hours, note="401 invalid access token; log in again", command="steadycast publish --slot notes@2026-11-21T20:00 --channel weibo"),
        m.Waiting("unknown", "398", "弄堂里的早饭摊", "读书会博客", NOW - 49 * hours, note="the answer did not come within 60 s", link="https://blog.example.org/2026/11/breakfast", command="steadycast settle 398"),
        m.Waiting("kit", "402", "外婆的绒线衫", "公众号", NOW + 23 * hours, link="var/out/gongzhonghao/2026-11-23-wai-po-de-rong-xian-shan", command="steadycast confirm 402 --url URL"),
        m.Waiting("kit", "403", "读《繁花》第十三章", "喜马拉雅", NOW - 2 * hours, link="var/out/ximalaya/2026-11-22-fan-hua", command="steadycast confirm 403 --url URL"),
        *drafts,
    )  # fmt: skip


def year(channels: int = 10, *, language: str = "zh-CN", name: str = "沪语读书会") -> m.Report:
    """A whole report: ten channels by default, four series, things that wait, things that are broken."""
    rng = random.Random(20261122)
    first, last = m.span(NOW.date())
    records = tuple(channel(n, rng, first, last) for n in range(channels))
    promises = series(rng)
    totals: dict[str, int] = {}
    for record in records:
        for mark, count in record.counts.items():
            totals[mark] = totals.get(mark, 0) + count
    people = (("", "", 118), *((who, title, 61 - 9 * n) for n, (who, title) in enumerate(MEMBERS)))
    return m.Report(
        community=name, zone="Asia/Shanghai", language=language, at=NOW, first=first, last=last, url="https://example.org",
        counts=totals, on_time=m.on_time(totals), streak=m.Streak(128, 1, 201, "day"), channels=records, series=promises,
        plan=plan(promises, rng), waiting=waiting(),
        contributors=tuple(m.Contributor(who, title, count, NOW - dt.timedelta(days=n)) for n, (who, title, count) in enumerate(people)),
        problems=(
            m.Unread("content/ugc/bo/周末随笔.md:3", None, "the front matter is not closed", "end it with a line of three dashes", kind="draft", since=NOW - dt.timedelta(hours=3)),
            m.Unread("https://alice.example/feed.xml", None, "answered with a web page, not with a feed", "check the address in steadycast.toml", kind="feed", since=NOW - dt.timedelta(days=4)),
        ),
        alarms=(m.OpenAlarm("starvation", "每日一文：存稿 9，低于储备线 14；首个空档 12月1日 周二 20:00（还有 9 天）。可补稿：小艾、老董；8 篇待审。", NOW - dt.timedelta(hours=15)),),
    )  # fmt: skip
