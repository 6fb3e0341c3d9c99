"""Small files that grow large when they are read: each costs a bounded time and memory, and harms itself alone."""

from __future__ import annotations

import functools
import gzip
import io
import json
import resource
import struct
import subprocess
import sys
import time
import zlib
from typing import Any, cast

import pytest
from PIL import Image
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from platform_bench import png
from pytest_httpserver import HTTPServer

from steadycast import pipeline
from steadycast.draft.outline import outline
from steadycast.errors import DraftError
from steadycast.platform import Limit, RenderRule
from steadycast.platform.text import MOST_PARTS, split
from steadycast.render import html, text
from steadycast.render.bullets import write_bullets

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
ALIASES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{','.join(['*' + chr(97 + n)] * 9)}]}}\n" for n in range(8)
)


def front(yaml: str) -> bytes:
    return f"---\n{yaml}\n---\n\nWords.\n".encode()


HEADS = {
    "aliases": front(ALIASES),
    "merge keys": front(MERGES),
    "brackets": front("a: " + "[" * 50_000),
    "braces": front("a: " + "{a: " * 15_000),
    "deep lists": front("a:\n" + "\n".join(" " * n + "-" for n in range(250))),
    "many keys": front("\n".join(f"k{n}: 1" for n in range(5000))),
    "long head": front("a: " + "x" * 70_000),
    "tag": front("a: !!python/object/apply:os.system ['id']"),
    "two of a key": front("title: a\ntitle: b"),
    "an array of braces": b'{"title": ' + b'{"a":' * 20_000 + b"\n}\nWords.\n",
    "keys without a fence": b"title: x\n" + b"date: 2026-01-01\n" * 30_000 + b"\nWords.\n",
    "toml brackets": b"+++\na = " + b"[" * 20_000 + b"\n+++\nx",
    "toml deep": b"+++\n" + b"\n".join(b"[" + b".".join([b"a"] * n) + b"]" for n in range(1, 99)) + b"\n+++\nx",
    "toml digits": b"+++\na = " + b"9" * 9000 + b"\n+++\nx",
    "unclosed": b"---\ntitle: a\n" + b"x" * 5000,
}  # fmt: skip
BODIES = {
    "quotations": "> " * 100_000 + "a",
    "quotations, close": ">" * 100_000,
    "lists": "- " * 100_000 + "a",
    "numbers": "1. " * 50_000 + "a",
    "quotations in a note": "[^1]: " + ">" * 100_000 + "\n\n[^1]",
    "notes in notes": "[^1]: " * 100 + ">" * 60 + "x\n\n[^1]",
    "lists by blanks": "\n".join(" " * (128 * n) + "- " * 64 + "a" for n in range(100)),
    "tags": "<div>" * 100_000,
    "inline tags": "a <b>" * 50_000,
    "too large": "words " * 500_000,
}
FINE = {  # absurd, but what it costs is bounded
    "short codes": "{%" * 200_000,
    "open short codes": "{{" * 200_000,
    "brackets": "[" * 100_000,
    "pictures in pictures": "![" * 20_000 + "x](https://e.example/y.png)",
    "emphasis": "*a **a " * 30_000,
    "less than": "<" * 100_000,
    "open tags": "a<a " * 50_000,
    "comments": "<!--" * 50_000,
    "character data": "a <![CDATA[" * 20_000,
    "ampersands": "&" * 50_000,
    "a long table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 10_000,
    "notes": "[^a] " * 10_000 + "\n\n[^a]: x",
    "a reference's expansion": "[a]: /" + "u" * 5000 + "\n\n" + "[a]" * 20_000,
    "a list's first number": f'<ol start="{"9" * 5000}"><li value="{"9" * 5000}">a</li></ol>',
    "an address": "http://a.example/(" * 10_000,
    "marks on a letter": "a" + "\u0300" * 100_000,
    "blanks": " " * 500_000 + "a",
    "fences": "```\n" * 20_000,
    "dates": "title " + "2026-" * 20_000,
}


