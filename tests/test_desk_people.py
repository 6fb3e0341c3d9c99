"""People at the desk: what each role may do and is shown, and what is written down of it."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from desk_bench import KEY, Desk, browsing
from people_bench import PASSWORD, PEOPLE, community
from pipeline_bench import Bench

from steadycast import pipeline
from steadycast.pipeline import accounts


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


# What is written down, and what never is


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
    assert f'<a href="{to}">小陈</a>' in own.get("/settings/log").text
    told = [row.detail.rpartition("/")[2] for row in accounts.audited(bench.app, count=3)]
    assert told == ["end", "tokens editor", "role editor"]


def test_the_log_of_changes_names_what_was_changed_as_people_do(desk: Desk, bench: Bench) -> None:
    own, now = desk.logged_in("own", PASSWORD), pipeline.now()
    pipeline.collect(bench.app, now)
    row = pipeline.drafts(bench.app, now)[0]
    for subject in (f"draft {row['id']}, slot daily@2026-11-27T20:00", "series daily", "draft gone", "POST /odd"):
        accounts.audit(bench.app, "own", "desk", now, act="plan", subject=subject)
    log = own.get("/settings/log").text
    assert f'<a href="/drafts/{row["id"]}">' in log
    assert '<a href="/slots/daily%402026-11-27T20%3A00">Daily, Fri, Nov 27 20:00</a>' in log
    assert '<a href="/settings/series/daily">Daily</a>' in log
    assert ">gone</a>" in log
    assert "POST /odd" in log


def test_the_last_owner_stays(desk: Desk) -> None:
    own = desk.logged_in("own", PASSWORD)
    assert "only owner" in own.post("/settings/people/own/end", on="/settings/people").text
    assert own.get("/settings/people").status_code == 200


# In Chromium

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
