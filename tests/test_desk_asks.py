"""Asking a member on the desk, what the member sees and answers, and the calendars that programs read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import icalendar
import pytest
import requests
from desk_bench import Desk, browsing
from desk_bench import opened as page_of
from pipeline_bench import Bench, article
from test_desk_members import FORM, PUBLIC, invited, sent
from test_member_submissions import SETTINGS

from steadycast import pipeline
from steadycast.ledger.tables import SlotRow
from steadycast.pipeline import asking
from steadycast.pipeline.app import App


@pytest.fixture
def app(bench: Bench) -> App:
    app = bench.set_up(SETTINGS)
    pipeline.plan(app, pipeline.now())
    return app


@pytest.fixture
def desk(bench: Bench, app: App) -> Iterator[Desk]:
    with Desk(bench.root).up() as desk:
        yield desk


def far_slot(app: App) -> SlotRow:
    """A slot some days ahead."""
    now = pipeline.now()
    return app.ledger.slots_between(now + dt.timedelta(days=5), now + dt.timedelta(days=9))[0]


def address(slot: SlotRow) -> str:
    return f"/slots/{quote(slot.id)}"


def asked(desk: Desk, slot: SlotRow, member: str = "bob", **fields: str) -> requests.Response:
    return desk.post(f"{address(slot)}/ask", on=address(slot), member=member, back=address(slot), **fields)


def fields_of(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that leads there."""
    form = html.split(f'action="{action}"')[1].split("</form>", maxsplit=1)[0]
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


def answered(
    desk: Desk, path: str, id: int, answer: str, headers: dict[str, str] = FORM, **more: Any
) -> requests.Response:
    found = re.search(r'name="form_token" value="(\w+)"', requests.get(desk.url + path, timeout=10).text)
    given = {"form_token": found[1] if found else "", "answer": answer, **more}
    with requests.Session() as session:
        return session.post(f"{desk.url}{path}/asks/{id}", data=given, headers=headers, timeout=10)


def events(raw: str) -> dict[str, Any]:
    """The events of a calendar by their UID."""
    found = [part for part in icalendar.Calendar.from_ical(raw).walk("VEVENT") if isinstance(part, icalendar.Event)]
    assert len({str(each["uid"]) for each in found}) == len(found)
    return {str(each["uid"]): each for each in found}


def test_a_member_is_asked_answers_and_it_stands_on_every_page(desk: Desk, app: App) -> None:
    slot = far_slot(app)
    shown = asked(desk, slot, note="Rain <script>alert(1)</script>")
    assert "Bob is asked to write by" in shown.text
    assert "no link to a page of their own" in shown.text
    assert "<script>alert" not in shown.text
    path = invited(desk)
    assert "no link to a page of their own" not in desk.get(address(slot)).text
    day = slot.local[:10]
    pages = ["/", "/members/bob", *(f"/calendar?view={view}&from={day}" for view in ("month", "week", "list"))]
    for page in pages:
        assert "asked" in desk.get(page).text, page
    own = requests.get(desk.url + path, timeout=10).text
    for words in ("What you are asked for", "Yes, I will", "Rain &lt;script&gt;"):
        assert words in own
    (ask,) = app.ledger.asks_of_slots([slot.id]).values()
    assert "Please send it by" in answered(desk, path, ask.id or 0, "yes").text
    assert "said yes" in desk.get(address(slot)).text
    assert "Somebody else will be asked" in answered(desk, path, ask.id or 0, "no").text
    assert "declined" in desk.get("/").text
    assert "not asked for any more" in answered(desk, path, ask.id or 0, "yes").text


def test_what_is_done_is_undone(desk: Desk, app: App) -> None:
    """Asked and taken back, taken back and asked again; a day that is left out, in one step."""
    slot = far_slot(app)
    shown = asked(desk, slot).text
    (ask,) = app.ledger.asks_of_slots([slot.id]).values()
    withdraw, restore = f"/asks/{ask.id}/withdraw", f"/asks/{ask.id}/restore"
    shown = desk.post(withdraw, on=address(slot), **fields_of(shown, withdraw)).text
    assert "Bob is not asked any more." in shown
    assert "Bob is asked to write by" in desk.post(restore, on=address(slot), **fields_of(shown, restore)).text
    assert "refused" in asked(desk, slot, "alice").text
    day = slot.local[:10]
    shown = desk.post("/skip", on="/calendar", series="daily", day=day, because="Holiday").text
    assert "is left out" in shown
    shown = desk.post("/skip", on="/calendar", **fields_of(shown, "/skip")).text
    assert "has its slots again" in shown
    again = fields_of(shown, "/skip")
    assert again["because"] == "Holiday"
    assert "is left out" in desk.post("/skip", on="/calendar", **again).text


