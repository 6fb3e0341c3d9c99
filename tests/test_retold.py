"""Why a file cannot be taken in is said in the language of who reads it, whoever took it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench

from steadycast import pipeline, retold
from steadycast.language import gettext as _
from steadycast.language import joined, listed, ngettext, quoted, speaking
from steadycast.ledger.tables import ProblemRow

SETTINGS = COMMUNITY + DAILY.replace(', "far"', "") + SITE
BROKEN = {
    "pgc/head.md": b"---\ntitle: [a\n---\n",
    "pgc/picture.md": b"# One\n\n![A](gone.jpg)\n",
    "pgc/large.md": b"#" * 3_000_000,
    "pgc/letters.md": b"# \xff\xfe\x00\xd8",
    "pgc/torn.docx": b"PK",
}


def said(app: Any, language: str) -> dict[str, tuple[str, str]]:
    with speaking(language):
        return {row.path: (row.message, row.hint) for row in app.ledger.problems()}


def broken(bench: Bench) -> Any:
    app = bench.set_up(SETTINGS)
    for path, data in BROKEN.items():
        file: Path = bench.root / "content" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return app


def test_a_broken_file_is_told_to_each_reader_in_the_readers_language(bench: Bench) -> None:
    app = broken(bench)
    found = {}
    for language in ("zh_Hans", "en"):
        app.ledger.put_problems([], BROKEN)
        with speaking(language):
            pipeline.collect(app, bench.clock.now(), feeds=False)
        found[language] = [said(app, reader) for reader in ("en", "zh_Hans", "zh_Hant")]
        assert found[language][0].keys() == BROKEN.keys()
    assert found["zh_Hans"] == found["en"], "whoever took it in"
    english, simplified, traditional = found["en"]
    for path in BROKEN:
        assert english[path][0].isascii()
        assert not simplified[path][0].isascii()
        assert not simplified[path][1].isascii() or not simplified[path][1]
    assert simplified != traditional


def test_a_problem_that_was_told_is_not_news_to_a_reader_of_another_language(bench: Bench) -> None:
    app = broken(bench)
    with speaking("zh_Hans"):
        assert len(pipeline.collect(app, bench.clock.now(), feeds=False).fresh) == len(BROKEN)
    with speaking("en"):
        again = pipeline.collect(app, bench.clock.now(), feeds=False)
        assert (again.fresh, len(again.problems)) == ((), len(BROKEN))


def test_what_an_older_version_wrote_is_shown_as_it_is(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    assert retold.again("in its own words") == "in its own words"
    app.ledger.put_problems([ProblemRow(path="pgc/a.md", at=bench.clock.now(), message="plain")])
    assert said(app, "en") == {"pgc/a.md": ("plain", "")}


@pytest.mark.parametrize("name", ["zh_Hans", "en"])
def test_a_text_of_texts_is_said_again_whole(name: str) -> None:
    def text() -> str:
        return _(
            "%(said)s (%(hint)s)",
            said=ngettext("its picture was left out", "its %(num)s pictures were left out", 2),
            hint=listed([quoted("a"), _("put a file there")]),
        )

    with speaking("zh_Hans"), retold.noting():
        kept = retold.kept(text())
    with speaking(name):
        assert retold.again(kept) == text()


@pytest.mark.parametrize(
    "kept", ["\x1e", "\x1e[", '\x1e["as said", ["no such", 1]]', '\x1e["as said", ["gettext", 3]]']
)
def test_what_cannot_be_said_again_is_said_as_it_was(kept: str) -> None:
    assert retold.again(kept) in {"", "[", "as said"}


FEED = "https://reader:TOPSECRETWORD@alice.example/feed.xml"


def test_what_is_wrong_with_a_feed_is_told_to_each_reader_in_the_readers_language(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by threads, put together of several texts, without its secrets; and no news to another reader."""
    feeds = "".join(
        f'\n[[feed]]\nmember = "alice"\n{key}\n' for key in ('url = "http://127.0.0.1:9/f"', 'secret = "F"')
    )
    monkeypatch.setenv("F", FEED)
    app = bench.set_up(SETTINGS + feeds)
    found = {}
    for language in ("zh_Hans", "en"):
        with speaking(language):
            came = pipeline.collect(app, bench.clock.now(), at_once=True)
            assert bool(came.fresh) is (language == "zh_Hans")
        found[language] = [said(app, reader) for reader in ("en", "zh_Hans", "zh_Hant")]
    assert found["zh_Hans"] == found["en"], "whoever looked at it"
    for english, simplified in zip(found["en"][0].values(), found["en"][1].values(), strict=True):
        assert english[0].isascii()
        assert not simplified[0].isascii()
        assert not simplified[1].isascii()
    assert "TOPSECRETWORD" not in str(found)


def test_secrets_are_taken_out_of_all_that_a_text_was_made_of() -> None:
    def hidden(text: str) -> str:
        return text.replace("SECRET", "***")

    with speaking("zh_Hans"), retold.noting():
        text = joined([_("%(name)s: %(said)s", name="SECRET", said=ValueError("SECRET")), quoted("SECRET"), "SECRET"])
        kept = retold.kept(retold.changed(text, hidden))
        assert retold.changed("of SECRET", hidden) == "of ***"
    assert "SECRET" not in kept
    with speaking("en"):
        assert retold.again(kept) == "***: ***; '***'; ***"
