"""A reader leaves a channel by the address in a letter: they alone, by a POST alone, and no list brings them back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import axe
import letters_platform
import pytest
import requests
from api_bench import Client
from desk_bench import Desk, browsing, opened
from pipeline_bench import COMMUNITY, Bench

from steadycast import ops, pipeline
from steadycast.errors import InputError, LedgerError
from steadycast.pipeline import accounts, recipients
from steadycast.pipeline.permissions import Role
from steadycast.platform.subscribers import Subscribers

LETTERS = """
[desk]
url = "https://desk.example"

[channel.letters]
platform = "letters"
title = "Letters <b>"

[channel.far]
platform = "far"

[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["letters", "far"]
"""
BEFORE = {"why": "link", "at": "2026-01-01T00:00:00+00:00"}
PUBLIC = {"Host": "desk.example"}


@pytest.fixture
def listed(bench: Bench) -> Bench:
    letters_platform.brought(bench)
    bench.set_up(COMMUNITY + LETTERS)
    return bench


@pytest.fixture
def desk(listed: Bench) -> Iterator[Desk]:
    with Desk(listed.root).up() as desk:
        yield desk


def of(bench: Bench) -> Subscribers:
    found = recipients.subscribers(bench.app, "letters")
    assert found is not None
    return found


def path(bench: Bench, who: str = "ann@a.example") -> str:
    address = of(bench).address(who)
    assert address.startswith("https://desk.example/leave/letters/")
    return address.removeprefix("https://desk.example")


def states(bench: Bench) -> list[tuple[str, str]]:
    seen = recipients.of_channel(bench.app, "letters")
    assert seen is not None
    return sorted((each.name, each.state) for each in seen.rows)


BOTH = [("ann@a.example", "waiting"), ("bo@a.example", "waiting")]
ONE = [("ann@a.example", "left"), ("bo@a.example", "waiting")]


def test_a_post_without_a_cookie_from_anywhere_removes_that_one(listed: Bench, desk: Desk) -> None:
    """What a mail provider sends (RFC 8058), its browser's headers and all; sent twice it is the same."""
    where = desk.url + path(listed)
    headers = PUBLIC | {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    for _ in range(2):
        answer = requests.post(where, {"List-Unsubscribe": "One-Click"}, headers=headers, timeout=30)
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert states(listed) == ONE
    files = {"List-Unsubscribe": (None, "One-Click")}
    assert requests.post(where, files=files, headers=headers, timeout=30).status_code == 200
    seen = recipients.of_channel(listed.app, "letters")
    assert seen is not None
    assert (seen.counts, seen.rows[0].why) == ({"left": 1, "waiting": 1}, "link")


def test_opening_the_page_changes_nothing(listed: Bench, desk: Desk) -> None:
    """Programs that look for malware open every link of a letter."""
    for verb in ("GET", "HEAD"):
        answer = requests.request(verb, desk.url + path(listed), headers=PUBLIC, timeout=30)
        assert answer.status_code in (200, 405)
    assert states(listed) == BOTH
    page = requests.get(desk.url + path(listed), headers=PUBLIC, timeout=30).text
    assert "Unsubscribe?" in page
    assert "Letters &lt;b&gt;" in page
    assert "ann@" not in page


@pytest.mark.parametrize(("language", "asked", "done"), [
    ("en", "Unsubscribe?", "You are unsubscribed"), ("zh-CN", "要退订吗？", "已经退订"), ("zh-TW", "要退訂嗎？", "已經退訂"),
])  # fmt: skip
def test_the_page_speaks_the_readers_language(listed: Bench, desk: Desk, language: str, asked: str, done: str) -> None:
    headers = PUBLIC | {"Accept-Language": language}
    assert asked in requests.get(desk.url + path(listed), headers=headers, timeout=30).text
    assert done in requests.post(desk.url + path(listed), headers=headers, timeout=30).text


def test_who_left_by_mistake_comes_back_and_who_was_removed_by_a_person_does_not(listed: Bench, desk: Desk) -> None:
    where = desk.url + path(listed)
    assert "Subscribe again" in requests.post(where, headers=PUBLIC, timeout=30).text
    assert "subscribed again" in requests.post(f"{where}/back", headers=PUBLIC, timeout=30).text
    assert states(listed) == BOTH
    recipients.leave(listed.app, "letters", "Ann@A.example")
    assert "Subscribe again" not in requests.get(where, headers=PUBLIC, timeout=30).text
    requests.post(f"{where}/back", headers=PUBLIC, timeout=30)
    assert states(listed) == ONE
    recipients.back(listed.app, "letters", "ann@a.example")
    assert states(listed) == BOTH


def test_no_token_is_guessed(listed: Bench, desk: Desk) -> None:
    right = path(listed)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    other = path(listed, "bo@a.example")
    mixed = right[:-32] + other[-32:]
    for each in (wrong, mixed, right[:-1], right.replace("/letters/", "/far/"), right.replace("/letters/", "/none/")):
        assert requests.post(desk.url + each, headers=PUBLIC, timeout=30).status_code == 404, each
    assert requests.post(desk.url + right, headers={"Host": "evil.example"}, timeout=30).status_code == 421
    assert states(listed) == BOTH
    for _ in range(10):
        requests.post(desk.url + wrong, headers=PUBLIC, timeout=30)
    assert requests.post(desk.url + right, headers=PUBLIC, timeout=30).status_code == 429, "whoever guesses has to wait"


def test_the_ledger_says_of_nobody_who_it_is(listed: Bench) -> None:
    with pytest.raises(InputError, match="has no recipients who could leave"):
        recipients.leave(listed.app, "far", "ann@a.example")
    said = recipients.leave(listed.app, "letters", "ann@a.example")
    assert said == "ann@a.example is sent nothing any more by Letters <b>"
    rows = listed.app.ledger.states_of_channel("letters", "left ", dt.datetime.now(dt.UTC))
    assert len(rows) == 1
    assert "ann" not in str(rows)
    assert of(listed).mark("ann@a.example") != Subscribers(
        "letters", listed.app.channel("letters").state, str, "", dt.datetime.now
    ).mark("ann@a.example"), "keyed by the installation"


def test_an_older_ledger_that_is_put_back_writes_to_nobody_who_left_since(listed: Bench) -> None:
    """Neither by a link nor by a person; who came back since is written to, and nobody has to leave twice."""
    listed.app.ledger.set_state("letters", f"left {of(listed).mark('bo@a.example')}", BEFORE, None)
    ops.backup(listed.app, listed.root / "backup.tar", listed.clock.now())
    of(listed).leave(of(listed).mark("ann@a.example"), "link")
    recipients.back(listed.app, "letters", "bo@a.example")
    for app in listed.opened:
        app.close()
        app.__dict__.pop("ledger", None)
    ops.restore(listed.app.workspace, listed.root / "backup.tar", listed.clock.now(), force=True)
    assert states(listed) == ONE
    gone = of(listed).has_left(of(listed).mark("ann@a.example"))
    assert gone is not None
    assert gone.why == "link"
    of(listed).leave(of(listed).mark("ann@a.example"), "person")
    of(listed).back(of(listed).mark("ann@a.example"))
    assert states(listed) == BOTH
    written = (listed.root / "var" / "unsubscribed.log").read_text()
    assert "@" not in written
    assert [line.split(" ")[3] for line in written.split("\n") if line] == ["link", "link", "back", "back"]


def test_a_torn_line_hides_no_other_and_a_file_that_cannot_be_read_stops_the_letter(listed: Bench) -> None:
    file = listed.root / "var" / "unsubscribed.log"
    file.write_text(f"2026-11-29T12:00:00+00:00 letters {of(listed).mark('ann@a.example')} link\n2026-11-2")
    of(listed).leave(of(listed).mark("bo@a.example"), "person")
    assert [state for _who, state in states(listed)] == ["left", "left"]
    file.unlink()
    file.mkdir()
    with pytest.raises(LedgerError, match="says who left, cannot be used: it is a folder"):
        of(listed).left()
    with pytest.raises(LedgerError, match="says who left"):
        of(listed).leave(of(listed).mark("cy@a.example"), "link")


def test_the_channels_page_shows_who_left_and_takes_who_asked_a_person(listed: Bench, desk: Desk) -> None:
    desk.post("/channels/letters/recipients", "/channels/letters", who="ann@a.example", act="leave")
    page = desk.get("/channels/letters").text
    assert "get the next letter 1 · unsubscribed 1" in page.replace('<span class="dot"> </span>', " · ")
    assert "a person said so" in page
    desk.post("/channels/letters/recipients", "/channels/letters", who="ann@a.example", act="back")
    assert states(listed) == BOTH


def test_without_a_public_address_there_is_no_page_to_leave_by(listed: Bench) -> None:
    app = listed.set_up(COMMUNITY + LETTERS.replace('url = "https://desk.example"', ""))
    found = recipients.subscribers(app, "letters")
    assert found is not None
    assert found.address("ann@a.example") == ""
    assert found.mark_of(found.token("ann@a.example")) == found.mark("ANN@a.example ")
    assert pipeline.now().tzinfo is not None


@pytest.mark.slow
@pytest.mark.parallel
def test_in_a_browser_it_fits_and_is_found_whole(listed: Bench, desk: Desk) -> None:
    """The page by which a reader leaves, and the channel's page: narrow and wide, light and dark, in two languages."""
    axe.install()
    of(listed).leave(of(listed).mark("bo@a.example"), "bounced", "5.1.1")
    with browsing() as browser:
        for width, scheme, locale in ((390, "light", "zh-CN"), (1280, "dark", "en-GB"), (390, "dark", "zh-TW")):
            asked: dict[str, Any] = {"color_scheme": scheme, "locale": locale, "bypass_csp": True}
            page = opened(browser, desk, "/channels/letters", width=width, **asked)
            for where in (page.url, desk.url + path(listed)):
                page.goto(where)
                assert axe.faults(page) == [], where
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, where
            for _ in range(2):  # there, and back
                page.click("main button")
                assert axe.faults(page) == [], page.content()[-900:]
            page.context.close()
    assert states(listed) == [BOTH[0], ("bo@a.example", "left")]


def test_a_program_sees_and_changes_who_is_subscribed(listed: Bench, desk: Desk) -> None:
    now = pipeline.now()
    accounts.add_person(listed.app, "olive", Role.OWNER, "seven teapots", now)
    program = Client(desk, accounts.make_token(listed.app, "olive", "", Role.OWNER, now).text)
    changed = program.post("/channels/letters/recipients", who="ann@a.example", act="leave")
    assert changed.json()["counts"] == {"left": 1, "waiting": 1}
    seen = program.get("/channels/letters/recipients").json()["rows"]
    assert seen[0] == {"name": "ann@a.example", "state": "left", "why": "person"}
    assert program.get("/channels/far/recipients").json() == {"counts": {}, "rows": []}
    for path in ("none", "far"):
        refused = program.post(f"/channels/{path}/recipients", who="ann@a.example", act="back")
        assert 400 <= refused.status_code < 500, refused.text
