"""`steadycast up`: the main job once, then Prefect's server, the flows on their schedules, and an eye on content/."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from steadycast.cli.desk import BEGIN, PORT, address, followed, key_of, noted_port, shown
from steadycast.cli.desk_hangs import Asked
from steadycast.cli.first_job import NAME as MAIN_JOB
from steadycast.cli.first_job import FirstJob, main_job_alone
from steadycast.cli.output import BAD_INPUT, NEEDS_A_PERSON, OK, complain, say
from steadycast.cli.ports import free_port
from steadycast.cli.prefect_server import api_at, healthy, login_shown, port_of, prefect_environment, start_server
from steadycast.errors import SteadycastError
from steadycast.language import gettext as _
from steadycast.language import moment, speak

if TYPE_CHECKING:
    from steadycast.cli.processes import Processes
    from steadycast.workspace import Workspace
    from steadycast.workspace.paths import Paths

Port = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65_535))]
PortOrNone = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65_535))]
LOOK = 1.0  # seconds between two looks whether the desk has made a workspace
OURS = ("-c", "from steadycast.cli import main; main()")
STAND_BY = "from steadycast.cli import speak_as_asked, stand_by; speak_as_asked(); stand_by.stand_by(%d)"


def up(*, once: bool = False, port: Port = 4200, health_port: PortOrNone = 4280, desk_port: PortOrNone = PORT) -> int:
    """Do the main job now, then stay up: the desk, server, flows, watcher.

    Takes drafts in, plans two weeks, publishes what is due, prints what went where, the record and the runway.
    Nothing goes out before its hour. In an empty folder the desk makes the workspace first.
    Ctrl-C ends it and every process it started. One runs in a workspace at a time; `--once` may be beside it.

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
    from steadycast.cli import shared_forks
    from steadycast.cli.being_sent import BeingSent
    from steadycast.cli.processes import Processes
    from steadycast.ops import one_up
    from steadycast.pipeline import check_settings
    from steadycast.workspace import find_root, in_force
    from steadycast.workspace.paths import Paths, root_or_here

    if once:
        return main_job_alone(Paths(find_root()))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    place = Paths(root_or_here() if desk_port else find_root())
    ours = one_up.take(place)
    if ours is None:
        complain(already_up(place))
        return BAD_INPUT
    gc.set_threshold(700, 10, 10)  # Python's own again: this stays
    children = Processes(place.var / "log", share=shared_forks.POSSIBLE, send=BeingSent(place).by)
    with telling_the_end(stop), ours, children as processes, stopped_by_ctrl_c(stop):
        if processes.share:
            shared_forks.load(shared_forks.SHARED)
        asked = None
        if desk_port and not place.is_there:
            asked = start_desk(place, processes, free_port(desk_port), _(BEGIN), prefect=api_at(free_port(port)))
            if not begun(place, processes, asked, stop):
                return OK
        workspace, _broken = in_force(place.root, check_settings)  # the main job says what is broken
        port = free_port(port)
        env = prefect_environment(workspace, port)
        place.up_began.parent.mkdir(parents=True, exist_ok=True)
        place.up_began.write_bytes(b"")
        job = FirstJob(processes, env, workspace.root, ours)
        if processes.share:
            os.environ.update(env)  # Prefect reads it when it is loaded
            shared_forks.load(shared_forks.OF_PREFECT)
        if desk_port and not asked:
            asked = start_desk(workspace, processes, free_port(desk_port), prefect=api_at(port))
        start_server(workspace, processes, env, stop)
        if (code := job.wait(stop)) or stop.is_set():
            return code
        processes.start("watch", ["-c", STAND_BY % health_port], env, workspace.root, again=True, aloud=True)
        return stay_up(workspace, processes, env, stop, asked=asked, job=job)
    return OK


@contextlib.contextmanager
def telling_the_end(stop: threading.Event) -> Iterator[None]:
    """Says that all has ended, where somebody stopped it: in a line of its own, after a terminal's `^C`."""
    yield
    if stop.is_set():
        say(*([""] if sys.stdout.isatty() else []), _("Stopped."))