def picture(kind: str, *sizes: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", cast("tuple[int, int]", sizes or (8, 8)), "red").save(out, kind)
    return out.getvalue()


def bomb_png(width: int, height: int) -> bytes:
    """A few hundred kilobytes that say they are so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def text_bomb_png() -> bytes:
    """A picture whose comment unpacks to a hundred megabytes."""
    packed = zlib.compress(bytes(100 << 20), 9)
    data = b"Comment\0\0" + packed
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    whole = png(1, 2, 3)
    return whole[:33] + chunk + whole[33:]


def frames_gif(count: int) -> bytes:
    """So many frames of one pixel."""
    one = b"\x21\xf9\x04\x00\x01\x00\x00\x00\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + one * count + b"\x3b"


@functools.cache
def pictures() -> dict[str, bytes]:
    """Made when they are first asked for: collecting the tests need not wait for them."""
    return {
        "pixels.png": bomb_png(50_000, 50_000),
        "lies.png": bomb_png(6000, 6000)[:2000],
        "comment.png": text_bomb_png(),
        "frames.gif": frames_gif(100_000),
        "short.png": png(9, 9, 9, 900, 900)[:900],
        "short.jpg": picture("JPEG", 900, 900)[:1500],
        "wrong.png": b"<html><script>alert(1)</script>",
        "magic.png": b"\x89PNG\r\n\x1a\n" + b"garbage" * 99,
        "drawn.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "drawn.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "paper.pdf": b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n<</Type/Catalog>>\nendobj\n",
        "paper.png": b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n<</Type/Catalog>>\nendobj\n",
        "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\nquit",
        "large.tiff": picture("TIFF"),
        "large.png": picture("TIFF"),
        "map.bmp": picture("BMP"),
        "empty.png": b"",
    }  # fmt: skip


SOUNDS = {
    "garbage.mp3": b"\xff\xfb\x90\x00" + b"garbage" * 50,
    "empty.mp3": b"",
    "page.mp3": b"<!doctype html><p>not here</p>",
    "lies.wav": b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff",
    "lies.ogg": b"OggS" + b"\xff" * 200,
    "lies.flac": b"fLaC" + b"\xff" * 200,
    "boxes.m4a": struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + struct.pack(">I4sQ", 1, b"moov", 1 << 62),
    "nested.mp4": struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + b"\0\0\xff\xffmoov" * 500,
    "tag.mp3": b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\0" * 100,
}  # fmt: skip
MAY_BE_TAKEN = {
    "garbage.mp3",
    "tag.mp3",
    "lies.flac",
    "boxes.m4a",
    "nested.mp4",
    "lies.wav",
    "comment.png",
}  # they harm nobody, and may even play


def everything() -> dict[str, bytes]:
    """Every bomb as a draft of bob's, whom nobody trusts, and of the house, whose drafts go out."""
    drafts: dict[str, bytes] = {f"pgc/heads/{n}.md": raw for n, raw in enumerate(HEADS.values())}
    drafts |= {f"pgc/bodies/{n}.md": f"# Bomb {n}\n\n{body}\n".encode() for n, body in enumerate(BODIES.values())}
    drafts |= {f"pgc/fine/{n}.md": f"# Fine {n}\n\n{body}\n".encode() for n, body in enumerate(FINE.values())}
    for name, data in pictures().items():
        drafts |= {f"ugc/alice/{name}": data, f"ugc/alice/{name}.md": f"# {name}\n\n![]({name})\n".encode()}
    for name, data in SOUNDS.items():
        drafts |= {
            f"ugc/alice/{name}": data,
            f"ugc/alice/{name}.md": f"---\ntitle: {name}\naudio: {name}\n---\n".encode(),
        }
    return drafts


GOOD = [f"Good {n}" for n in range(5)]


@pytest.mark.slow
def test_all_of_them_at_once_harm_themselves_alone(bench: Bench) -> None:
    """One look, one plan, one publish with every bomb in content/: each bad one is one problem with its file and hint,
    each good one is planned, and what is due goes out.
    """
    good = {f"pgc/good/{n}.md": article(title, "priority: 900") for n, title in enumerate(GOOD)}
    bench.set_up(SETTINGS, {**everything(), **good})
    began = time.monotonic()
    collected = pipeline.collect(bench.app, bench.clock.now())
    assert time.monotonic() - began < 180
    problems = {p.where: p for p in collected.problems}
    assert len(problems) == len(collected.problems)
    assert all(p.message and p.hint for p in problems.values())
    taken = {row.path for row in bench.app.ledger.drafts()}
    assert not taken & set(problems)
    assert {f"pgc/heads/{n}.md" for n in range(len(HEADS))} <= set(problems)
    assert {f"pgc/bodies/{n}.md" for n in range(len(BODIES))} <= set(problems)
    fine = {f"pgc/fine/{n}.md": name for n, name in enumerate(FINE)}
    assert {name for path, name in fine.items() if path in problems} <= TOO_MANY_MARKS | {
        "comments"
    }  # one without an end is refused
    assert set(fine) <= taken | set(problems)
    wrong = {f"ugc/alice/{name}.md" for name in {*pictures(), *SOUNDS} - MAY_BE_TAKEN}
    wrong -= {path for path in wrong if "/drawn." in path}  # a drawing is made safe and kept
    assert wrong <= set(problems), wrong - set(problems)
    pipeline.plan(bench.app, bench.clock.now())
    planned = {d.draft for d in bench.app.ledger.deliveries()}
    assert {row.id for row in bench.app.ledger.drafts() if row.title in GOOD} <= planned
    (sent,) = pipeline.publish(bench.app, series="daily").sent
    assert (sent.state, sent.delivery.title in GOOD) == ("published", True)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_explodes_is_refused_at_once(bench: Bench, name: str) -> None:
    _refused(bench, HEADS[name])


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_explodes_is_refused_at_once(bench: Bench, name: str) -> None:
    _refused(bench, f"# Bomb\n\n{BODIES[name]}\n".encode())


def _refused(bench: Bench, raw: bytes) -> None:
    bench.set_up(SETTINGS, {"pgc/good.md": article("Good"), "ugc/bob/bomb.md": raw})
    began = time.monotonic()
    collected = pipeline.collect(bench.app, bench.clock.now(), feeds=False)
    assert time.monotonic() - began < 5
    (problem,) = collected.problems
    assert (problem.where, bool(problem.message), bool(problem.hint)) == ("ugc/bob/bomb.md", True, True)
    assert [row.title for row in bench.app.ledger.drafts()] == ["Good"]


RENDERED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (40, 40))
from steadycast.platform import Limit, RenderRule
from steadycast.draft.outline import outline
from steadycast.render import html, text
from steadycast.render.lexer import Finisher
from steadycast.render.markdown import join_lines, to_html
from steadycast.render.sanitise import clean
body = sys.stdin.read()
outline(body)
page = Finisher({}, "https://hu.example/", "noopener").finish(join_lines(clean(to_html(body))))
html.render(page, RenderRule(links="footnotes", classes=False, code="inline", bullets="literal"), None)
html.render(page, RenderRule(), None)
text.plain(page).render("numbered")
text.summary(page, Limit(120))
"""


TOO_MANY_MARKS = {"notes", "fences"}  # refused with their line: a mark costs the parser two hundred bytes


@pytest.mark.parallel
@pytest.mark.slow
@pytest.mark.parametrize("name", FINE)
def test_an_absurd_body_is_rendered_within_bounds(name: Any) -> None:
    """In a process with a limit on time and memory, so that a parser that dies shows as one: none does."""
    done = subprocess.run([sys.executable, "-c", RENDERED], input=FINE[name].encode(), capture_output=True, timeout=120)
    if name in TOO_MANY_MARKS:
        assert b"DraftError" in done.stderr, done.stderr[-500:]
    else:
        assert (done.returncode, done.stderr.decode()[-500:]) == (0, "")


def test_the_parser_never_sees_what_it_dies_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand `>` end comrak's process: they are refused before it is asked for anything."""
    from steadycast.draft import outline as module

    monkeypatch.setattr(module.comrak, "markdown_to_xml", lambda *a, **k: pytest.fail("was asked"))
    for name in (
        "quotations",
        "quotations, close",
        "lists",
        "numbers",
        "quotations in a note",
        "notes in notes",
        "lists by blanks",
    ):
        with pytest.raises(DraftError, match="deep"):
            outline(BODIES[name])


