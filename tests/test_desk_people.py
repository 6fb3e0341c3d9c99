"""People at the desk: who logs in, what each role may do, and what is written down of it."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from desk_bench import KEY, Desk, browsing
from pipeline_bench import DAILY, SETTINGS, Bench
from starlette.testclient import TestClient

from steadycast import pipeline
from steadycast.desk.guard import files_key
from steadycast.desk.rate_limits import FREE, LogIns, network
from steadycast.desk.server import made
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

PASSWORD = "seven teapots"
NOTES = DAILY.replace("daily", "notes").replace("Daily", "Notes").replace("20:00", "08:00")
PUBLIC = '\n[desk]\nurl = "https://desk.example"\n'
DRAFTS = {
    "ugc/bob/one.md": "---\nseries: daily\n---\n# One\n\nWords.\n",
    "ugc/bob/two.md": "---\nseries: notes\n---\n# Two\n\nWords.\n",
    "pgc/own.md": "---\nseries: daily\n---\n# Own\n\nWords.\n",
}
PEOPLE = {"rea": Role.READER, "bob": Role.MEMBER, "edi": Role.EDITOR, "lim": Role.EDITOR, "own": Role.OWNER}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Iterator[tuple[Desk, Bench]]:
    """One desk for all of this: each test has sessions of its own."""
    bench = Bench(tmp_path_factory.mktemp("people"), empty_sqlite)
    app = bench.set_up(SETTINGS + NOTES + PUBLIC, DRAFTS)
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "PROFILE", {"iterations": 1, "lanes": 1, "memory_cost": 64})
        for name, role in PEOPLE.items():
            series = ["notes"] if name == "lim" else []
            accounts.add_person(app, name, role, PASSWORD, pipeline.now(), series=series)
        with Desk(bench.root).up() as desk:
            yield desk, bench
    for opened in bench.opened:
        opened.close()


@pytest.fixture
def desk(place: tuple[Desk, Bench]) -> Desk:
    return place[0]


@pytest.fixture
def bench(place: tuple[Desk, Bench]) -> Bench:
    return place[1]


def _slots(bench: Bench, series: str) -> list[str]:
    now = pipeline.now()
    rows = bench.app.ledger.slots_between(now, now + accounts.LASTS)
    return [row.id for row in rows if row.series == series]


def test_each_role_is_told_what_it_can_do_something_about(desk: Desk, bench: Bench) -> None:
    """A member's day asks for no approval, their list is their own, and their calendar offers no move."""
    bob, edi = desk.logged_in("bob", PASSWORD), desk.logged_in("edi", PASSWORD)
    assert re.search(r"needs? you|The next slot is empty", edi.get("/").text), "by the hour"
    assert not re.search(r"needs? you", bob.get("/").text)
    own = bob.get("/drafts").text
    assert "One" in own
    assert "Own" not in own
    assert '<option value="bob" selected>' in own
    assert "Own" in bob.get("/drafts?shelf=all").text
    assert '<option value="bob" selected>' not in edi.get("/drafts").text
    assert "Move to…" in edi.get("/calendar").text
    assert not {"Move to…", "Find a draft", "Ask a member"} & {*re.findall(r">([^<>]+)</a>", bob.get("/calendar").text)}


# Each role and each act

FORMS = {
    "submit": ("/write", {"title": "A new one", "body": "Words.", "ready": "no", "series": "notes"}),
    "decide, theirs": ("/drafts/decide", {"ids": "ugc/bob/two.md", "verdict": "reject"}),
    "decide": ("/drafts/decide", {"ids": "ugc/bob/one.md", "verdict": "reject"}),
    "plan, theirs": ("/slots/NOTES/fill", {}),
    "plan": ("/slots/DAILY/fill", {}),
    "settle": ("/deliveries/none/settle", {"is_there": "no"}),
    "settings": ("/settings/community", {"name": "Others"}),
    "people": ("/members/invite", {"member": "bob"}),
}
ALLOWED = {
    "rea": set(),
    "bob": {"submit"},
    "lim": {"submit", "decide, theirs", "plan, theirs"},
    "edi": {"submit", "decide, theirs", "decide", "plan, theirs", "plan", "settle"},
    "own": {*FORMS},
}


