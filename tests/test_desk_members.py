"""Members on the desk, and the page that an invite opens: what it lets in, what it shows, and what it keeps out."""

from __future__ import annotations

import io
import re
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from desk_bench import KEY, Desk, browsing
from desk_bench import opened as page_of
from pipeline_bench import Bench
from test_member_submissions import SETTINGS, document, photo

from steadycast import pipeline
from steadycast.desk.rate_limits import OF_ALL, OF_ONE, WINDOW, WRONG, Limits
from steadycast.pipeline import members
from steadycast.pipeline.app import App

PUBLIC = "desk.readers.example"
FORM = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def app(bench: Bench) -> App:
    return bench.set_up(SETTINGS, {"pgc/1.md": "# One\n\nWords.\n"})


@pytest.fixture
def desk(bench: Bench, app: App) -> Iterator[Desk]:
    with Desk(bench.root).up() as desk:
        yield desk


def invited(desk: Desk, member: str = "bob") -> str:
    """The path of a member's page."""
    shown = desk.post("/members/invite", on="/members", member=member)
    found = re.search(rf'value="https://{PUBLIC}(/m/[\w-]+)"', shown.text)
    assert found, shown.text
    return found[1]


def sent(desk: Desk, path: str, files: Any = (), headers: dict[str, str] = FORM, **fields: str) -> requests.Response:
    """A member's form, from a browser that has no cookie of the desk."""
    found = re.search(r'name="form_token" value="(\w+)"', requests.get(desk.url + path, timeout=10).text)
    given = {"form_token": found[1] if found else "", "title": "", "text": "", **fields}
    parts = [(name, (None, value)) for name, value in given.items()]
    parts += [("files", (name, data)) for name, data in files]
    with requests.Session() as session:
        return session.post(desk.url + path, files=parts, headers=headers, timeout=30)


