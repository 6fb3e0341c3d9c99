"""Finds a workspace and reads its steadycast.toml; what is wrong in it is named with its line and the hint."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from steadycast import reasons
from steadycast.classes.model import Class
from steadycast.errors import SettingsError, did_you_mean
from steadycast.language import N_, listed, quoted
from steadycast.language import gettext as _
from steadycast.schedule.cadence import parse
from steadycast.schedule.model import Series
from steadycast.schedule.occasions import OF_SERIES
from steadycast.workspace.circle_settings import Circle
from steadycast.workspace.class_settings import ClassTable
from steadycast.workspace.fair_settings import Fair
from steadycast.workspace.paths import SETTINGS_FILE, SOURCES, Paths, find_root
from steadycast.workspace.ready_settings import Ready
from steadycast.workspace.ritual_settings import AsksTable, RitualTable
from steadycast.workspace.sayings import Sayings
from steadycast.workspace.settings import (
    NO_CALL,
    TABLE,
    Alarms,
    ArrivalCounter,
    Call,
    ChannelSettings,
    Community,
    DeskSettings,
    Feed,
    Intake,
    Member,
    Publish,
    SeriesTable,
    Settings,
)
from steadycast.workspace.values import dates, reason

BY_HAND = "draft"  # the series of the slots that `steadycast publish --draft` makes: SERIES@<id>-<revision>
MAX_SETTINGS = 1_000_000  # bytes
UNKNOWN_KEY = "extra_forbidden"  # as the models call it
NAMED = {
    "members",
    "series",
    "channel",
    "class",
    "call",
    "arrivals",
}  # tables whose keys are names that the community chose


@dataclass(frozen=True)
class Workspace(Paths, Sayings[Member, Call, SeriesTable]):
    """One community's folder and settings, read and checked."""

    community: Community  # whose output it is
    members: dict[str, Member]  # that steadycast.toml names; others write too, under their folder's name
    feeds: tuple[Feed, ...]
    intake: Intake
    publish: Publish
    alarms: Alarms
    desk: DeskSettings
    channels: dict[str, ChannelSettings]
    promises: dict[str, SeriesTable]  # as they are written
    circles: tuple[Circle, ...] = ()  # communities that this one looks at
    class_tables: dict[str, ClassTable] = field(default_factory=dict)  # as they are written
    ready: Ready = field(default_factory=Ready)  # what is asked before it is copied
    calls: dict[str, Call] = field(default_factory=dict)  # what posts say at their end
    counters: dict[str, ArrivalCounter] = field(default_factory=dict)  # who counts those that come
    fair: Fair = field(default_factory=Fair)
    rituals: tuple[RitualTable, ...] = ()  # what the community marks
    asks: AsksTable = field(default_factory=AsksTable)  # how who is asked to write is reminded
    overrides: Mapping[str, str] = field(default_factory=dict)  # holiday overrides by ISO date, "" = a working day
    sources: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)  # the files, as read

    @cached_property
    def series(self) -> dict[str, Series]:
        """The promises by name, ready for the schedule."""
        return {name: self._series(name, table) for name, table in self.promises.items()}

    @cached_property
    def classes(self) -> dict[str, Class]:
        """The classes by name, ready to be judged; a day off and a day left out alike say why nothing is owed."""
        return {name: self._class(name, table) for name, table in self.class_tables.items()}

    def wrong_rhythms(self) -> Iterator[SettingsError]:
        """What keeps slots from being told: each rhythm, and each country's days off, that cannot be read."""
        for table, named in (("series", self.promises), ("class", self.class_tables)):
            for name, each in named.items():
                try:
                    self._days_off((table, name), each.skip)
                    parse(each.every, each.rrule)
                except SettingsError as error:
                    yield error if error.file else self._on_its_line(error, (table, name), each.every)

    def _on_its_line(self, error: SettingsError, table: tuple[str, str], every: str | None) -> SettingsError:
        line = self.line((*table, "every" if every else "rrule"))
        return replace(error, message=f"{dotted(table)}: {error.message}", file=self.settings_file, line=line)

    @property
    def series_names(self) -> dict[str, str]:
        """What a draft may call a series, and the name that is meant: its title, its name before it was renamed.

        A class is called so too: what names it is a hand-in, and goes out nowhere.
        """
        series = self.series.values()
        titles = {table.title: name for name, table in self.class_tables.items() if table.title}
        titles |= {old: name for name, table in self.class_tables.items() for old in table.was}
        titles |= {name: name for name in self.class_tables}
        titles |= {each.title: each.name for each in series if each.title}
        return titles | {old: old for each in series for old in each.was} | {each.name: each.name for each in series}

    def pin(self, slot: str) -> str:
        """A draft's `slot` key, where it names a series as that is called now."""
        named, at, rest = slot.partition("@")
        heir = next((each.name for each in self.series.values() if at and named in each.was), named)
        return f"{heir}{at}{rest}"

    def left_out(self, series: str) -> dict[dt.date, str]:
        """The days that a series leaves out by date, and why, where its `skip` says that."""
        return _left_out(self.promises[series].skip)

    def _class(self, name: str, table: ClassTable) -> Class:
        off, _worked = self._days_off(("class", name), table.skip)
        return table.built(name, self.community.zone, off | _left_out(table.skip))

    def _series(self, name: str, table: SeriesTable) -> Series:
        given = table.model_dump(exclude={"skip", "editor", "editors", "call", "mix_at"})
        plain = [s for s in table.skip if not s.startswith("holidays:")]
        off, worked = self._days_off(("series", name), table.skip)
        return Series(
            name=name,
            zone=self.community.zone,
            mix_at=tuple(each.above for each in table.mix_at),
            except_=frozenset[dt.date]().union(*(dates(s) for s in plain)),
            days_off=off,
            workdays=worked,
            **given,
        )

    def _days_off(self, table: tuple[str, str], skip: Iterable[str]) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
        countries = [each.partition(":")[2] for each in skip if each.startswith("holidays:")]
        if not countries:
            return {}, frozenset()
        try:
            return days_off(countries, self.overrides)
        except SettingsError as error:
            path = (*table, "skip")
            said = f"{dotted(path)}: {error.message}"
            raise replace(error, message=said, file=self.settings_file, line=self.line(path)) from None

    @property
    def settings_file(self) -> Path:
        """Its steadycast.toml."""
        return self.root / SETTINGS_FILE

    def line(self, path: tuple[str | int, ...]) -> int | None:
        """The line of steadycast.toml on which that path stands, or its nearest table's; None where none is."""
        try:
            return line_of(self.settings_file.read_text(encoding="utf-8-sig"), path)
        except (OSError, UnicodeDecodeError):  # it changed since it was read
            return None

    @contextlib.contextmanager
    def naming(self, channel: str) -> Iterator[None]:
        """What is wrong with a channel's table is told with its file and line; its message begins with the path."""
        try:
            yield
        except SettingsError as error:
            path = tuple(re.match(r"[\w.-]*", error.message)[0].split("."))  # type: ignore[index]  # it may be empty
            line = self.line(path if path[:2] == ("channel", channel) else ("channel", channel))
            raise replace(error, file=error.file or self.settings_file, line=error.line or line) from None

    def writer_title(self, member: str, circle: str) -> str:
        """Who wrote a draft, for people: a member, else the community that shares it; "" for the house."""
        return self.member_title(member) or circle


