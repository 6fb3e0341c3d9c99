"""Drafts for days that a community marks: written ahead, once, for an editor; and what happens where nobody says yes."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from pipeline_bench import SETTINGS, Bench, article

from steadycast import ops, pipeline
from steadycast.errors import SettingsError
from steadycast.language import speaking
from steadycast.pipeline import pinning, ritual_drafts, rituals
from steadycast.pipeline.app import App
from steadycast.pipeline.house_texts import BUNDLED, ENDING, bundled_templates, house_text, plain
from steadycast.workspace import load

DAY = dt.timedelta(days=1)
THIRD = """
[[ritual]]
when = "slot 3 of daily"
series = "daily"
template = "milestone"
lead = "2d"
"""
STREAK = THIRD.replace("slot 3", "streak 3").replace("milestone", "streak")
CLASS = """
[class.c16]
title = "Class 16"
every = "week on sun at 20:00"
start = 2026-12-07
until = 2027-01-31
turn = "month"
"""
WITHOUT_THE_25TH = SETTINGS.replace('late = "3h"', 'late = "3h"\nskip = ["2026-11-25"]') + THIRD
OTHERS = {
    "items": [{"title": "A", "url": "https://a.example/"}],
    "asks": [{"name": "A", "series": "B", "slot": "C", "due": "D"}],
}
DRAFT = "pgc/rituals/slot-3-daily.md"
PLANNED = {f"pgc/{n}.md": article(f"Planned {n}") for n in range(1, 8)}


def planned(app: App, bench: Bench) -> dict[str, str]:
    return {slot.when[8:10]: slot.title for slot in pipeline.plan(app, bench.clock.now()).slots}


def start(bench: Bench, ritual: str = THIRD, **content: str) -> App:
    app = bench.set_up(SETTINGS + ritual, content or PLANNED)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    return app


def ready(bench: Bench, ritual: str = THIRD) -> App:
    """The third slot is on the 25th at 20:00; its draft lies there from the 23rd at 20:00 on."""
    app = start(bench, ritual)
    bench.at(23, 20, 0)
    pipeline.plan(app, bench.clock.now())
    return app


def test_the_draft_of_a_milestone_lies_ready_ahead_and_waits(bench: Bench) -> None:
    app = start(bench)
    bench.at(23, 19, 59)
    pipeline.plan(app, bench.clock.now())
    assert app.ledger.draft(DRAFT) is None
    bench.at(23, 20, 0)
    pipeline.plan(app, bench.clock.now())
    row = app.ledger.draft(DRAFT)
    assert row
    assert (row.state, row.title, row.plan["slot"]) == ("waiting", "Daily: number 3", "daily@2026-11-25")
    text = (app.workspace.content / DRAFT).read_text()
    assert "The first was on Mon, Nov 23, 2026." in text
    assert [row.id for row in pipeline.waiting(app)] == [row.id]


def test_unapproved_the_slot_carries_what_is_planned_and_nothing_is_late(bench: Bench) -> None:
    app = ready(bench)
    before = planned(app, bench)["25"]
    assert before.startswith("Planned")
    bench.at(25, 20, 0)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    verdicts = {row.verdict for row in app.ledger.deliveries(slots=["daily@2026-11-25T20:00"])}
    assert (verdicts, bench.there()[-1:]) == ({"kept"}, [before])
    bench.at(26, 9, 0)
    pipeline.plan(app, bench.clock.now())
    row = app.ledger.draft(DRAFT)
    assert row
    assert row.state == "rejected", "nobody is asked for it any more"


def test_an_editors_word_puts_it_into_its_slot_and_the_planned_piece_moves_on(bench: Bench) -> None:
    app = ready(bench)
    before = planned(app, bench)["25"]
    pipeline.decide(app, [DRAFT], "approve", by="editor", now=bench.clock.now())
    told = planned(app, bench)
    assert told["25"] == "Daily: number 3"
    assert before in told.values()


def test_it_is_written_once_whatever_restarts_is_deleted_or_renamed(bench: Bench) -> None:
    app = ready(bench)
    file = app.workspace.content / DRAFT
    file.unlink()
    for _again in range(2):
        pipeline.collect(app, bench.clock.now())
        pipeline.plan(app, bench.clock.now())
        assert not file.exists()
    renamed = SETTINGS.replace("[series.daily]", '[series.dagli]\nwas = "daily"') + THIRD.replace("daily", "dagli")
    app = bench.settings(renamed)
    pipeline.plan(app, bench.clock.now())
    app = bench.settings(renamed.replace('was = "daily"\n', ""))
    pipeline.plan(app, bench.clock.now())
    assert list((app.workspace.content / "pgc" / "rituals").iterdir()) == []


@pytest.mark.parametrize("laid", [False, True])
def test_a_crash_while_it_is_written_loses_and_doubles_nothing(bench: Bench, laid: bool) -> None:
    """The note comes first: a file that is there is found again, one that is not is written."""
    app = start(bench)
    bench.at(23, 20, 0)
    (each,) = rituals.occasions(app, bench.clock.now(), bench.clock.now() + 10 * DAY)
    noted = {"path": DRAFT, "slot": each.slot.id, "at": each.slot.at.isoformat(), "pin": "daily@2026-11-25"}
    app.ledger.set_meta("ritual " + " ".join(each.key), json.dumps(noted))
    if laid:
        bench.drop(DRAFT, article("Mine already", "slot: daily@2026-11-25"))
    pipeline.plan(app, bench.clock.now())
    row = app.ledger.draft(DRAFT)
    assert row
    assert row.title == ("Mine already" if laid else "Daily: number 3")
    assert [file.name for file in (app.workspace.content / "pgc/rituals").iterdir()] == ["slot-3-daily.md"]


def test_a_streak_of_which_a_slot_was_missed_is_not_written_and_one_that_breaks_is_taken_back(bench: Bench) -> None:
    """With the first slot missed, the third in a row is a day later; with another miss there is none that soon."""
    app = start(bench, STREAK)
    bench.at(24, 9, 0)
    pipeline.plan(app, bench.clock.now())
    assert app.ledger.draft("pgc/rituals/streak-3-daily.md") is None
    bench.at(24, 20, 0)
    pipeline.plan(app, bench.clock.now())
    row = app.ledger.draft("pgc/rituals/streak-3-daily.md")
    assert row
    assert row.plan["slot"] == "daily@2026-11-26"
    pipeline.decide(app, [row.id], "approve", by="editor", now=bench.clock.now())
    assert planned(app, bench)["26"] == "Daily: 3 in a row"
    bench.at(25, 9, 0)  # nobody served the slot of the 24th
    assert planned(app, bench)["26"].startswith("Planned")
    row = app.ledger.draft(row.path)
    assert row
    assert row.state == "rejected"


def test_a_day_that_is_left_out_moves_the_draft_with_its_slot(bench: Bench) -> None:
    app = ready(bench)
    pipeline.decide(app, [DRAFT], "approve", by="editor", now=bench.clock.now())
    app = bench.settings(WITHOUT_THE_25TH)
    assert planned(app, bench)["26"] == "Daily: number 3"
    assert "slot: daily@2026-11-26" in (app.workspace.content / DRAFT).read_text()


def test_one_that_nobody_approved_moves_too(bench: Bench) -> None:
    ready(bench)
    app = bench.settings(WITHOUT_THE_25TH)
    pipeline.plan(app, bench.clock.now())
    row = app.ledger.draft(DRAFT)
    assert row
    assert (row.state, row.plan["slot"]) == ("waiting", "daily@2026-11-26")


def test_a_person_who_pinned_it_elsewhere_keeps_that(bench: Bench) -> None:
    app = ready(bench)
    pipeline.decide(app, [DRAFT], "approve", by="editor", now=bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pinning.pin(app, DRAFT, "daily@2026-11-30T20:00", bench.clock.now())
    app = bench.settings(WITHOUT_THE_25TH)
    assert planned(app, bench)["30"] == "Daily: number 3"


def test_an_edit_waits_again_and_other_drafts_of_the_house_do_not(bench: Bench) -> None:
    app = ready(bench)
    pipeline.decide(app, [DRAFT], "approve", by="editor", now=bench.clock.now())
    file = app.workspace.content / DRAFT
    file.write_text(file.read_text() + "\nOne more line.\n")
    bench.drop("pgc/other.md", article("Other"))
    pipeline.collect(app, bench.clock.now())
    rows = {row.path: row for row in app.ledger.drafts()}
    assert (rows[DRAFT].state, rows["pgc/other.md"].state) == ("waiting", "approved")
    assert rows[DRAFT].approved_revision, "what was approved may go out meanwhile"


def test_what_was_written_waits_still_when_no_ritual_is_set_any_more(bench: Bench) -> None:
    app = ready(bench)
    file = app.workspace.content / DRAFT
    file.write_text(file.read_text() + "\nOne more line.\n")
    app = bench.settings(SETTINGS)
    pipeline.collect(app, bench.clock.now())
    row = app.ledger.draft(DRAFT)
    assert row
    assert row.state == "waiting"


def test_a_template_of_the_community_goes_before_and_hostile_words_are_words(bench: Bench) -> None:
    hostile = '\n[members."eve"]\ntitle = "[x](https://evil.example) {{ 7*7 }} <script> @all"\ntrusted = true\n'
    app = bench.set_up(
        SETTINGS + hostile + THIRD.replace('"2d"', '"1d"'), {f"ugc/eve/{n}.md": article(f"Text {n}") for n in range(5)}
    )
    own = "# {{ number }}\n\nBy {% for one in writers %}{{ one.name }}{% endfor %}\n"
    bench.drop("../templates/rituals/milestone.md.j2", own)
    pipeline.collect(app, bench.clock.now())
    bench.at(23, 20, 0)
    pipeline.plan(app, bench.clock.now())
    pipeline.publish(app)
    bench.at(24, 20, 0)
    pipeline.plan(app, bench.clock.now())
    text = (app.workspace.content / DRAFT).read_text()
    assert r"By \[x\](https://evil.example) {{ 7\*7 }} \<script\> @⁠all" in text


def test_a_template_that_cannot_be_used_is_named_stops_no_slot_and_is_written_once_fixed(bench: Bench) -> None:
    app = start(bench)
    own = "../templates/rituals/milestone.md.j2"
    for template, said in [
        ("{{ nothing_of_the_kind }}", "milestone.md.j2:1: "),
        ("{{ ''.__class__.__mro__ }}", "milestone.md.j2:1: "),
        ("{{ 'x' * 99999999 }}", "milestone.md.j2:1: "),
        ("---\nform: nonsense\n---\n# x", "milestone.md.j2: "),
        ("# x\n{% for %}", "milestone.md.j2:2: "),
    ]:
        bench.drop(own, template)
        (problem,) = ritual_drafts.problems(app, bench.clock.now())
        assert said in str(problem)
    bench.at(23, 20, 0)
    made = pipeline.plan(app, bench.clock.now())
    assert said in made.warning
    assert made.slots
    assert any(said in str(each) for each in pipeline.collect(app, bench.clock.now()).problems)
    assert any("milestone" in row.path for row in app.ledger.problems()), "the desk shows it"
    (app.workspace.ritual_templates / "milestone.md.j2").unlink()
    assert pipeline.plan(app, bench.clock.now()).warning == ""
    assert app.ledger.draft(DRAFT)
    pipeline.collect(app, bench.clock.now())
    assert not app.ledger.problems()


def test_a_slip_in_a_template_is_told_in_the_readers_language(bench: Bench) -> None:
    """Whoever's round came upon it; Jinja's own words stand behind it, quoted."""
    app = start(bench)
    bench.drop("../templates/rituals/milestone.md.j2", "# x\n{% for %}")
    bench.at(23, 20, 0)
    with speaking("en"):
        pipeline.plan(app, bench.clock.now())
        (english,) = pipeline.collect(app, bench.clock.now()).problems
    assert "milestone.md.j2:2: the template is not written as Jinja reads it: " in str(english)
    for language, words, hint in [
        ("zh_Hans", "模板写错了，Jinja 报：“", "请改模板的这一行"),
        ("zh_Hant", "模板寫錯了，Jinja 報：「", "請改模板的這一行"),
    ]:
        with speaking(language):
            (told,) = pipeline.collect(app, bench.clock.now()).problems
            assert "milestone.md.j2:2: " + words in str(told)
            assert told.hint == hint
            (row,) = (row for row in app.ledger.problems() if "milestone" in row.path)
            assert row.message.startswith(words)


def test_settings_that_name_what_is_not_there_say_file_line_and_fix(bench: Bench) -> None:
    """A series that is none, a `when` that cannot be read, a template that is gone, a series that takes no article."""
    app = start(bench, THIRD.replace('"milestone"', '"milestoen"'))
    (problem,) = [each for each in ops.check(bench.clock.now(), root=bench.root) if "ritual" in str(each)]
    line = app.workspace.settings_file.read_text().splitlines().index('template = "milestoen"') + 1
    assert str(problem).endswith(
        f"steadycast.toml:{line}: ritual[1].template: there is no template milestoen (did you mean 'milestone'?)"
    )
    for wrong, said in [
        (THIRD.replace('series = "daily"', 'series = "dayly"'), "ritual[1].series: there is no [series.dayly]"),
        (THIRD.replace("slot 3 of daily", "slot 3 of dayly"), "ritual[1].when: there is no [series.dayly]"),
        (THIRD.replace("slot 3 of daily", "the third"), "ritual[1].when: 'the third' cannot be read; write"),
        (THIRD.replace('lead = "2d"', 'lead = "1y"'), "ritual[1].lead: '1y' is not a length of time"),
        (THIRD.replace('"milestone"', '"../x"'), "ritual[1].template: is a name that cannot be"),
        (THIRD.replace("[[ritual]]", "[ritual]"), "write [[ritual]], with two brackets"),
    ]:
        bench.drop("../steadycast.toml", SETTINGS + wrong)
        with pytest.raises(SettingsError) as caught:
            load(bench.root)
        assert said in str(caught.value)
        assert caught.value.line
    sounds = SETTINGS.replace("[series.daily]", '[series.daily]\nforms = ["audio"]')
    bench.drop("../steadycast.toml", sounds + THIRD)
    assert any("daily takes no article" in str(each) for each in ops.check(bench.clock.now(), root=bench.root))


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
def test_every_template_that_comes_along_makes_a_draft(bench: Bench, language: str) -> None:
    app = bench.set_up(SETTINGS.replace('language = "en"', f'language = "{language}"') + THIRD)
    values = ritual_drafts._sample(app, app.workspace.rituals[0], bench.clock.now())
    for template in bundled_templates():
        text = house_text(app, template, values | OTHERS)
        draft = app.reader.draft(text, rituals.FOLDER / "x.md", bench.clock.now())
        assert draft.title
        assert draft.body
        assert "<!--" not in draft.body, "a word to the editor goes to no reader"


def test_the_templates_are_the_same_in_every_language() -> None:
    names = {folder.name: sorted(file.name for file in folder.iterdir()) for folder in BUNDLED.iterdir()}
    assert sorted(names) == ["en", "zh_Hans", "zh_Hant"]
    assert len({tuple(each) for each in names.values()}) == 1
    assert all(name.endswith(ENDING) for name in names["en"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("- a", r"\- a"),
        ("1. a", r"1\. a"),
        ("---", r"\---"),
        ("# a", r"\# a"),
        ("a\n\n# b", r"a \# b"),
        ("$x$", r"\$x\$"),
    ],
)
def test_words_of_others_are_no_marks(given: str, told: str) -> None:
    assert plain(given) == told


def test_a_digest_says_what_the_communitys_own_template_says_and_a_slip_in_it_empties_no_slot(bench: Bench) -> None:
    settings = SETTINGS.replace('late = "3h"', 'late = "3h"\nfill = ["digest"]')
    app = bench.set_up(settings, {f"pgc/{n}.md": article(f"Draft {n}") for n in (1, 2, 3)})
    bench.drop("../templates/rituals/digest.md.j2", "# Ours\n\n{% for one in items %}{{ one.title }};{% endfor %}\n")
    pipeline.collect(app, bench.clock.now())
    for day in (23, 24, 25):
        bench.at(day, 20, 0)
        pipeline.plan(app, bench.clock.now())
        pipeline.publish(app)
    bench.at(26, 9, 0)
    assert planned(app, bench)["26"] == "Ours"
    bench.drop("../templates/rituals/digest.md.j2", "{{ broken")
    bench.at(27, 9, 0)
    assert planned(app, bench)["27"] == "In case you missed it 2026-11-27"


def test_days_of_a_class_come_from_its_settings(bench: Bench) -> None:
    """It opens on its first day, ends on its last, and others take their turn on the first of each month."""
    whens = ("class c16 opens", "class c16 ends", "turn of c16")
    templates = ("opening", "closing", "turn")
    settings = (
        SETTINGS
        + CLASS
        + "".join(
            THIRD.replace("slot 3 of daily", when).replace("milestone", template)
            for when, template in zip(whens, templates, strict=True)
        )
    )
    app = bench.set_up(settings)
    found = rituals.occasions(app, bench.clock.now(), bench.clock.now() + 100 * DAY)
    assert [(each.slot.id[6:16], each.kind) for each in found] == [
        ("2026-12-07", "opens"), ("2026-12-07", "turn"), ("2027-01-01", "turn"), ("2027-01-31", "ends"),
    ]  # fmt: skip
    bench.at(29, 9, 0)
    bench.clock.advance(7 * DAY)
    pipeline.plan(app, bench.clock.now())
    opening, turn = (
        app.ledger.draft(f"pgc/rituals/class-c16-{each}.md") for each in ("opens-2026-12-07", "turn-2026-12")
    )
    assert opening
    assert turn
    assert opening.title == "Class 16 opens"
    text = (app.workspace.content / turn.path).read_text()
    assert "On duty in Class 16 from now on: Alice." in text
    assert "with 2 people" in (app.workspace.content / opening.path).read_text()
    for wrong, said in [
        (
            settings.replace("[class.c16]", "[class.c17]"),
            "ritual[1].when: there is no [class.c16] (did you mean 'c17'?)",
        ),
    ]:
        bench.drop("../steadycast.toml", wrong)
        with pytest.raises(SettingsError) as caught:
            load(bench.root)
        assert said in str(caught.value)
    bench.drop("../steadycast.toml", settings.replace("until = 2027-01-31\n", ""))
    (problem,) = ritual_drafts.problems(bench.open(), bench.clock.now())
    assert "ritual[2].when: c16 has no `until`" in str(problem)
    assert problem.line


def test_what_is_coming_is_told_in_order_with_how_far_it_is(bench: Bench) -> None:
    every = THIRD.replace("slot 3", "every 2").replace('"2d"', '"1d"')
    app = start(bench, every)
    found = rituals.coming(app, bench.clock.now(), 6)
    assert [(each.slot[-16:-6], each.what, each.state) for each in found] == [
        ("2026-11-24", "Daily: number 2", "later"), ("2026-11-26", "Daily: number 4", "later"),
        ("2026-11-28", "Daily: number 6", "later"),
    ]  # fmt: skip
    bench.at(23, 21, 0)
    pipeline.plan(app, bench.clock.now())
    first = rituals.coming(app, bench.clock.now(), 6)[0]
    assert (first.state, first.path, first.ready) == ("waiting", "pgc/rituals/slot-2-daily.md", dt.date(2026, 11, 23))
    assert Path(app.workspace.content / first.path).is_file()


def test_a_folder_that_cannot_be_written_is_told_and_stops_no_slot(bench: Bench) -> None:
    app = start(bench)
    bench.drop("pgc/rituals", "a file, where the folder has to be")
    bench.at(23, 20, 0)
    made = pipeline.plan(app, bench.clock.now())
    assert "rituals" in made.warning
    assert made.slots
    assert app.ledger.draft(DRAFT) is None
