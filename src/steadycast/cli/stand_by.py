"""What `steadycast up` does beside the schedules: it watches content/ and steadycast.toml, and answers /health."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from steadycast.cli.change_promise import say_effect
from steadycast.cli.desk import shown
from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.main_job import say_next_of, say_taken_in, say_where
from steadycast.cli.output import complain, say
from steadycast.cli.ports import listening
from steadycast.crash_safety import durable
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.workspace import Workspace

LOOK = 1.0  # seconds between two looks at steadycast.toml
SHRINK = 3600.0  # seconds between two looks at the size of Prefect's database


def stand_by(health_port: int) -> None:
    """Does all that until this process is ended."""
    from steadycast.workspace import find_root, load
    from steadycast.workspace.paths import SETTINGS_FILE, Paths

    root = find_root()
    kept = Paths(root).kept_settings  # what the main job has read: an edit since then is told
    workspace = load(root, kept if (kept / SETTINGS_FILE).is_file() else None)
    stop = threading.Event()
    with watched(workspace, health_port):
        for work in (watch, follow, shrink):
            threading.Thread(target=_kept_up, args=(work, workspace, stop), daemon=True, name=work.__name__).start()
        stop.wait()


def _kept_up(work: Callable[[Workspace, threading.Event], None], workspace: Workspace, stop: threading.Event) -> None:
    """One of the three. Where it fails, this process ends, and `up` starts it again."""
    try:
        work(workspace, stop)
    finally:
        stop.set()


def _said(error: Exception) -> str:
    if isinstance(error, (SteadycastError, OSError)):  # a full disk, too
        return str(error)
    said = f"{type(error).__name__}: {error}"
    return _("%(said)s (a fault in Steadycast: please report it, with what STEADYCAST_DEBUG=1 shows)", said=said)


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
    with contextlib.suppress(OSError):  # a full disk
        durable.put(workspace.report_address, server.report.encode(), rights=0o600)
    say("", _("Report      %(address)s", address=shown(server.report)), _("Health      %(address)s", address=health))
    try:
        yield
    finally:
        server.stop()


def watch(workspace: Workspace, stop: threading.Event) -> None:
    """Takes in what is dropped, as it is dropped, and plans with it: seconds, where the schedule takes minutes."""
    for _paths in pipeline.watch(workspace.content, stop):
        try:
            with pipeline.App.in_force(workspace.root) as here:  # its settings are read anew, as the flows do
                collected = pipeline.collect(here, pipeline.now(), feeds=False)
                say_taken_in(here, collected, news_only=True)
                pipeline.plan(here, pipeline.now())
                say_where(here, collected)
        except Exception as error:  # whatever it is: the next drop, and the scheduled intake, try again
            complain(_said(error))


def follow(workspace: Workspace, stop: threading.Event) -> None:
    """Says what changed in steadycast.toml, as it changes, and plans with it; what is wrong in it, and where."""
    from steadycast.workspace import as_read, changes, load, stamps

    seen: object = stamps(workspace)
    if not as_read(workspace):
        seen = None
    while not stop.wait(LOOK):
        if (now := stamps(workspace)) == seen:
            continue
        seen = now
        try:
            read = load(workspace.root)
            pipeline.check_settings(read)
            before, workspace = workspace, read
            told = changes(before, workspace)
            say(_("settings read anew: %(what)s", what=_("; ").join(told) or _("they say the same")))
            with pipeline.App.open(before) as app:
                effect = ops.promise_change.between(app, app.by(workspace), pipeline.now())
            if effect.effect:
                say_effect(effect)
            if ops.promise_change.follow(before, workspace):
                say(_("prefect.yaml was rewritten with the new schedules"))
            with pipeline.App.in_force(workspace.root) as app:
                planned = pipeline.plan(app, pipeline.now())
            say_next_of(planned, [name for name in workspace.series if any(name in line for line in told)])
        except Exception as error:
            complain(_("%(error)s; the settings before it stay in force until it is fixed", error=_said(error)))


def shrink(workspace: Workspace, stop: threading.Event) -> None:
    """Gives the disk back what Prefect has deleted, whenever half of its file is unused."""
    from steadycast.ops.prefect_database import shrink as smaller

    while not stop.wait(SHRINK):
        smaller(workspace.var / "prefect" / "prefect.db")