def _left_out(skip: Iterable[str]) -> dict[dt.date, str]:
    plain = [each for each in skip if not each.startswith("holidays:")]
    return {day: reason(each) for each in plain for day in dates(each)}


def load(root: Path | None = None, settings: Path | None = None) -> Workspace:
    """The workspace at `root` (else the nearest one), read and checked; a SettingsError names file, line and hint.

    `settings` is the folder that its settings are read from, where that is another.
    """
    root = (root or find_root()).resolve()
    file, holidays = ((settings or root) / name for name in SOURCES)
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise SettingsError(
            _("cannot read it: %(error)s", error=reasons.of_system(error)),
            file=file,
            hint=_("`steadycast init DIR` makes one"),
        ) from None
    return read(
        root, {SETTINGS_FILE: raw} | ({holidays.name: holidays.read_bytes()} if holidays.is_file() else {}), file
    )


def read(root: Path, sources: Mapping[str, bytes], file: Path) -> Workspace:
    """The workspace that these bytes say, by name of the file; `file` is where an error says that they stand."""
    raw, holidays = sources[SETTINGS_FILE], file.with_name(SOURCES[1])
    settings, text, _table = checked(Settings, file, raw)
    _references(file, text, settings)
    c, own = settings, _overrides(holidays, sources)
    channels = {name: table.model_copy(update={"name": name}) for name, table in c.channel.items()}
    return Workspace(
        root,
        c.community,
        c.members,
        c.feed,
        c.intake,
        c.publish,
        c.alarms,
        c.desk,
        channels,
        c.series,
        circles=c.circle,
        class_tables=c.classes,
        ready=c.ready,
        calls=c.call,
        counters=c.arrivals,
        fair=c.fair,
        rituals=c.ritual,
        asks=c.asks,
        overrides=own,
        sources=sources,
    )


