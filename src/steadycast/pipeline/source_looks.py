"""When the sources of members' drafts were looked at, and what a draft says of its own time where nobody had looked.

A class judges by it: an outage of ours is never a member's miss.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from steadycast.classes.judging import own_time
from steadycast.classes.model import Class
from steadycast.draft import Draft
from steadycast.errors import Problem
from steadycast.ledger.intake import HAND_IN
from steadycast.ledger.tables import FeedItemRow
from steadycast.pipeline.app import App
from steadycast.pipeline.class_files import roster
from steadycast.pipeline.class_records import FIRST, keep_records
from steadycast.platform import Limit
from steadycast.platform.text import count
from steadycast.schedule.model import Origin

KEY = "looked:content"
OFTEN = dt.timedelta(minutes=5)  # an idle look is written down no more often: open pages look again at each write
_AS_READ = Limit(max=1_000_000_000, count="graphemes")


def looked(app: App, now: dt.datetime, problems: Iterable[Problem], *, anything: bool) -> None:
    """Writes down that content/ was looked at, where a class asks; with a folder that cannot be read nobody looked."""
    if not app.workspace.classes or any(_is_folder(app, problem.where) for problem in problems):
        return
    keep_records(app)
    last = last_look(app)
    known = app.ledger.metas(FIRST)
    for name in app.workspace.classes:
        if name not in known or dt.datetime.fromisoformat(known[name]) > now:  # then by a clock that was ahead
            app.ledger.set_meta(f"{FIRST}{name}", now.isoformat())
    if anything or last is None or not dt.timedelta() <= now - last < OFTEN:
        app.ledger.set_meta(KEY, now.isoformat())


def _is_folder(app: App, where: str) -> bool:
    """Whether a problem is of content/, of the members' folder, or of a member's: all their files are unseen."""
    parts = PurePosixPath(where).parts
    if len(parts) == 2 and parts[0] == "ugc":  # a member's folder may have a dot in its name
        try:
            return not PurePosixPath(where).suffix or (app.workspace.content / where).is_dir()
        except OSError:  # nobody can tell: it is unseen
            return True
    return not parts or parts == ("ugc",)


def last_look(app: App) -> dt.datetime | None:
    """The last look at content/ that succeeded."""
    told = app.ledger.meta(KEY)
    return dt.datetime.fromisoformat(told) if told else None


def first_look(app: App, the_class: str) -> dt.datetime | None:
    """The first look at content/ since there was that class; None where nobody has looked.

    A class of a new name has none from before, unless it says what it `was`: nobody is judged anew by what they handed
    in under its old one.
    """
    told = app.ledger.meta(f"{FIRST}{the_class}")
    return dt.datetime.fromisoformat(told) if told else None


def last_looks(app: App, members: Collection[str]) -> dict[str, dt.datetime | None]:
    """Member -> the last instant at which all of their sources had been looked at; None where one never was."""
    folder, feeds = last_look(app), _feeds(app)
    found: dict[str, dt.datetime | None] = {}
    for member in members:
        looks = [folder, *feeds.get(member, ())]
        found[member] = None if None in looks else min(look for look in looks if look is not None)
    return found


def _feeds(app: App) -> Mapping[str, list[dt.datetime | None]]:
    """Member -> when each of their feeds could be read last, by the settings; one that nobody has read yet is None."""
    read: dict[str, list[dt.datetime]] = {}
    for row in app.ledger.feeds():
        if row.last_ok:
            read.setdefault(row.member, []).append(row.last_ok)
    found: dict[str, list[dt.datetime | None]] = {}
    for member, asked in Counter(feed.member for feed in app.workspace.feeds if feed.member).items():
        newest = sorted(read.get(member, ()), reverse=True)[:asked]  # the row of one that was taken out stays
        found[member] = [*newest, *[None] * (asked - len(newest))]
    return found


def own_times(app: App, now: dt.datetime, times: Mapping[PurePosixPath, dt.datetime]) -> dict[str, dt.datetime]:
    """Path -> when a file was written, of those that nobody could have seen before this look."""
    if not app.workspace.classes:
        return {}
    last = last_look(app)
    return {str(path): own for path, time in times.items() if (own := own_time(time, last, now))}


def own_times_of_feeds(app: App, now: dt.datetime, items: Iterable[FeedItemRow]) -> dict[str, dt.datetime]:
    """Draft -> the date of a feed's item, of those that nobody could have seen before this look."""
    if not app.workspace.classes:
        return {}
    last = {row.key: row.last_ok for row in app.ledger.feeds()}
    found = {}
    for item in items:
        if item.draft and (own := own_time(item.published, last.get(item.feed), now)):
            found[item.draft] = own
    return found


def letters(app: App, draft: Draft) -> int | None:
    """How many characters a member's text has for its readers; None where no class asks, or it cannot be read so."""
    if draft.origin is not Origin.UGC or not any(each.least for each in app.workspace.classes.values()):
        return None
    return length(draft)


def length(draft: Draft) -> int:
    """How many characters a text has for its readers."""
    from steadycast.render.markdown import to_html  # and with it a parser
    from steadycast.render.sanitise import clean
    from steadycast.render.text import plain

    text, _links = plain(clean(to_html(draft.body, of_html=draft.of_html))).render("drop")
    return count(text.strip(), _AS_READ)


def hand_in_alone(app: App, draft: Draft) -> str:
    """HAND_IN for a draft that is nothing else: of a member of a class that publishes none, and it names no series."""
    its = kept_to_classes(app).get(draft.member, ()) if draft.origin is Origin.UGC else ()
    names = {name for each in its for name in (each.name, each.title)}
    here = any(draft.form in each.forms for each in its)
    return HAND_IN if here and names.issuperset(draft.series) else ""


def kept_to_classes(app: App) -> dict[str, list[Class]]:
    """Member -> their classes, of those whose classes all publish nothing: what they write is no stock."""
    if all(each.offered for each in app.workspace.classes.values()):
        return {}
    found: dict[str, list[Class]] = {}
    for seat in roster(app).seats:
        found.setdefault(seat.member, []).append(app.workspace.classes[seat.the_class])
    return {member: its for member, its in found.items() if not any(each.offered for each in its)}
