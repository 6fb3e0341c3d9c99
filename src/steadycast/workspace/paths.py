"""Where everything of a workspace lies. Needs no settings, and so is known before they have been read."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePath

from steadycast.crash_safety import durable
from steadycast.errors import SettingsError
from steadycast.language import gettext as _

SETTINGS_FILE = "steadycast.toml"
PLACEHOLDER = "example.org"  # the host of a new workspace's addresses, until its operator writes another
COPIED_FROM = "copied_from.toml"  # of a community whose rules are another's: what was copied, and when
SOURCES = (SETTINGS_FILE, "holidays.toml")  # what its settings are read from


_BEGINNING = 100_000  # bytes of it in which its language is looked for
_OF_COMMUNITY = re.compile(r"^[ \t]*\[community\](.*?)(?=^[ \t]*\[|\Z)", re.MULTILINE | re.DOTALL)
_LANGUAGE = re.compile(r"""^[ \t]*language[ \t]*=[ \t]*["']([\w-]+)["']""", re.MULTILINE)
_USUAL = "zh-CN"  # of a community that says none; settings.py has the same


class NoWorkspace(SettingsError):
    """There is no workspace, neither here nor above."""


@dataclass(frozen=True)
class Paths:
    """The folders of one workspace; the only place that knows their names."""

    root: Path

    @property
    def content(self) -> Path:
        """Where drafts are dropped."""
        return self.root / "content"

    @property
    def ritual_templates(self) -> Path:
        """The community's own templates of rituals and of the digest."""
        return self.root / "templates" / "rituals"

    @property
    def flows(self) -> Path:
        """The Prefect flows: the workspace's own, else the bundled ones."""
        own = self.root / "flows"
        return own if own.is_dir() else bundle() / "flows"

    @property
    def prefect_yaml(self) -> Path:
        """The deployments' file."""
        return self.root / "prefect.yaml"

    @property
    def platform_folders(self) -> tuple[Path, ...]:
        """Where platform folders are looked for, in order: the workspace's own, then the bundled ones."""
        own, bundled = self.root / "channels", bundle() / "channels"
        return (own,) if own.resolve() == bundled.resolve() else (own, bundled)

    @property
    def var(self) -> Path:
        """The only place that is written to."""
        return Path(os.environ.get("STEADYCAST_VAR") or self.root / "var")

    @property
    def out(self) -> Path:
        """What file channels publish: one folder a channel."""
        return self.var / "out"

    @property
    def media(self) -> Path:
        """Media by content hash."""
        return self.var / "media"

    @property
    def cache(self) -> Path:
        """What can be made again."""
        return self.var / "cache"

    @property
    def compiled(self) -> Path:
        """Platforms' templates as they were compiled: code, which a process loads."""
        return self.cache / "templates"

    def preview_of(self, draft: PurePath) -> Path:
        """Where the preview of the draft at that path below content/ lies; drafts of one name share the place."""
        return self.previews / preview_name(draft)

    @property
    def previews(self) -> Path:
        """Where the previews lie."""
        return self.var / "preview"

    @property
    def secrets(self) -> Path:
        """Secrets that `channel add` took: one file each, its owner's alone."""
        return self.var / "secrets"

    @property
    def known_hosts(self) -> Path:
        """The host keys that a person looked at and trusts, as ssh keeps them."""
        return self.var / "known_hosts"

    @property
    def kept_settings(self) -> Path:
        """The settings that could be read last: they hold while steadycast.toml cannot be read."""
        return self.var / "settings"

    @property
    def up_began(self) -> Path:
        """A file as old as the `up` that runs, or ran last."""
        return self.var / "log" / "up.began"

    @property
    def up_lock(self) -> Path:
        """What the `up` that runs holds, and where it says since when it runs."""
        return self.var / "up.lock"

    @property
    def desk_port(self) -> Path:
        """The port at which the desk of `up` listens: its owner's alone, as the key is."""
        return self.var / "desk" / "port"

    @property
    def report_address(self) -> Path:
        """Where `up` shows the report, with the key of this run: its owner's alone."""
        return self.var / "desk" / "report"

    @property
    def is_there(self) -> bool:
        """Whether there are settings, or were: a folder without any holds no community yet."""
        return (self.root / SETTINGS_FILE).exists() or (self.kept_settings / SETTINGS_FILE).exists()

    @property
    def language(self) -> str:
        """The community's language, as a tag: read without the rest of the settings, and from broken ones too.

        "" where there is no community yet.
        """
        said = ""
        for folder in (self.root, self.kept_settings):
            with contextlib.suppress(OSError), (folder / SETTINGS_FILE).open("rb") as file:
                said = _USUAL
                if community := _OF_COMMUNITY.search(file.read(_BEGINNING).decode("utf-8", "replace")):
                    found = _LANGUAGE.search(community[1])
                    return found[1] if found else _USUAL
        return said

    @property
    def ledger(self) -> str:
        """The ledger's address: a PostgreSQL URL from STEADYCAST_LEDGER, else a SQLite file under var/."""
        return os.environ.get("STEADYCAST_LEDGER") or str(self.var / "ledger.sqlite")

    @property
    def ledger_mark(self) -> Path:
        """Where it is written how far a PostgreSQL ledger has come: a restored one is told by it."""
        return self.var / "ledger.sent"

    @property
    def unsubscribed(self) -> Path:
        """Where it is written besides who left a channel: an older ledger that is put back does not know it."""
        return self.var / "unsubscribed.log"

    def make_private(self) -> None:
        """Makes var/ its owner's alone; of a group that may pass through (0710, a web server's) only var/out is left.

        A STEADYCAST_VAR that holds no ledger yet may be anybody's folder, and is left as it is.
        """
        own = self.var == self.root / "var"
        if own or any((self.var / name).exists() for name in ("ledger.sqlite", self.ledger_mark.name)):
            with contextlib.suppress(OSError):  # not there, or not ours: `doctor` says so
                if own:
                    durable.make_folder(self.var)  # its name on the disk: the ledger's stands in it
                for path in (self.var, *self.var.iterdir()):
                    if path != self.out and not path.is_symlink():
                        _shut(path)


_OTHERS = 0o067  # what a group and others may do, but for a group that may pass through


def _shut(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & _OTHERS:
        path.chmod(0o700 if stat.S_ISDIR(mode) else 0o600)


def bundle() -> Path:
    """The workspace that comes with the package: its platforms, flows and prefect.yaml."""
    package = Path(__file__).resolve().parents[1]
    bundled = package / "_workspace"
    return bundled if bundled.is_dir() else package.parent.parent  # a checkout: the repository's root is a workspace


def find_root(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, that holds a steadycast.toml; STEADYCAST_WORKSPACE goes before.

    What lies below a workspace's content/ is written by members, and a workspace runs code of its own: a settings file
    there is none. One of another user's is refused, unless STEADYCAST_WORKSPACE names it.
    """
    named = os.environ.get("STEADYCAST_WORKSPACE")
    if named and start is None:
        return Path(named).resolve()
    here = (start or Path.cwd()).resolve()
    holding = [folder for folder in (here, *here.parents) if (folder / SETTINGS_FILE).is_file()]
    for folder in holding:
        if not any(folder.is_relative_to(Paths(above).content) for above in holding if above != folder):
            _is_ours(folder)
            return folder
    raise NoWorkspace(
        _("no %(file)s here or above", file=SETTINGS_FILE),
        file=here,
        hint=_("`steadycast up` makes a workspace here, `steadycast init DIR` one in another folder"),
    )


def root_or_here() -> Path:
    """As `find_root`; this folder where no workspace is, for who can make one here."""
    try:
        return find_root()
    except NoWorkspace:
        return Path.cwd().resolve()


def _is_ours(root: Path) -> None:
    """SettingsError where somebody else could have written what a workspace runs."""
    trusted = {0, os.geteuid()}
    if os.geteuid() == 0 and (asked := os.environ.get("SUDO_UID", "")).isdecimal():
        trusted.add(int(asked))
    for path in (root, root / SETTINGS_FILE):
        if (owner := path.stat().st_uid) not in trusted:
            said = _("it belongs to another user (uid %(owner)s), and a workspace runs code of its own", owner=owner)
            raise SettingsError(
                said, file=path, hint=_("if you trust it, name it: export STEADYCAST_WORKSPACE=%(folder)s", folder=root)
            )


def preview_name(draft: PurePath) -> str:
    """What the folder is called in which a draft's preview lies."""
    return re.sub(r"[^\w-]+", "-", draft.stem).strip("-") or "draft"