M = TypeVar("M", bound=BaseModel)


def checked(model: type[M], file: Path, raw: bytes) -> tuple[M, str, dict[str, Any]]:
    """A TOML file's settings as `model` has them, its text and its tables; a SettingsError names line and hint."""
    text, table = _toml(file, raw)
    try:
        return model.model_validate(table), text, table
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
        first = min(errors, key=lambda each: each["type"] != UNKNOWN_KEY)  # a misspelt key is the likelier cause
        path = tuple(p for p in first["loc"] if p != "[key]")
        said, hint = _plainly(first["type"], first["msg"], path, table, model)
        raise SettingsError(f"{dotted(path)}: {said}", file=file, line=line_of(text, path), hint=hint) from None


def _plainly(
    kind: str, said: str, path: tuple[str | int, ...], table: Mapping[str, Any], model: type[BaseModel]
) -> tuple[str, str | None]:
    """(what is wrong, the hint) in the words of people who write TOML, where the model's own are a programmer's."""
    name = str(path[-1]) if path else ""
    if kind == UNKNOWN_KEY:
        known = _known_keys(path, model)
        return _("unknown key"), did_you_mean(name, known, _("known here: %(keys)s", keys=listed(sorted(known))))
    if path == ("feed",) and isinstance(table.get("feed"), Mapping):
        return _("is one table, and feeds are a list"), _("write [[feed]], with two brackets")
    if path == ("ritual",) and isinstance(table.get("ritual"), Mapping):
        return _("is one table, and rituals are a list"), _("write [[ritual]], with two brackets")
    if path == ("circle",) and isinstance(table.get("circle"), Mapping):
        return _("is one table, and circles are a list"), _("write [[circle]], with two brackets")
    if path == ("community", "language"):
        return _("is no language tag"), _("for example zh-CN, en or de")
    if kind == "string_too_short":
        return _("is empty"), None
    chosen = len(path) == 2 and path[0] in NAMED
    if kind == "string_pattern_mismatch" and (chosen or name in ("platform", "template")):
        meant = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:39] if chosen else ""
        hint = _("small letters, digits and dashes, at most 39") + (f": {meant}" if meant else "")
        return _("is a name that cannot be a folder's and an address's"), hint
    return reasons.of_model(said), None


def _toml(file: Path, raw: bytes) -> tuple[str, dict[str, Any]]:
    if len(raw) > MAX_SETTINGS:
        raise SettingsError(_("it is larger than 1 MB"), file=file)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SettingsError(_("it is not UTF-8"), file=file, line=line, hint=_("save it as UTF-8")) from None
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why, at = reasons.of_toml(error)
        at = at or max(1, len(text.rstrip().splitlines()))
        twice = re.search(r"Cannot declare \('channel', '([^']+)'\) twice", str(error))
        said = _("it is not TOML: %(why)s", why=why)
        if twice:
            said = _("two channels are called %(name)s", name=quoted(twice[1]))
        hint = _("text stands in quotes, lists in [ ]; toml.io shows how")
        if twice:
            hint = _("give one of them another name")
        elif bare := re.match(r"\s*\[\s*members\s*\.\s*([^\]\"']+?)\s*\]", text.split("\n")[at - 1]):
            hint = _(
                'a name that is not of plain letters, digits and dashes stands in quotes: [members."%(bare)s"]',
                bare=bare[1],
            )
        elif full := re.search(r"(?<==)\s*[“”‘’＂＇［]|＝|^\s*［", text.split("\n")[at - 1]):
            hint = _(
                "%(mark)s is a full-width mark: here only the half-width ones count: \" ' = , [ ]", mark=full[0].strip()
            )
        elif re.match(r"\s*\[[^\]]*[^\x00-\x7f]", text.split("\n")[at - 1]):
            hint = _('a name is small letters, digits and dashes; what people read goes below it: title = "..."')
        raise SettingsError(said, file=file, line=at, hint=hint) from None


