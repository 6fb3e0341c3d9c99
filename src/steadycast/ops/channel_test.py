"""A test of one channel for somebody who waits for it: whether its far side would let it in. Publishes nothing."""

from __future__ import annotations

import datetime as dt
import threading
from contextvars import copy_context

from steadycast.errors import Problem, SteadycastError
from steadycast.ops.doctor import channel as looked_at
from steadycast.pipeline.app import App

WITHIN = 20.0  # seconds


def tried(app: App, name: str, now: dt.datetime) -> list[Problem] | None:
    """What the doctor finds out of this channel; None where its far side has not answered in time.

    Raises InputError where there is no such channel, or it cannot be used.
    """
    app.known_channel(name)
    app.platform(name)
    found: list[list[Problem]] = []

    def ask() -> None:
        try:
            with App.in_force(app.workspace.root, readonly=True) as own:  # who waits may be gone before it ends
                found.append(list(looked_at(own, name, now)))
        except SteadycastError as error:
            found.append([Problem(name, None, app.redact(str(error)))])

    thread = f"test of {name}"
    if any(each.name == thread for each in threading.enumerate()):
        return None  # the one before has not ended: two would ask no better
    asking = threading.Thread(target=copy_context().run, args=(ask,), daemon=True, name=thread)
    asking.start()
    asking.join(WITHIN)
    return found[0] if found else None
