"""The log-in of the desk: who is let in and from where, wrong passwords, a session while it lasts and after it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from desk_bench import KEY, Desk, browsing
from people_bench import PASSWORD, community
from pipeline_bench import Bench
from starlette.testclient import TestClient

from steadycast import pipeline
from steadycast.desk.guard import files_key
from steadycast.desk.rate_limits import FREE, LogIns, network
from steadycast.desk.server import made
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[Desk, Bench]]:
    """One desk for all of this: each test has sessions of its own."""
    with community(tmp_path_factory.mktemp("people"), empty_sqlite) as place:
        yield place


@pytest.fixture
def desk(place: tuple[Desk, Bench]) -> Desk:
    return place[0]


@pytest.fixture
def bench(place: tuple[Desk, Bench]) -> Bench:
    return place[1]


def test_without_a_session_every_page_leads_to_the_log_in(desk: Desk) -> None:
    answer = requests.get(f"{desk.url}/drafts?shelf=stock", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?back=%2Fdrafts%3Fshelf%3Dstock")
    assert requests.get(f"{desk.url}/events", headers={"Accept": "text/event-stream"}, timeout=10).status_code == 401
    assert requests.get(desk.url, headers={"X-Desk-Live": "1"}, timeout=10).status_code == 401
    assert requests.get(f"{desk.url}/health", timeout=10).status_code in (200, 503)


def test_after_the_log_in_one_is_where_one_wanted_to_be(desk: Desk) -> None:
    one = requests.Session()
    page = one.get(f"{desk.url}/drafts?shelf=stock", timeout=10)
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token
    own = {"Sec-Fetch-Site": "same-origin"}
    form = {"form_token": token[1], "name": "rea", "password": PASSWORD, "back": "/drafts?shelf=stock"}
    answer = one.post(f"{desk.url}/log-in", data=form, headers=own, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/drafts?shelf=stock")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    for elsewhere in ("https://evil.example/", "//evil.example"):
        answer = one.post(
            f"{desk.url}/log-in", data=form | {"back": elsewhere}, headers=own, timeout=10, allow_redirects=False
        )
        assert answer.headers["location"] == "/"


def test_behind_a_proxy_the_cookie_goes_over_https_only(desk: Desk) -> None:
    """The proxy on this machine says how the request came to it, and by which name."""
    headers = {
        "Host": "desk.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7",
        "Sec-Fetch-Site": "same-origin",
    }  # fmt: skip
    page = requests.get(f"{desk.url}/log-in", headers=headers, timeout=10)
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert token
    form = {"form_token": token[1], "name": "rea", "password": PASSWORD}
    answer = requests.post(f"{desk.url}/log-in", data=form, headers=headers, timeout=10, allow_redirects=False)
    assert "Secure" in answer.headers["set-cookie"]


def test_the_key_of_this_machine_opens_nothing_from_elsewhere(desk: Desk) -> None:
    """Neither by the public name, nor through a proxy: it is for whoever sits here and cannot log in."""
    cookies = {"steadycast_desk": KEY}
    assert requests.get(desk.url, cookies=cookies, timeout=10).status_code == 200
    for headers in ({"Host": "desk.example"}, {"X-Forwarded-For": "203.0.113.7"}):
        for path in ("/", f"/?key={KEY}"):
            answer = requests.get(desk.url + path, cookies=cookies, headers=headers, timeout=10, allow_redirects=False)
            assert answer.headers["location"].startswith("/log-in"), (headers, path)
    assert requests.get(desk.url, cookies=cookies, headers={"Host": "evil.example"}, timeout=10).status_code == 421


def test_wrong_passwords_wait(desk: Desk) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "203.0.113.99"}
    token = re.search(r'name="form_token" value="([^"]+)"', requests.get(f"{desk.url}/log-in", timeout=10).text)
    assert token
    answers = [
        requests.post(
            f"{desk.url}/log-in",
            headers=own,
            timeout=10,
            data={"form_token": token[1], "name": "nobody", "password": "x" * 12},
        )
        for _ in range(FREE + 1)
    ]
    assert [answer.status_code for answer in answers] == [401] * FREE + [429]
    assert len({answer.text for answer in answers[:FREE]}) == 1, "no answer says whether there is such a person"


def test_each_wrong_password_doubles_the_waiting() -> None:
    at = [0.0]
    limits = LogIns(lambda: at[0])
    for _ in range(FREE):
        assert limits.begin("a", "ann") == 0
        limits.end("a", "ann", right=False)
    assert limits.begin("b", "ann") == 1.0, "by name, from any address"
    assert limits.begin("a", "eve") == 1.0, "by address, for any name"
    waited = []
    for _ in range(15):
        at[0] += limits.begin("a", "ann")
        waited.append(limits.begin("a", "ann"))
        limits.end("a", "ann", right=False)
    assert waited == [0.0] * 15
    assert limits.begin("a", "eve") == 900.0
    assert limits.begin("c", "ann") == 60.0, "nobody is kept out for long by others"
    at[0] += 60
    assert limits.begin("c", "ann") == 0
    limits.end("c", "ann", right=True)
    assert limits.begin("d", "ann") == 0


def test_guesses_at_one_name_are_counted_as_one_however_they_are_written(bench: Bench) -> None:
    """With spaces around it, or composed of other characters, it is the same person's name."""
    limits = LogIns()
    for n, form in enumerate(("zoé", " zoé", "zoé ", "zoe\u0301", "\tzoe\u0301", "zoé\0")):
        with TestClient(bench_desk := made(bench.root, KEY), "http://localhost", client=(f"192.0.2.{n}", 1)) as client:
            bench_desk.state.log_ins = limits
            token = re.search(r'name="form_token" value="([^"]+)"', client.get("/log-in").text)
            assert token
            values = {"form_token": token[1], "name": form, "password": "a wrong one"}
            answer = client.post("/log-in", data=values, headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == (401 if n < FREE else 429), form


def test_one_customers_addresses_are_counted_as_one() -> None:
    """A provider gives each customer 2**64 addresses of IPv6."""
    limits = LogIns()
    for n in range(FREE):
        assert limits.begin(f"2001:db8::{n:x}", f"name {n}") == 0
        limits.end(f"2001:db8::{n:x}", f"name {n}", right=False)
    assert limits.begin("2001:db8::ffff", "another") > 0
    assert limits.begin("2001:db8:0:1::1", "another") == 0
    assert {network(each) for each in ("192.0.2.1", "::ffff:192.0.2.1")} == {"192.0.2.1"}
    assert network("no address") == "no address"


def test_an_address_of_files_ends_with_its_session(desk: Desk, bench: Bench) -> None:
    """Pages of files get no cookie, so their key stands in the address: whoever keeps it has it no longer than that."""
    (bench.root / "var/out").mkdir(parents=True, exist_ok=True)
    (bench.root / "var/out/kit.txt").write_text("paste me")

    def address(hash: str) -> str:
        return f"{desk.url}/files/{files_key(KEY, hash)}/out/kit.txt"

    for way_out in ("/log-out", "/me/sessions"):
        logged_in, other = desk.logged_in("rea", PASSWORD), desk.logged_in("rea", PASSWORD)
        own = address(accounts.hash_of(logged_in.session.cookies["steadycast_session"]))
        assert requests.get(own, timeout=10).text == "paste me"
        assert requests.get(own.replace("/out/", "x/out/"), allow_redirects=False, timeout=10).status_code == 303
        (logged_in if way_out == "/log-out" else other).post(way_out, on="/me")
        assert requests.get(own, allow_redirects=False, timeout=10).status_code == 303
    assert requests.get(address(""), timeout=10).text == "paste me", "this machine's own"
    away = {"X-Forwarded-For": "203.0.113.9"}
    with TestClient(made(bench.root, KEY), "http://localhost", client=("203.0.113.9", 1), headers=away) as elsewhere:
        path = address("").removeprefix(desk.url)
        assert elsewhere.get(path, follow_redirects=False).status_code == 303


def test_so_many_passwords_at_once_and_no_more() -> None:
    limits = LogIns(lambda: 0.0)
    assert [limits.begin(str(n), str(n)) for n in range(5)] == [0.0, 0.0, 0.0, 0.0, 1.0]


# A session, while it lasts and after it


def test_a_form_of_one_session_is_not_taken_in_another(desk: Desk) -> None:
    edi, own = desk.logged_in("edi", PASSWORD), desk.logged_in("own", PASSWORD)
    form = {"form_token": edi.token("/drafts"), "ids": "ugc/bob/one.md", "verdict": "reject"}
    headers = {"Sec-Fetch-Site": "same-origin"}
    assert own.session.post(f"{desk.url}/drafts/decide", data=form, headers=headers, timeout=10).status_code == 403


def test_what_was_written_is_sent_after_the_log_in(desk: Desk, bench: Bench) -> None:
    """The session ended under an open page: its form is not lost, and is done by whoever logs in."""
    edi = desk.logged_in("edi", PASSWORD)
    token = edi.token("/drafts")
    bench.app.ledger.end_sessions(pipeline.now(), person="edi")
    own = {"Sec-Fetch-Site": "same-origin", "Referer": f"{desk.url}/drafts"}
    why = "小林的字：\n\"<b>'&\n 两行"
    form = {"form_token": token, "ids": ["ugc/bob/one.md", "ugc/bob/two.md"], "verdict": "reject", "why": why}
    page = edi.session.post(f"{desk.url}/drafts/decide", data=form, headers=own, timeout=10)
    assert page.status_code == 401
    values = hidden(page.text)
    assert dict(values)["sent_to"] == "/drafts/decide"
    assert "form_token" not in [key for key, _ in json.loads(dict(values)["kept"])]
    again = edi.session.post(
        f"{desk.url}/log-in", data=[*values, ("name", "edi"), ("password", PASSWORD)], headers=own, timeout=10
    )
    kept = [(name, value) for name, value in areas(again.text)]
    assert kept == [("ids", "ugc/bob/one.md"), ("ids", "ugc/bob/two.md"), ("verdict", "reject"), ("why", why)]
    answer = edi.session.post(f"{desk.url}/drafts/decide", data=[*hidden(again.text), *kept], headers=own, timeout=10)
    assert answer.status_code == 200
    assert accounts.audited(bench.app)[0].who == "edi"


def hidden(page: str) -> list[tuple[str, str]]:
    import html

    return [(n, html.unescape(v)) for n, v in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)]