def test_a_members_share_says_of_what(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sent(desk, invited(desk), title="Rain", text="Words, and more of them.")
    monkeypatch.setattr(members, "_went", lambda *_given: Counter(bob=1, alice=1))
    shown = re.sub(r"<[^>]*>", "", desk.get("/members").text)
    assert re.search(r"one slot in the past year\s*50% of members’ slots", shown)


def test_an_invite_takes_a_draft_in_shows_what_became_of_it_and_is_revoked(desk: Desk, app: App) -> None:
    path = invited(desk)
    pipeline.plan(app, pipeline.now())
    answer = sent(desk, path, [("稿子.docx", document())])
    assert "“雨夜读诗” has arrived" in answer.text
    assert "waits for approval" in answer.text
    assert "Test readers" in answer.text
    assert "Daily has nothing yet for" in answer.text
    assert "/drafts" not in answer.text  # nothing of the operator's
    (row,) = app.ledger.drafts(["waiting"])
    assert "雨夜读诗" in desk.get("/members/bob").text
    assert "one draft waits" in desk.get("/members").text
    desk.post("/drafts/decide", on="/drafts", verdict="approve", ids=[row.id], back="/drafts")
    assert "planned for" in requests.get(desk.url + path, timeout=10).text
    (invite,) = app.ledger.invites_of("bob")
    after = desk.post("/members/bob/revoke", on="/members/bob", invite=invite.hash)
    assert "The link is revoked" in after.text
    assert requests.get(desk.url + path, timeout=10).status_code == 404
    assert sent(desk, path, text="Words").status_code == 404


def test_a_member_reads_the_page_in_the_language_they_choose(desk: Desk) -> None:
    path = invited(desk)
    with requests.Session() as phone:
        assert '<html lang="en">' in phone.get(desk.url + path, timeout=10).text
        chosen = phone.get(desk.url + path + "?language=zh_Hant", timeout=10)
        assert chosen.url == desk.url + path
        for _ in range(2):
            assert '<html lang="zh-Hant">' in phone.get(desk.url + path + "?language=elsewhere", timeout=10).text
        assert [cookie.path for cookie in phone.cookies] == [path]
    assert requests.get(desk.url + path[:-4] + "AAAA?language=zh_Hant", timeout=10).status_code == 404


def test_the_link_is_nowhere_but_on_the_page_that_made_it(desk: Desk, bench: Bench) -> None:
    token = invited(desk).split("/")[2]
    assert token not in desk.get("/members/bob").text
    kept = [file for file in bench.root.rglob("*") if file.is_file() and token.encode() in file.read_bytes()]
    assert kept == []


def test_the_public_name_opens_members_pages_and_nothing_else(desk: Desk) -> None:
    path = invited(desk)
    host = {"Host": PUBLIC}

    def asked(where: str, **more: Any) -> int:
        return requests.get(desk.url + where, headers=host, timeout=10, **more).status_code

    assert asked(path) == 200
    assert asked("/static/desk.css") == 200
    for where in (
        "/",
        "/members",
        f"/?key={KEY}",
        f"/members?key={KEY}",
        "/health",
        "/kits",
        "/files/x/out/a",
        "/live",
    ):
        assert asked(where, allow_redirects=False, cookies={"steadycast_desk": KEY}) == 421, where
    other = requests.get(desk.url + path, headers={"Host": "evil.example"}, timeout=10)
    assert other.status_code == 421
    assert requests.get(f"{desk.url}/members", timeout=10).status_code == 403  # the token opens no page of the operator


def test_a_form_of_another_page_is_refused(desk: Desk, app: App) -> None:
    path = invited(desk)
    file = [("a.txt", b"Words")]
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert sent(desk, path, file, headers).status_code == 403
    assert sent(desk, path, file, form_token="wrong").status_code == 403
    assert sent(desk, path, file, form_token=desk.token("/kits")).status_code == 403
    assert app.ledger.drafts(["waiting"]) == []


def test_hostile_names_and_words_are_shown_as_words(desk: Desk, app: App) -> None:
    path = invited(desk)
    bad = '"><script>alert(1)</script>'
    answer = sent(desk, path, [("../../../pgc/x\x00\r\nSet-Cookie: a=b;.jpg", photo())], title=bad, text=bad)
    assert "<script>alert" not in answer.text
    assert "<script>alert" not in desk.get("/members/bob").text
    (row,) = app.ledger.drafts(["waiting"])
    assert row.path.startswith("ugc/bob/2")
    refused = sent(desk, path, [(f"{bad}.exe", b"MZ")], text="Words")
    assert 'class="said refused"' in refused.text
    assert "<script>alert" not in refused.text
    assert desk.post("/members/invite", on="/members", member="../pgc").text.count("no member") == 1


def test_what_was_written_is_still_there_after_a_refusal(desk: Desk) -> None:
    path = invited(desk)
    answer = sent(desk, path, [("a.exe", b"MZ program")], title="雨夜 <读诗>", text="第一段。\n\n第二段。")
    assert "of a kind that is not taken" in answer.text
    assert 'value="雨夜 &lt;读诗&gt;"' in answer.text
    assert re.search(r"<textarea[^>]*>\s*第一段。\r?\n\r?\n第二段。</textarea>", answer.text)
    assert 'value="雨夜' not in requests.get(desk.url + path, timeout=10).text


@pytest.mark.live
@pytest.mark.parallel
def test_in_a_browser_a_refusal_before_the_form_is_read_keeps_the_words(desk: Desk, app: App) -> None:
    """As where a day's number is full: SETTINGS lets three come."""
    path = invited(desk)
    for number in range(3):
        sent(desk, path, title=f"Number {number}", text="Words.")
    with browsing() as browser:
        phone = browser.new_page(viewport={"width": 390, "height": 844})
        phone.goto(desk.url + path)
        phone.fill("[name=title]", "雨夜")
        phone.fill("[name=text]", "不能丢的一段话。")
        phone.click(".send button.main")
        phone.wait_for_selector(".said.refused")
        assert phone.input_value("[name=text]") == "不能丢的一段话。"
        assert phone.input_value("[name=title]") == "雨夜"
        phone.goto(desk.url + path)
        assert phone.input_value("[name=text]") == ""


def test_too_much_is_refused_while_it_comes_in(desk: Desk, app: App, bench: Bench) -> None:
    """Not after: a form that is larger than it may be is cut off, whatever its head said, and nothing of it stays."""
    bench.settings(SETTINGS + "member_upload = 1000000\n")
    path = invited(desk)
    assert "At most 1 MB" in sent(desk, path, [("a.wav", b"RIFF" + b"x" * 1_100_000)]).text
    many = [(f"{n}.jpg", photo()) for n in range(14)]
    assert "too many files" in sent(desk, path, many, text="Words").text
    endless = chunked(desk, path)
    assert len(endless) < 20_000_000
    home = app.workspace.content / "ugc/bob"
    assert [*home.iterdir()] == []
    assert app.ledger.drafts(["waiting"]) == []


def chunked(desk: Desk, path: str) -> bytes:
    """What was sent of a form without an end, until the desk hung up."""
    found = re.search(r'name="form_token" value="(\w+)"', requests.get(desk.url + path, timeout=10).text)
    assert found
    host, _, port = desk.url.removeprefix("http://").partition(":")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nSec-Fetch-Site: same-origin\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    first = f'--b\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n{found[1]}\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'  # fmt: skip
    told = io.BytesIO()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode() + f"{len(first):x}\r\n{first}\r\n".encode())
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        try:
            while told.tell() < 20_000_000:
                connection.sendall(piece)
                told.write(piece)
        except OSError:
            pass
    return told.getvalue()


