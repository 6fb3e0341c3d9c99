"""A community to run commands in: drafts as files and in the ledger, and ten years of what went out of them.

All but some three hundred drafts went out, as in a community that has been at it for years.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
from collections.abc import Sequence
from pathlib import Path

import corpus
from sqlalchemy import insert

from steadycast import pipeline
from steadycast.ledger.connection import table
from steadycast.ledger.plans import BLANK
from steadycast.ledger.store import Ledger
from steadycast.pipeline import App
from steadycast.workspace import load

STOCK, WAITING = 45, 5  # of sixty drafts
MANY, MORE = 1_000, 5  # a community of thousands has five times as many
SERIES = {"morning": "07:30", "noon": "12:00", "evening": "20:00"}
CHANNELS = ("site", "feed", "wechat", "zhihu", "newsletter")
HOUSE = """\
[community]
name = "Bench"
timezone = "Asia/Shanghai"
language = "zh-CN"
url = "https://readers.example.net/"

[intake]
archive_after = "520w"

[members.momo]
title = "Momo"
trusted = true

[members.tom]
title = "Tom"

[channel.site]
platform = "site"
url = "https://readers.example.net/"

[channel.feed]
platform = "feed"
url = "https://readers.example.net/feed/"
pages = "https://readers.example.net/"

[channel.wechat]
platform = "wechat"
account = "bench"

[channel.zhihu]
platform = "zhihu"
account = "bench"

[channel.newsletter]
platform = "mail"
from = "letters@readers.example.net"
to = ["one@readers.example.net"]
pages = "https://readers.example.net/"
"""
DAY = dt.timedelta(days=1)
PICTURE = re.compile(rb"^!\[[^\n]*\n", re.MULTILINE)  # what intake would ask the web for at each look


def make(root: Path, drafts: int, now: dt.datetime, *, channels: Sequence[str] = CHANNELS, more: str = "") -> None:
    """A workspace with so many drafts, taken in and planned with; its slots go back from `now`, three a day.

    `more` are settings of those `channels` that are not in HOUSE.
    """
    most = MORE if drafts >= MANY else 1
    stock, waiting = STOCK * most, WAITING * most
    used = drafts - stock - waiting
    for folder in ("content/pgc", "content/ugc/momo", "content/ugc/tom"):
        (root / folder).mkdir(parents=True)
    promises = "".join(
        f'\n[series.{name}]\nevery = "day at {hour}"\nforms = ["article"]\nchannels = {list(channels)}\n'.replace(
            "'", '"'
        )
        for name, hour in SERIES.items()
    )
    (root / "steadycast.toml").write_text(HOUSE + more + promises, encoding="utf-8")
    for n in range(drafts):
        name, data = corpus.draft(n)
        owner = "ugc/tom" if n >= drafts - waiting else "ugc/momo" if n % 3 else "pgc"
        file = root / "content" / owner / name
        file.write_bytes(PICTURE.sub(b"", data))
        written = (now - (drafts - n) * DAY / 3).timestamp()
        os.utime(file, (written, written))
    with App(load(root)) as app:
        app.workspace.var.mkdir(parents=True, exist_ok=True)
        pipeline.collect(app, now, feeds=False)
        _history(app.ledger, now, used, channels)
        pipeline.plan(app, now)
        app.ledger.ticked(now)


def _history(ledger: Ledger, now: dt.datetime, used: int, channels: Sequence[str]) -> None:
    """The first `used` of the approved drafts went out, a slot each, on every channel."""
    drafts = sorted((row for row in ledger.drafts(["approved"])), key=lambda row: row.path.rpartition("/")[2])[:used]
    names, slots, sent, receipts, events = list(SERIES), [], [], [], []
    for n, row in enumerate(reversed(drafts)):
        series = names[n % 3]
        hour, minute = map(int, SERIES[series].split(":"))
        local = dt.datetime.combine(now.date() - (1 + n // 3) * DAY, dt.time(hour, minute))
        at = local.replace(tzinfo=dt.timezone(dt.timedelta(hours=8))).astimezone(dt.UTC)
        id = f"{series}@{local:%Y-%m-%dT%H:%M}"
        slots.append({"id": id, "series": series, "at": at, "local": f"{local:%Y-%m-%dT%H:%M}", "draft": row.id,
                      "occasion": "", "filled": False, "why": "", "excused": "", "manual": False})  # fmt: skip
        for channel in channels:
            number, url = len(sent) + 1, f"https://readers.example.net/{channel}/{n}"
            sent.append({**BLANK, "id": number, "slot": id, "channel": channel, "series": series, "at": at,
                         "marker": f"m{number}", "state": "published", "draft": row.id, "revision": row.revision,
                         "verdict": "kept", "origin": row.origin, "member": row.member, "finished": at, "url": url})  # fmt: skip
            receipts.append(
                {"delivery": number, "remote_id": f"m{number}", "url": url, "at": at, "seen": "answer", "detail": {}}
            )
            events += [{"delivery": number, "at": at, "kind": kind, "detail": ""} for kind in ("claimed", "published")]
    if not slots:
        return
    with ledger.write() as connection:
        for name, rows in (("slot", slots), ("delivery", sent), ("receipt", receipts), ("event", events)):
            connection.execute(insert(table(name)), rows)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("drafts", type=int)
    options.add_argument("folder", type=Path)
    chosen = options.parse_args()
    make(chosen.folder, chosen.drafts, dt.datetime.now(dt.UTC))
