"""Prefect's server as a child of `up`: what it is told, how it is started, and whether it answers."""

from __future__ import annotations

import base64
import contextlib
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from steadycast.cli.first_job import NAME as MAIN_JOB
from steadycast.cli.ports import kept
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.processes import Processes
    from steadycast.workspace import Workspace

HEALTHY_WITHIN = 120  # seconds; a fresh database takes 10 to 20


def start_server(workspace: Workspace, processes: Processes, env: dict[str, str], stop: threading.Event) -> None:
    """Prefect's server. Its tables are made by a process of their own: that work leaves 30 MB behind."""
    from steadycast.ops import prefect_database

    database = workspace.var / "prefect" / "prefect.db"
    if not prefect_database.is_upgraded(database, workspace.root):
        upgrade = ["-m", "prefect", "server", "database", "upgrade", "--yes"]
        processes.start("tables", upgrade, env, workspace.root)
        if processes.finish("tables", stop) == 0 and not stop.is_set():
            prefect_database.note_upgraded(database)
    if prefect_database.is_upgraded(database, workspace.root):
        env = {**env, "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false"}
    server = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port_of(env))]
    processes.start("server", server, env, workspace.root)


def port_of(env: Mapping[str, str]) -> int:
    """Where Prefect's server listens."""
    return urlsplit(env["PREFECT_API_URL"]).port or 0


def healthy(port: int, processes: Processes, stop: threading.Event) -> bool:
    """Waits until Prefect's server answers; False when it ends, is stopped, or takes too long."""
    import urllib.request

    until = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < until and not processes.dead(but=MAIN_JOB) and not stop.is_set():
        asked = f"http://127.0.0.1:{port}/api/health"
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=2) as answer:  # not yet: an OSError
            if answer.status == 200:
                return True
        stop.wait(0.2)
    return False


def prefect_environment(workspace: Workspace, port: int) -> dict[str, str]:
    """What Prefect's processes are told: home under var/, this machine only, a password, no telemetry."""
    import secrets

    home = workspace.var / "prefect"
    kept_for = str(int(workspace.publish.keep_runs.total_seconds()))
    login = f"admin:{kept(home / 'password', lambda: secrets.token_urlsafe(12))}"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api_at(port),
        "PREFECT_SERVER_API_AUTH_STRING": login,
        "PREFECT_API_AUTH_STRING": login,
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_ENCRYPTION_KEY": kept(
            home / "encryption-key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        ),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
        "PREFECT_RUNNER_POLL_FREQUENCY": "5",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": kept_for,
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"PT{kept_for}S",
        # SQLite locks itself out after a burst of task runs when rows are written one by one.
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "200",
        "STEADYCAST_WORKSPACE": str(workspace.root),
    }


def api_at(port: int) -> str:
    """Where Prefect's API answers."""
    return f"http://127.0.0.1:{port}/api"


def login_shown(workspace: Workspace) -> str:
    """What Prefect's page wants in its one field; only its file where the words go to a log and not to a person."""
    file = workspace.var / "prefect" / "password"
    password = file.read_text(encoding="utf-8").strip()
    return f"admin:{password}" if sys.stdout.isatty() else _("admin:PASSWORD, PASSWORD as in %(file)s", file=file)
