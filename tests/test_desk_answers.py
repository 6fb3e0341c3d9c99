"""What was made this second is given again to the same request, and never when it would tell something else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from desk_bench import KEY, Desk
from markupsafe import Markup
from pipeline_bench import SETTINGS, Bench
from test_desk_cost import heard
from test_flows import steadycast

from steadycast import pipeline
from steadycast.desk import answers, own_files, pages
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

PASSWORD = "seven teapots"
TITLE = "A text of its own"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
OWN_FILE = re.compile(r'"(/static/[^"]+)"')


@pytest.fixture
def desk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose second does not end: only what is asked, and what changed, tell answers apart."""
    app, second = bench.set_up(SETTINGS, {"ugc/bob/one.md": f"# {TITLE}\n\nWords.\n"}), pipeline.now()
    pipeline.collect(app, second)
    for name, role in {"rea": Role.READER, "own": Role.OWNER}.items():
        accounts.add_person(app, name, role, PASSWORD, second)
    with Desk(bench.root).up() as desk:
        monkeypatch.setattr(pipeline, "now", lambda: second)
        yield desk


def asks_nothing(ask: Callable[[], requests.Response]) -> bool:
    """Whether an answer comes without a look into the ledger's tables."""
    with heard() as said:
        assert ask().status_code in {200, 503}
    return not said


def test_the_same_is_answered_with_what_is_kept(desk: Desk) -> None:
    for path in sorted(answers.PAGES - {"/health"}):
        first = desk.get(path)
        with heard() as said:
            again = desk.get(path)
        assert said == [], path
        assert (again.text, again.headers["cache-control"]) == (first.text, "no-store")
        assert not asks_nothing(lambda path=path: desk.get(path + "?other=1"))  # type: ignore[misc]


def test_the_next_second_has_answers_of_its_own(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not asks_nothing(lambda: desk.get("/?of=this"))  # what was asked before may be of the second before
    assert asks_nothing(lambda: desk.get("/?of=this"))
    later = pipeline.now() + dt.timedelta(seconds=1)
    monkeypatch.setattr(pipeline, "now", lambda: later)
    assert not asks_nothing(lambda: desk.get("/?of=this"))


def test_each_person_sees_their_own_name_buttons_and_forms(desk: Desk) -> None:
    """However they ask in turn; and who brings another one's cookie besides is who the session says."""
    readers = [desk.logged_in("rea", PASSWORD), desk.logged_in("own", PASSWORD), desk.logged_in("own", PASSWORD)]
    seen = [[reader.get("/drafts").text for _ in range(2)] for reader in readers for _ in range(2)]
    for (first, second), name in zip(seen, ["rea"] * 2 + ["own"] * 4, strict=True):
        assert first == second
        assert f"<bdi>{name}</bdi>" in first
        assert ('href="/settings"' in first) is (name == "own")
    assert len({TOKEN.findall(page[0])[0] for page in seen}) == 3
    for reader in readers:
        token = TOKEN.findall(reader.get("/drafts").text)[0]
        sent = {"form_token": token, "locale": "en"}
        asked = reader.session.post(f"{desk.url}/language", data=sent, headers={"Origin": desk.url}, timeout=30)
        assert asked.status_code == 200


def test_who_is_let_in_nowhere_is_answered_as_before(desk: Desk) -> None:
    assert desk.get("/drafts").status_code == 200
    assert desk.get("/drafts", Host="evil.example").status_code == 421
    stranger = requests.get(f"{desk.url}/drafts", allow_redirects=False, timeout=30)
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/log-in?back=%2Fdrafts")
    wrong = {"steadycast_desk": KEY + "x"}
    assert requests.get(f"{desk.url}/drafts", cookies=wrong, allow_redirects=False, timeout=30).status_code == 303


def test_a_session_that_ended_elsewhere_opens_nothing_any_more(desk: Desk, bench: Bench) -> None:
    reader = desk.logged_in("rea", PASSWORD)
    assert not asks_nothing(lambda: reader.get("/drafts"))
    assert asks_nothing(lambda: reader.get("/drafts"))
    bench.app.ledger.end_sessions(pipeline.now(), person="rea")
    assert "/log-in" in reader.get("/drafts").url
    editor = desk.logged_in("rea", PASSWORD)
    assert 'value="approve"' not in editor.get("/drafts").text
    accounts.change_role(bench.app, "rea", Role.EDITOR)
    assert 'value="approve"' in editor.get("/drafts").text


def test_a_page_is_in_the_language_of_who_asks(desk: Desk) -> None:
    for _ in range(2):
        assert 'lang="en"' in desk.get("/").text
        assert 'lang="zh-Hans"' in desk.get("/", Cookie=f"steadycast_desk={KEY}; steadycast_language=zh_Hans").text


def test_what_was_done_shows_at_once_and_is_told_once(desk: Desk) -> None:
    assert TITLE in desk.get("/drafts").text
    told = desk.post("/drafts/decide", on="/drafts", ids="ugc/bob/one.md", verdict="approve", back="/drafts")
    assert "One draft is approved." in told.text
    after = [desk.get("/drafts?shelf=inbox").text for _ in range(2)]
    assert not any("is approved." in page or TITLE in page for page in after)


def test_a_form_that_changed_no_row_makes_pages_anew(desk: Desk) -> None:
    """What it changed may be a file."""
    assert not asks_nothing(lambda: desk.get("/drafts"))
    assert asks_nothing(lambda: desk.get("/drafts"))
    desk.session.post(f"{desk.url}/nowhere", headers={"Origin": desk.url}, timeout=30)
    assert not asks_nothing(lambda: desk.get("/drafts"))


@pytest.mark.slow
@pytest.mark.parallel
def test_what_a_command_changed_shows_at_once(desk: Desk, bench: Bench) -> None:
    assert TITLE in desk.get("/drafts").text
    steadycast("approve", "ugc/bob/one.md", cwd=bench.root)
    assert TITLE not in desk.get("/drafts?shelf=inbox").text
    (bench.root / "steadycast.toml").write_text(SETTINGS.replace("Test readers", "Other readers"), encoding="utf-8")
    assert "Other readers" in desk.get("/drafts").text


def test_no_more_is_kept_than_there_is_room_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 10_000)
    texts = {desk.get(f"/drafts?q=word{n}").text for n in range(15)}
    assert len(texts) == 15
    kept = [n for n in range(15) if asks_nothing(lambda n=n: desk.get(f"/drafts?q=word{n}"))]  # type: ignore[misc]
    assert 0 < len(kept) < 10


