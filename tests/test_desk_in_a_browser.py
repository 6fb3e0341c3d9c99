"""What people do at the desk, in Chromium: an hour is moved, two people edit one text, and a hostile draft does nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
from desk_bench import Desk, browsing, opened
from hostile import SCRIPTS
from pipeline_bench import COMMUNITY, DAILY, FAR, SITE, Bench, article

from steadycast import pipeline
from steadycast.ledger.tables import SlotRow
from steadycast.workspace import load

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Request

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.parallel]
KIT = '[channel.hand]\nplatform = "paste"\n'
SETTINGS = COMMUNITY + DAILY.replace('"far"]', '"far", "hand"]') + SITE + FAR + KIT
EVIL = "https://evil.example"
ACTS = (
    "<style>* { display: none } body::after { content: url(https://evil.example/css); position: fixed; inset: 0 }</style>",
    '<div style="position:fixed;inset:0;z-index:99999;background:url(https://evil.example/cover)">covered</div>',
    '<iframe src="https://evil.example/frame"></iframe><iframe srcdoc="<script>top.alert(1)</script>"></iframe>',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/refresh"><base href="https://evil.example/">',
    '<form action="https://evil.example/form"><button autofocus>Go</button></form><input autofocus onfocus=alert(1)>',
    '<object data="https://evil.example/object"></object><embed src="https://evil.example/embed">',
    '<video src="https://evil.example/film" autoplay onloadstart=alert(1)></video><audio src="https://evil.example/sound" autoplay></audio>',
    '<svg><a href="javascript:alert(1)"><text y="20">svg</text></a><image href="https://evil.example/svg" /><foreignObject><script>alert(1)</script></foreignObject></svg>',
    '<link rel="stylesheet" href="https://evil.example/sheet"><link rel="prefetch" href="https://evil.example/prefetch">',
    '<a href="https://evil.example/out" target="_top">away</a> <a href="javascript:top.location=\'https://evil.example\'" ping="https://evil.example/ping">here</a>',
    "<details open ontoggle=alert(1)>x</details><marquee onstart=alert(1)>x</marquee><body onload=alert(1)>",
)
TITLE = '"</title><script>alert(1)</script><img src=x onerror=alert(1)>"'
HOSTILE = {
    f"pgc/0-hostile-{n}.md": article(TITLE, 'tags: ["<script>alert(1)</script>"]', body="\n\n".join(acts))
    for n, acts in enumerate(
        (
            ACTS,
            [
                each.replace("src=x", f"src={EVIL}/x")
                for each in SCRIPTS
                if not each.endswith("](x)") and "<!--" not in each
            ],
        )
    )
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def community(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[Bench]:
    """Planned from now on, by the machine's own clock: the desk has no other."""
    bench = Bench(tmp_path_factory.mktemp("browser") / "workspace", empty_sqlite)
    drafts = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(3)}
    app, now = bench.set_up(SETTINGS, {**drafts, **HOSTILE}), pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    app.ledger.ticked(now)
    yield bench
    for each in bench.opened:
        each.close()


@pytest.fixture(scope="module")
def desk(community: Bench) -> Iterator[Desk]:
    with Desk(community.root).up() as desk:
        yield desk


def id_of(community: Bench, path: str) -> str:
    row = community.app.ledger.draft(path)
    assert row
    return row.id


def coming(community: Bench) -> list[SlotRow]:
    now = pipeline.now()
    return community.app.ledger.slots_between(now, now + dt.timedelta(days=20), series="daily")


class Watched:
    """What a browser did that a draft may not make it do."""

    def __init__(self, context: BrowserContext, desk: Desk) -> None:
        self.done: list[str] = []
        self.own = urlsplit(desk.url).netloc
        context.on("request", self._asked)
        context.on("requestfailed", self._stopped)
        context.on("dialog", self._said)
        context.on("page", lambda page: self.done.append(f"opened {page.url}"))

    def _stopped(self, asked: Request) -> None:
        """A page's policy stopped it: nothing has left."""
        if asked.failure == "csp":
            self.done.remove(f"asked {asked.url}")

    def _asked(self, asked: Request) -> None:
        if urlsplit(asked.url).netloc != self.own and not asked.url.startswith(("data:", "about:", "blob:")):
            self.done.append(f"asked {asked.url}")

    def _said(self, dialog: Dialog) -> None:
        self.done.append(f"said {dialog.message}")
        dialog.dismiss()


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_draft_does_nothing_wherever_it_is_shown(
    browser: Browser, desk: Desk, community: Bench, path: str
) -> None:
    """No request leaves, nothing is said, opened or covered, and no page goes elsewhere; on a click neither."""
    page = opened(browser, desk)
    watched = Watched(page.context, desk)
    hostile = id_of(community, path)
    slot = next(slot.id for slot in coming(community) if slot.draft == hostile)
    for address in (
        "/", "/calendar", "/calendar?view=week", "/calendar?view=list", f"/slots/{quote(slot)}", "/drafts?shelf=all",
        f"/drafts/{hostile}", f"/drafts/{hostile}/text", f"/drafts/{hostile}/problems", f"/write/{hostile}",
    ):  # fmt: skip
        page.goto(desk.url + address)
        if address.startswith("/write/"):
            page.locator("details.channel").first.wait_for()
            for summary in page.locator("details.channel > summary").all()[1:]:
                summary.click()
            page.locator("#preview:not([aria-busy])").wait_for()
        press_all(page)
        assert page.url == desk.url + address
        if not address.endswith("/text"):
            reached = page.evaluate("document.elementFromPoint(640, 28).closest('header.bar') !== null")
            assert reached, f"{address}: something covers the bar"
            assert page.locator("main script, main iframe:not([sandbox])").count() == 0
    assert watched.done == []


