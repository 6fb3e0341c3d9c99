"""A site and a feed as they grow: one publish, and a site that is made whole again, against Hugo building one.

A publish and a renewal run as processes of their own: python sites.py publish|renew FOLDER POSTS NUMBER
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import corpus
from measure import Row, Run, median, ratio, run, seconds, written

from steadycast.pipeline.app import write_atomically
from steadycast.platform import Channel, Known, Post, PostStore
from steadycast.platform.registry import load, platforms
from steadycast.render.markdown import to_html
from steadycast.testing import bench
from steadycast.testing.posts import ZONE, key

HERE = Path(__file__).resolve().parent
START = dt.datetime(1990, 1, 1, 20, tzinfo=ZONE)  # ten thousand days before now: a post that is sent is the newest
SERIES, MEMBERS, TAGS = 8, 300, 800
CHANNELS = ("site", "feed")
MORE, BYTES = 0.36, 2_000_000  # seconds: 0.3 of the whole command's 1.2 with the first post
TURN = 250  # pages, as `verify` renews them
LEAST = 10  # posts: below, all that is measured is starting Python


def rows(folder: Path, sizes: list[int], rounds: int) -> Iterator[Row]:
    """One publish at the first size and at each, and the whole site at each of them."""
    first: dict[str, float] | None = None
    for size in sizes:
        here = folder / f"site-{size}"
        _lay_out(here, size)
        _worker("renew", here, size, 0)
        told = [_worker("publish", here, size, n) for n in range(rounds + 1)][1:]
        mine = {name: median([each[name] for each in told]) for name in told[0]}
        first = first or mine
        yield Row(
            f"one publish to a site and a feed, {size:,} posts",
            f"{seconds(mine['cpu'])} CPU, {mine['files']:.0f} files, {mine['bytes'] / 1000:,.0f} KB written",
            f"what readers get anew {mine['seen'] / 1000:,.0f} KB",
            f"{mine['bytes'] / mine['seen']:.2f} x the bytes; {seconds(mine['cpu'] - first['cpu'])} CPU more",
            f"<= {seconds(MORE)} CPU more than the first, <= 2 MB",
            None if size == sizes[0] else mine["cpu"] - first["cpu"] <= MORE and mine["bytes"] <= BYTES,
        )
        if size >= LEAST:
            yield _whole(here, size, rounds)
        shutil.rmtree(here)


def _whole(here: Path, size: int, rounds: int) -> Row:
    found: list[tuple[Run, Run]] = []
    for n in range(rounds + 1):
        found.append(
            (_run("renew", here, size, n + 1), run(["hugo", "--quiet", "-d", str(here / f"o{n}")], here / "peer"))
        )
        shutil.rmtree(here / f"o{n}")
    ours, peer = zip(*found[1:] or found, strict=True)
    wall = ratio([r.wall for r in ours], [r.wall for r in peer])
    part = ratio([r.cpu for r in ours], [r.cpu for r in peer])
    pages = sum(1 for _ in (here / "site").rglob("*.html"))
    return Row(
        f"a site of {size:,} posts ({pages:,} pages) with another template",
        f"{seconds(median([r.wall for r in ours]))} wall, {seconds(median([r.cpu for r in ours]))} CPU",
        f"Hugo {seconds(median([r.wall for r in peer]))} wall, {seconds(median([r.cpu for r in peer]))} CPU",
        f"{wall:.2f} wall, {part:.2f} CPU",
        "<= 1.0 in wall and CPU" if size >= 10_000 else "",
        max(wall, part) <= 1 if size >= 10_000 else None,
    )


def _lay_out(folder: Path, size: int) -> None:
    """The posts' records for us, the same drafts for Hugo."""
    shutil.copytree(HERE / "hugo_site", folder / "peer")
    shelves = [PostStore.of(_channel(folder, name)) for name in CHANNELS]
    for n in range(size):
        name, data = corpus.draft(n)
        post, text = _post(n), data.decode()
        for shelf in shelves:
            shelf.put(post)
        text = re.sub(r"(?m)^date: .*$", f"date: {post.published.isoformat()}", text, count=1)
        more = f"members: [{post.member}]\ntags: {json.dumps(post.tags, ensure_ascii=False)}\n"
        text = re.sub(r"(?m)^tags: .*\n", more, text, count=1)
        target = folder / "peer" / "content" / post.series / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def seed(adapters: Iterable[Any], posts: int) -> None:
    """So many posts in these channels' folders, and everything that shows them."""
    made = [_post(n) for n in range(posts)]
    for adapter in adapters if made else ():
        with PostStore.of(adapter.channel) as shelf:
            for post in made:
                shelf.put(post)
        adapter.find(made[-1], Known())
        while hasattr(adapter, "renew") and adapter.renew(TURN) is not None:
            pass


def _post(n: int) -> Post:
    head, _, body = corpus.draft(n)[1].decode().removeprefix("---\n").partition("\n---\n")
    said = {name: text.strip('"') for name, _, text in (line.partition(": ") for line in head.splitlines())}
    at, series, member = START + dt.timedelta(days=n), f"s{n % SERIES}", f"m{n * 7919 % MEMBERS}"
    return Post(
        key=key(n), channel="out", slot=f"{series}@{at:%Y-%m-%dT%H:%M}", title=said["title"], summary=said["summary"],
        html=to_html(body), text="", parts=(), published=at, member=member, series=series, language=said["language"],
        tags=(*said["tags"].strip("[]").split(", "), f"t{n * 104_729 % TAGS}"), draft=str(n),
    )  # fmt: skip


def _channel(folder: Path, name: str, about: str = "") -> Channel:
    spec = platforms([HERE.parent / "channels"])[name]
    settings: dict[str, Any] = {"url": "https://hu.example/"} | ({"about": about} if name == "site" else {})
    made = bench.channel(spec, folder / name, settings=settings)
    return replace(made, name=name, write=partial(write_atomically, folder / name))


def _command(work: str, folder: Path, size: int, n: int) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), work, str(folder), str(size), str(n)]


def _run(work: str, folder: Path, size: int, n: int) -> Run:
    return run(_command(work, folder, size, n), HERE)


def _worker(work: str, folder: Path, size: int, n: int) -> dict[str, float]:
    done = subprocess.run(_command(work, folder, size, n), check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def publish(folder: Path, n: int) -> dict[str, float]:
    """One post more: processor time, files, all bytes that were written, and those of files that readers get."""
    post, seen, files = _post(n), 0, 0
    before, cpu = written(), 0.0
    for name in CHANNELS:
        channel = _channel(folder, name)
        assert channel.spec is not None
        made = load(channel.spec)

        def write(path: str, data: bytes, own: Any = channel.write) -> Path:
            nonlocal seen, files
            files += 1
            seen += 0 if path.startswith("posts/") else len(data)
            done: Path = own(path, data)
            return done

        begin = time.process_time()
        made(replace(channel, write=write)).publish(post)
        cpu += time.process_time() - begin
    return {"cpu": cpu, "files": files, "bytes": written() - before, "seen": seen}


def renew(folder: Path, n: int) -> None:
    """The whole site, as after a change of its templates, in the turns in which it is renewed."""
    about = f"Another template {n}." if n else ""
    channel = _channel(folder, "site", about)
    assert channel.spec is not None
    adapter = load(channel.spec)(channel)
    while adapter.renew(TURN) is not None:  # type: ignore[attr-defined]  # an optional verb
        pass


if __name__ == "__main__":
    os.umask(0o022)
    work, where, size_, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    if work == "publish":
        print(json.dumps(publish(where, size_ + number)))
    else:
        renew(where, number)
        print("{}")
