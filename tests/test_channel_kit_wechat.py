"""A WeChat kit: what its editor keeps of a page, whom it names, and that a browser can paste it."""

# ruff: noqa: F811  the fixtures are those of the other file
from __future__ import annotations

import dataclasses
import html
import json
import re
from typing import Any

import pytest
from PIL import Image
from test_channel_kit import BODY, KITS, ROOT, app, compose_for, pasted  # noqa: F401  fixtures


@pytest.mark.platforms("wechat")
def test_wechat_html_is_what_its_editor_keeps(app: Any, compose_for: Any) -> None:
    """No class, id, style block, script or forbidden style; no picture from elsewhere; only its own links stay links."""
    body = pasted(app("wechat").kit(compose_for("wechat", "article")))
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", body))
    assert tags <= set(KITS["wechat"].render.tags)
    assert not re.search(r"\s(?:class|id|on\w+)=", body)
    styles = ";".join(re.findall(r'style="([^"]*)"', body))
    assert not re.search(
        r"position|float|flex|grid|transform|transition|animation|filter|(?<!-)gap|var\(|font-family", styles
    )
    assert set(re.findall(r'href="https?://([^/"]+)', body)) == {"mp.weixin.qq.com"}
    assert all(src.startswith("data:image/png;base64,") for src in re.findall(r'src="([^"]*)"', body))
    assert all("color:" in p for p in re.findall(r'<p style="([^"]*)"', body) if "font-size:0" not in p)
    assert re.search(r"词典<sup[^>]*>\[1\]</sup>", body)
    assert "引用链接" in body
    assert "• 阿拉" in body
    assert "&nbsp;&nbsp;&nbsp;&nbsp;" in body
    assert "<br>" in body


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize("length", [9_400, 25_000])
def test_a_wechat_kit_is_laid_however_long_the_article(length: int, app: Any, compose_for: Any) -> None:
    """The interface's 20,000 characters of HTML are no limit of the editor: the whole text is there, and counted."""
    paragraph = "这是一段话，讲一件小事，只有字。" * 5 + "\n\n"
    times = length // len(paragraph.strip())
    made = compose_for("wechat", "article", body=paragraph * times + "见[出处](https://example.org/a)。完。")
    kit = app("wechat").kit(made)
    body = pasted(kit)
    text = html.unescape(re.sub(r"<sup[^>]*>.*?</sup>|<[^>]*>|\s", "", body))
    assert text.count("讲一件小事") == 5 * times
    assert "完。" in (kit / "article.txt").read_text(encoding="utf-8")
    shown = re.search(r"<h2>正文 <small>([\d,]+) 字</small></h2>", (kit / "article.html").read_text(encoding="utf-8"))
    assert shown
    assert int(shown[1].replace(",", "")) == pytest.approx(length, rel=0.03)


@pytest.mark.platforms("wechat")
def test_every_element_of_a_wechat_kit_says_a_property_once(app: Any, compose_for: Any) -> None:
    """Two rules that name one property become one declaration, and nothing is said that an element is anyway."""
    body = pasted(
        app("wechat").kit(
            compose_for(
                "wechat",
                "article",
                body=BODY + '\n\n> 甲 *斜* **粗**\n>\n> - 乙\n\n<table><tr><td align="right">1</td></tr></table>',
            )
        )
    )
    for tag, style in re.findall(r'<([a-z0-9]+)[^>]* style="([^"]*)"', body):
        names = [declaration.partition(":")[0] for declaration in style.split(";")]
        assert len(names) == len(set(names)), (tag, style)
        bold = tag in ("strong", "th") or re.fullmatch("h[1-6]", tag)
        assert not bold or "font-weight" not in names


@pytest.mark.platforms("wechat")
def test_no_style_of_the_theme_is_one_the_editor_refuses() -> None:
    """The theme itself, not only what one draft happens to use of it."""
    theme = (ROOT / "channels/wechat/style.toml").read_text(encoding="utf-8")
    rules = "\n".join(line for line in theme.splitlines() if not line.startswith("#"))
    refused = r"position|float|flex|grid|transform|transition|animation|filter|gap|var\(|font-family|url\(|@|:hover|::"
    assert not re.search(refused, rules)


