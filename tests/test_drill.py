"""The drill: simulated years of the product itself."""

from __future__ import annotations

import datetime as dt
import math
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median, variance
from zoneinfo import ZoneInfo

import pytest
from conftest import emptied

from steadycast import drill as room
from steadycast.cli import main
from steadycast.drill import Result, drill, profiles, shipped
from steadycast.drill.forecast_accuracy import first_gaps, likeliest_days
from steadycast.drill.result import free
from steadycast.drill.settings import SHIPPED, read
from steadycast.drill.stage import Spell, alone
from steadycast.drill.supply import Source, pieces
from steadycast.drill.year import Foreseen
from steadycast.errors import SettingsError, SteadycastError
from steadycast.schedule.model import Origin, Slot

MONDAY = dt.date(2027, 1, 4)
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = dt.datetime(2027, 1, 4, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
DAILY = (SHIPPED / "daily.toml").read_text(encoding="utf-8")

Edited = Callable[..., str]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """The shipped daily drill with some words replaced, as a file; without `outages` nothing goes wrong."""

    def make(*changes: tuple[str, str], outages: bool = True) -> str:
        text = DAILY if outages else DAILY.partition("[[trouble]]")[0]
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        file = tmp_path / "drill.toml"
        file.write_text(text, encoding="utf-8")
        return str(file)

    return make


def test_a_fortnight_is_kept_but_for_the_outage_that_covers_a_slot(edited: Edited) -> None:
    """The real product, end to end: what comes of each slot, whose drafts went out, and nothing twice."""
    file = edited(("2027-05-12T08:00:00", "2027-01-08T08:00:00"), ("2027-03-10T19:00:00", "2027-01-12T19:00:00"))
    found = drill(file, days=10)
    assert found.counts == {"kept": 8, "late": 1, "down": 1}
    assert (found.doubled, found.broken, found.kept) == (0, [], 1)
    assert found.origins["pgc"] + found.origins["ugc"] == 9


REFUSED = """\
[series.daily]
every = "day at 20:00"
late = "4h"
channels = ["site"]
[supply.house]
counts = [0]
opening = 2
[[trouble]]
what = "token"
from = 2027-01-05T10:00:00
for = "72h"
"""


def test_what_is_refused_is_stock_again_once_its_time_is_over(tmp_path: Path) -> None:
    """The sweep at the end of `late` gives it back, and each slot until the token is new has it in turn."""
    (tmp_path / "drill.toml").write_text(REFUSED, encoding="utf-8")
    found = drill(str(tmp_path / "drill.toml"), days=5)
    assert (found.counts, found.broken) == ({"kept": 2, "refused": 3}, [])


def test_a_slot_for_which_nothing_is_left_is_alarmed_three_days_ahead_without_a_reserve_line(tmp_path: Path) -> None:
    """Once for stock that ends, and once when it is the next slot."""
    text = REFUSED.partition("[[trouble]]")[0].replace("opening = 2", "opening = 5\nevergreens = 1")
    text = text.replace('late = "4h"', 'late = "4h"\nfill = ["evergreen"]')
    (tmp_path / "drill.toml").write_text(text, encoding="utf-8")
    found = drill(str(tmp_path / "drill.toml"), days=8)
    assert found.counts == {"kept": 5, "filled": 1, "starved": 2}
    assert (found.foretold, found.alarmed) == (2, 2)
    assert {key: times for key, times in found.alarms.items() if not key.endswith("silent")} == {
        "starvation:daily:soon": 1,
        "starvation:daily:empty": 1,
    }


def test_a_first_gap_is_compared_as_it_was_named_and_by_what_was_known_then() -> None:
    """Named for the 10th day; one draft came later, and one slot was down: so the 12th is right by what was known."""
    days = [NOON + n * DAY for n in range(20)]
    slots = [Slot(at, f"daily@{n}", "daily", at.replace(tzinfo=None)) for n, at in enumerate(days)]
    ends = {slot.id: "starved" if n == 12 else "down" if n == 10 else "kept" for n, slot in enumerate(slots)}
    since = {slot.id: days[8] if n == 11 else NOON for n, slot in enumerate(slots) if n < 12 and n != 10}
    for named, errors, known in ((10, -2.0, 0.0), (7, -5.0, -3.0), (None, math.inf, math.inf)):
        found = Result()
        stock, around = (None if day is None else days[day] for day in (named, named and named + 1))
        said = Foreseen(days[5] + HOUR, "daily", stock, None, alarmed=False, around=around)
        first_gaps(found, [said], slots, ends, since)
        assert found.errors == {1: [errors], 3: [errors]}
        assert found.known == {1: [known], 3: [known]}
        assert found.expected == {1: [errors + 1], 3: [errors + 1]}
    both = Result(errors={3: [2.0]}, known={3: [1.0]})
    both.add(found)
    assert (both.values()["first_gaps_within_a_day"], both.values()["first_gaps_of_what_was_known"]) == (
        {1: 0, 3: 0},
        {1: 0, 3: 1},
    )


def test_of_the_days_that_were_named_it_is_counted_at_how_many_a_gap_came() -> None:
    """Three days ahead: named right, named for a gap that came later, and named after a gap that goes on."""
    days = [NOON + n * DAY for n in range(20)]
    slots = [Slot(at, f"daily@{n}", "daily", at.replace(tzinfo=None)) for n, at in enumerate(days)]
    ends = {slot.id: "starved" if n in (9, 10) else "kept" for n, slot in enumerate(slots)}
    said = [Foreseen(days[n] - HOUR, "daily", None, None, alarmed=True, around=days[n + 3]) for n in (3, 7, 11)]
    found = Result()
    likeliest_days(found, [*said, Foreseen(days[5], "daily", None, None, alarmed=True)], slots, ends)
    assert found.came == {3: [False, True]}


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize(
    ("changes", "outages", "counts"),
    [
        pytest.param((), False, {"kept": 364}, id="all-no-outage"),
        pytest.param((("evergreens = 12", ""),), True, {"kept": 359, "late": 1, "down": 4}, id="all"),
        pytest.param(
            (("evergreens = 12", ""), ('late = "4h"', 'late = "12h"')), True,
            {"kept": 359, "late": 2, "down": 3}, id="all-late-12-hours",
        ),
        pytest.param(
            (("people = 449", 'people = 449\naway = ["2027-06-07..2027-06-27"]'),), True,
            {"kept": 359, "late": 1, "down": 4}, id="three-weeks-of-silence",
        ),
    ],
)  # fmt: skip
def test_a_year_of_a_daily_series_with_five_outages(
    changes: tuple[tuple[str, str], ...], outages: bool, counts: dict[str, int], edited: Edited
) -> None:
    """Where stock is plenty, only the two long outages and the one over the slot cost a slot: four of 364."""
    found = drill(edited(*changes, outages=outages))
    assert (dict(found.counts), found.doubled) == (counts, 0)


@pytest.mark.slow
@pytest.mark.parallel
def test_the_same_seed_is_the_same_year_and_another_is_another() -> None:
    """To the last figure; weather, drafts and faults are all drawn by it."""
    one, again, other = (drill("storm", seed=seed, days=28).values() for seed in (7, 7, 8))
    assert one == again
    assert one != other


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize("seed", [24, 111])
def test_twelve_weeks_of_bad_weather_break_no_promise(seed: int) -> None:
    """Outages, dead tokens, silent servers, a wrong clock, scarce drafts, and the founder away for four weeks.

    These two seeds have a slot that is empty when an outage ends, and a draft for it: it goes out late.
    """
    found = drill("storm", seed=seed)
    assert (found.broken, found.doubled, found.alarmed) == ([], 0, found.foretold)


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize(("share", "evergreens"), [(0.5, 0), (0.5, 12), (0.18, 12)])
def test_where_drafts_are_scarce_slots_starve_evergreens_fill_and_each_is_foretold(
    share: float, evergreens: int, edited: Edited
) -> None:
    """How many starve hangs on the order of the weeks, which is drawn; that nothing else is lost does not."""
    supply = ("people = 449", f"people = 449\nshare = {share}")
    found = drill(edited(supply, ("evergreens = 12", f"evergreens = {evergreens}")), seed=4, days=182)
    assert sum(found.counts.values()) == 182
    assert (found.counts["down"], found.counts["broken"], found.doubled) == (1, 0, 0)
    assert found.counts["starved"] + found.counts["filled"] > (50 if share < 0.2 else 10)
    assert found.counts["filled"] >= evergreens
    assert found.alarmed == found.foretold


@pytest.mark.slow
@pytest.mark.parallel
def test_a_year_of_sound_every_day_and_a_film_on_48_fridays_has_no_gap() -> None:
    """罗辑思维's promise, kept by who is two weeks ahead."""
    found = drill("luoji")
    assert {name: n for name, n in found.counts.items() if name != "excused"} == {"kept": 365 + 48}


@pytest.mark.slow
@pytest.mark.parallel
def test_no_outage_makes_a_member_miss_a_duty_or_puts_one_up_for_leaving(tmp_path: Path) -> None:
    """Everybody hands in, and 25 outages in four weeks lie where they may: all is kept. Who hands in nothing is up."""
    text = (SHIPPED / "class.toml").read_text(encoding="utf-8").replace("down = 120", "down = 320")
    for old, new in (("77", "9"), ("rate = 0.9", "rate = 1"), ("no_shows = 0.3", "no_shows = 0"), ("0.04", "0")):
        text = text.replace(old, new)
    (tmp_path / "all.toml").write_text(text, encoding="utf-8")
    found = drill(str(tmp_path / "all.toml"), days=29)
    assert (dict(found.hand_ins), found.up, found.broken) == ({"kept": 36}, 0, [])
    (tmp_path / "none.toml").write_text(text.replace("rate = 1", "rate = 0"), encoding="utf-8")
    found = drill(str(tmp_path / "none.toml"), days=15)
    assert (dict(found.hand_ins), found.up, found.broken) == ({"missed": 18}, 9, [])


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.postgres
def test_the_same_seed_is_the_same_year_on_sqlite_and_postgresql(postgres_schema: str) -> None:
    """Which database it is makes no difference."""
    on_sqlite = drill("storm", seed=5, days=30)
    emptied(postgres_schema)
    assert drill("storm", seed=5, days=30, ledger=postgres_schema).values() == on_sqlite.values()


def test_a_drill_touches_no_ledger_that_is_in_use(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """The environment's ledger is not the drill's; and one that is named must be empty."""
    monkeypatch.setenv("STEADYCAST_LEDGER", database)
    with alone():
        assert "STEADYCAST_LEDGER" not in os.environ
    assert os.environ["STEADYCAST_LEDGER"] == database
    drill("daily", days=1, ledger=database)
    with pytest.raises(SteadycastError, match="in use"):
        drill("daily", days=1, ledger=database)


def test_the_profiles_have_the_measured_figures() -> None:
    """The fewest, the middle and the most of a week, the mean, and variance over mean."""
    for counts, figures in (
        (profiles.WEEKLY_CN, (2, 11, 24, 10.9, 1.5)),
        (profiles.WEEKLY_RUST, (8, 22, 40, 22.5, 1.9)),
    ):
        found = (min(counts), median(counts), max(counts), mean(counts), variance(counts) / mean(counts))
        assert found == pytest.approx(figures, abs=0.05), counts
    assert profiles.CLASS_HARD[0] > 4 * profiles.CLASS_HARD[-1] > 0


def test_what_comes_is_drawn_by_the_seed_and_nothing_comes_on_days_away() -> None:
    away = {MONDAY + dt.timedelta(days=n) for n in range(14, 21)}
    source = Source("m", (3, 9), writers=("ann", "ben"), opening=2, evergreens=1, away=away)
    one, again, other = (pieces([source], seed, MONDAY, 70, SHANGHAI) for seed in (1, 1, 2))
    assert one == again != other
    assert not away & {piece.at.astimezone(SHANGHAI).date() for piece in one}
    assert Counter(piece.evergreen for piece in one)[True] == 1
    assert {piece.path.split("/")[1] for piece in one} == {"ann", "ben"}
    house = pieces([Source("h", (2, 0), in_order=True, origin=Origin.PGC)], 1, MONDAY, 28, SHANGHAI)
    assert [(piece.at.astimezone(SHANGHAI).date() - MONDAY).days // 7 for piece in house] == [0, 0, 2, 2]


def test_a_slot_is_free_where_one_instant_of_its_time_is_in_no_spell() -> None:
    def spell(begin: int, hours: int) -> Spell:
        return Spell("down", NOON + begin * HOUR, NOON + (begin + hours) * HOUR)

    assert free(NOON, NOON + 4 * HOUR, [])
    assert free(NOON, NOON + 4 * HOUR, [spell(-1, 3), spell(3, 9)])
    assert not free(NOON, NOON + 4 * HOUR, [spell(2, 9), spell(-1, 3)])
    assert free(NOON, NOON + 4 * HOUR, [spell(-1, 5)])  # up again at its last instant


def test_a_history_of_a_repository_is_drawn_from_week_by_week(tmp_path: Path) -> None:
    """Markdown files by the week of their first commit; too few weeks are told."""
    folder = tmp_path / "weekly"
    folder.mkdir()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    now = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)
    for week, count in enumerate((1, 2, 1, 3, 2)):
        for n in range(count):
            (folder / f"{week}-{n}.md").write_text("# one\n")
        at = (now - dt.timedelta(days=7 * week + 3)).isoformat()
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run(
            [*git, "commit", "-qm", "x"],
            check=True,
            env={**os.environ, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at},
        )
    supply = read("daily")[0].supply["members"].model_copy(update={"profile": "", "from_": f"git:{folder}"})
    assert room._history(supply, None, SHANGHAI, now) == [1, 2, 1, 3]
    with pytest.raises(SteadycastError, match="whole weeks"):
        room._history(supply, None, SHANGHAI, now - dt.timedelta(days=14))


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('profile = "weekly-cn"', 'profile = "weekly-fr"', 11, "no profile"),
        ('profile = "weekly-cn"', 'profile = "weekly-cn"\ncounts = [3]', 11, "say once"),
        ("people = 449", "poeple = 449", 13, "unknown key"),
        ('what = "down"', 'what = "asleep"', 22, "what"),
        ("2027-02-03T19:50:00", "2027-02-03T19:50:00Z", 21, "local time"),
        (
            "[supply.house]",
            '[class.c16]\nevery = "week on sun at 20:00"\nstart = 2027-01-04\n[supply.house]',
            None,
            "both",
        ),
        ('every = "day at 20:00"', 'every = "day at"', 5, "rhythm"),
    ],
)
def test_what_is_wrong_in_a_drill_is_told_with_its_line(
    old: str, new: str, line: int | None, said: str, edited: Edited
) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        drill(edited((old, new)))
    assert raised.value.line == line


def test_the_command_tells_what_came_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lines, or as JSON; a name that is none is told, with those that are."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["drill", "daily", "--days", "1", "--seeds", "2", "--json"])
    assert ended.value.code == 0
    assert '"kept": 2' in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["drill", "dayly"])
    assert ended.value.code == 2
    assert "daily" in capsys.readouterr().err
    assert shipped() == ["class", "daily", "luoji", "storm"]


def test_the_lines_name_what_was_broken() -> None:
    bad = Result(
        3, Counter(kept=9, broken=1), broken=["daily@2027-01-05T20:00"], errors={3: [0.5, 3]}, chances=[(0.2, False)]
    )
    text = "\n".join(bad.lines(2))
    for words in (
        "broken 1",
        "90.00% of 10",
        "1 of 2 within a day",
        "said 20%, came 0% of 1",
        "daily@2027-01-05T20:00",
    ):
        assert words in text
