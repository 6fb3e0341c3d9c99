"""What comes out of the tree of every dialect: no mark of one, no private word, and every figure of the text."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pipeline_bench import COMMUNITY, EVENING, MORNING, Bench

from steadycast import pipeline
from steadycast.intake.folder import SUFFIXES
from steadycast.ledger.delivery import Delivery
from steadycast.pipeline.drafts import read
from steadycast.pipeline.posts import Posts
from steadycast.platform import Post

pytestmark = pytest.mark.platforms("site", "feed", "mail", "wechat", "weibo")

TREE = Path(__file__).parent / "dialects" / "pgc"
CHANNELS = ("site", "feed", "mail", "wechat", "weibo")
SETTINGS = (
    COMMUNITY
    + f'\n[series.notes]\nevery = "day at 20:00"\nchannels = {json.dumps(CHANNELS)}\n'
    + "".join(
        f'\n[channel.{n}]\nplatform = "{n}"\n' + ('from = "desk@readers.example"\n' if n == "mail" else "")
        for n in CHANNELS
    )
)
# The figures that a reader is shown; those of a picture's words where there are pictures.
FIGURES = {
    "hugo/body.md": "500 2 3 240 10 20 30 40 17 18",
    "hexo/source/_posts/body.md": "10 20 30 40 220 2 3 4 45 15",
    "jekyll/_posts/2026-05-03-the-ferry.md": "3 7 6 5",
    "pelican/body.md": "25 80",
    "vault/Evening.md": "19 30 31 1 2 33 44 2 1",
    "mdx/components.mdx": "64 65 66",
    "notion/A list 0123456789abcdef0123456789abcde0.md": "81 82 83 84 85 2",
    "plain/words.txt": "5 10 20 2 3 4 20 30 00 100 91 1 92",
    "documents/letter.docx": "5 10 20 5 100 71 2 3 4 1",
}
AS_WORDS = {"plain/words.txt", "documents/letter.docx"}  # what looks like a mark in them is what the writer wrote
LINKS = {
    "hugo/body.md": ["hugo/yaml.md", "hugo/toml.md", "hugo/json.md"],
    "hexo/source/_posts/body.md": ["hexo/source/_posts/the-lamp.md", "hexo/source/_posts/fenced.md"],
    "jekyll/_posts/2026-05-03-the-ferry.md": ["jekyll/_posts/2026-05-01-the-river.md"] * 2,
    "pelican/body.md": ["pelican/plain.md"],
    "vault/Evening.md": ["vault/Morning.md"] * 2,
    "mdx/components.mdx": ["mdx/hello.md"] * 2,
    "notion/A list 0123456789abcdef0123456789abcde0.md": ["notion/A walk 0123456789abcdef0123456789abcdef.md"],
}
RAW = re.compile(
    r"\{[{%#:/]|[%/#}]\}|\[\[|\]\]|==|%%|:::|~~|\[!|\^block|\[\^|\*\[|^(?:import|export) |</?Tabs|\{(?:filename|static)\}"
    r"|:smile:|\$|\.mdx?\b|!\[|TOC",
    re.MULTILINE,
)
SMALL = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path
) -> Iterator[tuple[dict[tuple[str, str], Post], dict[str, str]]]:
    """(draft's path, channel) -> its post, as it goes out where every other draft of the tree has gone out."""
    bench = Bench(tmp_path_factory.mktemp("tree"), empty_sqlite)
    app = bench.set_up(SETTINGS)
    shutil.copytree(TREE, bench.root / "content/pgc", dirs_exist_ok=True)
    assert not [p for p in pipeline.collect(app, MORNING).problems if Path(p.where).suffix in SUFFIXES]
    rows = app.ledger.drafts()
    there = {row.path.removeprefix("pgc/"): f"https://readers.example/{row.id}.html" for row in rows}
    linkable = type(app.ledger).linkable
    posts = Posts(app)
    out = [row._replace(urls={"site": there[row.path.removeprefix("pgc/")]}) for row in linkable(app.ledger)]
    app.ledger.linkable = lambda: out  # type: ignore[method-assign]
    posts_of = {}
    for row in rows:
        if row.path.removeprefix("pgc/") not in FIGURES:
            continue
        draft = read(app, row.id, row.revision)
        assert draft is not None
        for channel in CHANNELS:
            place = Delivery(0, "notes@2026-11-23T20:00", channel, "notes", EVENING, timedelta(), "abcdefghijklm")
            posts_of[row.path.removeprefix("pgc/"), channel] = posts.post(draft, place)
    yield posts_of, there
    app.close()


def shown(page: str) -> str:
    """The words of a page; formulas, code and pictures' words are no marks."""
    page = re.sub(r"<(?:pre|code)\b.*?</(?:pre|code)>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def figures(words: str) -> list[str]:
    return re.findall(r"\d+", words.translate(SMALL))


def test_the_tree_has_a_body_of_every_dialect(made: tuple[dict[tuple[str, str], Post], dict[str, str]]) -> None:
    assert {path for path, _ in made[0]} >= FIGURES.keys()
    assert {path.split("/")[0] for path in FIGURES} == {
        "hugo", "hexo", "jekyll", "pelican", "vault", "mdx", "notion", "plain", "documents",
    }  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_mark_stands_raw(made: tuple[dict[tuple[str, str], Post], dict[str, str]], channel: str) -> None:
    for (path, name), post in made[0].items():
        if name == channel and path not in AS_WORDS:
            for words in (shown(post.html), post.title, post.summary, *(p for p in post.parts if "puts" not in p)):
                assert not RAW.search(words), (path, RAW.search(words), words)


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_private_word_goes_out(made: tuple[dict[tuple[str, str], Post], dict[str, str]], channel: str) -> None:
    for (path, name), post in made[0].items():
        if name == channel:
            assert "HIDDEN" not in repr(post), path


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("path", FIGURES)
def test_every_figure_is_there(
    made: tuple[dict[tuple[str, str], Post], dict[str, str]], path: str, channel: str
) -> None:
    post, wanted = made[0][path, channel], Counter(FIGURES[path].split())
    page = re.sub(r"</?(?:sup|msup|mn)\b[^>]*>", " ", post.html)
    assert not wanted - Counter(figures(html.unescape(re.sub(r"<[^>]*>", "", page))))
    text = re.sub(r"https?://\S+|\[\d+\](?=[ .,，。和]|$)", "", "\n".join(post.parts), flags=re.MULTILINE)
    if channel == "weibo":  # its text is cut: what is there is right
        assert not Counter(figures(text)) - wanted
    else:
        assert not wanted - Counter(figures(text.replace("²", " 2")))


@pytest.mark.parametrize("path", sorted(AS_WORDS))
def test_what_a_plain_text_says_stands_as_it_is(
    made: tuple[dict[tuple[str, str], Post], dict[str, str]], path: str
) -> None:
    for channel in CHANNELS:
        text = made[0][path, channel].text
        for words in ("10~20", "US$5", "a==b", "2*3*4", ":100:", "%%"):
            assert words in text
            assert words in html.unescape(made[0][path, channel].html)


@pytest.mark.parametrize("path", LINKS)
def test_links_lead_to_the_drafts_that_they_name(
    made: tuple[dict[tuple[str, str], Post], dict[str, str]], path: str
) -> None:
    posts, there = made
    wanted = [there[target] for target in LINKS[path]]
    for channel in ("site", "feed", "mail"):
        found = [url.partition("#")[0] for url in re.findall(r'<a href="(https://[^"]*)"', posts[path, channel].html)]
        assert found == wanted
    assert not set(wanted) - {url.partition("#")[0] for _, url in posts[path, "wechat"].links}