def areas(page: str) -> list[tuple[str, str]]:
    import html

    return [(n, html.unescape(v)) for n, v in re.findall(r'<textarea name="(\w+)" hidden>\n([^<]*)</textarea>', page)]


def test_the_language_that_one_chose_comes_along(desk: Desk) -> None:
    """To another browser, with the log-in."""
    desk.logged_in("rea", PASSWORD).post("/language", locale="zh_Hant")
    assert '<html lang="zh-Hant">' in desk.logged_in("rea", PASSWORD).get("/").text
    desk.logged_in("rea", PASSWORD).post("/language", locale="any")
    assert '<html lang="en">' in desk.logged_in("rea", PASSWORD).get("/").text


def test_another_password_is_asked_for_the_present_one(desk: Desk, bench: Bench) -> None:
    accounts.add_person(bench.app, "mei", Role.READER, PASSWORD, pipeline.now())
    here, there = desk.logged_in("mei", PASSWORD), desk.logged_in("mei", PASSWORD)
    here.post("/me/password", on="/me", password="wrong one here", new_password="eight teapots")
    assert there.get("/me").url.endswith("/me")
    assert (
        "other password"
        not in here.post("/me/password", on="/me", password=PASSWORD, new_password="eight teapots").text
    )
    assert "/log-in" in there.get("/me").url
    assert here.get("/me").url.endswith("/me")
    here.post("/log-out", on="/me")
    assert "/log-in" in here.get("/").url
    desk.logged_in("mei", "eight teapots")


