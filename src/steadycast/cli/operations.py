"""Commands for whoever keeps the desk running: doctor, health, backup, restore, rebuild, here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, progress, say, show

Json = Annotated[bool, Parameter(help="Print JSON.")]
DOCTOR = {"state": "", "what": "what", "said": "said", "mend": "mend"}


def doctor(*, json: Json = False) -> int:
    """Look at everything a promise stands on: ledger, clock, disk, zones, secrets, channels, rights. Exit 1 when bad.

    Publishes nothing: a channel's credentials are tried as far as its platform can.
    """
    from steadycast import pipeline

    findings = pipeline.doctor(pipeline.now())
    bad = sum(finding.state == "bad" for finding in findings)
    if json:
        as_json([finding.plain() for finding in findings])
    else:
        show([finding.plain() for finding in findings], DOCTOR, title="Doctor")
        say("Everything is in order." if not bad else f"{bad} to mend.")
    return NEEDS_A_PERSON if bad else OK


def health(*, json: Json = False) -> int:
    """Say whether promises are being kept: the last slots served, no series starving, ticks coming. Exit 1 when not."""
    from steadycast import pipeline

    with pipeline.Desk.in_force(readonly=True) as desk:
        found = pipeline.health(desk, pipeline.now())
    if json:
        as_json(found.plain())
    else:
        show([check.plain() for check in found.checks], {"status": "", "check": "what", "said": "said"})
    return OK if found.ok else NEEDS_A_PERSON


def backup(file: Path, *, json: Json = False) -> int:
    """Write the ledger, the media and what file channels have published to FILE, a new tar, while others go on working.

    Parameters
    ----------
    file
        The tar to make; its owner's alone. A PostgreSQL ledger is pg_dump's.
    """
    from steadycast import pipeline

    with pipeline.Desk.open() as desk, progress("keeping") as bar:
        done = pipeline.backup(desk, file, pipeline.now(), progress=bar)
    if json:
        as_json({"file": str(done.path), "files": done.files, "size": done.size, "ledger": done.ledger})
    else:
        say(*done.lines())
    return OK


def restore(file: Path, *, to: Path | None = None, force: bool = False, json: Json = False) -> int:
    """Put a backup back. Nothing that may have gone out since is sent again: it is looked for, or waits for a person.

    Parameters
    ----------
    file
        A tar that `steadycast backup` made.
    to
        Another folder instead of this workspace's var/: for a drill.
    force
        Replace a ledger that is newer than the backup; it is kept beside it.
    """
    from steadycast import pipeline

    with progress("putting back") as bar:
        done = pipeline.restore(None, file, pipeline.now(), to=to, force=force, progress=bar)
    if json:
        as_json({"var": str(done.var), "files": done.files, "kept": done.kept, "ledger": done.ledger, "at": done.at,
                 "aside": str(done.aside) if done.aside else None})  # fmt: skip
    else:
        say(*done.lines())
    return OK


def rebuild(channel: str | None = None, *, json: Json = False) -> int:
    """Make the folders that channels wrote again, from what the ledger froze. Nothing is sent anywhere.

    Parameters
    ----------
    channel
        One channel; else every one that writes into a folder.
    """
    from steadycast import pipeline

    with pipeline.Desk.open() as desk, progress("making") as bar:
        done = pipeline.rebuild(desk, channel, progress=bar)
    if json:
        as_json([{"channel": d.channel, "posts": d.posts, "folder": d.folder, "problems": d.problems} for d in done])
    else:
        say(*(made.line() for made in done) if done else ["No channel has published into a folder yet."])
    return NEEDS_A_PERSON if any(made.problems for made in done) else OK


def here(*, moved: bool = False, new: bool = False) -> int:
    """Say that this workspace goes on from this machine and folder, after it was copied, moved, or lost its ledger.

    What is due by now may have gone out from elsewhere: it is looked for before it is sent, or waits for a person.

    Parameters
    ----------
    moved
        The workspace only moved, and nothing was published from elsewhere meanwhile: nothing is in doubt.
    new
        The ledger is lost, and no backup is to be had: go on with a new one. What lies in content/ counts as unused.
    """
    from steadycast import pipeline

    with pipeline.Desk.open(anyway=True) as desk:
        stood = desk.ledger.move_here(pipeline.now(), moved=moved, new=new)
        folder = desk.workspace.root
    say(f"From now on {folder} publishes." if stood else f"{folder} publishes already: nothing stood against it.")
    return OK