def test_nobody_else_answers_and_a_large_form_is_refused(desk: Desk, app: App) -> None:
    slot = far_slot(app)
    asked(desk, slot)
    (ask,) = app.ledger.asks_of_slots([slot.id]).values()
    bob, alice = invited(desk), invited(desk, "alice")
    assert "not asked for any more" in answered(desk, alice, ask.id or 0, "yes").text
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
        assert answered(desk, bob, ask.id or 0, "yes", headers).status_code == 403
    assert answered(desk, bob, ask.id or 0, "yes", form_token="wrong").status_code == 403
    assert answered(desk, bob, ask.id or 0, "yes", more="x" * 10_000).status_code == 413
    assert answered(desk, "/m/" + "x" * 32, ask.id or 0, "yes").status_code == 404
    assert answered(desk, bob, 10**30, "yes").status_code in (200, 422)
    assert requests.get(f"{desk.url}/m/{'x' * 32}/asks.ics", timeout=10).status_code == 404
    assert asking.of(app, slot.id, "bob", pipeline.now()).standing == "open"
    for id in (str(ask.id), "9" * 40, "²"):  # it arrives, for no slot
        assert "has arrived" in sent(desk, alice, text=f"Words {id}", title=f"Alice's {id}", ask=id).text
    assert app.ledger.ask(ask.id or 0).draft is None  # type: ignore[union-attr]