@pytest.mark.parametrize("name", PEOPLE)
def test_a_role_may_what_it_may_and_nothing_else(desk: Desk, bench: Bench, name: str) -> None:
    """What is refused is refused by a page that says so, and does nothing; what is let through leaves a row."""
    logged_in = desk.logged_in(name, PASSWORD)
    places = {"NOTES": _slots(bench, "notes")[0], "DAILY": _slots(bench, "daily")[0]}
    done = set()
    for act, (path, values) in FORMS.items():
        to = re.sub("NOTES|DAILY", lambda found: places[found[0]], path)
        before = accounts.audited(bench.app)[0].id
        answer = logged_in.post(to, **values)
        rows = [row for row in accounts.audited(bench.app) if row.who == name and (row.id or 0) > (before or 0)]
        if answer.status_code == 403:
            assert "This cannot be shown" in answer.text
            assert rows == [], act
            continue
        done.add(act)
        if act != "settings":  # its effect was only shown
            assert [(row.via, row.act) for row in rows] == [("desk", act.partition(",")[0])], act
    assert done == ALLOWED[name]
    shown = {page: logged_in.get(page).status_code for page in ("/", "/drafts", "/record", "/write", "/settings")}
    assert shown == {
        "/": 200, "/drafts": 200, "/record": 200,
        "/write": 200 if name != "rea" else 403, "/settings": 200 if name == "own" else 403,
    }  # fmt: skip


def test_a_row_names_what_it_was_about(desk: Desk, bench: Bench) -> None:
    desk.logged_in("edi", PASSWORD).post("/drafts/decide", ids=["ugc/bob/one.md", "ugc/bob/two.md"], verdict="reject")
    newest = accounts.audited(bench.app)[0]
    assert (newest.who, newest.act) == ("edi", "decide")
    assert newest.subject == "draft ugc/bob/one.md, draft ugc/bob/two.md"
    assert newest.detail == "/drafts/decide reject"
    assert bench.app.ledger.decisions_of(draft_id(bench, "ugc/bob/one.md"))[0].who == "edi"


def draft_id(bench: Bench, path: str) -> str:
    return next(row.id for row in bench.app.ledger.drafts() if row.path == path)


def test_a_member_writes_for_nobody_else(desk: Desk, bench: Bench) -> None:
    """Whatever the form says: a new draft is theirs, and another's file is not opened."""
    bob = desk.logged_in("bob", PASSWORD)
    bob.post("/write", title="Mine", body="Words.", ready="no", member="alice")
    assert [*(bench.root / "content/ugc/bob").glob("Mine.md")]
    assert not (bench.root / "content/ugc/alice").exists()
    own = draft_id(bench, "pgc/own.md")
    assert bob.get(f"/write/{own}").status_code == 403
    before = (bench.root / "content/pgc/own.md").read_text()
    for path in ("pgc/own.md", "ugc/alice/x.md", "ugc/../pgc/own.md"):
        answer = bob.post("/write", title="Taken", body="Words.", file=path, base="")
        assert answer.status_code in (403, 422), path
    assert (bench.root / "content/pgc/own.md").read_text() == before
    assert bob.get(f"/write/{draft_id(bench, 'ugc/bob/one.md')}").status_code == 200


def test_an_editor_of_named_series_writes_for_the_house_what_names_these(desk: Desk, bench: Bench) -> None:
    """What the house writes is approved on arrival: so it must not reach the series of others."""
    lim = desk.logged_in("lim", PASSWORD)
    for series in ([], ["daily"], ["daily", "notes"]):
        assert lim.post("/write", title="Wide", body="Words.", series=series).status_code == 403
    assert lim.post("/write", title="Narrow", body="Words.", series=["notes"]).status_code == 200


