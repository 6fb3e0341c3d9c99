"""Commands about copying a community: copy, ready."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, say, show, tell
from steadycast.errors import InputError
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.parameters import Json
    from steadycast.schedule.gates import Gate

STATES = {True: "passed", False: "not passed", None: "not counted"}
GATES = {"state": "state", "title": "gate", "asked": "asked for", "found": "found", "how": "counted"}


def ready(*, json: Json = False) -> int:
    """Show whether this community is ready to be copied: each gate, what is asked, what was found, how it was counted.

    Exit 1 when a gate is not passed, or cannot be counted.
    """
    from steadycast.ops import copying
    from steadycast.ops.ready import ready as look

    with pipeline.App.open(readonly=True) as app:
        gates = look(app, pipeline.now())
    if json:
        as_json([gate.row() for gate in gates])
    else:
        _show(gates)
    return OK if copying.passed(gates) else NEEDS_A_PERSON


def copy(
    folder: Path,
    *,
    name: str = "",
    timezone: str = "",
    sentence: str = "",
    anyway: str = "",
    diff: bool = False,
    json: Json = False,
) -> int:
    """Copy this community's rules into a new workspace: no member, no secret, no address, no draft but those marked.

    A draft of the house goes along when its head says `copy: true`. What will leave the machine is paused there.
    `steadycast check` in the copy names what is left to fill in.
    Exit 1 when something that was meant to go along stays; where a gate is not passed, nothing is copied.

    Parameters
    ----------
    folder
        A folder that is not there yet, or empty; with --diff: the original's.
    name
        The new community's name.
    timezone
        Its time zone; without it: this community's.
    sentence
        What this community is, in its leader's own words; without it: `sentence` of [ready].
    anyway
        Why it is copied although a gate is not passed.
    diff
        Only show what the original has changed since this workspace was copied from it. Nothing is merged.
    """
    from steadycast.ops import copying
    from steadycast.ops.ready import ready as look
    from steadycast.workspace.paths import find_root

    if diff:
        told = copying.changed(find_root(), folder)
        if json:
            as_json([each.row() for each in told])
        else:
            nothing = _("The original has changed nothing since.")
            show([each.row() for each in told], {"what": "what", "name": "name", "value": "value"}, empty=nothing)
        return OK
    with pipeline.App.open(readonly=True) as app:
        said = sentence or app.workspace.ready.sentence
        gates = look(app, pipeline.now(), said)
        if not copying.passed(gates) and not anyway.strip():
            _show([] if json else [gate for gate in gates if not gate.ok])
            raise InputError(_("it is not ready to be copied"), hint=_('--anyway "why" copies it all the same'))
        made = copying.copy(
            app, folder, name=name, timezone=timezone, sentence=said, anyway=anyway, gates=gates, now=pipeline.now()
        )
    left = [note for note in made.notes if not note.harmless]
    value = {
        "folder": str(made.workspace.root), "files": made.files, "blanks": made.blanks,
        "left": [note.row() for note in left], "gates": [gate.row() for gate in gates],
    }  # fmt: skip
    w = made.workspace
    lines = [
        *(str(note) for note in made.notes),
        _("copied to %(folder)s: %(series)s series, %(channels)s channels, %(paused)s of them paused; %(files)s files",
          folder=folder, series=len(w.promises), channels=len(w.channels),
          paused=sum(each.paused for each in w.channels.values()), files=len(made.files)),
        _("%(num)s keys are left to fill in: `cd %(folder)s && steadycast check`", num=len(made.blanks), folder=folder),
    ]  # fmt: skip
    tell(json, value, *lines)
    return NEEDS_A_PERSON if left else OK


def _show(gates: Sequence[Gate]) -> None:
    rows = [gate.row() | {"state": STATES[gate.ok]} for gate in gates]
    show(rows, GATES)
    short, blind = (sum(gate.ok is said for gate in gates) for said in (False, None))
    if short or blind:
        words = {"num": short, "of": len(gates), "blind": blind}
        say(_("Of %(of)s gates %(num)s are not passed, and %(blind)s could not be counted.", **words))
