"""The doctor: everything a promise stands on, one row each, and each bad row with its hint."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import NOON
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, SITE, Bench, article
from pytest_httpserver import HTTPServer

from steadycast import pipeline
from steadycast.errors import OK, WARN, Problem
from steadycast.ledger.database_check import SQLITE_WANTED, Checkup, check_up
from steadycast.ledger.migrations import HEAD
from steadycast.ledger.store import Ledger
from steadycast.ops import doctor_checks
from steadycast.ops.deployments import prefect_yaml
from steadycast.ops.doctor import _let_in, announced, doctor, tz_version, unreachable
from steadycast.platform import Account
from steadycast.workspace import paths
from steadycast.workspace.paths import bundle

HOUR = dt.timedelta(hours=1)
WELL = Checkup("SQLite", "3.40.1", HEAD, modes=SQLITE_WANTED, wanted=SQLITE_WANTED)


def states(rows: list[Problem]) -> dict[str, str]:
    """The gravest state of each row's name."""
    rank = ["ok", "warn", "bad"]
    found: dict[str, str] = {}
    for row in rows:
        found[row.where] = max(found.get(row.where, "ok"), row.severity, key=rank.index)
    return found


def bad(rows: list[Problem]) -> set[str]:
    return {what for what, state in states(rows).items() if state == "bad"}


