"""Commands for whoever keeps the desk running: doctor, health, backup, restore, rebuild, here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from steadycast.cli.lazy_rooms import ops, pipeline
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, in_order, progress, say, show, tell
from steadycast.cli.words import looked_at
from steadycast.language import gettext as _

if TYPE_CHECKING:
    from steadycast.cli.parameters import Json

DOCTOR = {"state": "", "what": "what", "said": "said", "hint": "hint"}


def doctor(*, json: Json = False) -> int:
    """Check what the promises depend on: ledger, clock, disk, zones, secrets, channels, rights. Exit 1 when bad.

    Publishes nothing. It tries a channel's credentials if the platform has a way.
    """
    found = ops.doctor(pipeline.now())
    rows = [{"what": f.where, "state": f.severity, "said": f.message, "hint": f.hint} for f in found]
    bad = sum(row["state"] == "bad" for row in rows)
    if json:
        as_json(rows)
    else:
        show([row | {"what": looked_at(row["what"])} for row in rows], DOCTOR, title=_("Doctor"))
        say(in_order(bad, told=any(row["state"] == "warn" for row in rows)))
    return NEEDS_A_PERSON if bad else OK


def health(*, json: Json = False) -> int:
    """Say whether the promises are kept: last slots served, no series without drafts, ticks coming. Exit 1 when not."""
    with pipeline.App.in_force(readonly=True) as app:
        found = ops.health(app, pipeline.now())
    if json:
        as_json(found.plain())
    else:
        show([check.plain() for check in found.checks], {"status": "", "check": "what", "said": "said"})
    return OK if found.ok else NEEDS_A_PERSON


def backup(file: Path, *, json: Json = False) -> int:
    """Write the ledger, the media and the published files to FILE, a new tar, while everything runs.

    Parameters
    ----------
    file
        The tar to make, private to its owner. Use pg_dump for a PostgreSQL ledger.
    """
    with pipeline.App.open() as app, progress(_("keeping")) as bar:
        done = ops.backup(app, file, pipeline.now(), progress=bar)
    row = {"file": done.path, "files": done.files, "size": done.size, "ledger": done.ledger}
    tell(json, row, *done.lines())
    return OK


def restore(file: Path, *, to: Path | None = None, force: bool = False, json: Json = False) -> int:
    """Put a backup back. What may have gone out since is looked for, or waits for a person.

    Parameters
    ----------
    file
        A tar that `steadycast backup` made.
    to
        Another folder instead of this workspace's var/, to practise.
    force
        Replace a ledger that is newer than the backup; it is kept beside it.
    """
    with progress(_("putting back")) as bar:
        done = ops.restore(None, file, pipeline.now(), to=to, force=force, progress=bar)
    row = {"var": done.var, "files": done.files, "kept": done.kept, "ledger": done.ledger, "at": done.at}
    tell(json, row | {"aside": done.aside}, *done.lines())
    return OK


def rebuild(channel: str | None = None, *, json: Json = False) -> int:
    """Make the folders of channels again, from the bytes that the ledger kept. Nothing is sent anywhere.

    Parameters
    ----------
    channel
        One channel; without it: all that write into a folder.
    """
    with pipeline.App.open() as app, progress(_("making")) as bar:
        done = pipeline.rebuild(app, channel, progress=bar)
    rows = [{"channel": d.channel, "posts": d.posts, "folder": d.folder, "problems": d.problems} for d in done]
    tell(json, rows, *([made.line() for made in done] or [_("No channel has published into a folder yet.")]))
    return NEEDS_A_PERSON if any(made.problems for made in done) else OK


def here(*, moved: bool = False, new: bool = False) -> int:
    """Publish from this machine and folder from now on, after the workspace was copied, moved, or lost its ledger.

    What is due may have gone out from elsewhere. It is looked for before it is sent, or waits for a person.

    Parameters
    ----------
    moved
        The workspace only moved, and nothing was published from elsewhere: nothing is in doubt.
    new
        The ledger is lost and there is no backup: start a new one. Everything in content/ counts as unused.
    """
    with pipeline.App.open(anyway=True) as app:
        stood = app.ledger.move_here(pipeline.now(), moved=moved, new=new)
        folder = app.workspace.root
    say(
        _("%(folder)s publishes from now on.", folder=folder)
        if stood
        else _("%(folder)s could publish already.", folder=folder)
    )
    return OK
