"""A program asks a person to publish a slot now: it stands on the desk, and the answer is read by whoever asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_bench import PASSWORD, Client, person
from desk_bench import Desk
from pipeline_bench import SETTINGS, Bench, article

from steadycast import pipeline
from steadycast.errors import InputError
from steadycast.pipeline import publish_requests
from steadycast.pipeline.permissions import Role
from steadycast.pipeline.publish_requests import OF_ONE, Standing

DRAFTS = {f"pgc/{n}.md": article(f"Draft {n}") for n in range(4)}
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def slots(bench: Bench) -> list[str]:
    """The coming slots that carry a draft."""
    app, now = bench.set_up(SETTINGS, DRAFTS), pipeline.now()
    pipeline.collect(app, now)
    pipeline.plan(app, now)
    return [row.id for row in app.ledger.slots_between(now, now + 300 * HOUR) if row.draft and row.at > now + HOUR]


@pytest.fixture
def desk(slots: list[str], bench: Bench) -> Iterator[Desk]:
    assert slots
    with Desk(bench.root).up() as desk:
        yield desk


def test_a_person_sees_who_asks_for_what_and_says_yes(desk: Desk, bench: Bench, slots: list[str]) -> None:
    carol = Client(desk, person(bench, "carol", Role.MEMBER))
    made = carol.post(f"/slots/{slots[0]}/ask-to-publish", why="the river is <b>high</b>")
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert (made.json()["standing"], made.json()["who"], made.json()["via"]) == ("open", "carol", "api")
    assert carol.post(f"/publish-requests/{id}/answer", yes=True).status_code == 403
    person(bench, "edith", Role.EDITOR)
    desk = desk.logged_in("edith", PASSWORD)
    page = desk.get("/").text
    assert "the river is &lt;b&gt;high&lt;/b&gt;" in page
    assert "carol" in page
    assert "Draft" in page
    answer = desk.post(f"/publish-requests/{id}", on="/", answer="yes", note="go on")
    assert "It went to 2 channels." in answer.text
    assert "the river is" not in answer.text
    told = carol.get(f"/publish-requests/{id}").json()
    assert (told["standing"], told["answered_by"], told["note"]) == ("yes", "edith", "go on")
    assert {each["channel"]: each["state"] for each in told["places"]} == {"site": "published", "far": "published"}
    newest = bench.open().ledger.audit_page()[0]
    assert (newest.who, newest.act, newest.subject, newest.detail) == (
        "edith", "plan", f"publish request {id}", "/publish-requests/{id} yes",
    )  # fmt: skip
    again = desk.post(f"/publish-requests/{id}", on="/", answer="yes")
    assert "does not wait any more" in again.text


def test_no_leaves_the_slot_its_hour_and_what_changed_is_not_asked_any_more(
    desk: Desk, bench: Bench, slots: list[str]
) -> None:
    edith = Client(desk, person(bench, "edith", Role.EDITOR))
    wendy = Client(desk, person(bench, "wendy", Role.EDITOR, "daily"))
    first, second = (edith.post(f"/slots/{slot}/ask-to-publish").json() for slot in slots[:2])
    assert edith.post(f"/slots/{slots[0]}/ask-to-publish").json()["id"] == first["id"], "the same, asked again"
    said = wendy.post(f"/publish-requests/{first['id']}/answer", yes=False, note="not yet").json()
    assert (said["standing"], said["note"], said["places"][0]["state"]) == ("no", "not yet", "due")
    assert wendy.post(f"/publish-requests/{second['id']}/withdraw").status_code == 422, "another's"
    # The slot carries something else by now.
    other = bench.app.ledger.slot(slots[2])
    assert other
    assert edith.post(f"/slots/{slots[1]}/pin", draft=other.draft, agreed=True).status_code == 200
    assert edith.get(f"/publish-requests/{second['id']}").json()["standing"] == "lapsed"
    assert edith.post(f"/publish-requests/{second['id']}/answer", yes=True).status_code == 422
    third = edith.post(f"/slots/{slots[1]}/ask-to-publish").json()
    assert third["id"] != second["id"]
    assert edith.post(f"/publish-requests/{third['id']}/withdraw").json()["standing"] == "withdrawn"
    listed = [edith.get("/publish-requests", limit=2).json()]
    listed.append(edith.session.get(desk.url + listed[0]["next"], timeout=9).json())
    assert [each["standing"] for page in listed for each in page["items"]] == ["withdrawn", "lapsed", "no"]
    assert edith.get("/deliveries").json()["items"] == []
    assert edith.get("/publish-requests/99999").status_code == 404
    assert edith.post("/slots/daily@2001-01-01T20:00/ask-to-publish").status_code == 422


def test_one_person_can_ask_for_so_much_and_an_hour_that_comes_ends_it(bench: Bench, slots: list[str]) -> None:
    app, now = bench.app, pipeline.now()
    made = publish_requests.ask(app, slots[0], now, by="carol", via="mcp")
    assert [each.id for each in publish_requests.waiting(app, now)] == [made.id]
    assert publish_requests.waiting(app, made.at + HOUR) == []
    assert publish_requests.one(app, made.id, made.at + HOUR).standing is Standing.LAPSED
    with pytest.raises(InputError, match="longer than"):
        publish_requests.ask(app, slots[1], now, by="carol", via="mcp", why="x" * 501)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish_requests, "OF_ONE", 1)
        with pytest.raises(InputError, match="1 requests of carol wait already"):
            publish_requests.ask(app, slots[1], now, by="carol", via="mcp")
    assert OF_ONE > 1
    empty = app.ledger.owed_and_empty(now, now + 999 * HOUR, 1)
    with pytest.raises(InputError, match="carries no draft"):
        publish_requests.ask(app, empty[0].id, now, by="carol", via="mcp")


def test_a_person_answers_by_a_command_too(
    bench: Bench, slots: list[str], run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bench.root)
    made = publish_requests.ask(bench.app, slots[0], pipeline.now(), by="carol", via="mcp", why="it is high water")
    shown = run("status")[1]
    assert "it is high water" in shown
    assert f"steadycast answer {made.id} yes" in " ".join(shown.split())
    assert "is told no" in run("answer", str(made.id), "no", "--note", "later")[1]
    assert "does not wait any more" in run("answer", str(made.id), "yes", code=2)[2]
    again = publish_requests.ask(bench.app, slots[0], pipeline.now(), by="carol", via="mcp")
    run("answer", str(again.id), "yes")
    assert publish_requests.one(bench.app, again.id, pipeline.now()).standing is Standing.YES
    assert [*Path(bench.root, "var").rglob("*.html")]


def test_to_publish_the_slot_by_its_own_page_answers_who_asked(desk: Desk, bench: Bench, slots: list[str]) -> None:
    carol = Client(desk, person(bench, "carol", Role.MEMBER))
    asked = [carol.post(f"/slots/{slot}/ask-to-publish", why="the river is high").json()["id"] for slot in slots[:2]]
    person(bench, "edith", Role.EDITOR)
    desk = desk.logged_in("edith", PASSWORD)
    page, holds = f"/slots/{slots[0]}/publish", bench.app.ledger.slot(slots[0])
    assert holds
    assert "the river is high" in desk.get(page).text, "it says that somebody waits for it"
    assert "It went to 2 channels." in desk.post(page, holds=holds.draft).text
    told = carol.get(f"/publish-requests/{asked[0]}").json()
    assert (told["standing"], told["answered_by"]) == ("yes", "edith")
    edith = Client(desk, person(bench, "edna", Role.EDITOR))
    assert edith.post(f"/slots/{slots[1]}/publish").json()["failed"] == 0
    assert carol.get(f"/publish-requests/{asked[1]}").json()["standing"] == "yes", "over the API too"
