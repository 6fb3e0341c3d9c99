"""The flows through Prefect's own loader, server, worker and schedules."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect_server import prefect, running, server, wait_for

ROOT = Path(__file__).resolve().parent.parent
ZONE = ZoneInfo("Asia/Shanghai")
pytestmark = pytest.mark.parallel  # they wait more than they compute

SETTINGS = """\
[community]
name = "Flows"
timezone = "Asia/Shanghai"
url = "https://flows.example/"

[series.soon]
title = "Soon"
every = "day at {soon}"
channels = ["site", "mirror"]

[channel.site]
platform = "pages"
url = "https://flows.example/"

[channel.mirror]
platform = "pages"
url = "https://flows.example/mirror/"
"""


def make_workspace(folder: Path, soon: str, drafts: int = 3) -> Path:
    """A small community whose daily slot is at `soon`."""
    folder.mkdir(parents=True)
    (folder / "steadycast.toml").write_text(SETTINGS.format(soon=soon), encoding="utf-8")
    (folder / "content" / "pgc").mkdir(parents=True)
    for n in range(drafts):
        (folder / "content" / "pgc" / f"draft-{n}.md").write_text(f"# Draft {n}\n\nText {n}.\n", encoding="utf-8")
    shutil.copytree(ROOT / "flows", folder / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "platforms", folder / "channels")
    steadycast("deploy", cwd=folder)
    return folder


def steadycast(*words: str, cwd: Path, env: dict[str, str] | None = None) -> str:
    """What a `steadycast` command prints."""
    command = [sys.executable, "-c", "from steadycast.cli import main; main()", *words]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("STEADYCAST_") or k == "STEADYCAST_LANGUAGE"}
    done = subprocess.run(command, cwd=cwd, env={**clean, **(env or {})}, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def deliveries(folder: Path) -> list[dict[str, Any]]:
    """Every delivery of the workspace's ledger."""
    from steadycast.ledger.store import Ledger

    with Ledger.open(folder / "var" / "ledger.sqlite", readonly=True) as ledger:
        return [d.model_dump() for d in ledger.deliveries()]


def finished(folder: Path) -> list[dict[str, Any]]:
    """The deliveries that are there."""
    return [d for d in deliveries(folder) if d["finished"]]


@pytest.fixture(scope="module")
def prefect_env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One server for all whose worker has ended its runs, or has none in another's deployment, when it is ended."""
    with server(tmp_path_factory.mktemp("prefect")) as env:
        yield env


@pytest.fixture
def own_prefect_env(tmp_path: Path) -> Iterator[Any]:
    """A server for one test: a worker that is ended in mid-run holds its deployment's only place for minutes."""
    with server(tmp_path / "prefect") as env:
        yield env


@pytest.fixture
def at_noon(tmp_path: Path) -> Any:
    """A workspace whose slot is hours away, so that nothing happens by itself."""
    hours_away = (dt.datetime.now(ZONE) + dt.timedelta(hours=6)).strftime("%H:%M")
    return make_workspace(tmp_path / "community", hours_away)