def _known_keys(path: tuple[str | int, ...], model: type[BaseModel]) -> Iterable[str]:
    """The keys that the table on that path may have, of which the last step is none."""
    known: dict[str, Any] = {each.alias or name: each for name, each in model.model_fields.items()}
    steps = iter(path[:-1])
    for step in steps:
        if step in known:  # else it is a place in a list
            annotation = known[step].annotation
            inner = next(_models(annotation), None)
            known = {each.alias or name: each for name, each in inner.model_fields.items()} if inner else known
            if get_origin(annotation) is dict:
                next(steps, None)  # a name that the community chose
    return known


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a key's value is made of, however deep within lists and tables."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _references(file: Path, text: str, settings: Settings) -> None:
    """What one table says of another: a channel must be there, and a series that was renamed must not."""

    def wrong(path: tuple[str | int, ...], said: str, hint: str) -> SettingsError:
        return SettingsError(f"{dotted(path)}: {said}", file=file, line=line_of(text, path), hint=hint)

    if BY_HAND in settings.series:
        said = _("that is the name of what is published by hand")
        raise wrong(("series", BY_HAND), said, _("give the series another name"))
    of_series = {BY_HAND, *settings.series, *(old for each in settings.series.values() for old in each.was)}
    for name, each in settings.classes.items():
        for said_of, called in ((("class", name), name), *((("class", name, "was"), old) for old in each.was)):
            if called in of_series:
                said = _("a series is called so already: nobody could tell what a draft that names it is for")
                raise wrong(said_of, said, _("give it another name"))
    _calls(settings, wrong)
    _rituals(settings, wrong)
    _circles(settings, wrong)
    for name in settings.arrivals:
        if name in settings.channel or name == TABLE:
            said = N_("that is what tables are counted as") if name == TABLE else N_("a channel is called so already")
            raise wrong(("arrivals", name), _(said), _("give it another name"))
    _renamed("series", settings.series, wrong)
    _renamed("class", settings.classes, wrong)
    for name, series in settings.series.items():
        for channel in series.channels:
            if channel not in settings.channel:
                hint = did_you_mean(channel, settings.channel, _("write a [channel.%(name)s] table", name=channel))
                raise wrong(("series", name, "channels"), _("there is no [channel.%(name)s]", name=channel), hint)


def _renamed(
    table: str,
    named: Mapping[str, SeriesTable] | Mapping[str, ClassTable],
    wrong: Callable[[tuple[str | int, ...], str, str], SettingsError],
) -> None:
    """What tables say they were called before: each name has one heir, and no table of its own any more."""
    heirs: dict[str, str] = {}
    for name, each in named.items():
        was = (table, name, "was")
        for old in each.was:
            if (heir := heirs.setdefault(old, name)) != name:
                said = _("%(series)s was %(was)s, too", series=heir, was=quoted(old))
                raise wrong(was, said, _("a record goes to one of them"))
            if old in named:
                hint = _("its record is its own: take `was` out, or that table")
                raise wrong(was, _("there is a [%(table)s.%(name)s]", table=table, name=old), hint)


def _circles(settings: Settings, wrong: Callable[[tuple[str | int, ...], str, str], SettingsError]) -> None:
    names = [circle.name for circle in settings.circle]
    for number, name in enumerate(names):
        if name in names[:number]:
            said = _("there is another circle %(name)s", name=quoted(name))
            raise wrong(("circle", number, "name"), said, _("give one of them another name"))


def _calls(settings: Settings, wrong: Callable[[tuple[str | int, ...], str, str], SettingsError]) -> None:
    if NO_CALL in settings.call:
        raise wrong(("call", NO_CALL), _("that is the word for no call"), _("give the call another name"))
    for name, call in settings.call.items():
        for channel in call.channels:
            if channel not in settings.channel:
                hint = did_you_mean(channel, settings.channel, _("write a [channel.%(name)s] table", name=channel))
                raise wrong(("call", name, "channels"), _("there is no [channel.%(name)s]", name=channel), hint)
    for name, series in settings.series.items():
        if series.call not in ("", NO_CALL, *settings.call):
            write = _("write a [call.%(name)s] table", name=series.call)
            hint = did_you_mean(series.call, [*settings.call, NO_CALL], write)
            raise wrong(("series", name, "call"), _("there is no [call.%(name)s]", name=series.call), hint)


