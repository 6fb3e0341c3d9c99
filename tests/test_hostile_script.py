"""Markup that tries to run: through every HTML that leaves the house, judged by a parser and by a real browser."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import importlib
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hostile import SCRIPTS, faults, kit_script, scripts, yaml_text
from pipeline_bench import COMMUNITY, DAILY, FAR, MORNING, SITE, Bench
from platform_bench import PLATFORMS, adapter, channel, key, opened, tone

from steadycast import language as steadycast_language
from steadycast import pipeline
from steadycast.draft import Draft
from steadycast.pipeline.preview_frames import Page
from steadycast.platform import Known, Post, PostStore, View
from steadycast.render.compose import Target, compose
from steadycast.render.prepared_body import Body, prepare
from steadycast.render.templates import Templates
from steadycast.schedule.model import Form, Origin

if TYPE_CHECKING:
    from playwright.sync_api import Dialog

pytestmark = pytest.mark.platforms("site", "feed", "podcast", "mail", "wechat", "weibo")

preview = importlib.import_module("steadycast.pipeline.preview")  # the verb has its module's name
SHOWN = ("site", "feed", "mail", "wechat", "weibo")
A_PAGE = 20  # vectors
ATOM, CONTENT = "{http://www.w3.org/2005/Atom}", "{http://purl.org/rss/1.0/modules/content/}"
SETTINGS = {"mail": {"from": "house@hu.example"}}


def drafted(vector: str, number: int) -> Draft:
    """A member's draft with the vector wherever a member may write."""
    line = " ".join(vector.split()) or "x"
    return Draft(
        path=PurePosixPath(f"ugc/mallory/{number}.md"),
        origin=Origin.UGC,
        member=line[:80],
        revision=f"{number:064x}",
        title=line,
        body=f'{vector}\n\ntext {vector} text\n\n![{vector}](https://pictures.example/a.png "{vector}")\n\n- {vector}\n\n`{vector}`',
        summary=line,
        author=line,
        form=Form.ARTICLE,
        tags=(line[:60], f"x{line}"[:60]),
        slug=line[:80],
        canonical_url=line,
        language=line[:20],
    )


def prepared(vectors: Sequence[str], folder: Path) -> list[Body]:
    """Each vector's draft, ready for every platform."""
    made = []
    for number, vector in enumerate(vectors):
        body = prepare(drafted(vector, number), folder / "media", folder / "cache", base="https://hu.example/")
        body.faults.clear()  # a picture that is missing is a fault of the draft, not the matter here
        made.append(body)
    return made


def posts(bodies: Sequence[Body], name: str) -> list[Post]:
    """Each draft as one post of that platform, by the product's own renderer."""
    asked = PLATFORMS[name]
    shown = {
        role: rule for role, rule in asked.media.items() if role != "cover"
    }  # a drawn title runs nowhere, and takes most of the time
    platform = dataclasses.replace(asked, limits={}, media=shown)  # nothing is cut off
    made = []
    for number, body in enumerate(bodies):
        draft = body.draft
        target = Target(
            channel=name, slot=f"notes@2026-11-{1 + number % 27:02}T20:{number // 27 % 60:02}", key=key(number + 1),
            published=dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC) + dt.timedelta(minutes=number), zone=ZoneInfo("UTC"), community="Readers",
            series="notes", series_title=draft.title, member_title=draft.title,
        )  # fmt: skip
        made.append(compose(body, platform, target))
    return made


def together(group: Sequence[Post]) -> Post:
    """One post that says what all of these say."""
    body, tags = "\n".join(p.html for p in group), tuple(tag for p in group for tag in p.tags)
    return dataclasses.replace(group[0], html=body, tags=tags, links=tuple(pair for p in group for pair in p.links))


def documents(
    vectors: Sequence[str], folder: Path, *, whole: bool, together_: int = A_PAGE
) -> Iterator[tuple[str, str]]:
    """(what it is, HTML) of everything that readers, editors and mail programs show; `whole`: a page for each vector."""
    bodies = prepared(vectors, folder)
    made = {name: posts(bodies, name) for name in SHOWN}
    groups = {
        name: all_ if whole else [together(all_[n : n + together_]) for n in range(0, len(all_), together_)]
        for name, all_ in made.items()
    }
    yield from _site(groups["site"], made["site"], folder / "site")
    yield from _feeds(made["feed"], folder)
    for post in groups["mail"]:
        yield "letter", letter_of(post, folder / "mail")
    for name in ("wechat", "weibo"):
        for post in groups[name]:
            receipt = adapter(name, folder / name).publish(post)
            yield "kit", (folder / name / receipt.page).read_text(encoding="utf-8")
    for name in SHOWN:
        for number, post in enumerate(groups[name]):
            yield from _frames(name, post, folder / "shown" / f"{name}{number}")
    for post in groups["site"]:
        yield "preview", _preview(post)