def test_guessing_is_bounded_for_one_address_and_for_all() -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    for _ in range(WRONG):
        assert limits.admit("a")
        limits.missed("a")
    assert not limits.admit("a")
    assert limits.admit("b")
    now[0] = WINDOW
    assert sum(limits.admit("a") for _ in range(OF_ONE + 5)) == OF_ONE
    assert sum(limits.admit(f"c{n}") for n in range(OF_ALL)) == OF_ALL - OF_ONE
    now[0] = 2 * WINDOW
    assert limits.admit("a")


def test_guessed_tokens_are_slowed_down_on_the_socket(desk: Desk) -> None:
    path = invited(desk)
    answers = [requests.get(f"{desk.url}/m/{n:032d}", timeout=10).status_code for n in range(WRONG + 2)]
    assert answers == [404] * WRONG + [429, 429]
    assert requests.get(desk.url + path, timeout=10).status_code == 429
    assert desk.get("/members").status_code == 200  # the operator's pages are not slowed


@pytest.mark.live
@pytest.mark.parallel
def test_in_a_browser_a_members_page_shows_what_was_decided_and_keeps_what_is_typed(desk: Desk, app: App) -> None:
    path = invited(desk)
    sent(desk, path, title="Rain", text="Words.")
    with browsing() as browser:
        phone = browser.new_page(viewport={"width": 390, "height": 844}, locale="en")
        phone.clock.install()
        phone.goto(desk.url + path)
        phone.get_by_text("waits for approval").wait_for()
        phone.fill("[name=text]", "Half a sentence")
        draft = next(row for row in app.ledger.drafts() if row.title == "Rain")
        pipeline.decide(app, [draft.id], "reject", by="tester", now=pipeline.now(), why="Too short")
        phone.clock.run_for(29_000)
        assert phone.get_by_text("waits for approval").is_visible()
        phone.clock.run_for(2_000)
        phone.get_by_text("Too short").wait_for()
        assert phone.input_value("[name=text]") == "Half a sentence"
        assert phone.evaluate("document.activeElement.name") == "text"


@pytest.mark.live
@pytest.mark.parallel
def test_from_a_phone_to_the_record(desk: Desk, app: App) -> None:
    """A member sends a Word document from a 390 px phone; it is approved, planned, published, and on record."""
    from playwright.sync_api import FilePayload

    with browsing() as browser:
        operator = page_of(browser, desk, "/members")
        operator.get_by_label("Invite somebody to write").fill("bob")
        operator.get_by_role("button", name="Make a link").click()
        link = operator.get_by_label("Link", exact=True).input_value()
        phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        phone.goto(desk.url + link.removeprefix(f"https://{PUBLIC}"))
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        phone.get_by_label("Document, pictures, sound or film").set_input_files(
            FilePayload(name="稿子.docx", mimeType=word, buffer=document())
        )
        phone.get_by_role("button", name="Send").click()
        phone.get_by_text("has arrived").wait_for()
        assert phone.get_by_text("waits for approval").is_visible()
        (row,) = app.ledger.drafts(["waiting"])
        operator.goto(f"{desk.url}/drafts/{row.id}")
        operator.get_by_role("button", name="Approve").first.click()
        phone.reload()
        phone.get_by_text("planned for").wait_for()
        pipeline.plan(app, pipeline.now())
        operator.goto(f"{desk.url}/calendar?view=list")
        operator.get_by_role("link", name="雨夜读诗").click()
        operator.get_by_role("link", name="Publish now…").click()
        operator.get_by_role("button", name="Publish now").click()
        operator.get_by_text("It went to 2 channels.").wait_for()
        phone.reload()
        assert phone.get_by_text("out since").is_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        operator.goto(f"{desk.url}/log")
        assert operator.get_by_role("link", name="雨夜读诗").count() == 2
        operator.goto(f"{desk.url}/members/bob")
        assert operator.get_by_role("link", name="https://far.example/").is_visible()
