"""The whole stack: Prefect's server and two workers on PostgreSQL, the ledger beside it, and everything breaking.

Prefect is the clock and the view; the ledger decides. Whatever is killed, stopped, wiped or started twice: one delivery each.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prefect_server import children_of, prefect, running, server, wait_for
from stage_far_side import Stage
from test_flows import ROOT, steadycast

from steadycast import pipeline
from steadycast.crash_safety.bootclock import Reading
from steadycast.delivery import SystemClock
from steadycast.ledger.tables import State
from steadycast.workspace import load

POSTGRES = os.environ.get("STEADYCAST_TEST_POSTGRES", "")
ZONE = ZoneInfo("Asia/Shanghai")

SETTINGS = """\
[community]
name = "Stack"
timezone = "Asia/Shanghai"

[series.daily]
every = "day at {at}"
channels = ["one", "two"]

[channel.one]
platform = "stage"
url = "{url}"

[channel.two]
platform = "stage"
url = "{url}"
"""
WORKER = [sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--pool", "steadycast"]

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.postgres]
if not POSTGRES:
    pytest.skip("STEADYCAST_TEST_POSTGRES names no server", allow_module_level=True)


class Later(SystemClock):
    """This machine's clock, moved ahead by the test."""

    def __init__(self, ahead: dt.timedelta) -> None:
        self.ahead = ahead

    def now(self) -> dt.datetime:
        return super().now() + self.ahead

    def reading(self) -> Reading:
        """Of a machine of its own, on which that time has passed: the server's clock does not know of it."""
        here = super().reading()
        assert here
        return Reading("later", here.at + self.ahead, here.wall + self.ahead)