def test_the_slots_are_a_calendar_whose_events_keep_their_names(desk: Desk, app: App, bench: Bench) -> None:
    """An empty slot reminds a day before; what changes has a higher SEQUENCE, and the same UID."""
    slot = far_slot(app)
    uid = f"{slot.id}@steadycast"
    answer = desk.get("/calendar/plan.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    before = events(answer.text)[uid]
    (alarm,) = before.walk("VALARM")
    assert alarm["TRIGGER"].dt == dt.timedelta(days=-1)
    assert before["DTSTART"].dt == slot.at
    assert str(before["STATUS"]) == "TENTATIVE"
    asked(desk, slot)
    after = events(desk.get("/calendar/plan.ics").text)[uid]
    assert "Bob is asked" in str(after["DESCRIPTION"])
    assert after["SEQUENCE"] > before["SEQUENCE"]
    bench.drop("pgc/1.md", article("One", f"slot: {slot.id}"))
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    last = events(desk.get("/calendar/plan.ics").text)[uid]
    assert "One" in str(last["SUMMARY"])
    assert last["SEQUENCE"] > after["SEQUENCE"]
    assert last.walk("VALARM") == []


def test_what_came_by_another_way_is_tied_to_the_ask_on_its_page(desk: Desk, app: App, bench: Bench) -> None:
    """A file in the member's folder, before it is approved or after; nobody else's draft is."""
    slot = far_slot(app)
    asked(desk, slot)
    (ask,) = app.ledger.asks_of_slots([slot.id]).values()
    bench.drop("ugc/bob/letter.md", article("By letter"))
    bench.drop("ugc/alice/other.md", article("Hers"))
    pipeline.collect(app, pipeline.now())
    rows = {row.title: row for row in app.ledger.drafts()}
    assert "/sent" not in desk.get(f"/drafts/{rows['Hers'].id}").text
    forged = desk.post(f"/asks/{ask.id}/sent", on="/calendar", draft=rows["Hers"].id)
    assert 'class="said refused"' in forged.text
    letter = f"/drafts/{rows['By letter'].id}"
    tied = desk.post(f"/asks/{ask.id}/sent", on=letter, draft=rows["By letter"].id)
    assert "Once it is approved" in tied.text
    assert "/sent" not in tied.text
    assert f'class="button" href="{letter}"' in desk.get("/").text  # what came is looked at, not its slot
    desk.post("/drafts/decide", on=letter, ids=rows["By letter"].id, verdict="approve", back=letter)
    assert app.ledger.slot(slot.id).draft == rows["By letter"].id  # type: ignore[union-attr]


def test_a_calendar_program_reads_the_plan_by_an_address_of_its_persons_own(desk: Desk, app: App) -> None:
    """Without a cookie and by the public name; another address ends the one before, and it opens nothing else."""

    def made() -> str:
        shown = desk.post("/calendar/link", on="/calendar/link").text
        found = re.search(rf'value="https://{PUBLIC}(/c/[\w-]+\.ics)"', shown)
        assert found, shown
        assert f'href="webcal://{PUBLIC}{found[1]}"' in shown
        return desk.url + found[1]

    first = made()
    answer = requests.get(first, headers={"Host": PUBLIC}, timeout=10)
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert f"{far_slot(app).id}@steadycast" in events(answer.text)
    assert first.rpartition("/")[2][:-4] not in desk.get("/calendar/link").text
    assert requests.get(first, headers={"Host": "evil.example"}, timeout=10).status_code == 421
    second = made()
    assert requests.get(first, timeout=10).status_code == 404
    assert requests.get(second, timeout=10).status_code == 200
    assert requests.get(second.replace("/c/", "/m/").removesuffix(".ics"), timeout=10).status_code == 404
    desk.post("/calendar/link/end", on="/calendar/link")
    assert requests.get(second, timeout=10).status_code == 404


def test_a_member_has_a_calendar_of_what_they_are_asked_for(desk: Desk, app: App) -> None:
    """By the public name too; what is not asked for any more is cancelled, under the same UID."""
    slot = far_slot(app)
    path = invited(desk)
    where = f"{desk.url}{path}/asks.ics"
    assert events(requests.get(where, timeout=10).text) == {}
    asked(desk, slot, note="Rain")
    (ask,) = app.ledger.asks_of_slots([slot.id]).values()
    ((uid, event),) = events(requests.get(where, headers={"Host": PUBLIC}, timeout=10).text).items()
    assert event["DTSTART"].dt == dt.date.fromisoformat(ask.due)
    single = requests.get(f"{desk.url}{path}/asks/{ask.id}.ics", timeout=10)
    assert events(single.text).keys() == {uid}, "one of them, for any calendar"
    assert f"{path}/asks/{ask.id}.ics" in requests.get(f"{desk.url}{path}", timeout=10).text
    assert requests.get(f"{desk.url}{path}/asks/99999.ics", timeout=10).status_code == 404
    (alarm,) = event.walk("VALARM")
    assert dt.timedelta(days=-1) <= alarm["TRIGGER"].dt < dt.timedelta()
    assert (str(event["STATUS"]), str(event["DESCRIPTION"])) == ("TENTATIVE", "Rain")
    answered(desk, path, ask.id or 0, "yes")
    taken = events(requests.get(where, timeout=10).text)[uid]
    assert str(taken["STATUS"]) == "CONFIRMED"
    assert taken["SEQUENCE"] > event["SEQUENCE"]
    desk.post(f"/asks/{ask.id}/withdraw", on="/calendar")
    ended = events(requests.get(where, timeout=10).text)[uid]
    assert str(ended["STATUS"]) == "CANCELLED"
    assert ended["SEQUENCE"] > taken["SEQUENCE"]
    assert ended.walk("VALARM") == []


@pytest.mark.live
@pytest.mark.parallel
def test_from_an_empty_slot_to_the_text_in_it(desk: Desk, app: App) -> None:
    """Asked on the slot's page, answered and sent from a 390 px phone, approved, and in the slot."""
    slot = far_slot(app)
    with browsing() as browser:
        operator = page_of(browser, desk, f"/calendar?view=list&from={slot.local[:10]}")
        operator.get_by_role("link", name="Ask a member").first.click()
        operator.get_by_label("Whom to ask").select_option("bob")
        operator.get_by_label("What about (optional)").fill("Rain")
        operator.get_by_role("button", name="Ask", exact=True).click()
        operator.get_by_text("Bob is asked to write by").wait_for()
        operator.get_by_role("link", name="make one, and send it").click()
        operator.get_by_role("button", name="Make a link").click()
        link = operator.get_by_label("Link", exact=True).input_value()
        phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        phone.goto(desk.url + link.removeprefix(f"https://{PUBLIC}"))
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        phone.get_by_role("button", name="Yes, I will").click()
        phone.get_by_role("link", name="Write it").click()
        phone.get_by_label("Title").fill("雨夜")
        phone.get_by_label("Text", exact=True).fill("第一段。")
        phone.get_by_role("button", name="Send").click()
        phone.get_by_text("your draft has come").wait_for()
        phone.wait_for_load_state()  # its styles, too
        assert phone.evaluate("document.documentElement.scrollWidth") == 390
        operator.goto(desk.url + address(slot))
        operator.get_by_role("link", name="the draft that came").click()
        operator.get_by_role("button", name="Approve").first.click()
        operator.get_by_text("雨夜 is in the slot it was asked for.").wait_for()
        operator.goto(desk.url + address(slot))
        assert operator.get_by_role("heading", name="雨夜").is_visible()
        assert operator.get_by_text("is in the slot").is_visible()
        phone.reload()
        phone.get_by_text("your draft is in this slot").wait_for()
