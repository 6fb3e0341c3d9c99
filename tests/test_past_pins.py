"""A pin that is past: it is told, no stock, and never said of one that a coming slot means."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from conftest import examples
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import MORNING, SETTINGS, Bench, article
from planner_cases import CLUB, DAY, NOTES, NOW, ahead, draft
from sqlalchemy import event

from steadycast import ops, pipeline
from steadycast.ledger.draft_list import SHELVES, DraftsAsked
from steadycast.ledger.store import Ledger
from steadycast.pipeline import members
from steadycast.pipeline.past_pins import draft_page
from steadycast.pipeline.past_pins import past_pins as past_pins_of
from steadycast.pipeline.today import today
from steadycast.report.outlook import KnownStock, Outlook
from steadycast.schedule import past_pins
from steadycast.schedule.history import History
from steadycast.schedule.model import Form, Series, Slot
from steadycast.schedule.past_pins import PastPins
from steadycast.schedule.pins import means
from steadycast.schedule.slots import slots

ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Shanghai", "Pacific/Kiritimati", "Pacific/Pago_Pago")]
WEEK_OFF = {NOW.date() + n * DAY: "holiday" for n in range(-40, 4)}
PROMISES = [
    NOTES,
    replace(NOTES, name="twice", every="day at 08:00,24:00"),
    replace(NOTES, name="moved", every="week on tue at 20:00", days_off=WEEK_OFF, on_day_off="move"),
    replace(NOTES, name="free", days_off=WEEK_OFF),
    replace(CLUB, forms=(Form.ARTICLE,)),
    replace(CLUB, name="far", announce=(40 * DAY, dt.timedelta(hours=30))),
]
SOME = st.lists(st.sampled_from(PROMISES), min_size=1, max_size=3, unique_by=lambda each: each.name)
MOMENTS = st.integers(-3000, 3000).map(lambda minutes: NOW + dt.timedelta(minutes=7 * minutes))


def named(slot: object) -> list[str]:
    """All that a pin may call a slot."""
    series, id, place, local = (getattr(slot, key) for key in ("series", "id", "place", "local"))
    day = place.rpartition("@")[2][:10]
    return [id, place, f"{series}@{day}", place.rpartition("@")[2], day, f"{local:%Y-%m-%d %H:%M}"]


@given(SOME, st.sampled_from(ZONES), MOMENTS, st.data())
@examples(300)
def test_no_pin_that_a_coming_slot_means_is_called_past(
    promises: list[Series], zone: ZoneInfo, now: dt.datetime, data: st.DataObject
) -> None:
    """Nor one of a slot that is still served late; one that names its series is past once that of its last slot is."""
    promises = [replace(each, zone=zone) for each in promises]
    around = sorted(slot for each in promises for slot in slots(each, now - 70 * DAY, now + 110 * DAY))
    pin = data.draw(st.sampled_from([name for slot in around for name in named(slot)]))
    late = {each.name: each.late for each in promises}
    meant = [slot.at + late[slot.series] for slot in around if means(pin, slot)]
    past = PastPins(now)
    if meant and max(meant) >= now:
        assert not past.has(pin, promises)
    if meant and any(pin.startswith(f"{each.name}@") for each in promises):
        assert past.has(pin, promises) == (max(meant) < now)


@given(st.text(max_size=12) | st.dates().map(str) | st.dates().map("notes@{}T20:00".format), MOMENTS)
@examples(300)
def test_whatever_stands_as_a_pin_is_judged(pin: str, now: dt.datetime) -> None:
    assert PastPins(now).has(pin, PROMISES) in {True, False}


@pytest.mark.parametrize(
    ("pin", "is_past"),
    [
        ("0001-01-01", True), ("9998-12-31", False), ("2026-11-21", True), ("notes@2026-11-21T20:00", True),
        ("2026-11-22", False), ("notes@2026-11-22T21:00", False), ("notes@2026-11-10T21:00", True),
        ("nothing@2026-11-22", False), ("nothing@2026-11-10", True), ("soon", False),
    ],
)  # fmt: skip
def test_a_day_is_past_once_its_slot_is_and_one_without_a_slot_once_it_has_ended(pin: str, is_past: bool) -> None:
    """A pin of today to an hour that no slot has is wrong, and not past: `check` tells of it."""
    assert PastPins(NOW).has(pin, [NOTES]) is is_past
    assert PastPins(NOW).has(pin, []) is (is_past and "11-21" not in pin)


@contextmanager
def heard(ledger: Ledger) -> Iterator[list[str]]:
    """The statements that are run inside the block."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(ledger.engine, "before_cursor_execute", note)
    yield said
    event.remove(ledger.engine, "before_cursor_execute", note)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Each time that the slots of a series are computed for its pins."""
    found: list[object] = []

    def computed(series: Series, start: dt.datetime, end: dt.datetime) -> list[Slot]:
        found.append(series)
        return slots(series, start, end)

    monkeypatch.setattr(past_pins, "slots", computed)
    return found


def test_what_is_pinned_to_a_slot_that_is_past_is_no_stock(asked: list[object]) -> None:
    """However many are pinned, the slots of a series are computed once."""
    pins = ["2026-11-20", "2026-11-21", "notes@2026-11-22", "2026-11-23", "2027-11-23"]
    stock = [draft(f"{pin} {n}", slot=pin) for pin in pins for n in range(100)]
    outlook = Outlook(NOW, tuple(ahead(NOTES)), KnownStock(stock, History(())))
    assert outlook.in_stock(NOTES) == 300
    assert len(asked) == 1


def test_a_list_computes_the_slots_of_a_series_once_however_many_are_pinned(bench: Bench, asked: list[object]) -> None:
    pins = ["2026-11-21", "2026-11-22", "daily@2026-11-22T20:00", "2026-11-23"]
    app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"{n}", f"slot: {pins[n % 4]}") for n in range(40)})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    told = [row["where"] for row in pipeline.listed(app, MORNING).rows]
    assert sum("which is past" in where for where in told) == 30
    assert len(asked) == 1


def test_what_is_pinned_to_the_past_needs_a_person_and_stands_on_no_shelf_of_stock(bench: Bench) -> None:
    """Told alike by `status`, the first page, the list and its shelf, a member's page and the report's number."""
    files = {
        "ugc/alice/late.md": article("Late", "slot: 2026-11-21"),
        "pgc/always.md": article("Always", "slot: 2026-11-21\nevergreen: true"),
        "pgc/free.md": article("Free"),
        "pgc/next.md": article("Next", "slot: 2026-11-24"),
    }
    app = bench.set_up(SETTINGS, files)
    pipeline.collect(app, MORNING)
    before = pipeline.needs(app, MORNING).total
    pipeline.plan(app, MORNING)
    told = ops.status(app, MORNING)
    waits = {row["title"]: row for row in told["waiting"] if row["state"] == "past"}
    assert waits.keys() == {"Late", "Always"}
    assert (waits["Late"]["slot"], waits["Late"]["say"][:17]) == ("2026-11-21", "name another slot")
    day = today(app, MORNING)
    assert told["needs"] == day.calls + len(day.unwritten)
    assert ([row.title for row in day.pinned], day.counts["pinned"]) == (["Always", "Late"], 2)
    assert before == told["needs"], "a plan changes nothing of it"
    shown = {shelf: draft_page(app, DraftsAsked(shelf), MORNING, most=9) for shelf in SHELVES}
    assert shown["stock"].shelves == {"inbox": 0, "stock": 2, "reserve": 0, "archive": 2}
    assert shown["stock"].total == len(shown["stock"].rows) == 2
    past = draft_page(app, DraftsAsked(standing="past"), MORNING, most=9)
    assert sorted(row.title for row in past.rows) == ["Always", "Late"]
    assert {row.standing for row in past.rows} == {"past"}
    listed = {row["title"]: row["state"] for row in pipeline.listed(app, MORNING).rows}
    assert listed == {"Late": "past", "Always": "past", "Free": "planned", "Next": "planned"}
    assert [row["title"] for row in pipeline.listed(app, MORNING, state="past").rows] == [
        title for title, state in listed.items() if state == "past"
    ]
    assert [given.fate for given in members.given(app, "alice", MORNING)] == ["past"]


def test_to_tell_of_pins_that_are_past_is_one_statement_however_many_are_pinned(
    bench: Bench, asked: list[object]
) -> None:
    counts = []
    for many in (1, 40):
        app = bench.set_up(SETTINGS, {f"pgc/{n}.md": article(f"{n}", "slot: 2026-11-21") for n in range(many)})
        pipeline.collect(app, MORNING)
        asked.clear()
        with heard(app.ledger) as said:
            assert len(past_pins_of(app, MORNING)) == many
        counts.append((len(said), len(asked)))
    assert counts == [(1, 1)] * 2


def test_an_evergreen_that_had_its_pinned_slot_is_no_reserve_and_needs_nobody(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/always.md": article("Always", "slot: 2026-11-23\nevergreen: true")})
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    bench.at(23, 20, 0)
    pipeline.publish(app)
    assert draft_page(app, DraftsAsked("reserve"), MORNING, most=9).total == 1, "its slot is to come"
    later = MORNING + 2 * DAY
    found = draft_page(app, DraftsAsked("reserve"), later, most=9)
    assert (found.total, found.shelves["archive"]) == (0, 1)
    assert pipeline.needs(app, later).counts["pinned"] == 0