def test_an_editor_of_named_series_writes_for_a_trusted_member_as_for_the_house(desk: Desk, bench: Bench) -> None:
    """What a trusted member writes is approved on arrival, too. What waits for approval may name any series."""
    lim = desk.logged_in("lim", PASSWORD)
    for series in ([], ["daily"], ["daily", "notes"]):
        answer = lim.post("/write", title="As Alice", body="Words.", series=series, member="alice")
        assert answer.status_code == 403, series
    assert not (bench.root / "content/ugc/alice").exists()
    assert lim.post("/write", title="As Bob", body="Words.", series=["daily"], member="bob").status_code == 200


def test_an_editor_of_named_series_takes_no_draft_from_another_series(desk: Desk, bench: Bench) -> None:
    """A draft that is there is theirs to write as it is theirs to decide on, whatever it would name afterwards."""
    lim, file = desk.logged_in("lim", PASSWORD), bench.root / "content/pgc/own.md"
    before, own = file.read_bytes(), draft_id(bench, "pgc/own.md")
    taken = {"title": "Taken", "body": "Words.", "series": "notes", "file": "pgc/own.md"}
    assert lim.get(f"/write/{own}").status_code == 403
    assert lim.post("/write", **taken, base=hashlib.sha256(before).hexdigest()).status_code == 403
    assert lim.post("/write/preview", **taken).status_code == 403
    assert file.read_bytes() == before
    assert lim.get(f"/write/{draft_id(bench, 'ugc/bob/two.md')}").status_code == 200, "of notes alone"


# The way in


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