@pytest.fixture
def well(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A community that nothing is wrong with."""
    app = bench.set_up(SETTINGS, {"pgc/one.md": article("One")})
    app.workspace.prefect_yaml.write_text(prefect_yaml(app.workspace), encoding="utf-8")
    (bench.root / "flows").mkdir(mode=0o755)
    for folder in (bench.root, bench.root / "channels"):
        folder.chmod(0o755)
    Path(app.workspace.ledger).chmod(0o600)
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.verify(app, bench.clock.now())
    monkeypatch.chdir(bench.root)
    return bench


def look(bench: Bench) -> list[Problem]:
    return doctor(bench.clock.now(), app=bench.open())


def test_where_nothing_is_wrong_nothing_is_bad(well: Bench) -> None:
    """And it says of each thing what was looked at."""
    rows = look(well)
    assert bad(rows) == set()
    assert {"ledger", "ledger's file", "durability", "clock", "disk of var/", "disk of content/", "zones", "secrets",
            "prefect.yaml", "Prefect's server", "channel site", "channel far", "rights", "ticks",
            "unknown deliveries"} <= set(states(rows))  # fmt: skip
    assert next(r.message for r in rows if r.where == "channel far") == "nothing can be tried without sending"


def test_it_changes_nothing(well: Bench) -> None:
    """Asked at every minute, it leaves no trace: no file, no row, no request."""

    def everything() -> dict[str, bytes]:
        return {str(f): f.read_bytes() for f in well.root.rglob("*") if f.is_file() and "__pycache__" not in str(f)}

    before = everything()
    look(well)
    assert everything() == before
    assert well.calls() == []


def harm_ledger(bench: Bench) -> None:
    bench.app.close()
    path = Path(bench.app.workspace.ledger)
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096 - 1):
        data[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(bytes(data))


def write(name: str, text: str) -> Callable[[Bench], object]:
    return lambda bench: (bench.root / name).write_text(text, encoding="utf-8")


def tick_at(span: dt.timedelta) -> Callable[[Bench], None]:
    return lambda bench: bench.app.ledger.ticked(bench.clock.now() + span)


SECRET = COMMUNITY + DAILY + SITE + FAR + '[channel.hook]\nplatform = "hook"\nurl = "HOOK_URL"\n'

HARMS: dict[str, tuple[Callable[[Bench], object], set[str]]] = {
    "a damaged ledger": (harm_ledger, {"ledger"}),
    "a clock that went back": (tick_at(HOUR), {"clock"}),
    "no tick for hours": (tick_at(-7 * HOUR), {"ticks"}),
    "prefect.yaml of yesterday": (write("prefect.yaml", "deployments: []\n"), {"prefect.yaml"}),
    "prefect.yaml that is none": (write("prefect.yaml", "a: [\n"), {"Prefect"}),
    "a secret that is not set": (write("steadycast.toml", SECRET), {"secrets"}),
    "a channel without its platform": (write("steadycast.toml", SETTINGS.replace('"far"\n', '"fax"\n')), {"settings"}),
    "a root that others write to": (lambda b: b.root.chmod(0o777), {"rights"}),
    "channels/ that others write to": (lambda b: (b.root / "channels").chmod(0o775), {"rights"}),
}


@pytest.mark.parametrize("what", HARMS)
def test_what_is_wrong_is_bad_and_has_its_hint(well: Bench, what: str) -> None:
    """Each fault is seen, by its own row, and no bad row is without a hint."""
    harm, wanted = HARMS[what]
    harm(well)
    rows = look(well)
    assert wanted <= bad(rows)
    assert all(row.hint for row in rows if row.severity != "ok")


def test_a_deliverys_doubt_and_what_nobody_swept_are_told(well: Bench) -> None:
    """Due for ten minutes and not taken: no flow runs. Unknown: with the command that shows what to do."""
    well.at(23, 20, 11)
    assert "sweep" in bad(look(well))
    well.far("cut")
    pipeline.publish(well.app)
    rows = {r.where: r for r in look(well)}
    assert rows["unknown deliveries"].severity == "warn"
    assert "steadycast status" in rows["unknown deliveries"].hint
    assert "sweep" not in rows
    well.at(24, 20, 30)
    assert next(r for r in look(well) if r.where == "unknown deliveries").severity == "bad"


def test_settings_that_cannot_be_read_are_the_only_row(tmp_path: Path) -> None:
    """With file, line and hint, as everywhere."""
    (tmp_path / "steadycast.toml").write_text("[community\n")
    [row] = doctor(NOON, root=tmp_path)
    assert (row.where, row.severity) == ("settings", "bad")
    assert "steadycast.toml:1" in row.message


def test_a_hint_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what is wrong, not in it as well."""
    monkeypatch.delenv("STEADYCAST_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    [row] = doctor(NOON)
    assert row.message == f"{tmp_path}: no steadycast.toml here or above"
    assert row.hint == "`steadycast up` makes a workspace here, `steadycast init DIR` one in another folder"


@pytest.mark.platforms("mail")
def test_no_secret_is_ever_told(well: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where it is set, not where the channel that has it fails."""
    text = COMMUNITY + DAILY + SITE + FAR + (
        '[channel.hook]\nplatform = "hook"\nurl = "HOOK_URL"\n'
        '[channel.letter]\nplatform = "mail"\nfrom = "a@b.example"\nhost = "127.0.0.1"\nport = 9\nuser = "me"\n'
        'password = "MAIL_PASSWORD"\nsecurity = "none"\n[alarms]\nurls = ["ALARM_URL"]\n'
    )  # fmt: skip
    well.settings(text)
    for name in ("HOOK_URL", "MAIL_PASSWORD", "ALARM_URL"):
        monkeypatch.setenv(name, f"https://canary-{name.lower()}.example/t0k3n")
    told = str(look(well))
    assert "channel letter" in told
    assert "canary" not in told
    assert "t0k3n" not in told


def test_a_look_that_breaks_stops_no_other(well: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter of somebody's own may raise anything."""
    monkeypatch.delitem(sys.modules, "steadycast_channel_far", raising=False)
    (well.root / "channels/far/adapter.py").write_text(
        "class Adapter:\n def __init__(self, c): pass\n def check(self): raise RuntimeError('s3cr3t')\n"
    )
    rows = look(well)
    assert [r.severity for r in rows if r.where == "channel far"] == ["bad"]
    assert {"channel site", "rights", "ticks"} <= set(states(rows))
    assert "s3cr3t" not in str(rows)


# The pure half


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (WELL, {}),
        (Checkup("SQLite", "3", None), {"ledger": "warn"}),
        (Checkup("SQLite", "3", "9999"), {"ledger": "bad"}),
        (Checkup("SQLite", "3", "0000"), {"ledger": "warn"}),
        (Checkup("SQLite", "3", HEAD, damage="row 3 missing from index"), {"ledger's file": "bad"}),
        (Checkup("SQLite", "3", HEAD, others_read=True), {"ledger's file": "warn"}),
        (Checkup("SQLite", "3", HEAD, modes={"synchronous": "off"}, wanted={"synchronous": "extra"}), {"durability": "bad"}),
        (Checkup("PostgreSQL", "15", HEAD, modes={"fsync": "off"}, wanted={"fsync": "on"}), {"durability": "bad"}),
    ],
)  # fmt: skip
def test_a_ledger_is_judged_by_what_it_says_of_itself(seen: Checkup, wanted: dict[str, str]) -> None:
    """Newer, older, damaged, readable to others, or not durable."""
    rows = list(doctor_checks.ledger(seen))
    assert {w: s for w, s in states(rows).items() if s != "ok"} == wanted
    assert all(row.hint for row in rows if row.severity != "ok")


@pytest.mark.parametrize(("ahead", "state"), [(-100, "ok"), (0, "ok"), (60, "ok"), (61, "bad"), (86400, "bad")])
def test_a_clock_behind_the_ledger_is_bad(ahead: int, state: str) -> None:
    """A minute is what two machines may be apart."""
    [row] = doctor_checks.clock(NOON, NOON + dt.timedelta(seconds=ahead), None)
    assert row.severity == state
    assert "NTP" in row.message or row.severity == "bad"


def test_a_system_without_timers_is_told_what_may_double() -> None:
    assert doctor_checks.frozen(True).severity == OK
    row = doctor_checks.frozen(False)
    assert (row.severity, "Linux" in row.hint) == (WARN, True)


@pytest.mark.parametrize(("apart", "state"), [(0, "ok"), (5, "ok"), (-6, "warn"), (60, "warn"), (-61, "bad")])
def test_a_database_servers_clock_is_held_against_ours(apart: int, state: str) -> None:
    """Leases and slots are told by both."""
    rows = list(doctor_checks.clock(NOON, None, NOON + dt.timedelta(seconds=apart)))
    assert rows[1].severity == state


@pytest.mark.parametrize(
    ("free", "files", "state"),
    [(10**10, 10**6, "ok"), (10**9, None, "warn"), (10**8, 10**6, "bad"), (10**10, 999, "bad"), (10**10, None, "ok")],
)
def test_a_disk_wants_bytes_and_names(free: int, files: int | None, state: str) -> None:
    """Some file systems run out of names first, and some count none."""
    assert doctor_checks.disk("var/", free, files).severity == state


def test_zones_are_there_and_not_of_the_year_before_last() -> None:
    """A country changes its clocks by a decree; whoever computes slots with an old database is an hour off."""
    assert doctor_checks.zones("Asia/Shanghai", {"Asia/Shanghai"}, "2025b", NOON).severity == "ok"
    assert doctor_checks.zones("Asia/Shanghai", {"Asia/Shanghai"}, "2024a", NOON).severity == "warn"
    assert doctor_checks.zones("Asia/Shanghai", {"Asia/Shanghai"}, "", NOON).severity == "ok"
    assert doctor_checks.zones("Asia/Shanghai", {"UTC"}, "2026a", NOON).severity == "bad"


def test_the_version_of_the_tz_database_is_that_which_python_reads(tmp_path: Path) -> None:
    """The system's where there is one, else the package's."""
    (tmp_path / "tzdata.zi").write_text("# version 2031c\n# rest\n")
    assert tz_version([str(tmp_path / "none"), str(tmp_path)]) == "2031c"
    (tmp_path / "tzdata.zi").unlink()
    assert tz_version([str(tmp_path)])[:2] == "20"
    (tmp_path / "UTC").touch()
    assert not tz_version([str(tmp_path)])


def test_days_off_that_are_not_announced_yet_are_told(well: Bench) -> None:
    """China says in autumn what the next year's are; until then only the fixed ones are known."""
    assert announced("CN", 2026)
    assert not announced("CN", 2035)
    assert announced("US", 2035), "fixed by law"
    well.settings(SETTINGS.replace('late = "3h"', 'late = "3h"\nskip = ["holidays:CN"]'))
    rows = {r.where: r for r in look(well)}
    assert rows["holidays of daily"].severity in {"ok", "warn"}
    late = doctor_checks.holidays("daily", ["CN"], [("CN", 2035)])
    assert (late.severity, "holidays.toml" in late.hint) == ("warn", True)


# Servers and credentials


@pytest.mark.parametrize(
    ("change", "state", "said"),
    [
        (lambda flows: None, "ok", "this version's"),
        (lambda flows: (flows / "publish.py").write_text("# ours"), "ok", "your own, other than this version's: publish.py"),
        (lambda flows: (flows / "ticks.py").unlink(), "warn", "your own copy, without this version's ticks.py"),
        (lambda flows: (flows / "weekly_letter.py").write_text("# one more"), "ok", "this version's"),
    ],
)  # fmt: skip
def test_a_copy_of_the_flows_that_an_upgrade_left_behind_is_told(
    well: Bench, change: Callable[[Path], object], state: str, said: str
) -> None:
    shutil.copytree(bundle() / "flows", well.root / "flows", dirs_exist_ok=True)
    change(well.root / "flows")
    row = next(row for row in look(well) if row.where == "flows/")
    assert (row.severity, row.message) == (state, said)


def test_prefects_server_is_asked_whether_it_lives(httpserver: HTTPServer) -> None:
    """And its address, which may carry a password, is not told."""
    httpserver.expect_request("/api/health").respond_with_json(True)
    assert not unreachable(httpserver.url_for("/api"))
    assert unreachable(httpserver.url_for("/other")) == "it answers 500"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert unreachable(f"http://me:s3cr3t@127.0.0.1:{port}/api").startswith("it does not answer")
    assert "s3cr3t" not in unreachable(f"http://me:s3cr3t@127.0.0.1:{port}/api")
    assert "no web address" in unreachable("file:///etc/passwd")


def test_a_server_that_is_down_is_bad_and_blocks_no_secret(well: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Secret blocks are not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{port}/api")
    well.settings(SECRET)
    assert {"Prefect's server", "secrets"} <= bad(look(well))


# Databases


def test_a_ledger_is_looked_at_as_it_will_be_used(database: str) -> None:
    """Its modes are those of a connection that writes; a server's clock is asked for."""
    seen = check_up(database)
    assert (seen.tables, seen.damage, seen.doubtful_until) == (HEAD, "", None)
    if seen.kind == "SQLite":
        assert seen.modes == SQLITE_WANTED
    else:
        assert seen.clock is not None
        assert set(seen.modes) == {"fsync", "full_page_writes", "synchronous_commit"}


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A look leaves nothing behind."""
    assert check_up(str(tmp_path / "none.sqlite")).tables is None
    assert os.listdir(tmp_path) == []


def test_the_command_exits_by_what_is_found(well: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """1 when anything is bad; `--json` holds every row."""
    from steadycast.cli import main

    with Ledger.open(well.app.workspace.ledger) as ledger:
        ledger.ticked(dt.datetime.now(dt.UTC))
    (well.root / "prefect.yaml").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json"])
    assert ended.value.code == 1
    assert '"what": "prefect.yaml"' in capsys.readouterr().out


def test_it_says_as_whom_a_channel_would_be_let_in() -> None:
    """And with which rights, and until when, as far as the far side says."""
    until = dt.datetime(2027, 1, 31, 8, tzinfo=dt.UTC)
    said = _let_in(Account("@reading@hu.example", ("write:statuses", "write:media"), until))
    assert (
        said
        == "tried, and it would be let in as @reading@hu.example, may write:statuses, write:media, until Sun, Jan 31, 2027 08:00 UTC"
    )
    assert _let_in(Account("")) == _let_in(None) == "tried, and it would be let in"


def test_a_broken_platform_that_no_channel_uses_is_named(
    well: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that came with the package harms no channel. It is missing all the same where somebody wants it."""
    (tmp_path / "channels" / "odd").mkdir(parents=True)
    for each in (bundle() / "channels").iterdir():
        (tmp_path / "channels" / each.name).symlink_to(each)
    monkeypatch.setattr(paths, "bundle", lambda: tmp_path)
    assert states(doctor(NOON))["platform"] == "ok"
    (tmp_path / "channels" / "odd" / "channel.toml").write_text('api = 2\ntitel = "x"\n', encoding="utf-8")
    (row,) = [row for row in doctor(NOON) if row.where == "platform"]
    assert row.severity == WARN
    assert "channels/odd/channel.toml:2: " in row.message
    assert "no channel uses it" in row.hint
    own = well.root / "channels" / "mine"
    own.mkdir()
    (own / "channel.toml").write_text('api = 2\ntitel = "x"\n', encoding="utf-8")
    told = [row.where for row in doctor(NOON) if "channel.toml:2: " in row.message]
    assert len(told) == 2, "each once"
    assert told[0] == "settings", "the workspace's own is to be fixed"