@pytest.mark.live
def test_each_flow_loads_through_prefect_s_loader_and_leaves_a_table(
    at_noon: Any, prefect_env: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run says what it did, were it nothing: a run without a table would look like one that did not run."""
    for key, value in {**prefect_env, "STEADYCAST_WORKSPACE": str(at_noon)}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.chdir(at_noon)
    code = """
import asyncio, json, sys
from prefect.flows import load_flow_from_entrypoint
sys.path.insert(0, "flows")
from pathlib import Path
import yaml
from runner import Served
from ticks import tick, ticking
from steadycast.ops.ticking import Look
from prefect.client.orchestration import get_client
async def asked():
    async with get_client() as client:
        known = {d.id: d.name for d in await client.read_deployments()}
        runs = [[known[r.deployment_id], r.state.name, r.state.message] for r in await client.read_flow_runs() if not r.state.is_scheduled() and r.deployment_id]
        return runs, sorted(d.name for d in await client.read_deployments() if d.schedules)
async def main():
    flows = {n: load_flow_from_entrypoint(f"flows/{n}.py:{n}", use_placeholder_flow=False) for n in sys.argv[1:]}
    told = {n: await flow() for n, flow in flows.items()}
    await Served(name="steadycast").register(Path("prefect.yaml").read_bytes())
    return told
told = asyncio.run(main())
assert not ticking([{"name": "own", "entrypoint": "flows/told.py:own", "schedules": [{"cron": "* * * * *"}]}])
entries = {e["name"]: e for e in yaml.safe_load(Path("prefect.yaml").read_bytes())["deployments"]}
loaded = set(sys.modules)
ticked = [tick(entries["sweep"], Look(due=False)), tick(entries["sweep"], Look(quiet=58)), tick(entries["verify"], Look(due=False, fault="ended with code -9"))]
late = [name for name in sys.modules if name.startswith("steadycast") and name not in loaded]
Path("content/pgc/new.md").write_text("# New\\n\\nText.\\n")
ticked += [tick(entries["intake"], Look(due=False))]
print(json.dumps([told, late, ticked, *asyncio.run(asked())]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, "intake", "cadence", "publish", "verify"],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told, late, ticked, runs, scheduled = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["intake"] == 3
    assert told["cadence"] == 1
    assert told["publish"] == 0  # nothing is due yet
    artifacts = prefect("artifact", "ls", env=prefect_env, cwd=at_noon)
    for flow in ("intake", "cadence", "publish", "verify"):  # one that found nothing to do says so
        assert flow in artifacts, flow
    assert late == [], "each fork would load it anew"
    assert ticked == [False, True, True, True], "a tick tells what it did, a fault, and that it had nothing to do"
    assert sorted(runs) == [
        ["intake", "Completed", None],
        ["sweep", "Completed", None],
        ["verify", "Failed", "ended with code -9"],
    ]
    assert scheduled == ["publish-soon"], "what ticks beside Prefect is not scheduled by it too"
    shown = prefect("artifact", "inspect", "publish", env=prefect_env, cwd=at_noon)
    assert "nothing was due" in shown
    assert '"runs": 59' in shown
    assert "draft changed" not in prefect("artifact", "inspect", "intake", "--limit", "1", env=prefect_env, cwd=at_noon)


TOLD = """
import asyncio, json, sys
from pathlib import Path
import yaml
sys.path.insert(0, "flows")
import prefect.client.orchestration as client
from runner import Served
from ticks import tick
from steadycast.ops.ticking import Look

async def seen(flow):
    async with client.get_client() as server:
        runs = {r.id: r for r in await server.read_flow_runs() if r.deployment_id and not r.state.is_scheduled()}
        logs = [log for log in await server.read_logs() if log.flow_run_id in runs]
        tables = [a for a in await server.read_artifacts() if a.flow_run_id in runs]
        (run,), (log,), (table,) = runs.values(), logs, tables
        state = run.state
        return [state.type, state.name, state.message, run.end_time is not None, log.name, log.message.split(":")[0], table.key, table.type, json.loads(table.data)]

asyncio.run(Served(name="steadycast").register(Path("prefect.yaml").read_bytes()))
entry = next(e for e in yaml.safe_load(Path("prefect.yaml").read_bytes())["deployments"] if e["name"] == "verify")
Path("steadycast.toml").unlink()
kept, asked = client.get_client, []
client.get_client = lambda **more: asked.append(1) or kept(**more)
assert tick(entry, Look(due=False))
client.get_client = kept
print(json.dumps([len(asked), *asyncio.run(seen("verify"))]))
"""


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.parametrize("headers", ["", '{"X-Of-Ours": "1"}'], ids=["plain requests", "Prefect's client"])
def test_what_a_tick_tells_stands_on_prefect_s_page(tmp_path: Path, headers: str) -> None:
    """With its state, its log and its table, on a server as `up` starts it; without Prefect's client, 10 MB of a fork.

    Where Prefect's settings ask for more than plain requests do, its client asks.
    """
    folder = make_workspace(tmp_path / "community", "03:30")
    shutil.rmtree(folder / "var", ignore_errors=True)
    login = {"PREFECT_SERVER_API_AUTH_STRING": "admin:a:word", "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true"}
    with server(tmp_path / "prefect", login) as env:
        mine = {"PREFECT_API_AUTH_STRING": "admin:a:word", "STEADYCAST_WORKSPACE": str(folder)}
        more = {"PREFECT_CLIENT_CUSTOM_HEADERS": headers} if headers else {}
        done = subprocess.run(
            [sys.executable, "-c", TOLD], cwd=folder, env={**os.environ, **env, **mine, **more},
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    asked, *run, log, key, kind, table = json.loads(done.stdout.strip().splitlines()[-1])
    assert asked == bool(headers)
    assert [run[0], run[1], run[3], run[4]] == ["FAILED", "Failed", True, "prefect.flow_runs"]
    assert "steadycast.toml" in run[2]
    assert log.startswith("Traceback")
    assert (key, kind) == ("verify", "table")
    assert table == [{"state": run[2], "runs": 1}]


@pytest.mark.live
@pytest.mark.slow
def test_a_worker_serves_a_scheduled_slot_at_its_second(tmp_path: Path, own_prefect_env: Any) -> None:
    """prefect.yaml is taken offline; the series' deployment wakes a minute ahead, renders, and sends on time."""
    folder, worker = make_workspace(tmp_path / "community", "03:30"), [sys.executable, "-m", "prefect", "--no-prompt"]
    env = {**own_prefect_env, "STEADYCAST_WORKSPACE": str(folder)}
    prefect("work-pool", "create", "steadycast", "--type", "process", "--overwrite", env=env, cwd=folder)
    with running([*worker, "worker", "start", "--pool", "steadycast"], env, folder / "worker.log", folder):
        slot = (dt.datetime.now(ZONE) + dt.timedelta(minutes=3)).replace(second=0, microsecond=0)
        (folder / "steadycast.toml").write_text(SETTINGS.format(soon=slot.strftime("%H:%M")), encoding="utf-8")
        steadycast("deploy", cwd=folder)
        steadycast("intake", cwd=folder)
        assert "publish-soon" in prefect("deploy", "--all", env=env, cwd=folder)
        wait = (slot - dt.datetime.now(ZONE)).total_seconds() + 60
        # The pages go out first, what links to them after: both have to be there.
        sent = wait_for(lambda: len(found := finished(folder)) == 2 and found, wait, step=1)
    assert sent, (folder / "worker.log").read_text()[-3000:]
    assert {d["channel"] for d in sent} == {"site", "mirror"}
    for delivery in sent:
        late = (delivery["finished"] - slot).total_seconds()
        assert 0 <= late < 30, f"{delivery['channel']} was {late} s late"
        assert delivery["verdict"] == "kept"
        assert delivery["attempt"] == 1


@pytest.mark.live
@pytest.mark.slow
def test_a_manual_run_from_prefect_publishes_one_series_once(at_noon: Any, prefect_env: Any) -> None:
    """The deployment `publish/publish` takes the parameters that the command line takes; a second run sends nothing."""
    env = {**prefect_env, "STEADYCAST_WORKSPACE": str(at_noon)}
    steadycast("intake", cwd=at_noon)
    prefect("work-pool", "create", "steadycast", "--type", "process", "--overwrite", env=env, cwd=at_noon)
    prefect("deploy", "--name", "publish/publish", env=env, cwd=at_noon)
    worker = [sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--pool", "steadycast"]
    with running(worker, env, at_noon / "worker.log", at_noon):
        for _ in range(2):
            prefect("deployment", "run", "publish/publish", "-p", "series=soon", "--watch", env=env, cwd=at_noon)
    sent = finished(at_noon)
    assert {(d["channel"], d["attempt"]) for d in sent} == {("site", 1), ("mirror", 1)}


@pytest.mark.live
@pytest.mark.slow
def test_a_dropped_draft_can_trigger_intake_on_a_worker(at_noon: Any, prefect_env: Any) -> None:
    """Where content/ lies beside a worker and not beside a watcher: `steadycast intake --trigger` tells the server."""
    env = {**prefect_env, "STEADYCAST_WORKSPACE": str(at_noon)}
    prefect("work-pool", "create", "steadycast", "--type", "process", "--overwrite", env=env, cwd=at_noon)
    prefect("deploy", "--name", "intake/intake", env=env, cwd=at_noon)
    worker = [sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--pool", "steadycast"]
    with running(worker, env, at_noon / "worker.log", at_noon):
        told = steadycast("intake", "--trigger", cwd=at_noon, env=prefect_env)
        assert "told Prefect" in told
        known = wait_for(lambda: (at_noon / "var" / "ledger.sqlite").is_file() and taken_in(at_noon), 120, step=1)
    assert known == 3, (at_noon / "worker.log").read_text()[-2000:]


def taken_in(folder: Path) -> int:
    from steadycast.errors import LedgerError
    from steadycast.ledger.store import Ledger

    try:
        with Ledger.open(folder / "var" / "ledger.sqlite", readonly=True) as ledger:
            return len(ledger.drafts())
    except LedgerError:
        return 0  # it is being made just now


@pytest.mark.live
@pytest.mark.slow
def test_a_schedule_that_changes_holds_for_what_serves_already(at_noon: Any, prefect_env: Any) -> None:
    """Another rhythm while everything runs: its schedule is the new one, and no process was started anew."""

    def crons() -> dict[str, str]:
        return {d["name"]: s["schedule"]["cron"] for d in asked("/deployments/filter", b"{}") for s in d["schedules"]}

    def asked(path: str, data: bytes | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(
            f"{prefect_env['PREFECT_API_URL']}{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    for known in asked("/deployments/filter", b"{}"):  # of the tests before, on the same server
        asked(f"/deployments/{known['id']}", method="DELETE")
    env = {**prefect_env, "STEADYCAST_WORKSPACE": str(at_noon)}
    log = at_noon / "serve.log"
    with running([sys.executable, str(at_noon / "flows" / "serve.py")], env, log, at_noon) as process:
        assert wait_for(lambda: "publish-soon" in crons(), 60), log.read_text()[-2000:]
        (at_noon / "prefect.yaml").write_text("deployments: [half", encoding="utf-8")  # a slip stops nothing
        time.sleep(3)
        assert process.poll() is None
        (at_noon / "prefect.yaml").unlink()
        steadycast("deploy", cwd=at_noon)
        steadycast("rhythm", "soon", "day at 03:11", "--yes", cwd=at_noon)
        assert wait_for(lambda: crons()["publish-soon"] == "10 3 * * *", 30), crons()
        assert process.poll() is None