def test_no_secret_is_told(desk: Desk, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a page nor the log of changes nor the machine's own log has a password or a token in it."""
    caplog.set_level(logging.DEBUG)
    own = desk.logged_in("own", PASSWORD)
    secrets = [PASSWORD, own.session.cookies["steadycast_session"], KEY]
    pages = "".join(own.get(path).text for path in ("/", "/me", "/settings", "/members"))
    told = pages + caplog.text + repr([row.model_dump() for row in accounts.audited(bench.app, count=500)])
    assert [secret for secret in secrets if secret in told] == []


def test_a_members_page_is_written_down_as_the_members(desk: Desk, bench: Bench) -> None:
    token = pipeline.invites.make(bench.app, "bob", "own", pipeline.now()).token
    page = requests.get(f"{desk.url}/m/{token}", timeout=10)
    form = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert form
    sent = {"form_token": (None, form[1]), "title": (None, "From afar"), "text": (None, "Words.")}
    answer = requests.post(f"{desk.url}/m/{token}", files=sent, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30)
    assert answer.status_code == 200
    newest = accounts.audited(bench.app)[0]
    assert (newest.who, newest.act, newest.detail) == ("bob", "submit", "/m/{token}")
    assert token not in repr(newest)


# What is shown


def forms_on(page: str) -> set[str]:
    """Where the forms of a page's middle lead."""
    middle = page.partition("<main")[2].partition("</main>")[0]
    return {to for method, to in re.findall(r'<form method="(\w+)" action="([^"]+)"', middle) if method == "post"}


@pytest.mark.parametrize("path", ["/", "/drafts", "/calendar", "/members", "/record", "/kits", "/log", "SLOT", "DRAFT"])
def test_a_reader_sees_pages_without_forms(desk: Desk, bench: Bench, path: str) -> None:
    """An editor has them on the same pages: they are not gone for everybody."""
    at = {"SLOT": f"/slots/{_slots(bench, 'daily')[0]}", "DRAFT": f"/drafts/{draft_id(bench, 'ugc/bob/one.md')}"}
    answer = desk.logged_in("rea", PASSWORD).get(at.get(path, path))
    assert answer.status_code == 200
    assert forms_on(answer.text) == set()
    assert 'href="/settings"' not in answer.text
    assert 'href="/write' not in answer.text
    if path in {"SLOT", "DRAFT"}:
        assert forms_on(desk.logged_in("edi", PASSWORD).get(at[path]).text)


def test_an_owner_lets_somebody_in_and_out(desk: Desk, bench: Bench) -> None:
    """Added, made an editor of one series, given a token that is shown once, ended: all on the desk."""
    own, to = desk.logged_in("own", PASSWORD), "/settings/people/%E5%B0%8F%E9%99%88"
    own.post("/settings/people", name="小陈", password=PASSWORD, role="reader")
    assert "小陈" in own.get("/settings/people").text
    theirs = desk.logged_in("小陈", PASSWORD)
    assert theirs.get("/settings/people").status_code == 403
    own.post(f"{to}/role", role="editor", series=["notes"])
    assert "Notes" in theirs.get("/me").text
    shown = own.post(f"{to}/tokens", label="a script", role="editor", days="30")
    token = re.search(r"steadycast_[A-Za-z0-9_-]{43}", shown.text)
    assert token
    person = accounts.token(bench.app, token[0], pipeline.now())
    assert person
    assert person.series == frozenset({"notes"})
    assert token[0] not in own.get(to).text
    own.post(f"{to}/end")
    assert "/log-in" in theirs.get("/").url
    assert accounts.token(bench.app, token[0], pipeline.now()) is None
    assert "person 小陈" in own.get("/settings/log").text
    told = [row.detail.rpartition("/")[2] for row in accounts.audited(bench.app, count=3)]
    assert told == ["end", "tokens editor", "role editor"]


def test_the_last_owner_stays(desk: Desk) -> None:
    own = desk.logged_in("own", PASSWORD)
    assert "only owner" in own.post("/settings/people/own/end", on="/settings/people").text
    assert own.get("/settings/people").status_code == 200


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


# In a browser

BEYOND = {  # who -> forms that an owner's page has, and whether each is theirs
    "rea": {"submit": False, "decide": False, "plan": False, "settings": False},
    "bob": {"submit": True, "decide": False, "plan": False, "people": False},
    "lim": {"decide": False, "plan": False, "plan, theirs": True, "settings": False},
}


@pytest.mark.slow
@pytest.mark.live
@pytest.mark.parallel
@pytest.mark.parametrize("name", BEYOND)
def test_a_browser_shows_a_role_its_own_forms_and_refuses_one_that_is_made_up(
    desk: Desk, bench: Bench, name: str
) -> None:
    """Logged in by the page, round by the menu; then with a form that somebody wrote into the page by hand."""
    places = {"NOTES": _slots(bench, "notes")[1], "DAILY": _slots(bench, "daily")[1]}
    with browsing() as browser:
        page = browser.new_page()
        page.goto(f"{desk.url}/drafts")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{desk.url}/drafts**")
        shown = set()
        for link in [each.get_attribute("href") for each in page.locator("nav a[href^='/']").all()]:
            page.goto(f"{desk.url}{link}")
            assert page.locator("h1").first.is_visible()
            shown |= {each.get_attribute("action") or "" for each in page.locator("form[method=post]").all()}
        if name != "lim":
            assert not [action for action in shown if action.startswith(("/drafts/decide", "/slots/", "/settings/"))]
        for what, theirs in BEYOND[name].items():
            action, fields = FORMS[what]
            for placed, slot in places.items():
                action = action.replace(placed, slot)
            page.goto(f"{desk.url}/")
            with page.expect_navigation() as came:
                page.evaluate(
                    """([action, fields]) => {
                        const form = document.createElement("form");
                        form.method = "post";
                        form.action = action;
                        const token = document.querySelector("input[name=form_token]").value;
                        for (const [name, value] of Object.entries({form_token: token, ...fields})) {
                            const field = document.createElement("input");
                            field.name = name;
                            field.value = value;
                            form.append(field);
                        }
                        document.body.append(form);
                        form.submit();
                    }""",
                    [action, fields],
                )
            answer = came.value
            assert answer
            assert (answer.status == 403) is not theirs, (what, answer.status)
            if not theirs:
                assert re.search("role does not let you|some series only", page.inner_text("main"))
        browser.close()
