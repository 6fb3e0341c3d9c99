"""What one table of steadycast.toml says of another: what it names is there, and no two have the same name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from steadycast.errors import did_you_mean
from steadycast.language import gettext as _
from steadycast.language import quoted
from steadycast.schedule.occasions import OF_SERIES
from steadycast.workspace.class_settings import ClassTable
from steadycast.workspace.settings import BY_HAND, NO_CALL, TABLE, SeriesTable, Settings
from steadycast.workspace.toml_file import dotted

TablePath = tuple[str | int, ...]
Wrong = tuple[TablePath, str, str]  # where it stands, what is wrong, the hint


def wrong_references(settings: Settings) -> Iterator[Wrong]:
    """Where a table names another that is not there, or has a name that is taken: its path, what is wrong, the hint."""
    if BY_HAND in settings.series:
        said = _("that is the name of what is published by hand")
        yield ("series", BY_HAND), said, _("give the series another name")
    yield from _classes(settings)
    yield from _calls(settings)
    yield from _asks(settings)
    yield from _rituals(settings)
    yield from _circles(settings)
    for name in settings.arrivals:
        if name in settings.channel or name == TABLE:
            table = _("that is what tables are counted as")
            said = table if name == TABLE else _("a channel is called so already")
            yield ("arrivals", name), said, _("give it another name")
    yield from _renamed("series", settings.series)
    yield from _renamed("class", settings.classes)
    for name, series in settings.series.items():
        yield from _channels(("series", name, "channels"), series.channels, settings)


def _classes(settings: Settings) -> Iterator[Wrong]:
    of_series = {BY_HAND, *settings.series, *(old for each in settings.series.values() for old in each.was)}
    for name, each in settings.classes.items():
        for path, called in ((("class", name), name), *((("class", name, "was"), old) for old in each.was)):
            if called in of_series:
                said = _("a series is called so already: nobody could tell what a draft that names it is for")
                yield path, said, _("give it another name")


def _calls(settings: Settings) -> Iterator[Wrong]:
    if NO_CALL in settings.call:
        yield ("call", NO_CALL), _("that is the word for no call"), _("give the call another name")
    for name, call in settings.call.items():
        yield from _channels(("call", name, "channels"), call.channels, settings)
    for name, series in settings.series.items():
        if series.call not in ("", NO_CALL, *settings.call):
            write = _("write a [call.%(name)s] table", name=series.call)
            hint = did_you_mean(series.call, [*settings.call, NO_CALL], write)
            yield ("series", name, "call"), _("there is no [call.%(name)s]", name=series.call), hint


def _asks(settings: Settings) -> Iterator[Wrong]:
    if settings.asks.channel:
        yield from _channels(("asks", "channel"), [settings.asks.channel], settings)


def _rituals(settings: Settings) -> Iterator[Wrong]:
    for number, ritual in enumerate(settings.ritual):
        when = ritual.meant
        named: list[tuple[str, str, str, Collection[str]]] = [("series", "series", ritual.series, settings.series)]
        if when.of:
            own = ("series", settings.series) if when.kind in OF_SERIES else ("class", settings.classes)
            named.append(("when", own[0], when.of, own[1]))
        for key, kind, name, known in named:
            if name not in known:
                table = dotted((kind, name))
                hint = did_you_mean(name, known, _("write a [%(table)s] table", table=table))
                yield ("ritual", number, key), _("there is no [%(table)s]", table=table), hint


def _circles(settings: Settings) -> Iterator[Wrong]:
    names = [circle.name for circle in settings.circle]
    for number, name in enumerate(names):
        if name in names[:number]:
            said = _("there is another circle %(name)s", name=quoted(name))
            yield ("circle", number, "name"), said, _("give one of them another name")


def _renamed(table: str, named: Mapping[str, SeriesTable] | Mapping[str, ClassTable]) -> Iterator[Wrong]:
    """What tables say they were called before: each name has one heir, and no table of its own any more."""
    heirs: dict[str, str] = {}
    for name, each in named.items():
        was = (table, name, "was")
        for old in each.was:
            if (heir := heirs.setdefault(old, name)) != name:
                said = _("%(series)s was %(was)s, too", series=heir, was=quoted(old))
                yield was, said, _("a record goes to one of them")
            if old in named:
                hint = _("its record is its own: take `was` out, or that table")
                yield was, _("there is a [%(table)s.%(name)s]", table=table, name=old), hint


def _channels(path: TablePath, names: Iterable[str], settings: Settings) -> Iterator[Wrong]:
    for name in names:
        if name not in settings.channel:
            hint = did_you_mean(name, settings.channel, _("write a [channel.%(name)s] table", name=name))
            yield path, _("there is no [channel.%(name)s]", name=name), hint
