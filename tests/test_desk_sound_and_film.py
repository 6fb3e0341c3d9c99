"""A sound and a film in Chromium: dropped into the editor, sent by a member; seen in the preview, on the site, in a podcast."""

from __future__ import annotations

import base64
import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from desk_bench import Desk, browsing, opened
from pipeline_bench import COMMUNITY, SITE, Bench

from steadycast import pipeline
from steadycast.pipeline import App, invites
from steadycast.testing import Clock
from steadycast.workspace import load

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.live, pytest.mark.parallel, pytest.mark.slow, pytest.mark.platforms("site", "podcast")]
SERIES = (
    '\n[series.daily]\ntitle = "Daily"\nevery = "day at 20:00"\nforms = {}\nchannels = ["site", "pod"]\nfill = []\n'
)
POD = '\n[channel.pod]\nplatform = "podcast"\nurl = "https://readers.example/"\n'
SETTINGS = COMMUNITY + SITE.replace('"pages"', '"site"') + POD
SOUND = (b"\xff\xfb\x90\x00" + bytes(413)) * 40  # a second of silence: MPEG 1 layer 3, 128 kbit/s, 44.1 kHz
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(64)
DROP = """(editor, [bytes, name, type]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name, { type }));
  const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  editor.dispatchEvent(event);
}"""


def dropped(page: Page, data: bytes, name: str, mime: str) -> None:
    page.locator(".cm-content").evaluate(DROP, [base64.b64encode(data).decode(), name, mime])
    page.locator(".cm-content", has_text="media/").wait_for()
    page.locator("#preview:not([aria-busy])").wait_for()


def member_page(root: Path) -> str:
    with App(load(root)) as app:
        return f"/m/{invites.make(app, 'bob', 'editor', pipeline.now()).token}"


def test_both_are_taken_shown_and_published(bench: Bench) -> None:
    """By whatever way they came, their form is told by the file."""
    bench.clock = Clock(pipeline.now())
    bench.set_up(SETTINGS + SERIES.format('["audio", "video"]'))
    with Desk(bench.root).up() as desk, browsing() as browser:
        page = opened(browser, desk, "/write")
        page.locator("#title").fill("Morning sound")
        dropped(page, SOUND, "morning.mp3", "audio/mpeg")
        assert page.locator("#write-status").inner_text() in ("", "Kept in this browser.")
        frame = page.frame_locator('details[data-channel="site"] iframe').first
        frame.locator("audio[controls]").wait_for()
        assert frame.locator("audio").evaluate("one => one.src").startswith("data:audio/")
        page.set_viewport_size({"width": 390, "height": 844})
        cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).length"
        assert page.locator('details[data-channel="site"] .frame:not(.small, .tiny)').evaluate_all(cut) == 0
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Saved.").first.wait_for()

        page.goto(desk.url + member_page(bench.root))
        assert page.locator("#untaken").count() == 0
        page.get_by_label("Title").fill("Friday film")
        page.get_by_label("Text", exact=True).fill("By the river.")
        page.locator("#files").set_input_files({"name": "friday.mp4", "mimeType": "video/mp4", "buffer": FILM})
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text("has arrived").wait_for()
    app = bench.open()
    forms = {row.title: row.form for row in app.ledger.drafts()}
    assert forms == {"Morning sound": "audio", "Friday film": "video"}
    pipeline.decide(app, [row.id for row in app.ledger.drafts(["waiting"])], "approve", by="e", now=bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    for slot in app.ledger.slots_between(bench.clock.now(), bench.clock.now() + dt.timedelta(days=3))[:2]:
        bench.clock.advance(slot.at - bench.clock.now())
        pipeline.publish(app)
    site = "".join(file.read_text(encoding="utf-8") for file in (app.workspace.out / "site").rglob("*.html"))
    assert "<audio controls" in site
    assert "<video controls" in site
    feed = "".join(file.read_text(encoding="utf-8") for file in (app.workspace.out / "pod").rglob("*.xml"))
    assert 'type="audio/mpeg"' in feed
    assert 'type="video/mp4"' in feed


def test_who_sends_what_no_series_takes_is_told_before(bench: Bench) -> None:
    """The member on their page and at the choice of the file, the editor as it is dropped and in the preview."""
    bench.set_up(SETTINGS + SERIES.format('["article"]'))
    with Desk(bench.root).up() as desk, browsing() as browser:
        page = opened(browser, desk, "/write")
        page.locator("#title").fill("Morning sound")
        dropped(page, SOUND, "morning.mp3", "audio/mpeg")
        page.locator("#write-status", has_text=re.compile("No series takes audio.*Kept in this browser")).wait_for()
        page.locator("#preview", has_text="No series takes audio, so this draft would never go out.").wait_for()
        other = opened(browser, desk, member_page(bench.root), width=390)
        said = "We publish no sound and no film yet: please ask the editors before you send one."
        assert other.locator("#untaken").inner_text() == said
        other.locator("#files").set_input_files({"name": "friday.mp4", "mimeType": "video/mp4", "buffer": FILM})
        assert other.get_by_role("alert").inner_text() == said
