"""Every page of the desk in Chromium: what axe finds in each language, scheme and width; keyboard; paper; bytes.

The pages are those that the app itself lists: a new one with parameters has to say an example in `lived_in.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe
import pytest
from desk_bench import KEY, Desk, browsing
from lived_in import PASSWORD, LivedIn
from pipeline_bench import HOOK, HOOK_ADAPTER

from steadycast.desk.guard import COOKIE
from steadycast.desk.pages import CHOSEN
from steadycast.desk.server import made
from steadycast.testing import drop

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.parallel]
LANGUAGES = ("zh_Hans", "zh_Hant", "en")
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
NO_PAGES = {
    "/events": "a stream",
    "/health": "for programs",
    "/record/series/{name}": "a part of a page, and a page by itself",
    "/files/{key}/{name}": "files, and kits' pages, which are looked at with the platforms'",
    "/write/frame/{name}": "a channel's own page, in a frame",
    "/calendar/plan.ics": "a file",
    "/m/{token}/asks.ics": "a file",
    "/m/{token}/asks/{id}.ics": "a file",
    "/c/{token}.ics": "a file",
    "/arrivals.csv": "a file",
    "/classes/{name}/hand-over.md": "a file",
    "/arrivals.json": "a file",
    "/record.csv": "a file",
    "/record.json": "a file",
    "/record.svg": "a picture",
    "/record.png": "a picture",
    "/drafts/{id}/media/{n}": "a file of the draft",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    axe.install()
    with browsing() as browser:
        yield browser


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[LivedIn]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STEADYCAST_VAR", "STEADYCAST_LEDGER", "STEADYCAST_WORKSPACE", "PREFECT_API_URL"):
            patch.delenv(name, raising=False)
        bench = LivedIn(tmp_path_factory.mktemp("lived") / "workspace", empty_sqlite)
        yield bench
        for app in bench.opened:
            app.close()


@pytest.fixture(scope="module")
def desk(lived: LivedIn) -> Iterator[Desk]:
    with Desk(lived.root).up() as desk:
        yield desk


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk of a folder that is being begun: the last of the four pages is open, and nothing is written."""
    root = tmp_path_factory.mktemp("first")
    drop(root, "channels/hook/channel.toml", HOOK)
    drop(root, "channels/hook/adapter.py", HOOK_ADAPTER)
    with Desk(root).up() as desk:
        desk.post("/start", name="每日读书会", timezone="Asia/Shanghai", language="zh-CN")
        desk.post("/start/series", title="每日一篇", rhythm="每天 20:00", forms=["article"])
        desk.post("/start/channels", ticked=["pages", "paste"])
        yield desk


def listed(desk: Desk, lived: LivedIn) -> list[str]:
    """The addresses of every page of the desk, as the app lists them, those of the first run left out."""
    examples = lived.addresses()
    paths = [path for path, verbs in made(lived.root, KEY).openapi()["paths"].items() if "get" in verbs]
    assert set(examples) | set(NO_PAGES) <= set(paths), "an address that is no more"
    unknown = [path for path in paths if "{" in path and path not in examples and path not in NO_PAGES]
    assert not unknown, f"say an example of each in lived_in.py: {unknown}"
    pages = [path for path in paths if path not in NO_PAGES and not path.startswith("/start")]
    return [one for path in pages for one in examples.get(path, [path])] + ["/nowhere"]


_ASIDE = re.compile(r"<(script|style|textarea|pre)\b.*?</\1>|(?<=class=\"dot\"> )(?=</span>)", re.DOTALL)
_INLINE = re.compile(r"</?(?:a|b|bdi|code|em|i|span|strong)\b[^>]*>")


def test_chinese_pages_have_no_blank_behind_a_full_stop(desk: Desk, lived: LivedIn) -> None:
    """A text of the catalogue ends in a mark that is as wide as a letter: what follows it on a page has no blank before it."""
    desk.session.cookies.set(CHOSEN, "zh_Hans")
    found = []
    for path in listed(desk, lived):
        page = _ASIDE.sub("·", desk.get(path).text)
        lines = re.sub(r"<[^>]*>", "\n", _INLINE.sub("", page).replace("\n", " ")).splitlines()
        found += [(path, line) for line in lines if re.search(r"[，。；：？！] +[^ ·]", line)]
    assert found == []


FIRST_RUN = ["/start", "/start/series", "/start/channels", "/start/channels/hook", "/start/text"]
# In the community's language at both widths in both schemes; in the others each scheme and each width once.
VIEWS = (("light", WIDE), ("dark", PHONE), ("dark", WIDE), ("light", PHONE))