def _rituals(settings: Settings, wrong: Callable[[tuple[str | int, ...], str, str], SettingsError]) -> None:
    channel = settings.asks.channel
    if channel and channel not in settings.channel:
        hint = did_you_mean(channel, settings.channel, _("write a [channel.%(name)s] table", name=channel))
        raise wrong(("asks", "channel"), _("there is no [channel.%(name)s]", name=channel), hint)
    for number, ritual in enumerate(settings.ritual):
        when, here = ritual.meant, ("ritual", number)
        named: list[tuple[str, str, str, Collection[str]]] = [("series", "series", ritual.series, settings.series)]
        if when.of:
            own = ("series", settings.series) if when.kind in OF_SERIES else ("class", settings.classes)
            named.append(("when", own[0], when.of, own[1]))
        for key, kind, name, known in named:
            if name not in known:
                table = dotted((kind, name))
                hint = did_you_mean(name, known, _("write a [%(table)s] table", table=table))
                raise wrong((*here, key), _("there is no [%(table)s]", table=table), hint)


def dotted(path: Iterable[str | int]) -> str:
    """A path in steadycast.toml as people write it: `series.daily.every`, `feed[2].url` (counted from 1)."""
    return "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".") or SETTINGS_FILE


def line_of(text: str, path: tuple[str | int, ...]) -> int | None:
    """The line on which that path stands, or its nearest table's; None where nothing of it is found."""
    best, line = 0, None
    for number, here in statements(text):
        common = min(len(here), len(path))
        if common > best and here[:common] == path[:common]:
            best, line = common, number
    return line


def statements(text: str) -> Iterable[tuple[int, tuple[str | int, ...]]]:
    """Each line that opens a table or sets a key, with its path. tomllib tells no lines, so this reads them again."""
    table: tuple[str | int, ...] = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line):
            names = tuple(n.strip("\"'") for n in re.findall(r""""[^"]*"|'[^']*'|[^.\s]+""", header[2]))
            if header[1] == "[[":
                seen[names] = seen.get(names, -1) + 1
            table = (*names, seen[names]) if header[1] == "[[" else names
            yield number, table
        elif key := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
            yield number, (*table, *key[1].split("."))


def _overrides(file: Path, sources: Mapping[str, bytes]) -> dict[str, str]:
    """holidays.toml of the workspace: `"2027-02-14" = ""` makes a working day, a name makes a day off."""
    text, table = _toml(file, sources.get(file.name, b""))
    try:
        return {dt.date.fromisoformat(day).isoformat(): str(name) for day, name in table.items()}
    except ValueError:
        wrong = next(day for day in table if not _is_date(day))
        said, hint = _("%(said)s is no day", said=quoted(wrong)), _('write "2027-02-14" = "New Year\'s Eve"')
        raise SettingsError(said, file=file, line=line_of(text, (wrong,)), hint=hint) from None


def _is_date(text: str) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def days_off(countries: Iterable[str], overrides: Mapping[str, str]) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
    """Public holidays of those countries 2015 to 2035 as far as known, and the weekend days worked to make up for them.

    The workspace's own days go over both.
    """
    import holidays  # a fifth of a second: only where a series asks for it

    off: dict[dt.date, str] = {}
    worked: set[dt.date] = set()
    for country in countries:
        try:
            known = holidays.country_holidays(country, years=range(2015, 2036))
        except NotImplementedError:
            raise SettingsError(
                _("no holidays are known for %(country)s", country=quoted(country)), hint=_("holidays:CN, for example")
            ) from None
        off |= dict(known)
        worked |= getattr(known, "weekend_workdays", set())
    for day, name in ((dt.date.fromisoformat(day), name) for day, name in overrides.items()):
        if name:
            off[day] = name
            worked.discard(day)
        else:
            off.pop(day, None)
            worked.add(day)
    return off, frozenset(worked)
