"""Fairness and mix in a community: what steps, what is told, who decides, and how many drafts of one member wait."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from desk_bench import KEY, Desk
from pipeline_bench import COMMUNITY, FAR, MORNING, SITE, ZONE, Bench
from sqlalchemy import insert

from steadycast import alarms, pipeline
from steadycast.errors import SettingsError
from steadycast.ledger import mix_steps
from steadycast.ledger.bulk_backfill import PastSlot
from steadycast.ledger.connection import table
from steadycast.ledger.draft_list import DraftsAsked
from steadycast.ops import settings_edits
from steadycast.pipeline import community_state, mix
from steadycast.schedule.model import Origin
from steadycast.workspace import load

DAY = dt.timedelta(days=1)
STEPPED = """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["far"]
mix = { pgc = 3, ugc = 7 }
mix_at = [{ active = 60, pgc = 7, ugc = 3 }]
"""
SETTINGS = COMMUNITY + STEPPED + SITE + FAR
COUNTS = (42, 51, 58, 61, 63, 57, 55, 47, 46)


def went_out(member: str, at: dt.datetime, series: str = "daily", origin: str = "ugc") -> PastSlot:
    """A slot of the past with that member's draft."""
    return PastSlot(
        f"{series}@{at:%Y-%m-%dT%H:%M:%S}", series, at, f"{at:%Y-%m-%dT%H:%M:%S}", "far", "kept", at, origin, member
    )