def let_in(browser: Browser, desk: Desk, language: str = "zh_Hans", **context: Any) -> BrowserContext:
    """A reader of that language, whose pages let axe in and do not move."""
    made = browser.new_context(**{"bypass_csp": True, "reduced_motion": "reduce", "viewport": WIDE, **context})
    made.add_cookies(
        [{"name": name, "value": value, "url": desk.url} for name, value in ((COOKIE, KEY), (CHOSEN, language))]
    )
    return made


def looked_at(page: Page, views: int) -> list[str]:
    """What is wrong with a page that is open."""
    found = []
    for scheme, size in VIEWS[:views]:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{size['width']} {scheme}: {fault}" for fault in axe.faults(page)]
        if (width := page.evaluate("document.documentElement.scrollWidth")) > size["width"]:
            found.append(f"{size['width']} {scheme}: the page is {width} wide")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(
    browser: Browser, desk: Desk, first: Desk, lived: LivedIn, language: str
) -> None:
    """In either scheme and at either width; and no page is wider than the screen."""
    wrong: list[str] = []
    for where, addresses in ((desk, listed(desk, lived)), (first, FIRST_RUN)):
        with let_in(browser, where, language) as context:
            page = context.new_page()
            for address in addresses:
                answer = page.goto(where.url + address)
                assert answer
                assert answer.status == (404 if address == "/nowhere" else 200), address
                wrong += [f"{address}: {fault}" for fault in looked_at(page, 4 if language == "zh_Hans" else 2)]
    assert not wrong, "\n".join(wrong)


def test_axe_finds_nothing_on_what_forms_lead_to(browser: Browser, desk: Desk, first: Desk) -> None:
    """The effect before a change is saved, a refusal on its page, a link that is shown once, a preview, a conflict."""
    wrong: list[str] = []
    with let_in(browser, desk, "en") as context, let_in(browser, first, "zh_Hans") as beginner:
        page = context.new_page()

        def look(at: str, page: Page = page) -> None:
            wrong.extend(f"{at}: {fault}" for fault in looked_at(page, 2))
            page.set_viewport_size(WIDE)  # type: ignore[arg-type]

        stranger = let_in(browser, desk, "en", storage_state=None)
        stranger.clear_cookies(name=COOKIE)
        entry = stranger.new_page()
        entry.goto(f"{desk.url}/drafts")
        look("the log-in", entry)
        entry.get_by_label("Name").fill("wang")
        entry.get_by_label("Password").fill("not this one")
        entry.get_by_role("button", name="Log in").click()
        look("a wrong password", entry)
        entry.get_by_label("Password").fill(PASSWORD)
        entry.get_by_role("button", name="Log in").click()
        entry.goto(f"{desk.url}/me")
        look("one's own page, of a person", entry)
        entry.goto(f"{desk.url}/settings")
        look("a page that is not for an editor", entry)
        stranger.close()

        page.goto(f"{desk.url}/settings/series/daily")
        page.get_by_label("When, in words").fill("day at 21:30")
        page.get_by_role("button", name="Show the effect").click()
        page.get_by_role("heading", name="What this changes").wait_for()
        look("an hour moved")
        page.goto(f"{desk.url}/settings/series/daily")
        page.get_by_label("When, in words").fill("dya at 21:30")
        page.get_by_role("button", name="Show the effect").click()
        page.get_by_role("alert").first.wait_for()
        look("a rhythm that cannot be read")
        page.goto(f"{desk.url}/members/carol")
        page.get_by_role("button", name="Make a link").click()
        page.get_by_label("Link", exact=True).wait_for()
        look("an invite")
        page.goto(f"{desk.url}/write")
        page.locator("#title").fill("Seen")
        page.locator(".cm-content").fill("Some **words**, a [link](https://example.org/).")
        page.locator("details.channel").first.wait_for()
        page.locator("#preview:not([aria-busy])").wait_for()
        page.locator("details.more > summary").click()
        for summary in page.locator("details.channel > summary").all()[1:]:
            summary.click()
        look("a preview")
        page.locator("select[name=slot]").evaluate("one => one.add(new Option('some day', 'some day', true, true))")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Not saved.").wait_for()
        look("what cannot be saved")
        new = beginner.new_page()
        new.goto(f"{first.url}/start/series")
        new.locator("#rhythm").fill("sometimes")
        new.locator("button.main").click()
        new.get_by_role("alert").first.wait_for()
        look("a first series that cannot be read", new)
    assert not wrong, "\n".join(wrong)


