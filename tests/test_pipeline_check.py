"""What would fail at its slot is said today: with its file, its line, and what to do."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, DAILY, FAR, MORNING, SETTINGS, SITE, Bench, article
from platform_bench import png

from steadycast import ops, pipeline
from steadycast.ops.check_settings import of_settings
from steadycast.ops.deployments import prefect_yaml
from steadycast.testing import drop
from steadycast.workspace import load

SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE
CLUB = SITE_ONLY.replace('every = "day at 20:00"', 'every = "day at 20:00"\nforms = ["article", "event"]')


def check(bench: Any, settings: Any = SITE_ONLY, now: Any = MORNING, **drafts: Any) -> Any:
    bench.set_up(settings, drafts)
    try:
        (bench.root / "prefect.yaml").write_text(prefect_yaml(load(bench.root)))
    except Exception:
        (bench.root / "prefect.yaml").unlink(missing_ok=True)
    os.chmod(bench.root / "channels", 0o755)
    return ops.check(now, root=bench.root)


def test_a_workspace_in_order_has_nothing_to_fix(bench: Bench) -> None:
    assert check(bench, **{"pgc/1.md": article("One")}) == []


def test_checking_writes_nothing(bench: Bench) -> None:
    bench.set_up(SITE_ONLY, {"pgc/1.md": article("One")})
    ledger = bench.root / "var" / "ledger.sqlite"
    before = ledger.read_bytes(), ledger.stat().st_mtime_ns
    ops.check(MORNING, root=bench.root)
    assert (ledger.read_bytes(), ledger.stat().st_mtime_ns) == before


def test_no_ledger_is_made_to_check(bench: Bench) -> None:
    bench.set_up(SITE_ONLY)
    (bench.root / "var" / "ledger.sqlite").unlink()
    ops.check(MORNING, root=bench.root)
    assert not (bench.root / "var" / "ledger.sqlite").exists()


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ("2026-11-20", "its slot 2026-11-20 is past"),
        ("daily@2026-11-22T20:00", "its slot daily@2026-11-22T20:00 is past"),
        ("2026-11-24T19:00", "its slot 2026-11-24T19:00 is none"),
        ("weekly@2026-11-27", "its slot weekly@2026-11-27 is none"),
    ],
)
def test_a_pin_that_can_never_be_kept_is_told(bench: Bench, pin: Any, said: Any) -> None:
    (problem,) = check(bench, **{"pgc/1.md": article("One", f'slot: "{pin}"')})
    assert (problem.where, problem.line, problem.message) == ("pgc/1.md", 3, said)
    assert "daily@2026-11-23T20:00" in problem.hint


@pytest.mark.parametrize("pin", ["2026-11-23", "2026-11-24T20:00", "daily@2026-11-24", "daily@2026-11-24T20:00"])
def test_a_pin_that_can_be_kept_is_in_order(bench: Bench, pin: Any) -> None:
    assert check(bench, **{"pgc/1.md": article("One", f'slot: "{pin}"')}) == []


@pytest.mark.parametrize(
    "front", ["expires: 2026-11-25", "not_before: 2026-11-28", "event: {start: 2026-12-16 19:00, place: here}"]
)
def test_a_pin_outside_a_drafts_own_time_is_told(bench: Bench, front: Any) -> None:
    (problem,) = check(bench, CLUB, **{"pgc/1.md": article("One", "slot: 2026-11-27", front)})
    assert (problem.line, problem.message) == (3, "its slot 2026-11-27 is outside the time in which it may go out")


def test_two_pins_to_one_slot_are_told(bench: Bench) -> None:
    """One of them would wait for ever; where the day has two slots there is room for both."""
    drafts = {f"pgc/{n}.md": article(f"No {n}", "slot: 2026-11-28") for n in (1, 2)}
    (problem,) = check(bench, **drafts)
    assert (problem.where, problem.line) == ("pgc/2.md", 3)
    assert problem.message == "pgc/1.md is pinned to the same slot 2026-11-28"
    assert check(bench, SITE_ONLY.replace("day at 20:00", "day at 08:00, 20:00"), **drafts) == []


def test_a_draft_that_expired_in_stock_is_told(bench: Bench) -> None:
    (problem,) = check(bench, **{"pgc/1.md": article("One", "expires: 2026-11-20")})
    assert (problem.where, problem.line) == ("pgc/1.md", 3)
    assert problem.message == "it expired on 2026-11-20, and never went out"


def test_a_pin_to_a_day_off_is_told(bench: Bench) -> None:
    settings = SITE_ONLY.replace('late = "3h"', 'late = "3h"\nskip = ["holidays:CN"]')
    (problem,) = check(bench, settings, **{"pgc/1.md": article("One", "slot: 2027-01-01")})
    assert problem.message == "its slot 2027-01-01 is excused"


def test_an_event_in_the_past_is_told(bench: Bench) -> None:
    (problem,) = check(bench, CLUB, **{"pgc/1.md": article("Met", "event: {start: 2026-11-01 19:00, place: here}")})
    assert "the event ended on 2026-11-01" in problem.message
    assert problem.hint


MONTHLY = (
    SITE_ONLY
    + """