def _frames(name: str, post: Post, out: Path) -> Iterator[tuple[str, str]]:
    """What a preview shows of one channel in its frames."""
    for view in adapter(name, out, **SETTINGS.get(name, {})).views(post):
        if view.html:
            yield "frame", Page(view.base or out, out).contained(view.html)


def _site(pages: Iterable[Post], each: Sequence[Post], folder: Path) -> Iterator[tuple[str, str]]:
    made = channel("site", folder, page_size=max(1, len(each)))
    shelf = PostStore.of(made)
    for post in pages:
        shelf.put(post)
    for number, post in enumerate(each):
        shelf.put(
            dataclasses.replace(
                post,
                key=key(100_000 + number),
                html="",
                slot=f"list@2026-12-{1 + number % 28:02}T{number // 28 % 24:02}:{number // 672:02}",
            )
        )
    opened(made).find(next(iter(shelf.posts)), Known())
    for file in sorted(folder.rglob("*.html")):
        yield ("listing" if file.parent.name in ("tag", "member") else "site"), file.read_text(encoding="utf-8")


def _feeds(each: Sequence[Post], folder: Path) -> Iterator[tuple[str, str]]:
    """What a reader puts into its page: a whole item's HTML, and its title where the reader takes titles for HTML."""
    for name in ("feed", "podcast"):
        made = channel(name, folder / name, items=len(each), url="https://hu.example/feed")
        shelf = PostStore.of(made)
        for post in each:
            shelf.put(post if name == "feed" else dataclasses.replace(post, form="audio", media=(tone(folder),)))
        (folder / name).mkdir(exist_ok=True)
        opened(made).find(next(iter(shelf.posts)), Known())
    files = [folder / "feed/feed.xml", folder / "podcast/feed.xml"]
    items = [item for file in files for item in ET.fromstring(file.read_bytes()).iter("item")]
    entries = ET.fromstring((folder / "feed/atom.xml").read_bytes()).iter(f"{ATOM}entry")
    found = [item.findtext(f"{CONTENT}encoded") or "" for item in items]
    found += [entry.findtext(f"{ATOM}content") or "" for entry in entries]
    found += [item["content_html"] for item in json.loads((folder / "feed/feed.json").read_bytes())["items"]]
    assert len(found) == 4 * len(each)
    yield from (("feed", text) for text in dict.fromkeys(found))  # what two feeds say alike is judged once


def letter_of(post: Post, folder: Path) -> str:
    """The HTML of a letter, as a mail program reads it from the outbox."""
    adapter("mail", folder, **SETTINGS["mail"]).publish(post)
    letter = message_from_bytes(next(folder.rglob("*.eml")).read_bytes(), policy=policy.default)
    for file in folder.rglob("*.eml"):
        file.unlink()
    return next(p.get_content() for p in letter.walk() if p.get_content_type() == "text/html")


def _preview(post: Post) -> str:
    draft = dataclasses.replace(drafted(post.title, 1), summary=post.summary)
    page = Templates((Path(preview.__file__ or "").parent / "templates",), zone=ZoneInfo("UTC"))
    one = {"channel": "site", "title": post.title, "post": post, "measured": [("title", 1, 2)], "short": True}
    texts = [View("text", text=post.text), View("title", text=post.title)]
    one |= {"file": "kit", "played": [], "pages": [View("page", html="there", widths=(390,))], "texts": texts}
    say = steadycast_language.current()
    told = {"word": preview.word, "language": post.language, "_": say.gettext, "ngettext": say.ngettext}
    said = {"problems": [post.title], "noticed": [post.title]}
    return page.render("preview.html.j2", draft=draft, shown=[one], **said, **told)


def judged(found: Iterable[tuple[str, str]]) -> tuple[list[str], set[str]]:
    """(what the parser found wrong, the kinds of pages looked at)."""
    wrong, kinds = [], set()
    for kind, page in found:
        kinds.add(kind)
        wrong += [f"{kind}: {fault}" for fault in faults(page, own=kit_script() if kind == "kit" else frozenset())]
    return wrong, kinds


KINDS = {"site", "listing", "feed", "letter", "kit", "frame", "preview"}


def test_the_judge_sees(tmp_path: Path) -> None:
    """The control: unsanitised, nearly every vector that is HTML is seen; the rest is Markdown or closes what is not open."""
    seen = [vector for vector in SCRIPTS if faults(vector)]
    assert len(seen) > len(SCRIPTS) // 2


