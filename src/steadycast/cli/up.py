"""`steadycast up`: the main job once, then Prefect's server, the flows on their schedules, and an eye on content/."""

from __future__ import annotations

import base64
import contextlib
import gc
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators

from steadycast.cli.change_promise import say_effect
from steadycast.cli.desk import BEGIN, PORT, address, key_of
from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.main_job import main_job, say_next_of, say_taken_in, say_where
from steadycast.cli.output import NEEDS_A_PERSON, OK, complain, say
from steadycast.cli.ports import free_port, kept, listening
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.processes import Processes
    from steadycast.pipeline import App
    from steadycast.workspace import Workspace
    from steadycast.workspace.paths import Paths

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))]
PortOrNone = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65_535))]
LOOK = 1.0  # seconds between two looks at steadycast.toml
ASKED_EVERY = 10.0  # seconds between two looks whether the desk answers, and for one answer
SILENT = 3  # such looks in a row without an answer: it hangs
SHRINK = 3600.0  # seconds between two looks at the size of Prefect's database
HEALTHY_WITHIN = 120  # seconds; a fresh database takes 10 to 20


def up(*, once: bool = False, port: Port = 4200, health_port: PortOrNone = 4280, desk_port: PortOrNone = PORT) -> int:
    """Do the main job now, then stay up: the desk, server, flows, watcher.

    Takes drafts in, plans two weeks, publishes what is due, prints what went where, the record and the runway.
    Nothing goes out before its hour. In an empty folder the desk makes the workspace first.
    Ctrl-C ends it and every process it started.

    Parameters
    ----------
    once
        Do the main job and exit.
    port
        Where Prefect's page and API listen, on this machine only; the next free one when it is taken.
    health_port
        Where the report is shown and /health answers, on this machine only; the next free one when it is taken.
        0 leaves both out.
    desk_port
        Where the desk is, on this machine only; the next free one when it is taken. 0 leaves it out.
    """
    from steadycast.cli.processes import Processes
    from steadycast.pipeline import App, check_settings
    from steadycast.workspace import find_root, in_force
    from steadycast.workspace.paths import Paths, root_or_here

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    place = Paths(find_root() if once or not desk_port else root_or_here())
    with Processes(place.var / "log") as processes, contextlib.suppress(KeyboardInterrupt):
        begins = desk_port > 0 and not once and not place.is_there
        if begins:
            start_desk(place, processes, stop, free_port(desk_port), _(BEGIN), prefect=api_at(free_port(port)))
            if not begun(place, processes, stop):
                return OK
        workspace, broken = in_force(place.root, check_settings)
        if broken:
            complain(_("%(error)s; the settings before it stay in force until it is fixed", error=broken))
        if once:
            with App.open(workspace) as app:
                return main_job(app)
        port = free_port(port)
        env = prefect_environment(workspace, port)
        server = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
        place.up_began.parent.mkdir(parents=True, exist_ok=True)
        place.up_began.write_bytes(b"")
        processes.start("server", [sys.executable, *server], env, workspace.root)
        if desk_port and not begins:
            start_desk(workspace, processes, stop, free_port(desk_port), prefect=api_at(port))
        with App.open(workspace) as app:
            main_job(app)
            with watched(workspace, health_port):
                return stay_up(app, processes, env, port, stop)
    return OK


def start_desk(
    workspace: Paths, processes: Processes, stop: threading.Event, port: int, *more: str, prefect: str
) -> None:
    """The desk as a process of its own: it may hang or die, and no slot is late for it; it is started again."""
    say(_("Desk        %(address)s", address=address(port, key_of(workspace))), *more, "")
    command = [sys.executable, "-c", "from steadycast.cli import main; main()", "desk", "--port", str(port)]
    env = {"STEADYCAST_WORKSPACE": str(workspace.root), "STEADYCAST_PREFECT": prefect}
    processes.start("desk", command, env, workspace.root, again=True)
    threading.Thread(target=see_to_desk, args=(processes, stop, port), daemon=True, name="see to the desk").start()


def see_to_desk(processes: Processes, stop: threading.Event, port: int, every: float = ASKED_EVERY) -> None:
    """Ends a desk that hangs, so that it is started again: in a read it would keep SQLite from whoever writes."""
    silent = 0
    while not stop.wait(every):
        silent = 0 if answers(port, within=every) else silent + 1
        if silent == SILENT:
            complain(_("The desk has not answered for a while, and is started again."))
            processes.end("desk")
            silent = 0


def answers(port: int, within: float) -> bool:
    """Whether the desk says anything at all, be it that it has no such page."""
    from http.client import HTTPConnection, HTTPException

    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=within)) as asked:
        try:
            asked.request("GET", "/static/")
            return asked.getresponse().status > 0
        except (OSError, HTTPException):
            return False


def begun(place: Paths, processes: Processes, stop: threading.Event) -> bool:
    """Waits until the desk has made a workspace, which goes on by itself then; False where it is stopped before."""
    from steadycast.pipeline import check_settings
    from steadycast.workspace import load

    while not stop.wait(LOOK):
        processes.revive()
        if place.is_there:
            with contextlib.suppress(SteadycastError):  # somebody writes it by hand, and is not done
                check_settings(load(place.root))
                return True
    return False


