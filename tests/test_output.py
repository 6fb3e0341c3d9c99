"""Every page that is made of the sample, by the field's own checkers: the Nu HTML checker, axe in Chromium, and RSS's rules.

`make lint-output` runs this file alone. Node's packages are installed from tests/output/package-lock.json, which holds their
hashes. What is pasted from a kit is no page of ours: it is a piece of somebody else's, and left out here.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import axe
import pytest

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "tests/output"
JAR = TOOLS / "node_modules/vnu-jar/build/dist/vnu.jar"
MARKS = """---
title: 所有写法
tags: [写法]
---
一段话，有**粗**、*斜*、~~删~~、`code`、[链接](https://example.org/)和脚注[^1]。

# 一级

#### 跳级

- [x] 做完了
- [ ] 没做完

> 引用

| 左 | 右 |
|:---|---:|
| 甲 | 乙 |

```python
def f(x: int) -> str:
    return "一行很长很长的代码，一行很长很长的代码，一行很长很长的代码，一行很长很长的代码，一行很长很长的代码"
```

![图](images/map.png "图的标题")

<ruby>字<rt>zi</rt></ruby>

[^1]: 注。
"""
DRAFTS = ("pgc/articles/marks.md", "pgc/club/2026-12-haishanghua.md", "pgc/morning/011-loq-yu.md")

pytestmark = [pytest.mark.slow, pytest.mark.live, pytest.mark.parallel]


@pytest.fixture(scope="module")
def tools() -> None:
    """What is checked with, there or installed; a machine without Node or Java fails here, and says so."""
    assert shutil.which("java"), "java is missing: apt install default-jre-headless"
    axe.install()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample workspace with one draft of every form and one of every mark, all of it published and reported."""
    root = tmp_path_factory.mktemp("sample")
    for name in ("content", "channels", "flows"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("steadycast.toml", "prefect.yaml"):
        shutil.copy(ROOT / name, root / name)
    (root / "content" / DRAFTS[0]).write_text(MARKS, encoding="utf-8")
    steadycast = str(Path(shutil.which("python") or "python").with_name("steadycast"))
    steadycast = str(ROOT / ".venv/bin/steadycast") if (ROOT / ".venv/bin/steadycast").exists() else steadycast

    def run(*words: str) -> None:
        subprocess.run([steadycast, *words], cwd=root, check=True, capture_output=True, timeout=300)

    run("intake")
    for draft in DRAFTS:
        run("publish", "--draft", draft, "--yes")
    run("publish", "video", "--yes")
    run("report")
    run("preview", DRAFTS[0])
    return root


def pages(root: Path) -> list[Path]:
    return sorted([*(root / "var/out").rglob("*.html"), *(root / "var/preview").glob("*/index.html")])


def test_the_nu_checker_finds_no_error_on_any_page(tools: None, made: Path, tmp_path: Path) -> None:
    """HTML as the WHATWG writes it; of a kit its page, without the piece that is pasted."""
    checked = []
    for number, file in enumerate(pages(made)):
        text = file.read_text(encoding="utf-8")
        text = re.sub(r'(<div id="paste"[^>]*>).*?(</div></div>\n</section>)', r"\1\2", text, flags=re.DOTALL)
        checked.append(tmp_path / f"{number:03d}-{file.parent.name[:40]}-{file.name}")
        checked[-1].write_text(text, encoding="utf-8")
    command = ["java", "-Xmx512m", "-jar", str(JAR), "--errors-only", "--format", "json", *map(str, checked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    found = json.loads(done.stderr)["messages"]
    assert not [f"{Path(m['url']).name}:{m.get('lastLine')}: {m['message']}" for m in found]
    assert len(checked) > 25


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_no_fault_on_any_kind_of_page(tools: None, made: Path, browser: Any, scheme: str, width: int) -> None:
    """Names, contrast, order of headings, what a keyboard reaches: on a page of every kind and the preview."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
    kinds: dict[tuple[str, ...], Path] = {}
    for file in pages(made):
        parts = file.relative_to(made / "var").parts
        stem = file.stem if parts[1] == "site" and len(parts) == 3 else file.name if "kit" not in parts else "kit"
        kinds.setdefault((*parts[:2], parts[2] if parts[1] == "site" else "", stem if len(parts) == 3 else ""), file)
    kinds |= {("site", file.name): file for file in (made / "var/out/site/draft").glob("*.html")}
    wrong = []
    for file in (file for file in kinds.values() if file.name != "404.html"):  # its styles lie at the root of a host
        tab = context.new_page()
        tab.goto(file.as_uri())
        wrong += [f"{file.relative_to(made)}: {fault}" for fault in axe.faults(tab, exclude="#paste")]
        tab.close()
    context.close()
    assert len(kinds) > 15
    assert not wrong


ATOM = "{http://www.w3.org/2005/Atom}"


def test_the_feeds_keep_the_rules_of_the_w3cs_feed_validator(made: Path) -> None:
    """Its rules, one by one, on the sample's RSS, Atom and podcast: what it calls an error and what it warns of."""
    for name in ("feed/feed.xml", "podcast/feed.xml"):
        channel = ET.parse(made / "var/out" / name).getroot().find("channel")
        assert channel is not None
        assert all(channel.findtext(tag) for tag in ("title", "link", "description")), name
        (self_link,) = [link for link in channel.findall(f"{ATOM}link") if link.get("rel") == "self"]
        assert self_link.get("href", "").endswith(f"/{name}")
        items = channel.findall("item")
        guids = [item.findtext("guid") for item in items]
        assert guids
        assert len(set(guids)) == len(guids)
        for item in items:
            assert item.findtext("title") or item.findtext("description")
            link = item.findtext("link") or ""
            assert link.startswith("https://")
            (guid,) = item.findall("guid")
            assert guid.get("isPermaLink") == "false" or (guid.text or "").startswith("https://")
            assert re.fullmatch(
                r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}",
                item.findtext("pubDate") or "",
            )
            assert len(item.findall("enclosure")) <= 1
            for enclosure in item.findall("enclosure"):
                assert int(enclosure.get("length", "")) > 0
                assert re.fullmatch(r"[a-z]+/[\w.+-]+", enclosure.get("type", ""))
                assert enclosure.get("url", "").startswith("https://")
            html = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") or ""
            assert not re.search(r'(?:src|href)="(?!https?:|mailto:|#)', html), "an address that is relative"
            assert not re.search(r"<(?:script|style|iframe|object|form)\b|\son\w+=", html)


JING = "nu.validator.vendor.thaiopensource.relaxng.util.Driver"  # it comes along with the Nu checker


@pytest.mark.parametrize(
    ("grammar", "file"),
    [
        ("atom", "feed/atom.xml"),
        ("rss", "feed/feed.xml"),
        ("podcast", "podcast/feed.xml"),
        ("sitemap", "site/sitemap.xml"),
    ],
)
def test_feeds_and_sitemap_keep_to_their_grammars(tools: None, made: Path, grammar: str, file: str) -> None:
    """RFC 4287, RSS 2.0 with its profile, the tags that Apple asks for, and sitemaps.org, each as RELAX NG."""
    command = ["java", "-cp", str(JAR), JING, "-c", str(TOOLS / f"{grammar}.rnc"), str(made / "var/out" / file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_grammar_finds_what_is_missing(tools: None, made: Path, tmp_path: Path) -> None:
    """An episode without its length, and a feed without an image: a grammar that takes all would find nothing."""
    text = (made / "var/out/podcast/feed.xml").read_text(encoding="utf-8")
    (tmp_path / "feed.xml").write_text(re.sub(r' length="\d+"|<itunes:image [^>]*>', "", text), encoding="utf-8")
    command = ["java", "-cp", str(JAR), JING, "-c", str(TOOLS / "podcast.rnc"), str(tmp_path / "feed.xml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "missing required attribute “length”" in done.stdout
    assert "missing required child element “image”" in done.stdout


def test_the_atom_feed_keeps_rfc_4287(made: Path) -> None:
    feed = ET.parse(made / "var/out/feed/atom.xml").getroot()
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    for part in (feed, *entries):
        assert all(len(part.findall(f"{ATOM}{tag}")) == 1 for tag in ("id", "title", "updated"))
        assert re.match(r"[a-z]+:\S+$", part.findtext(f"{ATOM}id") or "")
        assert dt.datetime.fromisoformat(part.findtext(f"{ATOM}updated") or "").tzinfo
        assert any(link.get("rel") in ("self", "alternate") for link in part.findall(f"{ATOM}link"))
    assert feed.find(f"{ATOM}author") is not None or all(e.find(f"{ATOM}author") is not None for e in entries)
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