def test_a_number_of_thousands_of_digits_begins_no_list() -> None:
    page = '<ol start="' + "9" * 5000 + '"><li>a</li></ol>'
    assert "1. a" in write_bullets(page)
    assert text.plain(page).render()[0] == "1. a"
    assert "1. a" in html.render(page, RenderRule(bullets="literal"))[0]


def test_a_thread_has_an_end() -> None:
    with pytest.raises(DraftError, match=f"over {MOST_PARTS} parts"):
        split("Words. " * 20_000, Limit(100))


def test_metadata_of_a_picture_goes_nowhere(bench: Bench) -> None:
    """Where it was taken, by whom and with what: no file that is published holds it."""
    exif = Image.Exif()
    exif[0x013B], exif[0x010F] = "Alice Canary", "Camera Canary"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 3.0), 3: "E", 4: (121.0, 28.0, 7.0)})
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "JPEG", exif=exif, comment=b"Comment Canary")
    bench.set_up(SETTINGS, {"pgc/a.jpg": out.getvalue(), "pgc/a.md": "# T\n\n![](a.jpg)\n"})
    pipeline.collect(bench.app, bench.clock.now())
    pipeline.plan(bench.app, bench.clock.now())
    pipeline.publish(bench.app, series="daily")
    published = list(bench.app.workspace.out.rglob("*.jpg"))
    assert published
    for file in published:
        assert b"Canary" not in file.read_bytes()
        with Image.open(file) as image:
            assert not dict(image.getexif())


