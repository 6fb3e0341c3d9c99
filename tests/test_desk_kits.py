"""Kits on the desk: the queue, one kit step by step, its files fenced off, its address confirmed and corrected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import requests
from desk_bench import KEY, Desk, browsing
from desk_bench import opened as page_of
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article
from publish_bench import ready

from steadycast import pipeline
from steadycast.pipeline.app import App
from steadycast.testing import drop

pytestmark = pytest.mark.platforms("kit")  # whose folder says what is in it
KIT = '[channel.hand]\nplatform = "kit"\ntitle = "By hand"\ncreator = "https://post.example/new"\naccount = "readers"\n'
HAND = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + KIT
BODY = "Some **bold** words.\n\n- one\n- two\n"
HOSTILE = article('"<script>alert(1)</script> 标题"', body="<script>document.title='no'</script>\n\nWords.")
URL = "https://post.example/p/1"


@pytest.fixture
def app(bench: Bench) -> App:
    app = ready(bench, HAND, {"pgc/1.md": article("夜读三则", body=BODY), "pgc/2.md": HOSTILE})
    for day in (23, 24):
        bench.at(day, 20, 0)
        pipeline.publish(app)
    return app


@pytest.fixture
def desk(bench: Bench, app: App) -> Iterator[Desk]:
    with Desk(bench.root).up() as desk:
        yield desk


def first_kit(desk: Desk) -> str:
    found = re.search(r'<li class="row" id="(\w+)">', desk.get("/kits").text)
    assert found
    return found[1]


def test_a_kit_is_opened_copied_posted_and_confirmed(desk: Desk) -> None:
    """Without a script too: every step is a text to select, a link or a form."""
    queue = desk.get("/kits").text
    assert queue.index("夜读三则") < queue.index("&lt;script&gt;alert(1)&lt;/script&gt; 标题")
    kit = desk.get(f"/kits/{first_kit(desk)}").text
    assert ">夜读三则</textarea>" in kit
    assert 'href="https://post.example/new"' in kit
    assert 'article.html#paste"' in kit, "beside the steps stands the text alone"
    media = re.findall(r'class="file" href="([^"]+)\?save=true"', kit)
    assert len(media) == 2
    saved = desk.get(f"{media[0]}?save=true")
    assert saved.content[:2] == b"\xff\xd8"
    assert saved.headers["content-disposition"].startswith("attachment")
    marker = first_kit(desk)
    after = desk.post(f"/kits/{marker}/confirm", on=f"/kits/{marker}", url=f" {URL} ")
    assert f"Confirmed: {URL}" in after.text
    assert "标题</textarea>" in after.text  # on to the next one
    queue = desk.get("/kits").text
    assert "Posted today" in queue
    assert URL in queue
    assert f'value="{URL}"' in desk.get(f"/kits/{marker}").text
    after = desk.post(f"/kits/{marker}/confirm", on=f"/kits/{marker}", url=f"{URL}0")
    assert f"The address is corrected: {URL}0" in after.text


def test_what_is_no_address_is_refused_on_the_page(desk: Desk) -> None:
    marker = first_kit(desk)
    for wrong in ("javascript:alert(1)", "post.example"):
        after = desk.post(f"/kits/{marker}/confirm", on=f"/kits/{marker}", url=wrong)
        assert 'class="said refused"' in after.text
        assert f"/kits/{marker}?" in after.url
        assert (
            f'name="url" required placeholder="https://" inputmode="url" autocomplete="off" value="{wrong}"'
            in after.text
        )
    assert desk.get("/kits/nothing").status_code == 404
    forged = desk.session.post(f"{desk.url}/kits/{marker}/confirm", data={"url": URL}, timeout=10)
    assert forged.status_code == 403


def test_a_kits_page_is_fenced_off_from_the_desk(bench: Bench, desk: Desk) -> None:
    """It is of no origin, sends nothing, and its address opens nothing but files of these two folders."""
    kit = desk.get(f"/kits/{first_kit(desk)}").text
    (address,) = set(re.findall(r'data-kit="([^"]+)"', kit))
    shown = requests.get(desk.url + address, timeout=10)  # its own pictures come without a cookie
    assert shown.status_code == 200
    assert shown.headers["content-security-policy"].startswith("sandbox allow-scripts")
    assert "same-origin" not in shown.headers["content-security-policy"].partition(";")[0]
    assert shown.headers["referrer-policy"] == "no-referrer"
    key = address.split("/")[2]
    drop(bench.root, "var/secrets/TOKEN", "s3cret")
    (bench.root / "var/out/out-of-it").symlink_to(bench.root / "var/secrets")
    for name in ("secrets/TOKEN", "out/../secrets/TOKEN", "out/%2e%2e/secrets/TOKEN", "out/out-of-it/TOKEN",
                 "ledger.sqlite", "out/%00", "%2fetc/passwd", "out/" + "x" * 5000):  # fmt: skip
        answer = desk.get(f"/files/{key}/{name}")
        assert answer.status_code == 404, name
        assert "s3cret" not in answer.text
    other = requests.get(f"{desk.url}/files/{'0' * 32}/{address.split('/', 3)[3]}", timeout=10)
    assert other.status_code == 403
    assert KEY not in kit


@pytest.mark.live
@pytest.mark.parallel
def test_in_a_browser_a_kit_is_copied_rich_and_confirmed(desk: Desk) -> None:
    """On a phone: the title as text, the body with its form and as text, then the address; nothing of it runs."""
    with browsing() as browser:
        page = page_of(browser, desk, "/kits", width=390)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.get_by_role("link", name="Post it: 夜读三则").click()
        page.wait_for_url("**/kits/*")  # its styles, too
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.get_by_role("button", name="Copy the title").click()
        assert clipboard(page) == {"text/plain": "夜读三则"}
        page.get_by_role("button", name="Copy the body with pictures").click()
        got = clipboard(page)
        assert "<strong>bold</strong>" in got["text/html"]
        assert got["text/plain"] == "Some bold words.\n\none\n\ntwo"
        page.get_by_label("Address of the post").fill(URL)
        page.get_by_role("button", name="Done").click()
        assert page.get_by_role("status").inner_text() == f"Confirmed: {URL}"
        page.get_by_role("button", name="Copy the body with pictures").wait_for()
        assert page.title().startswith("<script>alert(1)</script> 标题")


@pytest.mark.live
@pytest.mark.parallel
@pytest.mark.platforms("wechat")
def test_a_styled_body_is_copied_with_its_styles_and_no_word_in_the_console(bench: Bench) -> None:
    """The desk's own policy takes no inline style, and a platform's editor keeps no other."""
    ready(bench, HAND.replace('"kit"', '"wechat"'), {"pgc/1.md": article("夜读三则", body=BODY)})
    bench.at(23, 20, 0)
    pipeline.publish(bench.app)
    with Desk(bench.root).up() as desk, browsing() as browser:
        page = page_of(browser, desk, f"/kits/{first_kit(desk)}")
        said: list[str] = []
        page.on("console", lambda told: said.append(told.text))
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.reload()
        page.get_by_role("button", name="Copy the body with pictures").click()
        got = clipboard(page)["text/html"]
    assert ' style="' in got
    assert "data-kept-style" not in got
    assert not said


def clipboard(page: Any) -> dict[str, str]:
    return dict(
        page.evaluate(
            """async () => { const found = {};
            for (const item of await navigator.clipboard.read()) for (const type of item.types)
              found[type] = await (await item.getType(type)).text();
            return found; }"""
        )
    )


@pytest.mark.platforms("wechat")
def test_each_field_of_a_kit_is_copied_and_its_steps_are_told_on_a_phone_too(bench: Bench) -> None:
    """Author and address of the source as well; a kit of an earlier make has what its files hold."""
    settings = HAND.replace('"kit"', '"wechat"')
    ready(bench, settings, {"pgc/1.md": article("夜读三则", "author: 林阿威\nsummary: 走一走", body=BODY)})
    bench.at(23, 20, 0)
    pipeline.publish(bench.app)
    with Desk(bench.root).up() as desk:
        kit = desk.get(f"/kits/{first_kit(desk)}").text
        fields = re.findall(r'<label for="text-\d">([^<]+)</label>\s*<div class="line"><textarea[^>]*>([^<]*)<', kit)
        assert [value for _label, value in fields][:3] == ["夜读三则", "林阿威", "走一走"]
        assert fields[3][1].startswith("https://readers.example/")
        assert len(re.findall(r'data-copy="text-\d"', kit)) == len(fields) == 4
        (manifest,) = (bench.root / "var/out/hand").glob("*/kit.json")
        told = json.loads(manifest.read_text(encoding="utf-8"))
        assert told["steps"]
        assert all(step in unescape(kit) for step in told["steps"])
        for key in ("fields", "steps"):
            told.pop(key)
        manifest.write_text(json.dumps(told), encoding="utf-8")
        assert "夜读三则</textarea>" in desk.get(f"/kits/{first_kit(desk)}").text