def test_no_page_carries_what_could_run(tmp_path: Path) -> None:
    """Body, title, summary, tag, member, author, alt, slug and address: on every page a vector is words, or gone."""
    assert judged(documents(SCRIPTS[::3], tmp_path, whole=False)) == ([], KINDS)


@pytest.mark.parallel
@pytest.mark.slow
def test_no_page_carries_what_could_run_alone(tmp_path: Path) -> None:
    """The same with a page for each vector: none hides behind another."""
    assert judged(documents(SCRIPTS, tmp_path, whole=True)) == ([], KINDS)


def test_the_report_carries_what_could_run_as_words(bench: Bench) -> None:
    """A vector as title of a draft that waits, that is planned, and that went out."""
    settings = COMMUNITY.replace('title = "Bob"', f"title = {yaml_text(SCRIPTS[0])}") + DAILY + SITE + FAR
    content: dict[str, str | bytes] = {}
    for number, vector in enumerate(SCRIPTS):
        text = f"---\ntitle: {yaml_text(' '.join(vector.split()))}\n---\n\nWords.\n"
        content |= {f"ugc/alice/{number}.md": text, f"ugc/bob/{number}.md": text}
    app = bench.set_up(settings, content)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app, series="daily")
    made = pipeline.report(app, MORNING + dt.timedelta(days=1))
    page = next(Path(path) for path in _paths(made) if str(path).endswith(".html")).read_text(encoding="utf-8")
    assert html.escape(SCRIPTS[0].split("(")[0])[:10] in page
    assert faults(page) == []


def _paths(made: Any) -> Iterator[Path]:
    for field in dataclasses.fields(made):
        value = getattr(made, field.name)
        if isinstance(value, Path):
            yield value


# --- the browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FRAMES = 40  # documents looked at side by side
TRAP = """
for (const name of ["alert", "prompt", "confirm", "print", "open"])
  Object.defineProperty(window, name, { value: (token) => fired(`${name} ${token}`), writable: false });
"""
LOOK = """() => [...document.querySelectorAll("*")].flatMap((one) => {
  const found = [...one.attributes].filter((a) => a.name.startsWith("on")).map((a) => one.localName + " " + a.name);
  const to = one.protocol || "";
  if (to && !["http:", "https:", "mailto:", "file:", "cid:", "about:", ":"].includes(to)) found.push(one.localName + " " + to);
  return found; }).concat(document.querySelectorAll("hr[data-ends]").length ===
    Number(document.querySelector("meta[name=holds]")?.content ?? 0) ? [] : ["a page swallows the next"])"""
A_DOCUMENT = 25  # pages, one after the other
HERE = "https://pages.example/"
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
STYLE = re.compile(r'<link rel="stylesheet" href="(?:\.\./)*style\.css">')


class Browser:
    """Chromium with a trap: what fires, what opens a dialog, where a page goes, and what it asks for."""

    def __init__(self, play: Any) -> None:
        self.chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        self.fired: list[str] = []
        self.asked: list[str] = []

    def show(self, pages: Sequence[str], *, pictures: bool) -> list[str]:
        """Each document in a frame of its own, as if it were alone; `pictures` from the web may be asked for. What was
        wrong with them.
        """
        self.fired, self.asked = [], []
        context = self.chromium.new_context()
        context.expose_binding("fired", lambda source, name: self.fired.append(name))
        context.add_init_script(TRAP)
        page = context.new_page()

        def dismissed(dialog: Dialog) -> None:
            self.fired.append("dialog")
            dialog.dismiss()

        page.on("dialog", dismissed)
        page.on("popup", lambda popup: self.fired.append("popup"))
        frames = "".join(f'<iframe srcdoc="{html.escape(text)}"></iframe>' for text in pages)
        context.route(
            "**/*", lambda route: self._ask(route, f"<!doctype html><title>all</title>{frames}", pictures=pictures)
        )
        page.goto(HERE, wait_until="load", timeout=60_000)
        page.wait_for_timeout(150)
        for frame in page.frames[1:]:
            if frame.url.startswith("about:"):
                self.fired += frame.evaluate(LOOK)
            elif frame.url and not frame.url.startswith(("chrome-error:", HERE)):
                self.fired.append(f"went to {frame.url[:80]}")
        if page.url != HERE:
            self.fired.append(f"went to {page.url[:80]}")
        context.close()
        return self.fired + self.asked

    def wrong(self, *kinds: Sequence[str]) -> list[tuple[str, list[str]]]:
        """The documents in which something is wrong, each with what that is; nearly always there is none, and many are
        shown at once, those of one kind together.
        """
        many = [joined(pages[n : n + A_DOCUMENT]) for pages in kinds for n in range(0, len(pages), A_DOCUMENT)]
        shown = (many[n : n + FRAMES] for n in range(0, len(many), FRAMES))
        together = [fault for some in shown for fault in self.show(some, pictures=True)]
        if not together:
            return []
        alone = [(page, self.show([page], pictures=True)) for pages in kinds for page in pages]
        return [(page, faults) for page, faults in alone if faults] or [("all together", together)]

    def _ask(self, route: Any, all_: str, *, pictures: bool) -> None:
        request = route.request
        if request.url == HERE:
            route.fulfill(body=all_, content_type="text/html; charset=utf-8")
            return
        if not request.url.startswith((HERE, "data:")) and not (pictures and request.resource_type == "image"):
            self.asked.append(f"{request.resource_type} {request.url[:80]}")
        route.abort()


