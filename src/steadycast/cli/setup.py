"""Commands about the desk itself: init, deploy, channel list, channel eject."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from steadycast.cli.channels import platform_named
from steadycast.cli.output import NEEDS_A_PERSON, OK, as_json, complain, say, show, tell
from steadycast.cli.parameters import Json
from steadycast.cli.words import shown_word
from steadycast.errors import InputError, SettingsError
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _

PREFECT = (sys.executable, "-m", "prefect")
DEPLOY_HINT = N_(
    "the server that PREFECT_API_URL names must answer, and have the work pool: "
    "`prefect --no-prompt work-pool create steadycast --type process`"
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "samples", "var", ".*")


def init(folder: Path, *, name: str = "", timezone: str = "Asia/Shanghai", language: str = "zh-CN") -> int:
    """Make a workspace in FOLDER: settings, content, flows, and a first draft.

    Parameters
    ----------
    folder
        A folder that is not there yet, or holds no steadycast.toml.
    name
        The community's name; without it: the folder's.
    timezone
        Its time zone.
    language
        The language of its pages.
    """
    from steadycast.ops import starter

    made = starter.write(folder, name=name or folder.resolve().name, timezone=timezone, language=language)
    there = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    command = f"{there}steadycast up"
    say(*(_("made %(path)s", path=path) for path in made), "", _("Next: %(command)s", command=command))
    return OK


def completion(shell: Literal["bash", "zsh", "fish"]) -> int:
    """Print the script that lets the Tab key complete commands and options.

    Parameters
    ----------
    shell
        The shell that reads it.
    """
    from steadycast.cli.command_line import app

    sys.stdout.write(app.generate_completion(prog_name="steadycast", shell=shell))
    return OK


def deploy(*, check: bool = False, push: bool = False, json: Json = False) -> int:
    """Write prefect.yaml (what runs when) from steadycast.toml.

    Parameters
    ----------
    check
        Only compare: exit 1 when they disagree.
    push
        Then send the deployments to the server that PREFECT_API_URL names.
    """
    from steadycast.ops.deployments import differences, in_another_language, write
    from steadycast.workspace import load

    workspace = load()
    told = differences(workspace)
    lines = [f"prefect.yaml: {each}" for each in told] or [_("prefect.yaml agrees with steadycast.toml")]
    spoken = in_another_language(workspace)
    if writes := not check and bool(told or spoken):
        write(workspace)
        lines = [_("wrote prefect.yaml"), *(f"  {each.corrected}" for each in told if each.name)]
        lines += ["  " + _("its words are in the community's language now")] if spoken else []
    tell(json, {"differences": [*map(str, told)], "written": writes}, *lines)
    if check:
        return NEEDS_A_PERSON if told else OK
    return _push(workspace.root, quiet=json) if push else OK


def _push(root: Path, *, quiet: bool) -> int:
    """Hands the deployments to the server; `quiet` keeps what Prefect tells meanwhile out of standard output."""
    check_server()
    env = {**os.environ, "STEADYCAST_WORKSPACE": str(root), "DO_NOT_TRACK": "1"}
    command = [*PREFECT, "--no-prompt", "deploy", "--all"]
    import subprocess

    told = subprocess.DEVNULL if quiet else None
    sys.stdout.flush()  # ours stands before Prefect's
    done = subprocess.run(  # noqa: S603
        command, cwd=root, env=env, check=False, stdout=told, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    if os.environ.get("STEADYCAST_DEBUG"):
        print(done.stderr, file=sys.stderr, end="")
    if done.returncode:
        # Prefect shows a traceback; its last line says what happened.
        last = next((f": {line}" for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        complain(_("prefect deploy failed%(last)s (%(hint)s)", last=last, hint=_(DEPLOY_HINT)))
    return NEEDS_A_PERSON if done.returncode else OK


def check_server() -> None:
    """Raises InputError where nobody has said which server of Prefect's is meant."""
    if not os.environ.get("PREFECT_API_URL"):
        raise InputError(_("PREFECT_API_URL names no server"), hint="export PREFECT_API_URL=http://127.0.0.1:4200/api")


def channel_list(*, json: Json = False) -> int:
    """Show the platforms, where each comes from, and which channels of this community use them."""
    from steadycast.pipeline import App
    from steadycast.pipeline.probed_limits import allowed
    from steadycast.workspace import load

    app = App(load(), readonly=True)
    workspace, errors = app.workspace, [*app.broken.values()]
    own = workspace.platform_folders[0]
    limits: dict[str, list[dict[str, str]]] = {}
    for name, settings in workspace.channels.items():
        try:
            app.settings(name)
            limits[name] = [
                {"channel": name, "what": each.what, "at most": each.most, "from": each.source}
                for each in allowed(app, name)
            ]
        except SettingsError as error:
            errors += [error] if settings.platform not in app.broken else []
    rows = [
        {
            "platform": p.name,
            "title": p.title,
            "delivery": p.delivery,
            "forms": " ".join(p.forms),
            "from": "workspace" if p.folder.is_relative_to(own) else "package",
            "channels": " ".join(sorted(name for name, c in workspace.channels.items() if c.platform == p.name)),
        }
        for p in app.platforms.values()
    ]
    if json:
        as_json([row | {"limits": {name: limits.get(name, []) for name in row["channels"].split()}} for row in rows])
    else:
        for row, p in zip(rows, app.platforms.values(), strict=True):
            row |= {"title": p.shown_title, "forms": listed(map(shown_word, p.forms))}
        show(rows, {k: k for k in ("platform", "title", "delivery", "forms", "from", "channels")})
        show(
            [row for held in limits.values() for row in held],
            {k: k for k in ("channel", "what", "at most", "from")},
            title=_("Limits of your channels"),
        )
    complain(*map(str, errors))
    return NEEDS_A_PERSON if errors else OK


def channel_eject(platform: str, *, name: str = "") -> int:
    """Copy a platform's folder into channels/ of this workspace, for you to change.

    An upgrade of the package changes only platforms that are not ejected.

    Parameters
    ----------
    platform
        As `steadycast channel list` shows it.
    name
        Another name for the copy: a platform of its own.
    """
    from steadycast.platform.registry import FOLDER_NAME
    from steadycast.workspace import load

    spec = platform_named(platform)
    if name and not FOLDER_NAME.fullmatch(name):
        raise InputError(
            _("%(name)s cannot be a platform's folder", name=quoted(name)),
            hint=_("begin with a-z; then a-z, 0-9, - and _"),
        )
    target = load().platform_folders[0] / (name or spec.name)
    if target.exists():
        raise InputError(_("it exists already"), file=target, hint=_("give the copy another name: --name mine"))
    shutil.copytree(spec.folder, target, ignore=LEFT_OUT)
    say(_("copied to %(target)s", target=target))
    return OK