def press_all(page: Page) -> None:
    """Every link and button inside of the frames, and what a frame's document would do by itself in a moment."""
    for frame in page.frames[1:]:
        for one in frame.locator("a, button, input, summary").all():
            one.dispatch_event("click")
    page.wait_for_timeout(150)


def test_the_watch_over_hostile_drafts_sees(browser: Browser, desk: Desk) -> None:
    """What is looked for above is found where it happens."""
    page = browser.new_context().new_page()  # without the desk's policy
    watched = Watched(page.context, desk)
    page.route(f"{EVIL}/**", lambda route: route.abort())
    page.set_content(f"<script>alert(1); open('about:blank')</script><img src='{EVIL}/a.png'>")
    page.wait_for_timeout(200)
    assert {word.split()[0] for word in watched.done} == {"asked", "said", "opened"}


def test_an_hour_is_moved_and_its_effect_is_seen_before_it_is_saved(
    browser: Browser, desk: Desk, community: Bench
) -> None:
    page = opened(browser, desk, "/settings", width=390)
    file = community.root / "steadycast.toml"
    page.get_by_role("link", name="Daily").click()
    page.wait_for_load_state()  # what looks at the rhythm as it is typed has come
    page.get_by_label("When, in words").fill("day at 21:30")
    page.locator("#slots time", has_text="21:30").first.wait_for()
    page.get_by_role("button", name="Show the effect").click()
    page.get_by_role("heading", name="What this changes").wait_for()
    assert page.get_by_text("21:30").first.is_visible()
    assert 'every = "day at 20:00"' in file.read_text(encoding="utf-8")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").wait_for()
    assert 'every = "day at 21:30"' in file.read_text(encoding="utf-8")
    page.goto(f"{desk.url}/calendar?view=list")
    assert page.locator(".row .hour", has_text="21:30").count()
    file.write_text(SETTINGS, encoding="utf-8")
    with pipeline.App(load(community.root)) as app:
        pipeline.plan(app, pipeline.now())


def test_two_tabs_of_the_editor_keep_both_texts(browser: Browser, desk: Desk, community: Bench) -> None:
    """The one who saves second is shown the first one's words, and loses none; what was not saved comes back."""
    draft = id_of(community, "pgc/2.md")
    first = opened(browser, desk, f"/write/{draft}")
    second = first.context.new_page()
    second.goto(first.url)
    for page, words in ((first, "The first one's words."), (second, "The second one's words.")):
        page.locator(".cm-content").fill(words)
        page.get_by_text("Kept in this browser.").wait_for()
    assert first.evaluate("Object.keys(localStorage).length") == 2
    first.get_by_role("button", name="Save", exact=True).click()
    first.get_by_role("status").filter(has_text="Saved").wait_for()
    second.get_by_role("button", name="Save", exact=True).click()
    second.get_by_role("heading", name="the file changed while you wrote").wait_for()
    assert second.get_by_label("The file as it is now").input_value().strip() == "The first one's words."
    assert second.locator(".cm-content").inner_text().strip() == "The second one's words."
    assert "The first one's words." in (community.root / "content/pgc/2.md").read_text(encoding="utf-8")
    second.close(run_before_unload=False)
    third = first.context.new_page()
    third.goto(first.url)
    third.get_by_role("button", name="Bring it back").click()
    assert third.locator(".cm-content").inner_text().strip() == "The second one's words."


def test_the_second_of_two_editors_on_one_slot_is_told(browser: Browser, desk: Desk, community: Bench) -> None:
    carried = [slot for slot in coming(community) if slot.draft][-1]
    pages = [opened(browser, desk, f"/slots/{quote(carried.id)}") for _ in range(2)]
    said = []
    for number, page in enumerate(pages):
        choice = page.locator("#choose select[name=draft] option").nth(number)
        page.locator("#choose select[name=draft]").select_option(choice.get_attribute("value"))
    for page in pages:
        page.get_by_role("button", name="Put it here").click()
        page.locator(".said, main button.main").first.wait_for()
        if "/take?" in page.url:
            page.locator("main button.main").first.click()
        said.append(page.locator(".said").inner_text())
    assert "is pinned to" in said[0]
    assert "meanwhile" in said[1]