def sql(statement: str, database: str = "postgres") -> None:
    from sqlalchemy import create_engine, make_url

    engine = create_engine(make_url(POSTGRES).set(database=database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@contextlib.contextmanager
def database(name: str) -> Iterator[Any]:
    """An empty database; its address for SQLAlchemy."""
    from sqlalchemy import make_url

    sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    sql(f"CREATE DATABASE {name}")
    sql("CREATE EXTENSION IF NOT EXISTS pg_trgm", name)
    yield make_url(POSTGRES).set(database=name)
    sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def on_postgres(url: Any) -> dict[str, str]:
    address = url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    return {"PREFECT_API_DATABASE_CONNECTION_URL": address, "PREFECT_SERVER_DATABASE_CONNECTION_URL": address}


@pytest.fixture(scope="module")
def prefect_env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with database(f"prefect_{os.getpid()}") as url, server(tmp_path_factory.mktemp("prefect"), on_postgres(url)) as env:
        yield env


@pytest.fixture
def stage() -> Iterator[Any]:
    far = Stage()
    yield far
    far.close()


@pytest.fixture
def community(tmp_path: Path, stage: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A workspace with one slot on two channels, its ledger on PostgreSQL, its plan made."""
    with database(f"ledger_{os.getpid()}") as url:
        at = (dt.datetime.now(ZONE) + dt.timedelta(hours=5)).strftime("%H:%M")
        root = make(tmp_path / "community", stage, at)
        monkeypatch.setenv("STEADYCAST_LEDGER", url.render_as_string(hide_password=False))
        with pipeline.App.open(load(root)) as app:
            pipeline.collect(app, pipeline.now())
            pipeline.plan(app, pipeline.now())
        yield root


def make(root: Path, stage: Stage, at: str) -> Path:
    root.mkdir()
    (root / "steadycast.toml").write_text(SETTINGS.format(at=at, url=stage.url), encoding="utf-8")
    (root / "content" / "pgc").mkdir(parents=True)
    for n in range(4):
        (root / "content" / "pgc" / f"draft-{n}.md").write_text(f"# Draft {n}\n\nText {n}.\n", encoding="utf-8")
    stage.write_platform(root)
    shutil.copytree(ROOT / "flows", root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    steadycast("deploy", cwd=root)
    return root


@contextlib.contextmanager
def workers(root: Path, env: dict[str, str], count: int = 2) -> Iterator[Any]:
    """Workers of the pool, each its own process group; the deployments are theirs."""
    env = {**env, "STEADYCAST_WORKSPACE": str(root), "STEADYCAST_LEDGER": os.environ["STEADYCAST_LEDGER"]}
    prefect("work-pool", "create", "steadycast", "--type", "process", "--overwrite", env=env, cwd=root)
    prefect("deploy", "--name", "publish/publish", env=env, cwd=root)
    with contextlib.ExitStack() as stack:
        yield (
            [
                stack.enter_context(running([*WORKER, "--name", f"w{n}"], env, root / f"worker-{n}.log", root))
                for n in range(count)
            ],
            env,
        )


def start(root: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """One run of `publish/publish` for the series, started by hand; the process that watches it."""
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deployment", "run", "publish/publish"]
    return subprocess.Popen(
        [*command, "-p", "series=daily", "--watch"],
        env={**os.environ, **env}, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def states(root: Path) -> Counter[str]:
    with pipeline.App.open(load(root)) as app:
        return Counter(d.state for d in app.ledger.deliveries() if d.attempt)


def recover(root: Path, ahead: dt.timedelta) -> None:
    """What the next ticks do, `ahead` of now: recovery, read-back, and publishing what is due."""
    for more in (0, 1, 2):
        clock = Later(ahead + dt.timedelta(minutes=10 * more))
        with pipeline.App(load(root), clock=clock) as app:
            pipeline.verify(app, clock.now())
            pipeline.publish(app)


def once_each(stage: Stage) -> None:
    assert len(stage.posts) == 2, stage.posts
    assert set(Counter(stage.posts).values()) == {1}


@pytest.mark.parallel
def test_a_slot_that_is_started_twice_is_served_once(community: Any, stage: Any, prefect_env: Any) -> None:
    """Two runs on two workers at the same moment: the claims decide."""
    with workers(community, prefect_env) as (_, env):
        runs = [start(community, env), start(community, env)]
        for run in runs:
            run.wait(150)
    once_each(stage)
    assert states(community)[State.PUBLISHED] + states(community)[State.SEEN] == 2


def test_a_worker_killed_in_mid_send_doubles_nothing(community: Any, stage: Any, prefect_env: Any) -> None:
    """The far side has it, nobody heard: the lease runs out, a read-back finds it, and it is not sent again."""
    stage.answer.clear()
    with workers(community, prefect_env, 1) as ((worker,), env):
        run = start(community, env)
        assert stage.arrived.wait(120), (community / "worker-0.log").read_text()[-2000:]
        assert wait_for(lambda: len(stage.posts) == 2, 30)
        for pid in {worker.pid, *children_of(worker.pid)}:  # the flow's process has a session of its own
            os.kill(pid, signal.SIGKILL)
        run.kill()
        run.wait(10)
    stage.answer.set()
    assert states(community) == {State.SENDING: 2}
    recover(community, dt.timedelta(minutes=10))
    once_each(stage)
    assert states(community) == {State.SEEN: 2}


def test_a_worker_stopped_past_its_lease_sends_nothing_when_it_wakes(
    tmp_path: Path, stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds a claim and waits for the slot's second; by the time it wakes, another has served the slot."""
    slot = (dt.datetime.now(ZONE) + dt.timedelta(minutes=2)).replace(second=0, microsecond=0)
    with database(f"ledger_{os.getpid()}") as url:
        url = url.update_query_dict(
            {"options": "-c idle_in_transaction_session_timeout=2s"}
        )  # frozen in one, it lets go
        monkeypatch.setenv("STEADYCAST_LEDGER", url.render_as_string(hide_password=False))
        root = make(tmp_path / "community", stage, slot.strftime("%H:%M"))
        text = (root / "steadycast.toml").read_text() + '\n[publish]\nlead = "4m"\n'
        (root / "steadycast.toml").write_text(text)
        with pipeline.App.open(load(root)) as app:
            pipeline.collect(app, pipeline.now())
            pipeline.plan(app, pipeline.now())
        env = {"STEADYCAST_WORKSPACE": str(root)}
        code = "from steadycast import pipeline as p\nwith p.App.open() as d: p.publish(d, series='daily', ahead=True)"
        with running([sys.executable, "-c", code], env, root / "held.log", root) as held:
            assert wait_for(lambda: states(root)[State.CLAIMED] == 2, 60), (root / "held.log").read_text()
            os.killpg(held.pid, signal.SIGSTOP)
            recover(root, dt.timedelta(minutes=30))
            once_each(stage)
            os.killpg(held.pid, signal.SIGCONT)
            held.wait((slot - dt.datetime.now(ZONE)).total_seconds() + 60)
        once_each(stage)
        assert states(root) == {State.SEEN: 2}


@pytest.mark.parallel
def test_a_server_that_was_down_at_the_slot_serves_it_late_and_once(
    tmp_path: Path, stage: Any, prefect_env: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty minutes late is late, not missed and not double; the sweep finds what nobody woke for."""
    with database(f"ledger_{os.getpid()}") as url:
        monkeypatch.setenv("STEADYCAST_LEDGER", url.render_as_string(hide_password=False))
        slot = dt.datetime.now(ZONE) - dt.timedelta(minutes=20)
        root = make(tmp_path / "community", stage, slot.strftime("%H:%M"))
        before = pipeline.now() - dt.timedelta(minutes=40)  # the plan was made in time
        with pipeline.App.open(load(root)) as app:
            pipeline.collect(app, before)
            pipeline.plan(app, before)
        with workers(root, prefect_env) as (_, env):
            prefect("deploy", "--name", "publish/sweep", env=env, cwd=root)
            assert wait_for(lambda: len(stage.posts) == 2, 200, step=1), (root / "worker-0.log").read_text()[-2000:]
            wait_for(lambda: states(root)[State.PUBLISHED] == 2, 30)
        once_each(stage)
        with pipeline.App.open(load(root)) as app:
            sent = [d for d in app.ledger.deliveries() if d.attempt]
        assert {d.verdict for d in sent} == {"late"}


@pytest.mark.parallel
def test_a_wiped_prefect_database_forgets_nothing(community: Any, stage: Any, tmp_path: Path) -> None:
    """The runs are gone, the receipts are not."""
    for round_ in ("first", "second"):
        with database(f"wiped_{os.getpid()}") as url, server(tmp_path / round_, on_postgres(url)) as env:
            with workers(community, env, 1) as (_, known):
                start(community, known).wait(150)
        once_each(stage)
    assert set(states(community)) <= {State.PUBLISHED, State.SEEN}
