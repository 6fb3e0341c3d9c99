"""The first run: what a person is asked, kept until it is whole, and then the workspace that the answers make."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from slugify import slugify

from steadycast.crash_safety import durable
from steadycast.draft import Reader
from steadycast.errors import InputError, SettingsError
from steadycast.language import gettext as _
from steadycast.ops import channel_add, starter
from steadycast.pipeline.app import App
from steadycast.pipeline.collect import collect
from steadycast.pipeline.plan import plan
from steadycast.pipeline.results import Collected
from steadycast.pipeline.secrets import keep as keep_secret
from steadycast.platform import Platform
from steadycast.platform.registry import platforms
from steadycast.workspace import Workspace, edit, load
from steadycast.workspace.paths import Paths

ANSWERS = Path("desk") / "first-run.json"  # below var/: a first run that was left half-way is taken up again
LONGEST_TEXT = 200_000  # characters of the first text
LONGEST_SLUG = 60
FILES, KIT, ACCOUNT = "files", "kit", "account"
LOCALTIME = Path("/etc/localtime")
OF_MACHINES = re.compile(r"^(Etc|SystemV|posix|right|US|Brazil|Canada|Chile|Mexico)/")


@dataclass(frozen=True)
class Answers:
    """What was answered so far; of a secret only the name under which it is kept."""

    name: str = ""
    timezone: str = ""
    language: str = ""
    title: str = ""
    rhythm: str = ""
    forms: tuple[str, ...] = ("article",)
    ticked: tuple[str, ...] | None = None  # platforms that ask nothing; None: those that say they belong in
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # a channel's name -> its table
    text_title: str = ""
    text: str = ""


@dataclass(frozen=True)
class Offer:
    """A platform that a channel can be made of."""

    platform: Platform
    kind: str  # FILES and KIT ask nothing; an ACCOUNT has settings or secrets that a person gives
    fits: bool  # it takes something of what was asked for

    @property
    def is_first(self) -> bool:
        """Whether it says itself that it belongs into a new workspace."""
        return self.platform.starter is not None


def read(root: Path) -> Answers:
    """What was answered before, of a first run that has not come to its end."""
    try:
        found: dict[str, Any] = json.loads((Paths(root).var / ANSWERS).read_text(encoding="utf-8"))
        known = {each.name for each in fields(Answers)}
        found |= {key: tuple(found[key]) for key in ("forms", "ticked") if found.get(key) is not None}
        return Answers(**{key: value for key, value in found.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return Answers()


def remember(root: Path, answers: Answers) -> None:
    """Keeps the answers for the next page; the workspace itself is not begun by it."""
    durable.put(Paths(root).var / ANSWERS, json.dumps(asdict(answers), ensure_ascii=False).encode(), rights=0o600)


def zone_of_machine(localtime: Path = LOCALTIME) -> str:
    """The time zone that this machine is set to; UTC where it does not say."""
    said = os.environ.get("TZ", "").lstrip(":")
    linked = str(localtime.resolve()).partition("zoneinfo/")[2] if localtime.is_symlink() else ""
    named = next((name for name in (said, linked) if name in available_timezones()), "UTC")
    return "UTC" if OF_MACHINES.match(named) else named


def zones() -> list[str]:
    """The time zones that a person looks for: those of places."""
    return sorted(n for n in available_timezones() if n == "UTC" or ("/" in n and not OF_MACHINES.match(n)))


def offers(folders: Collection[Path], forms: Collection[str]) -> list[Offer]:
    """Every platform that there is: those of a new workspace first, those that take none of these forms last."""
    found = [
        Offer(each, _kind(each), not forms or bool(set(each.forms) & set(forms)))
        for each in platforms(tuple(folders), {}).values()
    ]
    return sorted(found, key=lambda o: (not o.fits, not o.is_first, not o.platform.permalink, o.platform.name))


def _kind(platform: Platform) -> str:
    if any(setting.required or setting.secret for setting in platform.settings.values()):
        return ACCOUNT
    return KIT if platform.delivery == "kit" else FILES


def drafted(root: Path, answers: Answers) -> Workspace:
    """The workspace that the answers make, checked and not written; what is not answered yet is as in a new one."""
    chosen = _chosen(root, answers)
    promise = None
    if answers.rhythm:
        title = " ".join(answers.title.split())
        forms = answers.forms or ("article",)
        promise = starter.Promise(title, " ".join(answers.rhythm.split()), starter.series_name(title), forms)
    made = starter.drafted(
        root, name=answers.name, timezone=answers.timezone, language=answers.language,
        promise=promise, platforms=chosen,
    )  # fmt: skip
    for name, values in answers.accounts.items():
        made = edit.with_channel(made, name, values)
    if answers.accounts:
        (series,) = made.promises
        channels = [*made.promises[series].channels, *answers.accounts]
        made = edit.with_table(made, ("series", series), {"channels": channels})
    _ = made.series  # its days off
    return made


def _chosen(root: Path, answers: Answers) -> list[Platform]:
    there = [o for o in offers(Paths(root).platform_folders, answers.forms) if o.kind != ACCOUNT]
    if answers.ticked is None:
        return [o.platform for o in there if o.is_first and o.fits]
    return [o.platform for o in there if o.platform.name in answers.ticked]


def with_account(
    root: Path, answers: Answers, platform: str, name: str, *, given: Mapping[str, str], secrets: Mapping[str, str]
) -> Answers:
    """The answers with one more channel; its secrets are kept where they will be looked for, and are nowhere else."""
    made = drafted(root, answers)
    wanted = channel_add.wanted(made, platform, name, given=given, secrets=secrets)
    made.make_private()
    for secret, value in wanted.secrets.items():
        keep_secret(made.secrets, secret, value)
    return replace(answers, accounts={**answers.accounts, wanted.name: wanted.values})


def without_account(root: Path, answers: Answers, name: str) -> Answers:
    """The answers without that channel, and without its secrets."""
    kept = dict(answers.accounts)
    values, there = kept.pop(name, {}), Paths(root)
    spec = platforms(there.platform_folders, {}).get(str(values.get("platform")))
    for setting in spec.settings.values() if spec else ():
        if setting.secret and values.get(setting.name) == channel_add.secret_name(name, setting.name):
            (there.secrets / str(values[setting.name])).unlink(missing_ok=True)
    return replace(answers, accounts=kept)


def first_text(workspace: Workspace, answers: Answers, now: dt.datetime) -> dict[str, str]:
    """The first draft as a file: its path below the workspace, and what is in it; {} where there is none.

    Raises DraftError where it could not be taken in.
    """
    title, body = " ".join(answers.text_title.split()), answers.text.replace("\r\n", "\n").strip()
    if not title and not body:
        return {}
    if len(answers.text) > LONGEST_TEXT:
        said = _("the text is longer than %(num)s characters", num=LONGEST_TEXT)
        raise InputError(said, hint=_("put it into content/pgc as a file"))
    if not title:
        raise InputError(_("the text has no title"))
    text = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\n---\n\n{body}\n"
    slug = slugify(title, allow_unicode=True, max_length=LONGEST_SLUG) or "first"
    folder = workspace.content / "pgc"
    file = next(n for n in (slug, *(f"{slug}-{k}" for k in range(2, 1000))) if not (folder / f"{n}.md").exists())
    path = PurePosixPath("pgc") / f"{file}.md"
    zone: ZoneInfo = workspace.community.zone
    Reader(workspace.content, zone, workspace.series_names).draft(text.encode(), path, now)
    return {f"content/{path}": text}


def finish(root: Path, answers: Answers, now: dt.datetime) -> Collected:
    """Writes the workspace, takes the first text in, and plans with it."""
    starter.refuse_taken(root)
    workspace = drafted(root, answers)
    if not workspace.channels:
        raise SettingsError(_("no channel is chosen"))
    texts = first_text(workspace, answers, now) or {"content/pgc/first.md": starter.welcome(answers.language)}
    starter.put(workspace, texts)
    (workspace.var / ANSWERS).unlink(missing_ok=True)
    with App.open(load(root)) as app:
        came = collect(app, now, feeds=False)
        plan(app, now)
    return came
