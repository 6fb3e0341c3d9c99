"""A member asked to write for a slot: the rules, and what becomes of the slot, the draft and the ask."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from pipeline_bench import Bench, article
from test_member_submissions import SETTINGS, send

from steadycast import pipeline
from steadycast.cli import slots as commands
from steadycast.errors import InputError, SettingsError
from steadycast.ledger.tables import AskRow, DraftRow
from steadycast.pipeline import asking, concerns, invites, reminders, slot_view
from steadycast.pipeline.app import App
from steadycast.pipeline.asking import Standing, objection, standing, usual_day
from steadycast.pipeline.today import today as read_today
from steadycast.workspace import load

DAY = dt.timedelta(days=1)
MONDAY = "daily@2026-11-23T20:00"
THURSDAY = "daily@2026-11-26T20:00"
FAR_AWAY = "daily@2027-03-01T20:00"
SENDS = send  # the fixture

days = st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))


@pytest.fixture
def app(bench: Bench) -> App:
    app = bench.set_up(SETTINGS)
    pipeline.plan(app, bench.clock.now())
    return app


def carried(app: App, slot: str) -> str | None:
    row = app.ledger.slot(slot)
    return row.draft if row else None


def stands(app: App, bench: Bench, slot: str = THURSDAY) -> Standing:
    seen = slot_view.one(app, slot, bench.clock.now())
    assert seen
    assert seen.asked
    return seen.asked.standing


def asked(app: App, bench: Bench, slot: str = THURSDAY, member: str = "bob", **more: object) -> asking.Asked:
    return asking.ask(app, slot, member, bench.clock.now(), by="editor", **more)  # type: ignore[arg-type]


@given(days, days)
def test_the_usual_day_may_always_be_asked_for_and_is_the_day_before(slot: dt.date, today: dt.date) -> None:
    if slot >= today:
        due = usual_day(slot, today)
        assert objection(due, slot, today, "") == ""
        assert due == slot - DAY or due == today == slot


@given(
    st.sampled_from(["open", "taken", "declined", "withdrawn"]),
    days,
    days,
    days,
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_how_an_ask_stands(
    state: str, due: dt.date, slot: dt.date, today: dt.date, met: bool, sent: bool, owed: bool
) -> None:
    """What a person said ends it; then the slot decides, then what came; a day that is over only where nothing did."""
    at, now = (dt.datetime.combine(day, dt.time(12), dt.UTC) for day in (slot, today))
    told = standing(state, due, at, now, today=today, met=met, sent=sent, owed=owed)
    if state in ("declined", "withdrawn"):
        assert told == state
    elif met:
        assert told is Standing.MET
    else:
        assert (told is Standing.LAPSED) == (now >= at or not owed)
        assert told is not Standing.OVERDUE or (today > due and not sent)
        assert told is not Standing.SENT or sent
        assert told in {Standing.LAPSED, Standing.SENT, Standing.OVERDUE, Standing(state)}


def test_what_cannot_be_asked(app: App, bench: Bench) -> None:
    """A day that is over or after the slot, a long note, nobody, a slot that is past, full or no slot."""
    today = bench.clock.now().date()
    wrong = [
        {"due": today - DAY}, {"due": today + 4 * DAY}, {"note": "x" * 501}, {"member": "nobody"},
        {"slot": "daily@2026-11-26T21:00"}, {"slot": "daily@x"}, {"slot": "nothing@2026-11-26T20:00"},
        {"slot": "daily@2026-11-22T20:00"}, {"slot": "daily@9999-12-31T20:00"}, {"slot": "daily@2029-11-26T20:00"},
    ]  # fmt: skip
    for each in wrong:
        with pytest.raises(InputError):
            asked(app, bench, **each)  # type: ignore[arg-type]
    bench.drop("pgc/1.md", article("One"))
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    with pytest.raises(InputError, match="has a draft"):
        asked(app, bench, MONDAY)


def test_one_member_at_a_time_and_the_second_editor_is_told(app: App, bench: Bench) -> None:
    first = asked(app, bench)
    assert (first.standing, first.due) == (Standing.OPEN, dt.date(2026, 11, 25))
    with pytest.raises(InputError, match="Bob is asked for"):
        asked(app, bench, member="alice")
    late = AskRow(
        slot=THURSDAY, series="daily", at=first.at, member="alice", asked=first.at, due="2026-11-25", changed=first.at
    )
    assert app.ledger.put_ask(late) is None  # the index holds it, whoever looked before
    assert asking.withdraw(app, first.id, bench.clock.now()).standing is Standing.WITHDRAWN
    second = asked(app, bench, member="alice")
    with pytest.raises(InputError, match="cannot stand again"):
        asking.restore(app, first.id, bench.clock.now())
    asking.withdraw(app, second.id, bench.clock.now())
    assert asking.restore(app, first.id, bench.clock.now()).standing is Standing.OPEN
    with pytest.raises(InputError):
        asking.restore(app, first.id, bench.clock.now())


def test_a_word_is_given_and_taken_back_by_the_member_alone(app: App, bench: Bench) -> None:
    made, now = asked(app, bench), bench.clock.now()
    with pytest.raises(InputError):
        asking.answer(app, made.id, "alice", now, takes=True)
    assert asking.answer(app, made.id, "bob", now, takes=True).standing is Standing.TAKEN
    assert asking.withdraw(app, made.id, now).standing is Standing.WITHDRAWN
    assert asking.restore(app, made.id, now).standing is Standing.TAKEN
    assert asking.answer(app, made.id, "bob", now, takes=False).standing is Standing.DECLINED
    for takes in (True, False):
        with pytest.raises(InputError):
            asking.answer(app, made.id, "bob", now, takes=takes)
    for odd in (0, -1, 10**30):
        with pytest.raises(InputError):
            asking.answer(app, odd, "bob", now, takes=True)


def test_what_is_sent_for_it_goes_there_once_it_is_approved(
    app: App, bench: Bench, send: Callable[..., DraftRow]
) -> None:
    """Past others that came before; until then the ask holds nothing up."""
    made = asked(app, bench)
    for n in range(4):
        bench.drop(f"pgc/{n}.md", article(f"House {n}"))
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    other = carried(app, THURSDAY)
    assert other  # it was filled all the same
    row = send("Words", "Bob's")
    assert asking.sent(app, made.id, row, bench.clock.now())
    assert stands(app, bench) is Standing.SENT
    assert carried(app, THURSDAY) == other
    [told] = pipeline.decide(app, [row.id], "approve", by="editor", now=bench.clock.now())
    assert (told["slot"], told["not_pinned"]) == (THURSDAY, "")
    assert carried(app, THURSDAY) == row.id
    assert stands(app, bench) is Standing.MET
    pipeline.plan(app, bench.clock.now())
    assert carried(app, THURSDAY) == row.id


def test_a_slot_that_is_not_planned_yet_is_asked_for(app: App, bench: Bench, send: Callable[..., DraftRow]) -> None:
    made = asked(app, bench, FAR_AWAY)
    row = send("Words", "Spring")
    asking.sent(app, made.id, row, bench.clock.now())
    pipeline.decide(app, [row.id], "approve", by="editor", now=bench.clock.now())
    assert carried(app, FAR_AWAY) == row.id
    assert stands(app, bench, FAR_AWAY) is Standing.MET


def test_a_draft_that_cannot_have_the_slot_is_approved_all_the_same(
    app: App, bench: Bench, send: Callable[..., DraftRow]
) -> None:
    """Another one is pinned there by then: it says so, and the draft is in stock."""
    made = asked(app, bench)
    bench.drop("pgc/fixed.md", article("Fixed", f"slot: {THURSDAY}"))
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    row = send("Words", "Bob's")
    asking.sent(app, made.id, row, bench.clock.now())
    [told] = pipeline.decide(app, [row.id], "approve", by="editor", now=bench.clock.now())
    assert "is pinned" in told["not_pinned"]
    assert app.ledger.draft(row.id).state == "approved"  # type: ignore[union-attr]
    assert carried(app, THURSDAY) != row.id


def test_one_whose_drafts_nobody_approves_goes_there_at_once(
    app: App, bench: Bench, send: Callable[..., DraftRow]
) -> None:
    made = asked(app, bench, member="alice")
    row = send("Words", "Alice's", member="alice")
    assert not asking.sent(app, made.id + 1, row, bench.clock.now())
    assert asking.sent(app, made.id, row, bench.clock.now())
    assert carried(app, THURSDAY) == row.id


def test_a_draft_that_was_rejected_leaves_it_open(app: App, bench: Bench, send: Callable[..., DraftRow]) -> None:
    made = asked(app, bench)
    row = send("Words", "Bob's")
    asking.sent(app, made.id, row, bench.clock.now())
    pipeline.decide(app, [row.id], "reject", by="editor", now=bench.clock.now())
    assert stands(app, bench) is Standing.TAKEN
    other = send("Better words", "Again")
    assert not asking.sent(app, made.id, row.model_copy(update={"member": "alice"}), bench.clock.now())
    asking.sent(app, made.id, other, bench.clock.now())
    pipeline.decide(app, [other.id], "approve", by="editor", now=bench.clock.now())
    assert carried(app, THURSDAY) == other.id


def test_today_tells_whom_it_waits_for_and_counts_what_came_to_nothing(app: App, bench: Bench) -> None:
    bob = asked(app, bench)
    alice = asked(app, bench, "daily@2026-11-25T20:00", "alice")
    day = read_today(app, bench.clock.now())
    assert [each.member for each in day.asked] == ["alice", "bob"]
    assert day.counts["asked"] == 0
    asking.answer(app, bob.id, "bob", bench.clock.now(), takes=False)
    day = read_today(app, bench.clock.now())
    assert [each.standing for each in day.asked] == [Standing.DECLINED, Standing.OPEN]
    assert day.counts["asked"] == 1
    now = bench.at(25, 9)  # the day after Alice's
    assert [each.standing for each in read_today(app, now).asked] == [Standing.OVERDUE, Standing.DECLINED]
    asking.withdraw(app, alice.id, now)
    assert [each.member for each in read_today(app, now).asked] == ["bob"]
    bench.at(28, 9)
    assert stands(app, bench) is Standing.DECLINED
    assert read_today(app, bench.clock.now()).asked == ()


def test_a_day_that_is_left_out_asks_nobody(app: App, bench: Bench) -> None:
    asked(app, bench)
    bench.settings(SETTINGS.replace('late = "3h"', 'late = "3h"\nskip = ["2026-11-26"]'))
    with App(load(bench.root)) as fresh:
        pipeline.plan(fresh, bench.clock.now())
        seen = slot_view.one(fresh, THURSDAY, bench.clock.now())
        assert seen
        assert seen.asked
        assert seen.asked.standing is Standing.LAPSED


def test_it_concerns_the_series_of_its_slot(app: App, bench: Bench) -> None:
    made = asked(app, bench)
    assert concerns.series_of_ask(app, str(made.id)) == {"daily"}
    for odd in ("", "0", "x", "9" * 40, "²"):
        assert concerns.series_of_ask(app, odd) == set()


def test_who_waited_longest_comes_first(app: App, bench: Bench, send: Callable[..., DraftRow]) -> None:
    invites.make(app, "carol", "editor", bench.clock.now())
    send("Words", "Bob's")
    bench.at(24, 9)
    send("Words", "Alice's", member="alice")
    assert [name for name, _ in asking.who_may_be_asked(app, bench.clock.now())] == ["carol", "bob", "alice"]


def test_a_member_of_a_class_may_be_asked_before_their_first_draft(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + '[class.c16]\nevery = "week on sun at 20:00"\nstart = 2026-11-16\n')
    (bench.root / "roster.csv").write_text(
        "id,title,class,left\nwang,小王,c16,\nli,小李,c16,2026-11-20\n", encoding="utf-8"
    )
    pipeline.plan(app, bench.clock.now())
    asked_of = asking.who_may_be_asked(app, bench.clock.now())
    assert ("wang", None) in asked_of
    assert "li" not in dict(asked_of), "who left is asked no more"
    assert asked(app, bench, member="wang").member == "wang"


def test_the_command_asks_and_takes_back(
    app: App, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bench.root)
    monkeypatch.setattr(pipeline, "now", bench.clock.now)
    with pytest.raises(InputError, match="no day"):
        commands.ask(THURSDAY, "bob", by="tomorrow")
    assert commands.ask(THURSDAY, "bob", by="2026-11-24", note="Rain") == 0
    assert "Bob is asked to write by Tue, Nov 24." in capsys.readouterr().out
    with pytest.raises(InputError, match="alice is not asked"):
        commands.ask(THURSDAY, "alice", withdraw=True)
    assert commands.ask(THURSDAY, "bob", withdraw=True, json=True) == 0
    assert '"state": "withdrawn"' in capsys.readouterr().out


REMINDED = SETTINGS + '\n[asks]\nchannel = "far"\n'  # the day before the day, at nine


def reminded(app: App, bench: Bench, day: int, hour: int = 9) -> list[str]:
    """What went to the group when that hour came."""
    before = len(bench.there())
    bench.at(day, hour)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    return bench.there()[before:]


def test_the_group_is_reminded_once_before_the_day_and_hears_of_no_fault(bench: Bench) -> None:
    """By the 25th, so on the 24th at nine; again and after the day nothing is said, whatever came or did not."""
    app = bench.set_up(REMINDED)
    pipeline.plan(app, bench.clock.now())
    asked(app, bench, note="between us: you are late every time")
    assert reminded(app, bench, 24, 8) == []
    assert reminded(app, bench, 24) == ["Who is writing for us"]
    (row,) = [row for row in app.ledger.drafts() if row.source == "reminder"]
    text = app.ledger.revision(row.revision, row.id)
    assert text
    assert "- Bob: Daily of Thu, Nov 26, please by Wed, Nov 25" in text.content["body"]
    assert "between us" not in text.content["body"]
    for day, hour in ((24, 9), (24, 13), (25, 9), (26, 9)):
        assert reminded(app, bench, day, hour) == []
    assert row.title not in {slot.title for slot in pipeline.plan(app, bench.clock.now()).slots}, "it is no stock"


def test_nobody_is_reminded_who_declined_sent_or_was_just_asked_or_where_nobody_wants_it(
    bench: Bench, send: Callable[..., DraftRow]
) -> None:
    app = bench.settings(REMINDED)
    pipeline.plan(app, bench.clock.now())
    asked(app, bench, "daily@2026-11-25T20:00", "alice", due=dt.date(2026, 11, 25))
    declined = asked(app, bench)
    asking.answer(app, declined.id, "bob", bench.clock.now(), takes=False)
    came = asked(app, bench, "daily@2026-11-27T20:00", due=dt.date(2026, 11, 25))
    assert asking.sent(app, came.id, send("Words.", title="Mine"), bench.clock.now())
    bench.at(24, 10)
    asked(app, bench, "daily@2026-11-28T20:00", "alice", due=dt.date(2026, 11, 25))
    now = bench.clock.now()
    (found,) = reminders.due(app, asking.coming(app, now), now).values()
    assert [each.slot for each in found] == ["daily@2026-11-25T20:00"]
    app = bench.settings(SETTINGS)
    assert reminders.write(app, bench.clock.now()) == []


def test_a_reminder_that_cannot_be_sent_is_said_by_check_with_its_line(bench: Bench) -> None:
    app = bench.set_up(REMINDED.replace('platform = "far"', 'platform = "far"\nforms = ["audio"]'))
    bench.drop("../templates/rituals/reminder.md.j2", "# x\n{{ wrong }}")
    first, second = map(str, reminders.problems(app, bench.clock.now()))
    line = app.workspace.settings_file.read_text().splitlines().index('channel = "far"') + 1
    assert f"steadycast.toml:{line}: asks.channel: far takes no article" in first
    assert "reminder.md.j2:2: " in second
    with pytest.raises(SettingsError, match=r"asks.channel: there is no \[channel.fra\]"):
        bench.settings(SETTINGS + '\n[asks]\nchannel = "fra"\n')
    with pytest.raises(SettingsError, match=r"asks\.before"):
        bench.settings(SETTINGS + '\n[asks]\nbefore = "5h"\n')


def test_a_day_that_passed_opens_the_slot_again_and_the_editor_is_told_without_a_name(app: App, bench: Bench) -> None:
    first = asked(app, bench, due=dt.date(2026, 11, 24))
    bench.at(25, 9)
    now = bench.clock.now()
    assert stands(app, bench) is Standing.OVERDUE
    (told,) = asking.alarms(app, now)
    assert (told.key, told.kind) == (f"ask:{THURSDAY}:over", "ask")
    assert "Bob" not in told.text
    second = asked(app, bench, member="alice")
    assert [each.standing for each in asking.of_member(app, "bob", now)] == [Standing.WITHDRAWN]
    assert (second.member, asking.alarms(app, now)) == ("alice", [])
    with pytest.raises(InputError, match="Alice is asked for"):
        asked(app, bench)
    theirs = DraftRow(
        id="x", member="bob", path="ugc/bob/x.md", origin="ugc", form="article", title="X", revision="r",
        state="waiting", first_seen=now, changed=now,
    )  # fmt: skip
    assert not asking.sent(app, first.id, theirs, now)


def test_asks_are_listed_and_given_as_a_calendar_by_the_command(
    app: App, bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(bench.root))
    day = (pipeline.now() + 3 * DAY).astimezone(bench.app.workspace.community.zone).date()
    slot = f"daily@{day}T20:00"
    asking.ask(app, slot, "bob", pipeline.now(), by="editor", note="Rain")
    assert commands.asks(json=True) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["slot"], row["member"], row["state"]) == (slot, "bob", "open")
    assert commands.asks() == 0
    assert "Rain" in capsys.readouterr().out
    assert commands.asks(ics=True) == 0
    (event,) = Calendar.from_ical(capsys.readouterr().out).walk("VEVENT")
    assert str(event["SUMMARY"]).startswith("Bob: Write for Daily")
    assert commands.asks(member="alice", ics=True) == 0
    assert not Calendar.from_ical(capsys.readouterr().out).walk("VEVENT")
