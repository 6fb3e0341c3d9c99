"""The main job as `up` has it done: by a child. One that fails is told of, ends nothing, and is done again."""

from __future__ import annotations

import datetime as dt
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from steadycast.cli.main_job import main_job
from steadycast.cli.output import BAD_INPUT, LEDGER, NEEDS_A_PERSON, OK, complain
from steadycast.crash_safety.ending import ENDED, EndSoon, ask
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from pathlib import Path

    from steadycast.cli.processes import Processes
    from steadycast.ops.one_up import OneUp
    from steadycast.workspace.paths import Paths

NAME = "main job"
COMMAND = ("-c", "from steadycast.cli import FAULT, main; main(fault=FAULT)", "up", "--once")
ALONE = 300.0  # seconds that the schedules wait for it: so long it may take without being in their way
AGAIN = (60.0, 600.0, 3600.0)  # seconds until it is done again, after one fault, two and more


class FirstJob:
    """The main job of one `up`."""

    def __init__(
        self, processes: Processes, env: Mapping[str, str], root: Path, mark: OneUp, command: Sequence[str] = COMMAND
    ) -> None:
        self._processes, self._mark = processes, mark
        self._start = partial(processes.start, NAME, command, env, root, aloud=True)
        self._faults = 0
        self._next = 0.0
        self._start()

    def wait(self, stop: threading.Event) -> int:
        """Waits until it has ended, or `up` is to end; the exit code that ends `up`, or 0.

        Bad input and a ledger that cannot be used end it: a person has started it just now, and reads why. One that
        takes long, or hangs, holds no slot up: it goes on beside the schedules, from which the ledger keeps it apart.
        """
        code = self._processes.finish(NAME, stop, ALONE)
        if code in {BAD_INPUT, LEDGER}:
            return code
        if stop.is_set():
            return OK
        if NAME in self._processes.running:
            complain(_("The main job is not done yet: the schedules begin beside it."))
        else:
            self._ended(code)
        return OK

    def see_to(self) -> None:
        """Looks whether one that goes on has ended, and does it again when its time has come."""
        child = self._processes.running.get(NAME)
        if child is None:
            if self._faults and time.monotonic() >= self._next:
                self._start()
        elif child.poll() is not None:
            self._ended(self._processes.finish(NAME))

    def _ended(self, code: int) -> None:
        if code in {OK, NEEDS_A_PERSON}:
            if self._faults:
                self._faults = 0
                self._mark.say(fault="")
            return
        wait = AGAIN[min(self._faults, len(AGAIN) - 1)]
        self._faults += 1
        self._next = time.monotonic() + wait
        self._mark.say(fault=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
        why = _("it was ended by signal %(num)s", num=-code) if code < 0 else _("it ended with code %(num)s", num=code)
        complain(
            _(
                "The main job failed: %(why)s. The schedules do what it has left, and it is done again in %(num)s min.",
                why=why,
                num=round(wait / 60),
            )
        )


def main_job_alone(place: Paths) -> int:
    """The main job and nothing else. SIGTERM ends it at once, but for what is being sent: that is not cut off."""
    from steadycast.pipeline import App, check_settings
    from steadycast.workspace import in_force

    signal.signal(signal.SIGTERM, end_soon)
    workspace, broken = in_force(place.root, check_settings)
    if broken:
        complain(_("%(error)s; the settings before it stay in force until it is fixed", error=broken))
    try:
        with App.open(workspace) as app:
            return main_job(app)
    except EndSoon:
        complain(_("Ended before the main job was done: nothing is lost, and the next one does the rest."))
        raise


def end_soon(*_: object) -> None:
    """What SIGTERM does, once: asked a second time, it goes on ending, for as long as what is sent has to come back."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    ask()
    raise EndSoon(ENDED)
