"""The desk: one workspace opened, with its ledger, its platforms and what an adapter is given."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from steadycast.crash_safety import crashpoints, durable, file_lock
from steadycast.delivery import Clock, LedgerState, SystemClock
from steadycast.errors import (
    LOST,
    InputError,
    LedgerError,
    Refused,
    SettingsError,
    SteadycastError,
    unknown_name,
    with_hint,
)
from steadycast.language import current, of_tag, speak, speaking
from steadycast.language import gettext as _
from steadycast.ledger.store import Ledger
from steadycast.pipeline.member_names import MemberNames
from steadycast.pipeline.secrets import Redactor, find
from steadycast.platform import Adapter, Channel, Platform, configured, probed, registry
from steadycast.platform.unsubscribed import UnsubscribedFile
from steadycast.schedule.model import Series
from steadycast.workspace import Workspace, in_force, load
from steadycast.workspace.settings import BY_HAND, ChannelSettings

if TYPE_CHECKING:
    from steadycast.draft import Reader

_doors: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)  # this process's threads queue here
os.register_at_fork(after_in_child=_doors.clear)
_ACTING: ContextVar[str] = ContextVar("acting", default="")


def now() -> dt.datetime:
    """This instant. The one clock; every verb takes its answer as an argument."""
    return dt.datetime.now(dt.UTC)


@contextlib.contextmanager
def acting(name: str) -> Iterator[None]:
    """Inside the block, in this thread and in what it awaits, a person of this name does what is done."""
    token = _ACTING.set(name)
    try:
        yield
    finally:
        _ACTING.reset(token)


def who() -> str:
    """Who does this, for the record: whoever is `acting`, else who sits at this machine, by name or by number."""
    if name := _ACTING.get():
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


@dataclass
class App:
    """A workspace opened; its ledger is opened when it is first asked for. Close it, or use it in a `with` block."""

    workspace: Workspace
    readonly: bool = False
    anyway: bool = False  # it goes on with a ledger that took a lost one's place: to say so, or because a person does
    find_secret: Callable[[str], str | None] = find
    redact: Redactor = field(default_factory=Redactor)
    clock: Clock = field(default_factory=SystemClock)
    _configured: dict[str, Platform] = field(default_factory=dict, init=False)  # by channel, as these settings say
    _limited: dict[str, Platform] = field(default_factory=dict, init=False)  # and as its far side says
    _channels: dict[str, Channel] = field(default_factory=dict, init=False)
    _told: dict[str, Any] | None = field(default=None, init=False)  # what far sides allow, by channel
    _names: MemberNames = field(default_factory=MemberNames, init=False)
    broken_settings: SettingsError | None = None  # steadycast.toml cannot be read just now: those before it hold

    def __post_init__(self) -> None:
        if self.find_secret is find:
            self.find_secret = partial(find, folder=self.workspace.secrets)

    @classmethod
    def in_force(cls, root: Path | None = None, *, readonly: bool = False, anyway: bool = False) -> Self:
        """The nearest workspace, or that at `root`, as whoever serves has it: a slip in its settings stops no slot."""
        checked: list[Self] = []

        def check(workspace: Workspace) -> None:
            speak(workspace.community.language)  # first: what is wrong with a platform is kept in these words
            checked.append(cls(workspace, readonly, anyway))
            checked[0].check_settings()

        workspace, broken = in_force(root, check)
        if not broken:
            return checked[0]
        speak(workspace.community.language)
        logging.getLogger(__name__).warning("%s; the settings before it stay in force until it is fixed", broken)
        return cls(workspace, readonly, anyway, broken_settings=broken)

    @classmethod
    def open(cls, workspace: Workspace | None = None, *, readonly: bool = False, anyway: bool = False) -> Self:
        """The nearest workspace, its channels' settings checked; or the given one."""
        app = cls(workspace or load(), readonly, anyway)
        speak(app.workspace.community.language)
        if workspace is None:
            app.check_settings()
        return app

    @cached_property
    def ledger(self) -> Ledger:
        """The workspace's ledger; one that is not there yet is made, even by a reader.

        Where one that had published was lost, a reader is told, and who would write is refused: a person has to speak.
        """
        self.workspace.make_private()
        address = self.workspace.ledger
        missing = "://" not in address and not Path(address).exists()
        ledger = Ledger.open(address, readonly=self.readonly and not missing, mark=self.workspace.ledger_mark)
        if (lost := ledger.lost()) and self.readonly:
            LOST.error("%s", lost)
        elif lost and not self.anyway:
            ledger.close()
            raise lost
        ledger.clock = self.clock.reading
        return ledger

    def by(self, workspace: Workspace) -> App:
        """The same ledger by other settings: for who asks what those would do. Who made this one closes it."""
        other = replace(self, workspace=workspace)
        other.__dict__["ledger"] = self.ledger
        return other

    def share_ledger(self, former: App) -> None:
        """Go on with the ledger that `former`, of the same folder, has open: it is not opened again, and knows its
        statements. Who closes the last of both closes it.
        """
        if "ledger" in former.__dict__:
            self.__dict__["ledger"] = former.ledger

    def shares_ledger(self, other: App) -> bool:
        """Whether both have the same ledger open."""
        return "ledger" in self.__dict__ and self.__dict__["ledger"] is other.__dict__.get("ledger")

    @cached_property
    def reader(self) -> Reader:
        """What reads the drafts in content/."""
        from steadycast.draft import Reader  # and with it a parser, which many a command needs nothing of

        return Reader(self.workspace.content, self.workspace.community.zone, self.workspace.series_names)

    @property
    def has_ledger(self) -> bool:
        """Whether there is one already: a new workspace has none, and who only reads makes none."""
        return "ledger" in self.__dict__ or "://" in self.workspace.ledger or Path(self.workspace.ledger).exists()

    def close(self) -> None:
        """Lets go of the ledger."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @cached_property
    def broken(self) -> dict[str, SettingsError]:
        """What is wrong with platform folders that the workspace has or uses: each harms its own channels only."""
        broken: dict[str, SettingsError] = {}
        folders = self.workspace.platform_folders
        registry.some(folders, [*self._used_names, *registry.own(folders)], broken)
        return broken

    @cached_property
    def platforms(self) -> dict[str, Platform]:
        """Every platform that the workspace or the package has, and that can be used."""
        return registry.platforms(self.workspace.platform_folders, {})

    @property
    def _used_names(self) -> list[str]:
        return [channel.platform for channel in self.workspace.channels.values()]

    @cached_property
    def _used(self) -> tuple[dict[str, Platform], dict[str, SettingsError]]:
        """The platforms of the channels, and what is wrong with those that cannot be used."""
        broken: dict[str, SettingsError] = {}
        return registry.some(self.workspace.platform_folders, self._used_names, broken), broken

    @property
    def platform_folders_used(self) -> set[Path]:
        """The folders that the platforms of the channels are read from; of those that can be read. Asks no ledger."""
        return {folder for platform in self._used[0].values() for folder in platform.folders}

    def platform(self, channel: str) -> Platform:
        """The platform of one channel with this channel's limits: what its far side allows, over that its settings.

        Raises an InputError that says what is wrong.
        """
        if channel not in self._limited:
            chosen, told = self.configured(channel), self.far_limits(channel)
            if told:
                given = self.known_channel(channel)
                asked = probed.over(channel, self._chosen(channel), told)
                chosen = configured.limited(channel, asked, given.limits, given.media)
            self._limited[channel] = chosen
        return self._limited[channel]

    def configured(self, channel: str) -> Platform:
        """The platform of one channel with the limits of its settings alone: nothing is asked for it."""
        if channel not in self._configured:
            given = self.known_channel(channel)
            with self.workspace.naming(channel):
                limited = configured.limited(channel, self._chosen(channel), given.limits, given.media)
                uploaded = configured.uploaded(channel, limited, given.upload.within) if given.upload else limited
            self._configured[channel] = uploaded
        return self._configured[channel]

    def _chosen(self, channel: str) -> Platform:
        wanted, (found, broken) = self.known_channel(channel).platform, self._used
        if wanted in broken:
            raise broken[wanted]
        chosen = registry.chosen(channel, wanted, found)
        given = self.known_channel(channel).own
        return replace(chosen, local=True) if any(not given.get(name) for name in chosen.local_without) else chosen

    def far_limits(self, channel: str) -> dict[str, Any]:
        """What this channel's far side said last that it allows, and when; {} where that is not known."""
        try:
            chosen = self._chosen(channel)
            if chosen.local or not self.has_ledger:
                return {}
            if self._told is None:
                self._told = self.ledger.states(probed.KEY)
            told = self._told.get(channel) or {}
            probed.over(channel, chosen, told)
        except (LedgerError, SettingsError):  # another version kept it; a ledger that is no good is reported elsewhere
            return {}
        return dict(told)

    def forget(self, channel: str) -> None:
        """Look up a channel's limits again when they are asked for next."""
        self._told = None
        self._limited.pop(channel, None)
        self._channels.pop(channel, None)

    def usable(self, channel: str) -> Platform | None:
        """The platform of one channel, or None where it cannot be used: whoever sends there says why."""
        try:
            return self.platform(channel)
        except InputError:
            return None

    def by_hand(self, channel: str) -> str:
        """What a person finishes on a channel: a `kit`, or what lies `there` ready; "" where it goes out by itself."""
        if (platform := self.usable(channel)) is None:
            return ""
        return "kit" if platform.delivery == "kit" else "there" if platform.by_hand else ""

    def channel_title(self, channel: str) -> str:
        """A channel's name for people: its own, else its platform's, else that in steadycast.toml."""
        settings = self.workspace.channels.get(channel)
        platform = self.usable(channel) if settings and not settings.title else None
        return (settings.title if settings else "") or (platform.shown_title if platform else "") or channel

    def member_title(self, member: str) -> str:
        """A member's name for people: that in steadycast.toml, else in roster.csv; "" of the house."""
        return self._names.of(self, member)

    def writer_title(self, member: str, circle: str) -> str:
        """Who wrote a draft, for people: a member, else the community that shares it; "" for the house."""
        return self.member_title(member) or circle

    def series_title(self, series: str) -> str:
        """A series' name for people: its title, else that in steadycast.toml; "" of what went out by hand."""
        there = self.workspace.series.get(series)
        return "" if series == BY_HAND else (there.title if there else "") or series

    def slot_title(self, slot: str) -> str:
        """A slot's name for people, by its id: its series' title, its day and its hour."""
        name, _at, local = slot.partition("@")
        there = self.workspace.classes.get(name)
        title = there.title if there else self.series_title(name)
        if (when := current().wall(local, self.clock.now().year)) == local:
            return title or _("what was published by hand")  # its id says no time
        return f"{title} {when}"

    def published_title(self, channel: str) -> str:
        """`channel_title` in the community's language, whoever asks."""
        with speaking(of_tag(self.workspace.community.language).name):
            return self.channel_title(channel)

    @property
    def usable_platforms(self) -> dict[str, Platform]:
        """The platforms of the channels that can be used, in the order of steadycast.toml."""
        return {name: platform for name in self.workspace.channels if (platform := self.usable(name))}

    def settings(self, channel: str) -> dict[str, Any]:
        """A channel's settings as its platform declares them: checked, defaults filled in, secrets left out."""
        platform, given = self.configured(channel), self.workspace.channels[channel].own
        with self.workspace.naming(channel):
            return configured.settings(channel, platform, given, self.workspace.root)

    def check_settings(self) -> None:
        """Raises the SettingsError of the first channel or rhythm that is wrong; a broken platform is not theirs.

        A paused channel sends nothing, and what it lacks stops no other: `check` tells it.
        """
        for wrong in self.workspace.wrong_rhythms():
            raise wrong
        for name, channel in self.workspace.channels.items():
            if channel.platform not in self._used[1] and not channel.paused:
                self.settings(name)

    def has_secret(self, name: str) -> bool:
        """Whether a secret is set; False as well where nobody can say, as Prefect's server is away."""
        try:
            return self.find_secret(name) is not None
        except SteadycastError:
            return False

    def secret(self, channel: str, name: str) -> str:
        """A secret setting's value; Refused (a person fixes it) where the name it is known by is not set."""
        setting = self.platform(channel).settings.get(name)
        given = str(self.workspace.channels[channel].own.get(name) or (setting.default if setting else "") or "")
        if not given:
            if setting and not setting.required:
                return ""
            raise Refused(_("the setting %(name)s is missing", name=name), channel=channel)
        value = self.find_secret(given)
        if value is None:
            raise Refused(
                _("the secret %(secret)s is not set: export it, or make a Secret block", secret=given), channel=channel
            )
        return self.redact.learn(value)

    def channel(self, name: str, **more: Any) -> Channel:
        """What the adapter of that channel is given; `more` adds `step` for one delivery's steps."""
        if name not in self._channels:
            self._channels[name] = self._channel(name)
        return replace(self._channels[name], **more)

    def _channel(self, name: str) -> Channel:
        from steadycast.outgoing import HttpClient
        from steadycast.render.templates import Templates

        platform, community = self.platform(name), self.workspace.community
        out = self.workspace.out / name
        overrides = self.workspace.root / "templates" / name
        folders = (overrides, *platform.folders)
        templates = Templates(folders, zone=community.zone, compiled=self.workspace.compiled)
        return Channel(
            name=name,
            platform=platform.name,
            settings=self.settings(name),
            out=out,
            zone=community.zone,
            language=community.language,
            community=community.name,
            about=community.description,
            email=community.email,
            site_url=community.url,
            title=self.workspace.channels[name].title or platform.title,
            spec=platform,
            templates=overrides,
            now=self.clock.now,
            secret=lambda setting: self.secret(name, setting),
            state=LedgerState(
                lambda: self.ledger, name, self.clock, deadline=platform.deadline, learn=self.redact.learn
            ),
            sign=lambda text: self.ledger.sign(f"{name}|{text}"),
            desk=self.workspace.desk.url,
            unsubscribed=UnsubscribedFile(self.workspace.unsubscribed),
            render=templates.render,
            http=HttpClient(name, deadline=platform.deadline, redact=self.redact),
            write=lambda file, data: write_atomically(out, file, data, public=platform.delivery == "conditional"),
        )

    def adapter(self, name: str, **more: Any) -> Adapter:
        """The adapter of one channel, ready to publish or to look."""
        return registry.load(self.platform(name))(self.channel(name, **more))

    def known_channel(self, name: str) -> ChannelSettings:
        """One channel's settings, or an InputError that says which was meant."""
        if name not in self.workspace.channels:
            raise unknown_name("channel", name, self.workspace.channels)
        return self.workspace.channels[name]

    def known_series(self, named: str) -> Series:
        """One series by its name or its title, or an InputError that says which was meant."""
        known = self.workspace.series_names
        if (name := known.get(named, named)) not in self.workspace.series:
            there = [each for each, meant in known.items() if meant in self.workspace.series]
            raise unknown_name("series", named, there)
        return self.workspace.series[name]

    @contextlib.contextmanager
    def alone(self, what: str, within: float | None = None) -> Iterator[bool]:
        """Holds others off the same work on this machine until the block ends; True where the last one did not end it.

        Raises TimeoutError where another process has it for longer than `within` seconds: it may be stopped.
        """
        file = self.workspace.cache / f"{what}.lock"
        with _doors[file], file_lock.held(file, within) as lock:
            lock.seek(0)
            died = bool(lock.read())
            with contextlib.suppress(OSError):  # a full disk: then nobody will sweep
                lock.write("" if died else "at work")
                lock.flush()
            yield died
            lock.truncate(0)

    @contextlib.contextmanager
    def in_turn(self, what: str, within: float) -> Iterator[None]:
        """As `alone`; a LedgerError with its hint where another process does not let go."""
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self.alone(what, within))
            except TimeoutError:
                said = _("another process has been at the %(what)s for %(num)s s", what=what, num=round(within))
                hint = _("find and end it: is one stopped, as by Ctrl-Z?")
                raise LedgerError(with_hint(said, hint)) from None
            yield


def check_settings(workspace: Workspace) -> None:
    """Raises the SettingsError of the first channel or rhythm that is wrong."""
    App(workspace).check_settings()


def sweep(folder: Path) -> None:
    """Remove what a worker that died had not put in place yet; nobody else may be writing there."""
    for left in folder.rglob(".*"):
        if durable.UNPLACED.fullmatch(left.name) and left.is_file():
            left.unlink(missing_ok=True)


def write_atomically(folder: Path, name: str, data: bytes, *, public: bool = True) -> Path:
    """Puts a whole file under `folder`, or leaves what was there: temp, fsync, rename, fsync of the folder.

    Letters and kits are not `public`: their folder is its owner's alone.
    """
    if not public:
        durable.make_folder(folder)
        folder.chmod(0o700)
    target = folder / name
    if not target.resolve().is_relative_to(folder.resolve()):
        said = _("%(name)r would lie outside its channel's folder", name=name)
        raise Refused(said)
    durable.put(target, data, synced=lambda: crashpoints.checkpoint("file-written"))
    crashpoints.checkpoint("file-replaced")
    return target