def stay_up(app: App, processes: Processes, env: dict[str, str], port: int, stop: threading.Event) -> int:
    """Serves and watches until Ctrl-C, SIGTERM, or a child's death; gives the exit code."""
    gc.set_threshold(700, 10, 10)  # Python's own again: this stays
    root = app.workspace.root
    if not healthy(port, processes, stop):
        if not stop.is_set():
            complain(_("Prefect's server did not start: %(why)s", why=why_ended(processes, "server", port)))
            return NEEDS_A_PERSON
        return OK
    processes.start("flows", [sys.executable, str(app.workspace.flows / "serve.py")], env, root)
    prefect, login = f"http://127.0.0.1:{port}", login_shown(app.workspace)
    say(
        "",
        _("Prefect     %(address)s  (it asks for one line: %(login)s)", address=prefect, login=login),
        _("Drop in     %(folder)s", folder=app.workspace.content),
        _("Running. Flows keep their schedules; content/ and steadycast.toml are watched. Press Ctrl-C to stop."),
    )
    threading.Thread(target=watch, args=(app, stop), daemon=True, name="watch").start()
    threading.Thread(target=follow, args=(app.workspace, stop), daemon=True, name="settings").start()
    threading.Thread(target=shrink, args=(app.workspace, stop), daemon=True, name="shrink").start()
    while not stop.wait(0.5):
        for name, code in processes.dead().items():
            complain(
                _(
                    "%(name)s ended with code %(code)s: %(why)s",
                    name=name,
                    code=code,
                    why=why_ended(processes, name, port),
                )
            )
            return NEEDS_A_PERSON
        processes.revive()
    return OK


@contextlib.contextmanager
def watched(workspace: Workspace, port: int) -> Iterator[None]:
    """Answers /health and shows the report meanwhile; each answer is read from the ledger anew."""
    from steadycast.cli.local_server import LocalServer

    def ask() -> dict[str, Any]:
        with pipeline.App.in_force(workspace.root, readonly=True) as app:
            return ops.health(app, pipeline.now()).plain()

    if not port:
        yield
        return
    server = listening(port, lambda port: LocalServer(port, ask, workspace.var))
    server.start()
    health = f"http://127.0.0.1:{server.server_port}/health"
    say("", _("Report      %(address)s", address=server.report), _("Health      %(address)s", address=health))
    try:
        yield
    finally:
        server.stop()


def watch(app: App, stop: threading.Event) -> None:
    """Takes in what is dropped, as it is dropped, and plans with it: seconds, where the schedule takes minutes."""
    for _paths in pipeline.watch(app.workspace.content, stop):
        try:
            with pipeline.App.in_force(app.workspace.root) as here:  # its settings are read anew, as the flows do
                collected = pipeline.collect(here, pipeline.now(), feeds=False)
                say_taken_in(here, collected, news_only=True)
                pipeline.plan(here, pipeline.now())
                say_where(here, collected)
        except SteadycastError as error:
            complain(str(error))  # the next drop, and the scheduled intake, try again


def follow(workspace: Workspace, stop: threading.Event) -> None:
    """Says what changed in steadycast.toml, as it changes, and plans with it; what is wrong in it, and where."""
    from steadycast.workspace import changes, load, stamps

    seen = stamps(workspace)
    while not stop.wait(LOOK):
        if (now := stamps(workspace)) == seen:
            continue
        seen = now
        try:
            read = load(workspace.root)
            pipeline.check_settings(read)
            before, workspace = workspace, read
            told = changes(before, workspace)
            say(_("settings read anew: %(what)s", what="; ".join(told) or _("they say the same")))
            with pipeline.App.open(before) as app:
                effect = ops.promise_change.between(app, app.by(workspace), pipeline.now())
            if effect.effect:
                say_effect(effect)
            if ops.promise_change.follow(before, workspace):
                say(_("prefect.yaml was rewritten with the new schedules"))
            with pipeline.App.in_force(workspace.root) as app:
                planned = pipeline.plan(app, pipeline.now())
            say_next_of(planned, [name for name in workspace.series if any(name in line for line in told)])
        except SteadycastError as error:
            complain(_("%(error)s; the settings before it stay in force until it is fixed", error=error))


def shrink(workspace: Workspace, stop: threading.Event) -> None:
    """Gives the disk back what Prefect has deleted, whenever half of its file is unused."""
    from steadycast.ops.prefect_database import shrink as smaller

    while not stop.wait(SHRINK):
        smaller(workspace.var / "prefect" / "prefect.db")


def why_ended(processes: Processes, name: str, port: int) -> str:
    """Why a child that is gone may have ended, and the way out: its port is somebody else's by now, or its log says."""
    if name == "server" and (other := free_port(port)) != port:
        return _(
            "another program took port %(port)s meanwhile "
            "(try again, or choose another: `steadycast up --port %(other)s`)",
            port=port,
            other=other,
        )
    log = processes.logs / f"{name}.log"
    return _("see %(file)s", file=log)


def healthy(port: int, processes: Processes, stop: threading.Event) -> bool:
    """Waits until Prefect's server answers; False when it ends, is stopped, or takes too long."""
    import urllib.request

    until = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < until and not processes.dead() and not stop.is_set():
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