[series.club]
every = "month on first sat at 14:00"
forms = ["event"]
announce = ["7d", "1d"]
channels = ["site"]
"""
)


def event(start: Any) -> Any:
    return article("Met", f"event: {{start: {start}, place: here}}")


def test_an_event_that_no_slot_announces_is_told(bench: Bench) -> None:
    """The club meets on the first Saturday; what is on another day, or was due to be told before today, waits in vain."""
    (problem,) = check(bench, MONTHLY, **{"pgc/1.md": event("2026-12-16 19:00")})
    assert (problem.where, problem.line) == ("pgc/1.md", 3)
    assert problem.message == "club has nothing within 3 days of its start on Wed, Dec 16, 2026 19:00"
    assert "publish --draft pgc/1.md" in problem.hint
    assert check(bench, MONTHLY, **{"pgc/1.md": event("2026-12-05 14:00")}) == []
    assert check(bench, MONTHLY, **{"pgc/1.md": event("2028-01-01 14:00")}) == []
    (problem,) = check(bench, MONTHLY, MORNING.replace(month=12, day=5), **{"pgc/1.md": event("2026-12-05 14:00")})
    assert problem.message == "the last slot that could announce it was that of Fri, Dec 4, 2026 14:00"


@pytest.mark.parametrize(
    ("settings", "front", "line", "said"),
    [
        (SITE_ONLY, "event: {start: 2026-12-16 19:00, place: here}", None, "no series takes an event"),
        (MONTHLY, "series: club", 3, "club takes no article"),
        (SITE_ONLY, "channels: {site: {skip: true}}", 3, "it leaves out every channel of its series"),
        (SITE_ONLY, "evergreen: true", 3, "it is evergreen, and daily is not filled from reserve"),
        (
            SITE_ONLY.replace("late =", "mix = { ugc = 1 }\nlate ="),
            "tags: a",
            None,
            "the mix of daily has no place for pgc",
        ),
        (
            SITE_ONLY.replace("day at", "week on fri at"),
            "expires: 2026-11-25",
            3,
            "no slot of daily comes while it may",
        ),
        (SITE_ONLY.replace("late =", "until = 2026-11-20\nlate ="), "tags: a", None, "no slot of daily comes within"),
    ],
)
def test_a_draft_that_no_series_can_take_is_told(bench: Bench, settings: Any, front: Any, line: Any, said: Any) -> None:
    """It would stay in stock in silence."""
    (problem,) = check(bench, settings, **{"pgc/1.md": article("One", front)})
    assert (problem.where, problem.line) == ("pgc/1.md", line)
    assert problem.message.startswith(said)
    assert problem.hint


@pytest.mark.parametrize("front", ["not_before: 2029-01-01", "expires: 2026-11-23", "draft: true", "tags: a"])
def test_a_draft_that_a_slot_may_take_is_in_order(bench: Bench, front: Any) -> None:
    assert check(bench, **{"pgc/1.md": article("One", front)}) == []


def test_where_nothing_is_promised_a_person_sends_by_hand(bench: Bench) -> None:
    assert check(bench, COMMUNITY + SITE, **{"pgc/1.md": article("One")}) == []


def test_a_member_spelt_otherwise_than_the_folder_is_told(bench: Bench) -> None:
    """`trusted` under another spelling would not be theirs, in silence."""
    (problem,) = check(bench, SITE_ONLY.replace("members.alice", "members.Alice"), **{"ugc/alice/1.md": article("One")})
    assert problem.message == "members.Alice: the folder is called alice"
    assert problem.line


def test_a_note_to_people_is_told_and_is_nothing_to_fix(bench: Bench) -> None:
    """A README at the top of the house's or a member's folder; with front matter, or in a folder of its own, a draft."""
    files = {"pgc/README.md": "# Our drafts\n\nOne file each.\n", "ugc/alice/ReadMe.md": "Mine.\n"}
    drafts = {"ugc/bob/README.md": article("Read me first"), "pgc/rain/README.md": "# Rain\n\nIt rained.\n"}
    app = bench.set_up(SETTINGS, {**files, **drafts})
    found = check(bench)
    assert {f.where for f in found} == set(files)
    assert all(f.harmless and "is a note to people" in str(f) for f in found)
    assert {t.path for t in pipeline.collect(app, bench.clock.now()).taken} == set(drafts)


def test_a_note_that_was_taken_for_a_draft_is_gone(bench: Bench) -> None:
    app = bench.set_up(SETTINGS, {"pgc/README.md": article("Once a draft")})
    pipeline.collect(app, bench.clock.now())
    bench.drop("pgc/README.md", "# Notes\n\nFor people.\n")
    assert [t.kind for t in pipeline.collect(app, bench.clock.now()).taken] == ["gone"]


def test_what_went_out_is_left_alone(bench: Bench) -> None:
    """Its pin and its event are past, as they should be: last year's drafts make no noise."""
    drafts = {
        "pgc/1.md": article("Pinned", "slot: 2026-11-23"),
        "pgc/2.md": article("Meet", "slot: 2026-11-24", "event: {start: 2026-11-25 19:00, place: here}"),
    }
    app = bench.set_up(CLUB, drafts)
    pipeline.collect(app, MORNING)
    for day in (23, 24):
        pipeline.plan(app, bench.clock.now())
        bench.at(day, 20, 0)
        assert pipeline.publish(app).sent
    assert check(bench, CLUB, MORNING + dt.timedelta(days=30), **drafts) == []