# --- feeds, in the process that takes them apart

LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'lol'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{('&' + chr(97 + n) + ';') * 10}'>" for n in range(9))
    + "]>"
)
FEEDS = {
    "a billion laughs": f"<?xml version='1.0'?>{LAUGHS}<rss version='2.0'><channel><title>&j;</title><item><title>&j;</title></item></channel></rss>".encode(),
    "quadratic": b"<!DOCTYPE x [<!ENTITY a '" + b"x" * 100_000 + b"'>]><rss version='2.0'><channel><title>" + b"&a;" * 20_000 + b"</title></channel></rss>",
    "external entity": b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rss version='2.0'><channel><title>t</title><item><guid>1</guid><title>x&a;</title></item></channel></rss>",
    "external DTD": b"<!DOCTYPE rss SYSTEM 'http://127.0.0.1:1/x.dtd'><rss version='2.0'><channel><title>t</title></channel></rss>",
    "open tags": b"<rss version='2.0'><channel><item><description>" + b"<a " * 300_000,
    "nested": b"<rss version='2.0'><channel><item><description>" + b"&lt;div&gt;" * 100_000 + b"</description></item></channel></rss>",
    "quotations": b"<rss version='2.0'><channel><item><guid>1</guid><title>t</title><description>" + b"&lt;blockquote&gt;" * 90 + b"x</description></item></channel></rss>",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FEEDS, "packed"])
def test_a_feed_that_explodes_is_one_row_and_stops_nothing(bench: Bench, httpserver: HTTPServer, name: Any) -> None:
    """Read in a process with limits; its neighbour's item is taken, and nothing of this machine is in what it says."""
    bomb, headers = FEEDS.get(name), {}
    if bomb is None:  # packed here: every collection of the tests would do it
        bomb, headers = gzip.compress(bytes(200 << 20), 1), {"Content-Encoding": "gzip"}
    good = b"<rss version='2.0'><channel><title>t</title><item><guid>g</guid><title>Fine</title><description>w</description></item></channel></rss>"
    httpserver.expect_request("/bomb").respond_with_data(bomb, headers=headers)
    httpserver.expect_request("/good").respond_with_data(good)
    feeds = "".join(
        f'\n[[feed]]\nmember = "{who}"\nurl = "{httpserver.url_for(path)}"\nallow_private = true\ntake_old = 5\n'
        for who, path in (("bob", "/bomb"), ("alice", "/good"))
    )
    bench.set_up(SETTINGS + feeds, {"pgc/good.md": article("Good")})
    began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    collected = pipeline.collect(bench.app, bench.clock.now())
    assert time.monotonic() - began < 45
    assert max(0, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - used) < 600 * 1024
    titles = {row.title for row in bench.app.ledger.drafts()}
    assert {"Good", "Fine"} <= titles
    assert "root:" not in json.dumps([p.message for p in collected.problems]) + "".join(titles)