def test_a_style_is_packed_once_a_second_and_health_looked_up_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a promise is in danger, which a program that watches is told by the status."""
    made: list[str] = []
    real = own_files.OwnFiles.get_response

    async def counts(self: own_files.OwnFiles, path: str, scope: Any) -> Any:
        made.append(path)
        return await real(self, path, scope)

    monkeypatch.setattr(own_files.OwnFiles, "get_response", counts)
    first, again = desk.get("/static/desk.css"), desk.get("/static/desk.css")
    assert made == ["desk.css"]
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert not asks_nothing(lambda: desk.get("/health"))
    assert asks_nothing(lambda: desk.get("/health"))
    assert desk.get("/health").status_code == 503


def test_a_part_of_a_page_is_made_once_for_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def part(text: str) -> Markup:
        made.append(text)
        return Markup("<p>{}</p>").format(text)

    kept = pages.Kept()
    assert [kept((text, "month"), part, text) for text in "aab"] == ["<p>a</p>", "<p>a</p>", "<p>b</p>"]
    assert made == ["a", "b"]
    monkeypatch.setattr(pages, "MOST_KEPT", 2)
    assert kept(("c", "month"), part, "c") == "<p>c</p>"
    assert len(kept) == 1


def test_a_style_is_asked_for_once_and_again_when_it_says_something_else(desk: Desk) -> None:
    """Its address tells its content; without that, a browser asks whether it is still the same."""
    named = {name for path in ("/", "/write", "/log-in") for name in OWN_FILE.findall(desk.get(path).text)}
    assert len(named) > 4
    for name in named:
        answer = desk.get(name)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, own_files.FOR_GOOD), name
    for name in ("/static/desk.css", "/static/desk.css?v=0123456789ab", "/static/desk.css?v="):
        answer = desk.get(name)
        assert answer.headers["cache-control"] == own_files.ASKED_AGAIN
        assert desk.get(name, **{"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert desk.get("/static/../server.py").status_code == 404
    assert desk.get("/static/%2e%2e/server.py?v=0").status_code == 404


def test_no_template_names_a_file_of_ours_that_is_not_there() -> None:
    for template in Path(own_files.__file__).parent.joinpath("templates").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        assert own_files.addressed(text).count("?v=") == text.count('"/static/'), template.name