def test_a_secret_that_nobody_set_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is named, and without asking anybody for it."""
    monkeypatch.delenv("HOOK_URL", raising=False)
    monkeypatch.setenv("HOOK_SECRET", "here")
    hook = '[channel.hook]\nplatform = "hook"\nurl = "HOOK_URL"\nsecret = "HOOK_SECRET"\n'
    settings = SITE_ONLY + hook + '[[feed]]\nmember = "bob"\nsecret = "BOB_FEED"\n[alarms]\nurls = ["ALARM"]\n'
    found = check(bench, settings)
    assert [p.message for p in found] == [f"the secret {name} is not set" for name in ("HOOK_URL", "BOB_FEED", "ALARM")]
    lines = settings.splitlines()
    assert [lines[p.line - 1].split(" = ")[-1].strip('"[]') for p in found] == ["HOOK_URL", "BOB_FEED", "ALARM"]


@pytest.mark.platforms("mail")
def test_a_file_that_a_channel_names_and_that_is_not_there_is_told(bench: Bench) -> None:
    """Else the first letter is refused at its hour."""
    letters = '[channel.letters]\nplatform = "mail"\nfrom = "a@example.org"\nrecipients = "recipients.txt"\n'
    (found,) = check(bench, SITE_ONLY + letters)
    assert found.message == "channel.letters.recipients: the file 'recipients.txt' is not there"
    assert (SITE_ONLY + letters).splitlines()[found.line - 1] == 'recipients = "recipients.txt"'
    (bench.root / "recipients.txt").write_text("a@example.org\n")
    assert ops.check(MORNING, root=bench.root) == []


@pytest.mark.platforms("mail")
def test_a_letter_that_readers_will_clip_is_told_weeks_before_and_is_no_error(bench: Bench) -> None:
    settings = (
        COMMUNITY
        + DAILY.replace('"far"', '"mail"')
        + SITE
        + '[channel.mail]\nplatform = "mail"\nfrom = "a@b.example"\nhost = "b.example"\n'
    )
    (problem,) = check(bench, settings, **{"pgc/1.md": article("One", body="很长" * 20_000)})
    assert problem.where == "pgc/1.md"
    assert "mail: body is long, and may be clipped: " in problem.said
    assert problem.hint == "shorten the draft"
    assert problem.harmless


def test_words_are_asked_for_of_pictures_that_have_none_and_a_preview_asks_too(bench: Bench) -> None:
    """Once a draft, with its line; what the head says of a picture counts. Nothing has to be fixed before its hour."""
    bare = article("One", "cover: b.png", body="![](a.png)\n\n![The sea](b.png)\n\n![](c.png)")
    files = {f"pgc/{name}.png": png(1, 2, number) for number, name in enumerate("abc")}
    (problem,) = check(bench, **{"pgc/1.md": bare}, **files)
    assert str(problem).startswith("pgc/1.md:6: 2 pictures have no description: a.png first (say what is to be seen")
    assert problem.harmless
    with pipeline.App.open(load(bench.root), readonly=True) as app:
        made = pipeline.preview(app, "pgc/1.md", now=MORNING)
    assert [str(each) for each in made.noticed] == [str(problem)]
    assert "2 pictures have no description" in made.page.read_text(encoding="utf-8")
    told = article(
        "One",
        "cover: b.png\ncover_alt: The sea\nmedia:\n- {file: a.png, alt: A boat}\n- {file: c.png, alt: Rain}",
        body="![](a.png) ![](c.png)",
    )
    assert check(bench, **{"pgc/1.md": told}) == []


@pytest.mark.parametrize(
    ("drafts", "told", "more"),
    [
        (2, ["pgc/1.md", "pgc/2.md"], ""),
        (3, ["pgc/1.md"], "; the same in pgc/2.md, pgc/3.md"),
        (5, ["pgc/1.md"], "; the same in pgc/2.md, pgc/3.md and 2 more"),
    ],
)
def test_what_many_drafts_have_in_common_is_told_once(bench: Bench, drafts: int, told: list[str], more: str) -> None:
    """An archive without descriptions: one line, which names the next ones and counts the rest."""
    files = {f"pgc/{n}.md": article(f"Draft {n}", body="![](a.png)") for n in range(1, drafts + 1)}
    found = check(bench, **files, **{"pgc/a.png": png(1, 2, 3)})
    assert [p.where for p in found] == told
    assert found[0].message == f"the picture a.png has no description{more}"


def test_drafts_are_checked_though_a_channel_is_broken(bench: Bench) -> None:
    found = check(bench, SETTINGS.replace('platform = "far"', 'platform = "fare"'), **{"pgc/1.md": "---\ntitle: [\n"})
    assert [os.path.basename(p.where) for p in found] == ["steadycast.toml", "1.md"]
    assert "did you mean 'far'" in found[0].hint


def test_drafts_are_checked_though_a_channels_settings_are_wrong(bench: Bench) -> None:
    wrong = SITE_ONLY.replace("[channel.site]", "[channel.site]\nurll = 1")
    found = check(bench, wrong, **{"pgc/1.md": article("One"), "pgc/2.md": "---\ntitle: [\n"})
    assert [os.path.basename(p.where) for p in found] == ["steadycast.toml", "2.md"]
    assert "did you mean 'url'" in found[0].hint


def test_an_override_for_no_channel_is_told(bench: Bench) -> None:
    """A member who leaves `stie` out is shown on `site`: that is not what was meant."""
    (problem,) = check(bench, **{"pgc/1.md": article("One", "channels:\n  stie:\n    skip: true")})
    assert (problem.where, problem.line) == ("pgc/1.md", 3)
    assert (problem.message, problem.hint) == ("channels.stie: there is no such channel", "did you mean 'site'?")


def test_a_mark_that_only_a_generator_reads_is_told(bench: Bench) -> None:
    text = article("One", body="Words.\n\n`{% include a %}`\n\n{{< youtube abc >}}")
    (problem,) = check(bench, **{"pgc/1.md": text})
    assert (problem.where, text.split("\n")[problem.line - 1]) == ("pgc/1.md", "{{< youtube abc >}}")
    assert "would be published as it stands" in problem.message


def test_a_broken_platform_folder_is_told_though_no_channel_uses_it(bench: Bench) -> None:
    drop(bench.root, "channels/mine/channel.toml", 'api = 2\ntitel = "x"\n')
    (problem,) = check(bench)
    assert (problem.where.endswith("channels/mine/channel.toml"), problem.line) == (True, 2)
    assert "did you mean 'title'" in problem.hint


@pytest.mark.parametrize("name", ["channels", "var/cache/templates"])
def test_a_folder_that_others_may_write_to_is_told(bench: Bench, name: str) -> None:
    """Whoever may write there runs code in the worker."""
    bench.set_up(SITE_ONLY)
    (bench.root / "prefect.yaml").write_text(prefect_yaml(load(bench.root)))
    (bench.root / name).mkdir(parents=True, exist_ok=True)
    os.chmod(bench.root / name, 0o777)
    (problem,) = ops.check(MORNING, root=bench.root)
    assert "others than its owner" in problem.message
    assert problem.hint == f"chmod go-w {bench.root / name}"


def test_schedules_that_disagree_are_told(bench: Bench) -> None:
    bench.set_up(SITE_ONLY)
    (bench.root / "prefect.yaml").write_text(prefect_yaml(load(bench.root)))
    bench.settings(SITE_ONLY.replace("20:00", "21:30"))
    found = ops.check(MORNING, root=bench.root)
    assert found
    assert {p.where for p in found} == {"prefect.yaml"}
    assert {p.hint for p in found} == {"`steadycast deploy` writes it"}


def test_a_channel_of_a_platform_that_nobody_has_tried_is_told(bench: Bench) -> None:
    """Where something goes out by it: an account that stands ready harms nobody."""
    settings = COMMUNITY + DAILY + SITE + FAR
    bench.set_up(settings, {})
    sheet = bench.root / "channels" / "far" / "channel.toml"
    sheet.write_text("experimental = true\n" + sheet.read_text())
    found = of_settings(bench.open(), MORNING)
    assert [(each.message, each.harmless) for each in found] == [
        ("channel.far: nobody has tried this platform against the live one yet", True)
    ]
    assert of_settings(bench.settings(settings + "paused = true\n"), MORNING) == []
