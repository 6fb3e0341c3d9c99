"""Who is let into the desk: the key of this machine, its own names, its own forms."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from desk_bench import KEY, Desk
from pipeline_bench import SETTINGS, Bench
from starlette.testclient import TestClient

from steadycast.cli.ports import kept
from steadycast.desk.guard import Guard
from steadycast.desk.pages import CHOSEN
from steadycast.desk.server import made
from steadycast.ledger.store import Ledger


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    bench.set_up(SETTINGS, {"ugc/bob/one.md": "# One\n\nWords.\n"})
    with Desk(bench.root).up() as desk:
        yield desk


def test_without_the_key_nobody_is_let_in(desk: Desk) -> None:
    """Others may be logged in on this machine: a page tells them nothing, a form does nothing."""
    for answer in (
        requests.get(desk.url, timeout=10),
        requests.get(f"{desk.url}/?key=wrong", timeout=10),
        requests.get(desk.url, cookies={"steadycast_desk": "wrong"}, timeout=10),
        requests.post(f"{desk.url}/drafts/decide", data={"ids": "x"}, timeout=10),
    ):
        assert answer.status_code == 403
        assert "Test readers" not in answer.text


@pytest.mark.parametrize("left", ["", "\n"])
def test_a_key_file_that_a_full_disk_left_empty_is_made_anew(tmp_path: Path, left: str) -> None:
    """An empty key would let in whoever brings none."""
    file = tmp_path / "var" / "desk" / "key"
    file.parent.mkdir(parents=True)
    file.write_text(left)
    made = kept(file, lambda: "a-new-key")
    assert made == kept(file, lambda: "another") == "a-new-key"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="empty key"):
        Guard(None, "", None, None)  # type: ignore[arg-type]


def test_a_secret_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    def full() -> str:
        raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space"):
        kept(tmp_path / "key", full)
    assert not (tmp_path / "key").exists()


def test_the_key_leaves_the_address_and_becomes_a_cookie_that_no_script_reads(desk: Desk) -> None:
    answer = requests.get(f"{desk.url}/calendar?key={KEY}", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["location"]) == (303, "/calendar")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]


def test_another_name_for_this_machine_is_not_the_desk(desk: Desk) -> None:
    """A page elsewhere whose name was turned to 127.0.0.1 sends its own name."""
    assert desk.get("/", Host="evil.example").status_code == 421
    assert desk.get("/static/desk.css", Host="evil.example").status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8420/static/?", "localhost:1@evil.example", "127.0.0.1:", ""])
def test_what_is_no_name_is_not_the_desks(desk: Desk, host: str) -> None:
    assert desk.get("/", Host=host).status_code in (400, 421)


def test_health_is_told_to_this_machine_only(bench: Bench) -> None:
    """Whoever asks from elsewhere may call it by any name."""
    bench.set_up(SETTINGS, {})
    for address, status in (("127.0.0.1", {200, 503}), ("192.0.2.7", {421})):
        with TestClient(made(bench.root, KEY), base_url="http://localhost", client=(address, 50_000)) as client:
            assert client.get("/health").status_code in status


def test_a_program_is_not_asked_for_by_a_page_of_another_site(desk: Desk) -> None:
    for path in ("/mcp", "/api/v1/me"):
        bearer = {"Authorization": f"Bearer {KEY}"}
        assert desk.get(path, Origin="https://evil.example", **bearer).status_code == 403
        assert desk.get(path, Origin="null", **bearer).status_code == 403
    assert desk.get("/api/v1/me", Origin=desk.url, Authorization=f"Bearer {KEY}").status_code == 200


def test_a_form_of_another_page_changes_nothing(desk: Desk) -> None:
    """Neither one that comes from elsewhere, nor one without the token, nor one with another start's."""
    form = {"verdict": "reject", "ids": "x", "form_token": desk.token("/drafts")}
    url = f"{desk.url}/drafts/decide"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert desk.session.post(url, data=form, headers=headers, timeout=10).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert desk.session.post(url, data=form | {"form_token": "x"}, headers=own, timeout=10).status_code == 403
    without = {"verdict": "reject", "ids": "x"}
    assert desk.session.post(url, data=without, headers=own, timeout=10).status_code == 403


def test_every_page_says_what_it_may_load(desk: Desk) -> None:
    """Nothing from elsewhere, no script in a page, no page of another in which it is framed."""
    for path in ("/", "/calendar", "/nowhere", "/static/desk.css"):
        answer = desk.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-inline'" not in policy
        assert answer.headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")


def test_a_form_leads_on_inside_the_desk_only(desk: Desk) -> None:
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        answer = desk.post("/drafts/decide", verdict="approve", ids=["ugc/bob/one.md"], back=back)
        assert answer.url.startswith(desk.url)


def test_what_is_refused_is_told_in_the_readers_language(desk: Desk, bench: Bench) -> None:
    """As a page to whoever looks at it, as a line of text to a program."""
    desk.session.cookies.set(CHOSEN, "zh_Hans")
    person = {"Accept": "text/html,*/*;q=0.8"}
    for address, status, said in (
        ("/?key=another", 403, "这个地址属于工作台之前的一次启动，已经失效。"),
        ("/nowhere", 404, "没有这个页面。"),
        ("/settings/log?before=x", 422, "地址或表单里有看不懂的值。"),
    ):
        answer = desk.get(address, **person)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text
        assert '<html lang="zh-' in answer.text
    stolen = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    answer = desk.session.post(desk.url + "/why/look", headers=stolen | person, timeout=30)
    assert (answer.status_code, "这不是从工作台的页面提交的。" in answer.text) == (403, True)
    assert "<html" in answer.text
    answer = desk.session.post(desk.url + "/why/look", headers=stolen | {"Accept": "application/json"}, timeout=30)
    assert answer.text == "这不是从工作台的页面提交的。"
    assert desk.get("/", Host="evil.example").text == "这不是工作台的主机名。"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_is_a_page_that_says_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In the reader's language, under the rules of every page, and without a word of the fault itself."""

    def broken(_self: Ledger, *_asked: object, **_more: object) -> None:
        raise RuntimeError("var/secrets/TOKEN")

    desk.session.cookies.set(CHOSEN, "zh_Hans")
    monkeypatch.setattr(Ledger, "problems", broken)
    seen = desk.get("/drafts/unread")
    sent = desk.post("/drafts/title", on="/drafts", file="pgc/a.mp3", title="A")
    for answer, todo, told in (
        (seen, "过一分钟，重新打开这一页。", "GET /drafts/unread"),
        (sent, "刚才提交的可能已经保存", "POST /drafts/title"),
    ):
        assert (answer.status_code, todo in answer.text, told in answer.text) == (500, True, True), answer.text
        assert '<html lang="zh-' in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "secrets" not in answer.text
        assert "RuntimeError" not in answer.text
        assert answer.headers["Connection"] == "close", "the server ends it: the next request needs another one"
    assert [line.split(" ", 2)[2] for line in caplog.messages if "/drafts/" in line] == [
        "GET /drafts/unread",
        "POST /drafts/title",
    ]
