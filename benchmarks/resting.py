"""What `steadycast up` costs while nothing is to be done, against the Prefect server that it starts, alone."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Row, _held, _tree

HERE = Path(__file__).resolve().parent
STEADYCAST = [sys.executable, "-c", "from steadycast.cli import main; main()"]
TICK = os.sysconf("SC_CLK_TCK")
HOURLY, SLOTS = 5, 10  # summaries an hour; slots a day, each as large a run as five summaries
DONE = "(SELECT id FROM flow_run WHERE state_type = 'COMPLETED')"
EVENTS = "(SELECT id FROM events WHERE event LIKE 'prefect.flow-run.%')"
OF_RUNS = {
    "flow_run": f"WHERE id IN {DONE}",
    "flow_run_state": f"WHERE flow_run_id IN {DONE}",
    "artifact": f"WHERE flow_run_id IN {DONE}",
    "log": f"WHERE flow_run_id IN {DONE}",
    "events": f"WHERE id IN {EVENTS}",
    "event_resources": f"WHERE event_id IN {EVENTS}",
}
# What Prefect's server does each hour by its settings, without the server; then what `up` does.
PRUNE = """
import asyncio, sys
from pathlib import Path
from prefect.server.database import provide_database_interface
from prefect.server.services.db_vacuum import vacuum_old_events, vacuum_old_flow_runs
from steadycast.ops.prefect_database import shrink
async def prune():
    await vacuum_old_flow_runs(db=provide_database_interface())
    await vacuum_old_events(db=provide_database_interface())
asyncio.run(prune())
shrink(Path(sys.argv[1]))
"""


def rows(folder: Path, seconds: float, days: int) -> Iterator[Row]:
    """Processor time and memory of the tree of `up` over so many seconds, and Prefect's database after so many days."""
    place = folder / "resting"
    subprocess.run([*STEADYCAST, "init", str(place)], check=True, capture_output=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYCAST_", "PREFECT_"))}
    ports = [f"--{name}={_free()}" for name in ("port", "health-port", "desk-port")]
    log = place / "up.log"
    with log.open("wb") as out, subprocess.Popen([*STEADYCAST, "up", *ports], cwd=place, env=env, stdout=out) as up:
        try:
            _until(lambda: b"Ctrl-C" in log.read_bytes())
            _until(lambda: b"Completed" in (place / "var" / "log" / "flows.log").read_bytes())  # it told its first hour
            server = next(pid for pid in _tree(up.pid) if _name(pid) == "up: server\n")
            ours, alone, most, least = _at_rest(up.pid, server, seconds)
        finally:
            up.terminate()
            up.wait(30)
    what = f"`steadycast up` at rest, {seconds / 60:.1f} min"
    yield Row(
        f"{what}: processor",
        f"{ours:.1%} of a core",
        f"its Prefect server {alone:.1%}",
        f"{ours / alone:.2f} x",
        "<= 5 %",
        ours <= 0.05,
    )
    yield Row(
        f"{what}: memory of all processes at its peak",
        f"{most:.0f} MB",
        f"its Prefect server {least:.0f} MB",
        f"{most / least:.2f} x",
        "<= 450 MB",
        most <= 450,
    )
    grown, kept = month(place / "var" / "prefect" / "prefect.db", days)
    yield Row(
        f"Prefect's database after {days} days",
        f"{kept:.0f} MB",
        f"nothing deleted {grown:.0f} MB",
        f"{kept / grown:.2f} x",
        "<= 60 MB",
        kept <= 60,
    )
    shutil.rmtree(place)


def _at_rest(up: int, server: int, lasts: float) -> tuple[float, float, float, float]:
    """Share of a core of the whole tree and of the server alone, and megabytes at the worst second of each."""
    until, begin, most, least = time.monotonic() + lasts, time.monotonic(), 0, 0
    tree, alone = _spent(*_tree(up)), _spent(server)
    while time.monotonic() < until:
        held = {pid: _held(pid) for pid in _tree(up)}
        most, least = max(most, sum(held.values())), max(least, held.get(server, 0))
        time.sleep(0.5)
    took = time.monotonic() - begin
    return (_spent(*_tree(up)) - tree) / took, (_spent(server) - alone) / took, most / 1024, least / 1024


def _spent(*pids: int) -> float:
    """Seconds of processor time of these and of the children that they have waited for."""
    total = 0
    for pid in pids:
        try:
            total += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]))
        except OSError:
            continue
    return total / TICK


def month(database: Path, days: int) -> tuple[float, float]:
    """Megabytes of Prefect's database with runs of so many days, before and after its server and `up` tidied it.

    Each run that is there is written again, row by row, with other ids and an hour earlier: a summary of each of five
    deployments, and what ten slots a day come to.
    """
    with sqlite3.connect(database) as ledger:
        ledger.row_factory = sqlite3.Row
        tables = {name: ledger.execute(f"SELECT * FROM {name} {of}").fetchall() for name, of in OF_RUNS.items()}
        more = days * (24 * HOURLY + SLOTS * 5) // max(1, len(tables["flow_run"]))
        ledger.execute("PRAGMA foreign_keys = OFF")
        for n in range(more):
            _again(ledger, tables, dt.timedelta(days=days) * (n + 1) / more)
    with sqlite3.connect(database) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    grown = database.stat().st_size
    env = {
        "PREFECT_HOME": str(database.parent),
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(7 * 86_400),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P7D",
    }
    subprocess.run([sys.executable, "-c", PRUNE, str(database)], env={**os.environ, **env}, check=True)
    return grown / 1e6, database.stat().st_size / 1e6


def _again(ledger: sqlite3.Connection, tables: dict[str, list[sqlite3.Row]], before: dt.timedelta) -> None:
    """Writes all these rows once more, as of so long ago: other ids, the same references among them."""
    ids = {row["id"]: str(uuid.uuid4()) for found in tables.values() for row in found}
    ids |= {key: uuid.uuid4().hex for row in tables["flow_run"] if (key := row["idempotency_key"])}
    for table, found in tables.items():
        rows = [[_earlier(ids.get(value, value), before) for value in row] for row in found]
        if rows:
            ledger.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def _earlier(value: object, by: dt.timedelta) -> object:
    """A time as Prefect writes it, so much earlier; anything else as it is."""
    if isinstance(value, str) and len(value) == 26 and value[4] == value[7] == "-":
        return str(dt.datetime.fromisoformat(value) - by)[:26].ljust(26, "0")
    return value


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except OSError:
        return ""


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(found: Callable[[], bool], within: float = 240) -> None:
    until = time.monotonic() + within
    while not found():
        if time.monotonic() > until:
            raise RuntimeError("steadycast up does not come up")
        time.sleep(0.5)