# In Chromium


@pytest.mark.slow
@pytest.mark.parallel
def test_a_text_outlives_the_session_that_it_was_written_in(desk: Desk, bench: Bench) -> None:
    """Somebody writes for long, and is logged out meanwhile: they log in, and the draft is saved as they wrote it."""
    with browsing() as browser:
        page = browser.new_context().new_page()
        page.goto(f"{desk.url}/write")
        page.get_by_label("Name").fill("bob")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/write")
        page.get_by_label("Title", exact=True).first.fill("Written for long")
        page.locator(".cm-content").click()
        page.keyboard.type("A first line.")
        page.keyboard.press("Enter")
        page.keyboard.type("小林 said: <b>&amp;")
        bench.app.ledger.end_sessions(pipeline.now(), person="bob")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("Your session had ended.").wait_for()
        page.get_by_label("Name").fill("bob")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Send it now").click()
        page.wait_for_url("**/write/*")
        [file] = (bench.root / "content/ugc/bob").glob("Written*.md")
        assert "A first line.\n小林 said: <b>&amp;" in file.read_text(encoding="utf-8")
        page.goto(f"{desk.url}/drafts")
        bench.app.ledger.end_sessions(pipeline.now(), person="bob")
        (bench.root / "content/ugc/bob/another.md").write_text("# Another\n\nWords.\n", encoding="utf-8")
        page.wait_for_url("**/log-in?back=*")  # a page that is open leads there by itself
        page.get_by_label("Name").fill("bob")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.goto(f"{desk.url}/me")
        page.get_by_role("button", name="Log out", exact=True).click()
        page.wait_for_url("**/log-in")
