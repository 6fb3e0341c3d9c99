"""Finds a workspace and reads its steadycast.toml; what is wrong in it is named with its line and the hint."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from steadycast import reasons
from steadycast.classes.model import Class
from steadycast.errors import SettingsError
from steadycast.language import gettext as _
from steadycast.schedule.cadence import parse
from steadycast.schedule.model import Series
from steadycast.workspace.circle_settings import Circle
from steadycast.workspace.class_settings import ClassTable
from steadycast.workspace.fair_settings import Fair
from steadycast.workspace.paths import SETTINGS_FILE, SOURCES, Paths, find_root
from steadycast.workspace.ready_settings import Ready
from steadycast.workspace.references import wrong_references
from steadycast.workspace.ritual_settings import AsksTable, RitualTable
from steadycast.workspace.sayings import Sayings
from steadycast.workspace.settings import (
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
from steadycast.workspace.toml_file import checked, dotted, line_of
from steadycast.workspace.values import dates, reason


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
        off, worked = self._days_off(("series", name), table.skip)
        return Series(
            name=name,
            zone=self.community.zone,
            mix_at=tuple(each.above for each in table.mix_at),
            except_=frozenset(_left_out(table.skip)),
            days_off=off,
            workdays=worked,
            **given,
        )

    def _days_off(self, table: tuple[str, str], skip: Iterable[str]) -> tuple[dict[dt.date, str], frozenset[dt.date]]:
        countries = [each.partition(":")[2] for each in skip if each.startswith("holidays:")]
        if not countries:
            return {}, frozenset()
        from steadycast.workspace.days_off import days_off

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
    c, text, _table = checked(Settings, file, sources[SETTINGS_FILE])
    for path, said, hint in wrong_references(c):
        raise SettingsError(f"{dotted(path)}: {said}", file=file, line=line_of(text, path), hint=hint)
    overrides, holidays = {}, file.with_name(SOURCES[1])
    if holidays.name in sources:
        from steadycast.workspace import days_off

        overrides = days_off.overrides(holidays, sources[holidays.name])
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
        overrides=overrides,
        sources=sources,
    )