@pytest.mark.platforms("wechat")
def test_no_han_letter_is_slanted_in_a_wechat_kit(app: Any, compose_for: Any) -> None:
    """There are no italics of Han letters: what stands out does so by its colour."""
    body = pasted(
        app("wechat").kit(compose_for("wechat", "article", body="一句*要紧*的话，见[词典](https://example.org/d)"))
    )
    assert all("font-style:normal" in style for style in re.findall(r"<(?:em|i)\b([^>]*)>", body))
    assert "<i>" not in body


@pytest.mark.platforms("wechat")
def test_numbered_links_and_the_canonical_address_lie_beside(app: Any, compose_for: Any) -> None:
    """links.txt repeats the footnotes with their numbers, then the canonical address."""
    kit = app("wechat").kit(compose_for("wechat", "article"))
    text = (kit / "links.txt").read_text(encoding="utf-8")
    assert text.startswith("[1] 词典\n    https://example.org/dict\n")
    assert text.endswith("阅读原文：https://hu.example.org/nongtang/\n")
    with Image.open(kit / "qr.png") as code:
        assert code.format == "PNG"
        assert code.size[0] == code.size[1] >= 200


@pytest.mark.platforms("wechat")
@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ("徐老师", "徐老师"),
        ("Tom Rivera", "Tom"),
        ("沪语读书会的朋友们", "沪语读书会的朋友"),
        ("👨‍👩‍👧" * 3, "👨‍👩‍👧"),
        ("A B C D E", "A B C D"),
    ],
)
def test_a_name_is_cut_to_what_the_author_box_takes(author: str, shown: str, app: Any, compose_for: Any) -> None:
    """Eight characters: whole words of it, or as many whole graphemes as there is room for."""
    made = dataclasses.replace(compose_for("wechat", "article"), author=author)
    kit = app("wechat").kit(made)
    assert f"作者：{len(shown)}/8 字\n" in (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert f">{shown}<" in (kit / "article.html").read_text(encoding="utf-8")


@pytest.mark.platforms("wechat")
def test_half_a_word_is_nobody_s_name(app: Any, compose_for: Any) -> None:
    """Kreuzber is not what a community is called: the box stays empty."""
    kit = app("wechat", language="en").kit(
        dataclasses.replace(compose_for("wechat", "article"), author="Kreuzberg Readers")
    )
    assert "Kreuzber" not in (kit / "article.html").read_text(encoding="utf-8").replace("Kreuzberg", "")
    assert "Author" not in (kit / "CHECKLIST.md").read_text(encoding="utf-8")


@pytest.mark.platforms("wechat")
def test_without_an_account_a_kit_names_the_community_and_nobody_to_log_in_as(app: Any, compose_for: Any) -> None:
    """The platform's own name, which a channel without a title has, tells nobody whose account it is."""
    box = app("wechat")
    box.adapter.channel = dataclasses.replace(box.channel, title="微信公众号")
    kit = box.kit(compose_for("wechat", "article"))
    assert "沪语读书会" in (kit / "CHECKLIST.md").read_text(encoding="utf-8")
    assert json.loads((kit / "kit.json").read_bytes())["account"] == "", "what the desk asks to log in as"


@pytest.mark.platforms("wechat")
@pytest.mark.parallel
@pytest.mark.live
@pytest.mark.parametrize("width", [1280, 390])
def test_the_paste_page_works_in_a_browser(width: int, app: Any, compose_for: Any) -> None:
    """Nothing overflows, nothing is blocked, and the buttons put text and rich text on the clipboard."""
    sync_api = pytest.importorskip("playwright.sync_api")
    made = compose_for("wechat", "article")
    kit = app("wechat").kit(made)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto((kit / "article.html").as_uri())
        page.evaluate("""addEventListener("copy", (event) => { window.got = {
            text: event.clipboardData.getData("text/plain"), html: event.clipboardData.getData("text/html") }; })""")
        page.click('button[data-copy="field-title"]')
        title = page.evaluate("window.got")
        page.click('button[data-copy="body"]')
        whole = page.evaluate("window.got")
        page.click('button[data-copy="places"]')
        places = page.evaluate("window.got")
        wide = page.evaluate("document.documentElement.scrollWidth")
        browser.close()
    assert said == []
    assert wide <= width
    assert title == {"text": made.title, "html": ""}
    assert "data:image/png;base64," in whole["html"]
    assert "data-file" not in whole["html"]
    assert "弄堂里的早晨" in whole["text"]
    assert "【media/01-lane.png】" in places["html"]
    assert "<img" not in places["html"]