RINGLESS = """() => {
  const wrong = [];
  const rung = (one) => { const how = getComputedStyle(one); return how.outlineStyle !== "none" && parseFloat(how.outlineWidth) >= 1; };
  for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")) {
    if (one.disabled || !one.checkVisibility({ checkVisibilityCSS: true })) continue;
    one.focus();
    if (document.activeElement === one && !rung(one) && !rung(one.closest("label") || one)) wrong.push(one.outerHTML.slice(0, 120));
  }
  return wrong;
}"""


def test_each_page_is_begun_and_walked_by_keyboard(browser: Browser, desk: Desk, first: Desk, lived: LivedIn) -> None:
    """The first Tab leads past the bar, where there is one; and whatever has the focus shows it. No error in the console."""
    wrong: list[str] = []

    def complain(said: ConsoleMessage) -> None:
        if said.type == "error":
            wrong.append(f"{said.location['url']}: {said.text}")

    for where, addresses in ((desk, listed(desk, lived)), (first, FIRST_RUN)):
        with let_in(browser, where, bypass_csp=False) as context:
            page = context.new_page()
            page.on("console", complain)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            for address in addresses:
                page.goto(where.url + address)
                begins = page.evaluate("document.activeElement === document.body")
                page.keyboard.press("Tab")
                here = page.locator(":focus")
                if begins and page.locator("header.bar").count():
                    if here.get_attribute("href") != "#main" or (here.bounding_box() or {"x": -1})["x"] < 0:
                        wrong.append(f"{address}: begins with {here.evaluate('e => e.outerHTML')[:120]}")
                wrong += [f"{address}: no ring: {found}" for found in page.evaluate(RINGLESS)]
    wrong = [one for one in wrong if "/nowhere: Failed to load resource" not in one]
    assert not wrong, "\n".join(wrong)


MOVES = """() => [...document.querySelectorAll("*")].filter((one) => {
  const how = getComputedStyle(one), some = (times) => times.split(", ").some((time) => parseFloat(time) > 0);
  return some(how.transitionDuration) || (how.animationName !== "none" && some(how.animationDuration));
}).map((one) => one.outerHTML.slice(0, 120))"""


def test_nothing_moves_where_a_person_asked_for_that(browser: Browser, desk: Desk) -> None:
    moves = {}
    for asked in ("reduce", "no-preference"):
        with let_in(browser, desk, reduced_motion=asked) as context:
            page = context.new_page()
            for address in ("/", "/calendar", "/record", "/write", "/kits", "/members", "/settings"):
                page.goto(desk.url + address)
                moves[asked, address] = page.evaluate(MOVES)
    assert not [found for (asked, _), found in moves.items() if asked == "reduce" and found]
    assert moves["no-preference", "/"], "the look sees what moves"


def test_the_record_prints_on_light_paper_without_what_is_pressed(browser: Browser, desk: Desk) -> None:
    with let_in(browser, desk, color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{desk.url}/record?channels=all")
        page.emulate_media(media="print")
        assert page.locator(".year").first.is_visible()
        assert not [one for one in page.locator("nav, button, form, a.button, .skip").all() if one.is_visible()]
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf().startswith(b"%PDF")


FIRST_PAINT, EDITOR = 60_000, 400_000  # bytes, as they come over the wire


def test_a_page_weighs_little(browser: Browser, desk: Desk, first: Desk, lived: LivedIn) -> None:
    """With all that it loads, and nothing of it kept from before."""
    weights: dict[str, int] = {}
    for where, addresses in ((desk, listed(desk, lived)), (first, FIRST_RUN)):
        with let_in(browser, where) as context:
            page, got = context.new_page(), list[float]()
            wire = context.new_cdp_session(page)
            wire.on("Network.loadingFinished", lambda told, got=got: got.append(told["encodedDataLength"]))
            wire.send("Network.enable")
            wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
            for address in addresses:
                got.clear()
                page.goto(where.url + address, wait_until="load")
                page.wait_for_timeout(50)
                weights[address] = int(sum(got))
    heavy = {at: size for at, size in weights.items() if size > (EDITOR if at.startswith("/write") else FIRST_PAINT)}
    assert not heavy
    assert min(weights.values()) > 200
    assert max(size for at, size in weights.items() if at.startswith("/write")) > FIRST_PAINT, "its parts are counted"