def first_of(month: int) -> dt.datetime:
    """Local midnight of the 1st, so many months after December 2026."""
    return dt.datetime(2026 + (11 + month) // 12, (11 + month) % 12 + 1, 1, tzinfo=ZONE)


def test_a_series_steps_with_its_members_and_each_step_is_kept(bench: Bench) -> None:
    """Nine months, planned twice each: two rows, written by the first plan of their month."""
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(
        went_out(f"m{n}", first_of(month) - 10 * DAY + n * dt.timedelta(seconds=1))
        for month, count in enumerate(COUNTS)
        for n in range(count)
    )
    shown = []
    for month in range(len(COUNTS)):
        take = pipeline.plan if month == 3 else mix.step
        for at in (first_of(month) + dt.timedelta(minutes=20), first_of(month) + 14 * DAY):
            take(app, at)
        in_force = mix_steps.in_force(app.ledger, app.workspace.series)["daily"]
        shown.append(f"{in_force.mix[Origin.PGC]}:{in_force.mix[Origin.UGC]}")
    assert shown == ["3:7"] * 3 + ["7:3"] * 4 + ["3:7"] * 2
    rows = mix_steps.mix_steps(app.ledger)["daily"]
    assert [(row.active, row.why) for row in rows] == [(61, "grew"), (47, "shrank")]
    assert [row.since for row in rows] == [
        first_of(3) + dt.timedelta(minutes=20),
        first_of(7) + dt.timedelta(minutes=20),
    ]
    # A slot of the past is told by the mix of its time.
    then = [in_force.mix_then(first_of(month) + DAY)[Origin.PGC] for month in range(len(COUNTS))]
    assert then == [3, 3, 3, 7, 7, 7, 7, 3, 3]


def test_who_handed_in_or_commented_is_active_too(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    lately, long_ago = MORNING - DAY, MORNING - 40 * DAY
    app.ledger.backfill([went_out("ann", lately), went_out("old", long_ago), went_out("", lately + DAY / 2)])
    handin: dict[str, Any] = {
        "the_class": "c16",
        "slot": "c16@x",
        "due": lately,
        "verdict": "kept",
        "by": "look",
        "note": "",
    }
    comment: dict[str, Any] = {
        "the_class": "c16",
        "slot": "c16@x",
        "author": "bo",
        "draft": "d",
        "due": lately,
        "how": "file",
    }
    with app.ledger.write() as connection:
        rows: list[dict[str, Any]] = [
            {"member": "bo", "at": lately},
            {"member": "ida", "at": None},
            {"member": "kai", "at": long_ago},
        ]
        connection.execute(insert(table("handin")), [handin | row for row in rows])
        connection.execute(
            insert(table("comment")),
            [comment | {"reviewer": "cy", "done_at": lately}, comment | {"reviewer": "dee", "done_at": None}],
        )
    assert mix.active(app, MORNING) == {"ann", "bo", "cy"}


def test_a_renamed_series_keeps_its_steps(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(went_out(f"m{n}", first_of(0) - 10 * DAY + n * dt.timedelta(seconds=1)) for n in range(60))
    mix.step(app, first_of(0))
    renamed = SETTINGS.replace("[series.daily]", '[series.notes]\nwas = "daily"')
    app = bench.settings(renamed)
    assert mix.step(app, first_of(0) + DAY)["notes"].mix[Origin.PGC] == 7
    assert len(mix_steps.mix_steps(app.ledger)) == 1


def test_a_look_at_the_plan_takes_no_step(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(went_out(f"m{n}", first_of(0) - 10 * DAY + n * dt.timedelta(seconds=1)) for n in range(60))
    found, taken = mix.judged(app, first_of(0) + DAY)
    assert (found["daily"].mix[Origin.PGC], list(taken)) == (7, ["daily"])
    assert mix_steps.mix_steps(app.ledger) == {}


def test_a_month_is_counted_from_the_ledger(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty slots of seven members, three of them new; what was before the window tells who is not."""
    limits = '\n[fair]\ntop = "40%"\nfounder = "50%"\n'
    app = bench.set_up(SETTINGS.replace('language = "en"', 'language = "en"\nfounder = "lin"') + limits)
    month = {"lin": 8, "chen": 3, "xu": 3, "zhou": 2, "momo": 2, "tom": 1, "ann": 1}
    members = [who for who, slots in month.items() for _ in range(slots)]
    before = [went_out(who, MORNING - 60 * DAY + n * DAY) for n, who in enumerate(("lin", "chen", "xu", "zhou"))]
    app.ledger.backfill([*before, *(went_out(who, MORNING - 25 * DAY + n * DAY) for n, who in enumerate(members))])
    found = pipeline.fair.fair(app, MORNING)
    words = found.shares.words
    assert (found.shares.published, words.top, words.absence_factor, found.shares.founder) == (20, 0.4, 2, 0.4)
    assert (round(words.effective, 2), round(words.gini, 2), found.active) == (4.35, 0.37, 7)
    assert (found.shares.new, found.shares.returning) == (3, 4)
    assert [each.kind for each in found.breaches] == ["top"]
    assert [(v.name, v.slots, v.share) for v in found.voices[:2]] == [("lin", 8, 0.4), ("chen", 3, 0.15)]
    alarm = next(each for each in pipeline.alarm(app, MORNING) if each.kind == "fair")
    assert alarm.key == "fair:all:top"
    assert "40%" in alarm.text
    assert "lin" not in alarm.text  # alarms may be read in a group


def test_whose_post_was_published_before_its_hour_has_written_and_is_active(bench: Bench) -> None:
    """At once, as the record tells it; not in a look back at a time before it was published."""
    app = bench.set_up(SETTINGS, {"ugc/alice/a.md": "# A\n\nText.\n", "ugc/alice/b.md": "# B\n\nText.\n"})
    bench.at(23, 9, 0)
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    bench.clock.advance(3 * dt.timedelta(hours=1))
    pipeline.publish(app, slot="daily@2026-11-24T20:00")
    now = MORNING + dt.timedelta(hours=4)
    for at in (now, MORNING + 5 * DAY):
        found = pipeline.fair.fair(app, at)
        assert (found.shares.published, dict(found.shares.by_member), found.active) == (1, {"alice": 1}, 1), at
        assert found.mixes[0].real == {"ugc": 1}
        assert [(c.member, c.count) for c in community_state.standing(app, at).report.contributors] == [("alice", 1)]
    assert pipeline.fair.fair(app, now).shares.waits.p50 == 3 * dt.timedelta(hours=1)
    assert mix.active(app, MORNING) == set()


def test_what_people_decided_is_counted_and_what_rules_did_is_not(bench: Bench) -> None:
    """Approved, pinned, asked for, settled: by name, and by the series that it concerned."""
    app = bench.set_up(SETTINGS, {f"ugc/bob/{n}.md": f"# Draft {n}\n\nText.\n" for n in range(3)})
    bench.drop("ugc/alice/own.md", "# Trusted\n\nApproved on arrival.\n")
    pipeline.collect(app, MORNING)
    pipeline.decide(app, ["ugc/bob/0.md", "ugc/bob/1.md"], "approve", by="momo", now=MORNING)
    pipeline.decide(app, ["ugc/bob/2.md"], "reject", by="lin", now=MORNING)
    pipeline.plan(app, MORNING)
    pipeline.asking.ask(app, "daily@2026-12-05T20:00", "bob", MORNING, by="momo")
    for act, subject, detail in (
        ("plan", "slot daily@2026-11-24T20:00, draft x", "/slots/move"),
        ("plan", "slot daily@2026-12-05T20:00", "/slots/{id}/ask"),  # counted as the ask that it was
        ("plan", "POST /api/v1/slots/daily%402026-11-25T20:00/pin", ""),
        ("plan", "", "/arrivals/pull"),
        ("settings", "", "/settings"),
    ):
        pipeline.accounts.audit(app, "momo", "desk", MORNING, act=act, subject=subject, detail=detail)
    found = pipeline.fair.fair(app, MORNING + DAY).shares
    assert found.by_person == {"momo": 5, "lin": 1}
    assert found.decided["daily"].total == 5  # the rejected one has no slot
    assert pipeline.fair.fair(app, MORNING + 40 * DAY).shares.by_person == {}


def test_a_draft_that_no_slot_takes_is_told_after_its_time(bench: Bench) -> None:
    text = SETTINGS.replace('every = "day at 20:00"', 'every = "day at 20:00"\nuntil = 2026-11-23')
    app = bench.set_up(
        text + '\n[fair]\nwait = "21d"\n', {"ugc/alice/a.md": "# A\n\nT.\n", "ugc/alice/b.md": "# B\n\nT.\n"}
    )
    pipeline.collect(app, MORNING)
    pipeline.plan(app, MORNING)
    for days, told in ((20, []), (21, ["wait"])):
        found = pipeline.fair.fair(app, MORNING + days * DAY)
        assert found.shares.waits.oldest == days * DAY
        assert [each.kind for each in found.breaches] == told


def test_a_step_of_a_mix_is_news_for_a_day_and_is_never_called_fixed(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill(went_out(f"m{n}", first_of(0) - 10 * DAY + n * dt.timedelta(seconds=1)) for n in range(61))
    mix.step(app, first_of(0))
    heard: list[str] = []

    def hear(_address: str, _title: str, body: str) -> bool:
        heard.append(body)
        return True

    for at in (first_of(0), first_of(0) + DAY / 2, first_of(0) + DAY):
        steps = pipeline.fair.stepped(app, at)
        told = alarms.fair_alarms([], steps, {"daily": "Daily"}, "en")
        inputs = alarms.AlarmInputs(at, others=tuple(told))
        alarms.watch(app.ledger, inputs, ["an address"], hear)
    assert heard == ["Daily: the mix is now 7 : 3 (house : members), as 61 members are active."]
    assert app.ledger.alarms() == []


def test_the_report_tells_figures_and_names_nobody(bench: Bench) -> None:
    app = bench.set_up(SETTINGS)
    app.ledger.backfill([went_out("zebedee", MORNING - DAY)])
    pipeline.accounts.audit(app, "ermintrude", "desk", MORNING - DAY, act="plan", subject="slot daily@2026-11-24T20:00")
    told = json.loads((pipeline.report(app, MORNING).page.parent / "report.json").read_text())["fair"]
    assert (told["published"], told["top"], told["decisions"], told["deciders"]) == (1, 1.0, 1, 1)
    assert not {"zebedee", "ermintrude"} & set(re.findall(r"\w+", json.dumps(told)))


@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        ("mix_at = [{ active = 60 }]", "mix_at", "is no mix"),
        ("mix_at = [{ active = 60, pgc = 1 }, { active = 40, ugc = 1 }]", "series.daily", "rising order"),
        ("mix_at = [{ active = 0, pgc = 1 }]", "mix_at", "greater than or equal to 1"),
        ("mix_at = [{ active = 60, pcg = 1 }]", "mix_at", "did you mean 'pgc'"),
        ('[fair]\ntop = "0.4"', "top", "is no share"),
        ("[fair]\ntop = 40", "top", "should be a text, in quotes"),
        ('[fair]\nfounder = "101%"', "founder", "is no share"),
        ('[fair]\nwait = "3 weeks"', "wait", "is not a length of time"),
        ('[fair]\ntops = "40%"', "tops", "unknown key"),
    ],
)
def test_what_cannot_hold_is_told_with_its_line(tmp_path: Path, written: str, line: str, said: str) -> None:
    text = SETTINGS.replace("mix_at = [{ active = 60, pgc = 7, ugc = 3 }]", written if "mix_at" in written else "")
    text += "" if "mix_at" in written else f"\n{written}\n"
    (tmp_path / "steadycast.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert said in str(caught.value)
    assert line in text.splitlines()[(caught.value.line or 1) - 1]


def test_steps_need_a_mix_that_holds_before_them(tmp_path: Path) -> None:
    (tmp_path / "steadycast.toml").write_text(SETTINGS.replace("mix = { pgc = 3, ugc = 7 }\n", ""))
    with pytest.raises(SettingsError, match="mix_at needs a mix that holds before it"):
        load(tmp_path)


def test_the_desk_and_the_api_show_who_writes_and_who_decides(bench: Bench) -> None:
    app = bench.set_up(SETTINGS + '\n[fair]\ntop = "40%"\n')
    now = pipeline.now()
    app.ledger.backfill(went_out(who, now - (n + 1) * DAY) for n, who in enumerate(["alice"] * 3 + ["bob"] * 2))
    pipeline.accounts.audit(app, "momo", "desk", now, act="plan", subject="slot daily@2026-11-24T20:00")
    with Desk(bench.root).up() as desk:
        shown = desk.get("/fair").text
        told = requests.get(f"{desk.url}/api/v1/fair", headers={"Authorization": f"Bearer {KEY}"}, timeout=30).json()
        assert 'href="/fair"' in desk.get("/members").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))
    for words in ("Alice wrote 3 slots 60%", "Bob wrote 2 slots 40%", "momo wrote 0 slots 0% decided once 100%"):
        assert words in text
    assert "One member has 60% of the members’ slots. The limit is 40%." in text
    assert (told["top"], told["absence_factor"], told["alarms"]) == (0.6, 1, ["top"])
    assert [(each["name"], each["slots"], each["decisions"]) for each in told["people"]] == [
        ("alice", 3, 0), ("bob", 2, 0), ("momo", 0, 1)
    ]  # fmt: skip


def test_the_inbox_shows_so_many_drafts_of_one_member_at_once(bench: Bench) -> None:
    """The oldest two; a third comes up once one is decided. `approve --all` takes those that are shown."""
    files = {f"ugc/bob/{n}.md": f"# Bob {n}\n\nText.\n" for n in range(4)} | {"ugc/cy/1.md": "# Cy\n\nText.\n"}
    app = bench.set_up(SETTINGS + "\n[fair]\nwaiting = 2\n", files)
    pipeline.collect(app, MORNING)

    def inbox() -> tuple[list[str], int]:
        found = app.ledger.draft_page(DraftsAsked("inbox", at_once=app.workspace.fair.waiting), MORNING, most=9)
        assert found.total == found.shelves["inbox"] == len(found.rows)
        return sorted(row.member for row in found.rows), found.kept

    assert inbox() == (["bob", "bob", "cy"], 2)
    assert len(app.ledger.draft_page(DraftsAsked("inbox", member="bob", at_once=2), MORNING, most=9).rows) == 4
    rows, total = app.ledger.first_to_decide(6, 2)
    assert (len(rows), total) == (3, 3)
    with Desk(bench.root).up() as desk:
        assert "2 more drafts wait behind others" in desk.get("/drafts").text
    first = next(row for row in pipeline.waiting(app) if row.member == "bob")
    pipeline.decide(app, [first.id], "reject", by="lin", now=MORNING)
    assert inbox() == (["bob", "bob", "cy"], 1)
    assert len(pipeline.waiting(app)) == 3


def test_a_form_writes_mix_steps_editors_and_shares_into_their_tables(tmp_path: Path) -> None:
    """In one line each, with the comments of the file kept; what is empty is taken out."""
    (tmp_path / "steadycast.toml").write_text(SETTINGS.replace("ugc = 7 }", "ugc = 7 }  # agreed in May"))
    asked = {"mix": "1：1", "mix_at": "60 = 7:3, 120=8:2", "editors": "momo、lin"}
    after = settings_edits.series(load(tmp_path), "daily", asked)
    table = after.promises["daily"]
    assert [(each.active, each.pgc, each.ugc) for each in table.mix_at] == [(60, 7, 3), (120, 8, 2)]
    assert table.editors == ("momo", "lin")
    text = after.sources["steadycast.toml"].decode()
    assert "[[series" not in text
    assert "mix_at = [{active = 60, pgc = 7, ugc = 3}, {active = 120, pgc = 8, ugc = 2}]" in text
    told = settings_edits.told_mix(settings_edits.written(after, ("series", "daily")))
    assert told == {"mix": "1:1", "mix_at": "60 = 7:3, 120 = 8:2", "editors": "momo, lin"}
    fair = settings_edits.fair(
        after, {"top": "40%", "founder_share": "50%", "founder": "bob", "wait": "", "waiting": "5"}
    )
    assert (fair.fair.top, fair.fair.founder, fair.community.founder, fair.fair.waiting) == ("40%", "50%", "bob", 5)
    bare = settings_edits.series(fair, "daily", {"mix_at": "", "editors": ""})
    assert (bare.promises["daily"].mix_at, bare.promises["daily"].editors) == ((), ())
    for wrong in ({"mix": "3-7"}, {"mix_at": "many = 7:3"}, {"mix_at": "60"}, {"mix_at": "60 = 7:3, 50 = 1:1"}):
        with pytest.raises(SettingsError):
            settings_edits.series(after, "daily", wrong)
