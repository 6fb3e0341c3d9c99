"""docs/operations.md, "Many machines", followed to the letter: its own blocks are what runs here.

Only the addresses are put in place of the document's: PostgreSQL, Redis and Prefect's API are real ones of this machine.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect_server import free_port, healthy, running, wait_for
from test_flows import ROOT

POSTGRES = os.environ.get("STEADYCAST_TEST_POSTGRES", "")
pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.parallel, pytest.mark.postgres]
if not POSTGRES:
    pytest.skip("STEADYCAST_TEST_POSTGRES names no server", allow_module_level=True)

from test_whole_stack import database, on_postgres  # noqa: E402  both need the server

SETTINGS = """\
[community]
name = "Many"
timezone = "Asia/Shanghai"

[series.daily]
every = "day at 20:00"
channels = ["site"]

[channel.site]
platform = "pages"
url = "https://many.example/"
"""
LOGIN = "admin:PASSWORD"  # as the document has it


def blocks() -> tuple[list[str], list[str]]:
    """The lines of the server's and of the workers' block."""
    section = (ROOT / "docs" / "operations.md").read_text("utf-8").split("## Many machines")[1].split("\n## ")[0]
    server, workers = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return server.splitlines(), workers.splitlines()


def exports(lines: list[str], put: dict[str, str]) -> dict[str, str]:
    """The variables that the block's exports set, its addresses replaced; every replacement must be of use."""
    script = "\n".join(line for line in lines if line.startswith("export "))
    for old, new in put.items():
        assert old in script, f"the document no longer names {old}"
        script = script.replace(old, new)
    names = re.findall(r"(?:export| )\s*([A-Z_]+)=", script)
    told = subprocess.run(["bash", "-ec", f"{script}\nenv -0"], capture_output=True, check=True, text=True).stdout
    variables = dict(pair.split("=", 1) for pair in told.split("\0") if "=" in pair)
    return {name: variables[name] for name in names}


def commands(lines: list[str]) -> list[list[str]]:
    """The block's commands as words; `prefect` and `steadycast` are those of this environment."""
    here = Path(sys.executable).parent
    found = [line.split("#")[0].split() for line in lines if not line.startswith("export ")]
    return [[str(here / words[0]), *words[1:]] for words in found if words]


def ask(url: str) -> dict[str, object]:
    request = urllib.request.Request(
        url, headers={"Authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with running(command, {}, tmp_path / "redis.log", tmp_path):
        yield f"127.0.0.1:{port}"


@pytest.fixture
def community(tmp_path: Path) -> Any:
    root = tmp_path / "community"
    (root / "content" / "pgc").mkdir(parents=True)
    (root / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    (root / "content" / "pgc" / "rain.md").write_text("# Rain\n\nText.\n", encoding="utf-8")
    shutil.copytree(ROOT / "flows", root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "platforms", root / "channels")
    return root


def test_the_document_brings_up_servers_and_a_worker_that_runs_a_flow(
    redis: Any, community: Any, tmp_path: Path
) -> None:
    """The page is told where a browser finds the API, and a run that a person starts is done by the worker."""
    port, home = free_port(), tmp_path / "prefect"
    home.mkdir()
    server, workers = blocks()
    with database(f"many_prefect_{os.getpid()}") as prefect_db, database(f"many_ledger_{os.getpid()}") as ledger_db:
        api = f"http://127.0.0.1:{port}/api"
        asyncpg = on_postgres(prefect_db)["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
        put = {"postgresql+asyncpg://prefect@db/prefect": asyncpg, "redis://redis:6379": f"redis://{redis}"}
        env = {"PREFECT_HOME": str(home), **exports(server, put | {"https://prefect.internal/api": api})}
        upgrade, serve, services = commands(server)
        done = subprocess.run(upgrade, env={**os.environ, **env}, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        serve = [{"0.0.0.0": "127.0.0.1", "4200": str(port)}.get(word, word) for word in serve]
        with contextlib.ExitStack() as stack:
            stack.enter_context(running(serve, env, home / "api.log", home))
            assert wait_for(lambda: healthy(port), 120), (home / "api.log").read_text()[-2000:]
            stack.enter_context(running(services, env, home / "services.log", home))
            assert ask(f"http://127.0.0.1:{port}/ui-settings")["api_url"] == api
            mine = exports(workers, {"https://prefect.internal/api": api, "/srv/community": str(community)})
            mine |= {"PREFECT_HOME": str(home), "STEADYCAST_LEDGER": ledger_db.render_as_string(hide_password=False)}
            pool, deploy, worker = commands(workers)
            for command in (pool, deploy):
                done = subprocess.run(
                    command, env={**os.environ, **mine}, cwd=community, capture_output=True, text=True, timeout=180
                )
                assert done.returncode == 0, done.stdout + done.stderr
            stack.enter_context(running(worker, mine, home / "worker.log", community))
            run = [worker[0], "--no-prompt", "deployment", "run", "intake/intake", "--watch"]
            done = subprocess.run(run, env={**os.environ, **mine}, capture_output=True, text=True, timeout=180)
            assert done.returncode == 0, done.stdout + done.stderr + (home / "worker.log").read_text()[-2000:]
            assert "Completed" in done.stdout