@pytest.fixture
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = Browser(play)
        yield made
        made.chromium.close()


@pytest.mark.parallel
@pytest.mark.live
def test_the_browser_sees(browser: Browser) -> None:
    """The control: the same vectors without sanitiser and policy fire, load and lead astray."""
    browser.show(SCRIPTS, pictures=False)
    assert browser.fired.count("alert 1") > 10
    assert any(each.startswith("a javascript:") for each in browser.fired)
    assert any("evil.example" in each for each in browser.asked)


@pytest.mark.parallel
@pytest.mark.live
def test_the_browser_finds_and_names_the_one_page_of_many(browser: Browser, tmp_path: Path) -> None:
    """The control: whatever fires, loads or leads astray in a page of its own does so as well in the midst of good
    pages; the page is named; and what swallows the page after it is seen.
    """
    good = [POLICY.sub("", page) for kind, page in documents(SCRIPTS[:9], tmp_path, whole=False) if kind == "site"][:6]
    vectors = [vector.replace("alert(1)", f"alert({number})") for number, vector in enumerate(SCRIPTS, 100)]
    planted = [good[0].replace("</main>", f"{vector}</main>") for vector in vectors]
    among = [joined([*good[:3], page, *good[3:]]) for page in planted]
    assert browser.show(good, pictures=True) == []
    alone = {
        fault for n in range(0, len(planted), FRAMES) for fault in browser.show(planted[n : n + FRAMES], pictures=True)
    }
    assert len({fault for fault in alone if fault.startswith("alert 1")}) > 10
    missed = alone.difference(
        *(browser.show(among[n : n + FRAMES], pictures=True) for n in range(0, len(among), FRAMES))
    )
    assert missed == set()
    bad = planted[0]
    assert [page for page, _ in browser.wrong([*good[:3], bad, *good[3:]])] == [bad]
    assert browser.wrong([*good[:3], good[0].replace("</main>", "<!--"), *good[3:]])


@pytest.mark.parallel
@pytest.mark.live
def test_nothing_runs_on_any_page_of_all_known_vectors(browser: Browser, tmp_path: Path) -> None:
    """Every vector through every page, judged by the parser and by the browser. As it is, no page asks for what is not
    its own; and without its policy, which a browser could ignore, the sanitiser holds alone.
    """
    vectors = scripts()
    for n in range(0, len(vectors), 250):
        found = list(documents(vectors[n : n + 250], tmp_path / str(n), whole=False))
        assert judged(found) == ([], KINDS), n
        for bare in (False, True) if n < 500 else (True,):  # without its policy is the harder half
            kinds = _gathered((kind, _bare(page) if bare else page) for kind, page in found)
            assert browser.wrong(*kinds.values()) == [], (n, bare)


def joined(pages: Sequence[str]) -> str:
    """Pages one after the other in one document, each with a mark behind it: one that is not seen was swallowed."""
    if len(pages) == 1:
        return pages[0]
    marked = "".join(f"{page}<hr data-ends>" for page in pages)
    return f'<!doctype html><meta name="holds" content="{len(pages)}">{marked}'


def _bare(page: str) -> str:
    """A page without its policy; and without its own stylesheet, for which the browser asks by every page."""
    return STYLE.sub("", POLICY.sub("", page))


def _gathered(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The pages by their kind: one of eight lists, which differ in their name alone; one of five frames, which hold what
    the channels' own pages hold; all else as it is.
    """
    kinds: dict[str, list[str]] = {}
    for kind, page in found:
        kinds.setdefault(kind, []).append(page)
    kinds["listing"], kinds["frame"] = kinds["listing"][::8], kinds["frame"][::5]
    return kinds