@contextlib.contextmanager
def stopped_by_ctrl_c(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C ends the block, and is noted in `stop`, as SIGTERM is."""
    try:
        yield
    except KeyboardInterrupt:
        stop.set()


def already_up(place: Paths) -> str:
    """That another `up` has this workspace: since when, and where its desk is."""
    from steadycast.ops import one_up
    from steadycast.ops.desk_proof import is_ours

    since, port = one_up.instant(one_up.told(place).get("since")), noted_port(place)
    when = moment(since.astimezone(_zone_of(place))) if since else "?"
    if not port or not is_ours(key_of(place), port):
        return _("this workspace is already up, since %(when)s", when=when)
    where = shown(address(port, key_of(place)), to=sys.stderr)
    return _("this workspace is already up, since %(when)s: its desk answers at %(address)s", when=when, address=where)


def _zone_of(place: Paths) -> dt.tzinfo | None:
    """The community's zone, in which all else is told; this machine's where the settings cannot be read."""
    from steadycast.workspace import load

    with contextlib.suppress(SteadycastError, OSError):
        return load(place.root).community.zone
    return None


def start_desk(workspace: Paths, processes: Processes, port: int, *more: str, prefect: str) -> Asked:
    """The desk as a process of its own: it may hang or die, and no slot is late for it; it is started again."""
    say(_("Desk        %(address)s", address=shown(address(port, key_of(workspace)))), *more, "")
    workspace.desk_port.unlink(missing_ok=True)  # what another run has left
    env = {"STEADYCAST_WORKSPACE": str(workspace.root), "STEADYCAST_PREFECT": prefect}
    processes.start("desk", [*OURS, "desk", "--port", str(port)], env, workspace.root, again=True)
    return Asked(followed(workspace, port))


def see_to(processes: Processes, asked: Asked | None) -> None:
    """Starts again what ended. Ends a desk that hangs before that: in a read it would keep SQLite from who writes."""
    if asked and asked.hangs():
        complain(_("The desk has not answered for a while, and is started again."))
        processes.end("desk")
    processes.revive()


def begun(place: Paths, processes: Processes, asked: Asked, stop: threading.Event) -> bool:
    """Waits until the desk has made a workspace, which goes on by itself then; False where it is stopped before.

    From then on this process speaks the language that was chosen there.
    """
    from steadycast.pipeline import check_settings
    from steadycast.workspace import load

    while not stop.wait(LOOK):
        see_to(processes, asked)
        if place.is_there:
            with contextlib.suppress(SteadycastError):  # somebody writes it by hand, and is not done
                check_settings(workspace := load(place.root))
                speak(workspace.community.language)
                return True
    return False


def stay_up(
    workspace: Workspace,
    processes: Processes,
    env: dict[str, str],
    stop: threading.Event,
    *,
    asked: Asked | None = None,
    job: FirstJob | None = None,
) -> int:
    """Serves until Ctrl-C, SIGTERM, or a child's death; gives the exit code."""
    port = port_of(env)
    if not healthy(port, processes, stop):
        if not stop.is_set():
            complain(_("Prefect's server did not start: %(why)s", why=why_ended(processes, "server", port)))
            return NEEDS_A_PERSON
        return OK
    processes.start("flows", [str(workspace.flows / "serve.py")], env, workspace.root)
    prefect, login = f"http://127.0.0.1:{port}", login_shown(workspace)
    say(
        "",
        _("Prefect     %(address)s  (it asks for one line: %(login)s)", address=prefect, login=login),
        _("Drop in     %(folder)s", folder=workspace.content),
        _("Running. Flows keep their schedules; content/ and steadycast.toml are watched. Press Ctrl-C to stop."),
    )
    while not stop.wait(0.5):
        if job:
            job.see_to()
        for name, code in processes.dead(but=MAIN_JOB).items():
            why = why_ended(processes, name, port)
            complain(_("%(name)s ended with code %(code)s: %(why)s", name=name, code=code, why=why))
            return NEEDS_A_PERSON
        see_to(processes, asked)
    return OK


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
