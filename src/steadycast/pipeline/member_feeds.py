"""Feeds of members, and of communities that share: looked at side by side, each item taken once for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from steadycast import retold
from steadycast.errors import DraftError, Problem
from steadycast.intake.download import Budget, Downloads
from steadycast.intake.feed_draft import draft_of
from steadycast.intake.feed_items import Item, SeenItem, new_items
from steadycast.intake.feeds import FeedResult, FeedSettings, FeedState, Outcome, read_all
from steadycast.intake.pictures import Made
from steadycast.intake.reconcile import Change, KnownDraft
from steadycast.language import gettext as _
from steadycast.language import joined, listed
from steadycast.ledger.tables import FeedItemRow, FeedRow
from steadycast.outgoing import Fetcher, shown_url
from steadycast.pipeline.app import App
from steadycast.pipeline.draft_media import Quotas, takes_fetched
from steadycast.pipeline.frozen_draft import draft_id
from steadycast.pipeline.results import FeedLooked
from steadycast.render.prepared_body import check_cost
from steadycast.workspace.settings import Feed

BACK_OFF = dt.timedelta(hours=12)  # at most, between two looks at a feed that fails
TOLD = 3  # things that one feed could not give, named; the rest is counted
ALL = 500  # items: more than a feed is read of
AT_A_TIME = 8  # feeds that are read before the files of their items are fetched
# What one feed, and one look at all of them, may cost in seconds, bytes and new items; the rest waits for the next.
OF_A_FEED = (180.0, 256 << 20, 50)
OF_A_LOOK = (300.0, 1 << 30, 200)


NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(slots=True)
class FeedUpdate:
    """What the feeds brought: drafts, what to remember of them once the drafts are kept, and what to say."""

    new: list[Change] = field(default_factory=list)
    edited: list[Change] = field(default_factory=list)
    items: list[FeedItemRow] = field(default_factory=list)  # new ones
    revised: list[FeedItemRow] = field(default_factory=list)
    feeds: list[FeedRow] = field(default_factory=list)
    looked: list[FeedLooked] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def look(app: App, now: dt.datetime, *, at_once: bool = False) -> FeedUpdate:
    """Reads the feeds whose time has come, or all `at_once`; one that hangs or is broken is one problem."""
    rows = {row.key: row for row in app.ledger.feeds()}
    asked = [(settings, table) for table in app.workspace.feeds if (settings := _settings(app, table))]
    unset = [_unset(table) for table in app.workspace.feeds if table.secret and not app.find_secret(table.secret)]
    due = [(s, t) for s, t in asked if at_once or _is_due(rows.get(s.key), now)]
    due.sort(key=lambda each: _next_look(rows.get(each[0].key)))  # so that each has its turn, if not at this look
    members = {key: row.member for key, row in rows.items()} | {s.key: s.whose for s, _ in asked}
    fetcher, budget, quotas = Fetcher(), Budget(*OF_A_LOOK), Quotas(app)
    came, looked_at = FeedUpdate(problems=unset), set()
    for table, result in _results(due, rows, fetcher, now):
        if budget.spent():
            break  # those that are left are due still
        feed = result.feed
        others = [other for other, member in members.items() if member == table.whose and other != feed.key]
        elsewhere = [row for other in others for row in app.ledger.feed_items(other)]
        elsewhere += [row for row in came.items if row.feed in others]  # of this very look
        downloads = Downloads(
            app.workspace.cache / "feeds" / feed.key,
            fetcher,
            Budget(*OF_A_FEED, within=budget),
            takes_fetched(app, quotas, feed.whose),
            feed.url if feed.allow_private else "",
            at_once,
        )
        _FeedLook(app, came, result, table, rows.get(feed.key), downloads, now).take(elsewhere)
        looked_at.add(feed.key)
    left = {_path(feed) for feed, _ in asked if feed.key not in looked_at}  # their problems are as they were
    standing = [row for row in app.ledger.problems() if row.path in left]
    came.problems += [Problem(row.path, row.line, row.message, row.hint) for row in standing]
    return came


def _results(
    due: list[tuple[FeedSettings, Feed]], rows: dict[str, FeedRow], fetcher: Fetcher, now: dt.datetime
) -> Iterator[tuple[Feed, FeedResult]]:
    """Each feed read, a few ahead of what is made of them."""
    for n in range(0, len(due), AT_A_TIME):
        some = due[n : n + AT_A_TIME]
        results = read_all([(s, _state(rows.get(s.key))) for s, _ in some], fetcher, now)
        yield from zip((table for _, table in some), results, strict=True)


def keep(app: App, came: FeedUpdate) -> None:
    """Remembers what was seen; called once the drafts are in the ledger, so that a crash between asks again."""
    app.ledger.put_feed_items(came.items)
    for item in came.revised:
        app.ledger.update_feed_item(item)
    app.ledger.put_feeds(came.feeds)


def _settings(app: App, table: Feed) -> FeedSettings | None:
    url = table.url or app.find_secret(table.secret)
    if not url:
        return None
    if table.secret:
        app.redact.learn(url)
    take_old = ALL if table.circle else table.take_old  # what a community shares is there to be taken
    return FeedSettings(table.member, url, take_old, table.allow_private, table.form, table.circle)


def _is_due(row: FeedRow | None, now: dt.datetime) -> bool:
    return not (row and row.gone) and _next_look(row) <= now


def _next_look(row: FeedRow | None) -> dt.datetime:
    return row.next_at if row and row.next_at else NEVER


def _state(row: FeedRow | None) -> FeedState:
    return FeedState(row.url, row.etag, row.modified, row.baseline, row.gone) if row else FeedState()


def _unset(table: Feed) -> Problem:
    said = _("the secret %(secret)s is not set: nobody can look at this feed", secret=table.secret)
    return Problem(f"feed/{table.whose}/{table.secret}", None, said, _("export it, or make a Secret block"))


def _path(feed: FeedSettings) -> str:
    return f"feed/{feed.whose}/{feed.key}"


def _shared(result: FeedResult) -> tuple[tuple[Item, ...], list[str]]:
    """The items that may be taken, and what to say where none may: of another community's those that it shares."""
    if not result.feed.circle:
        return result.items, []
    shared = tuple(item for item in result.items if item.licence and item.body)
    said = _("none of its items names a licence: they are not shared (its feed channel needs `licence`)")
    return shared, [said] if result.items and not shared else []


def _seen(rows: Iterable[FeedItemRow]) -> list[SeenItem]:
    return [SeenItem(row.guid, row.link, row.content_hash, row.draft, row.published, row.pending) for row in rows]


@dataclass(slots=True)
class _FeedLook:
    """One look at one feed: what it brought goes into `came`."""

    app: App
    came: FeedUpdate
    result: FeedResult
    table: Feed
    row: FeedRow | None
    downloads: Downloads
    now: dt.datetime
    new: int = 0
    edited: int = 0
    missing: list[str] = field(default_factory=list)  # what could not be had
    behind: bool = False  # some of that is tried again, ever less often
    waiting: int = 0  # items that are left for the next look

    def take(self, elsewhere: Iterable[FeedItemRow]) -> None:
        """The feed's result as changes, memory and words; `elsewhere` is what the member's other feeds brought."""
        app, feed, error = self.app, self.result.feed, self.result.error
        said, message, hint = _("not modified"), "", ""
        if error:
            self.behind, hint = True, error.hint or ""
            said = message = retold.changed(error.message, app.redact)
        elif self.result.outcome is Outcome.READ:
            said, hint = self._read(elsewhere), _("it is tried again")
            message = joined(self.missing[:TOLD])
            if (more := len(self.missing) - TOLD) > 0:
                message = _("%(said)s; and %(num)s more", said=message, num=more)
            message = retold.changed(message, app.redact)
        if message:
            self.came.problems.append(Problem(_path(feed), None, message, hint))
        self.came.feeds.append(self._remembered(message))
        shown = self.table.secret or shown_url(self.table.url)  # of an address that is a secret, the secret's name
        self.came.looked.append(FeedLooked(feed.whose, shown, self.new, self.edited, said))

    def _read(self, elsewhere: Iterable[FeedItemRow]) -> str:
        """Takes the items of a feed that was read; what else there is to say of them."""
        ledger, result = self.app.ledger, self.result
        items, unshared = _shared(result)
        self.missing += unshared
        changes = new_items(
            items,
            _seen(ledger.feed_items(result.feed.key)),
            baseline=result.state.baseline,
            take_old=result.feed.take_old,
            now=self.now,
            elsewhere=_seen(elsewhere),
        )
        for item in changes.new:
            self._take_new(item, changes.keys.get(item, item.key))
        known = ledger.drafts_of(before.draft for _item, before in changes.revised if before.draft)
        for item, before in changes.revised:
            if there := known.get(before.draft or ""):
                self._take_edit(item, before.guid, KnownDraft(there.id, PurePosixPath(there.path), there.revision))
        left = [*((item, None) for item in changes.old), *((item, other.draft) for item, other in changes.again)]
        self.came.items += [self._row_of(item, changes.keys.get(item, item.key), draft) for item, draft in left]
        self.came.revised += [self._row_of(item, before.guid, before.draft) for item, before in changes.dated]
        said = [] if result.state.baseline else [_("baseline set, %(num)s old items left", num=len(changes.old))]
        return listed(said + ([_("%(num)s wait for the next look", num=self.waiting)] if self.waiting else []))

    def _take_new(self, item: Item, key: str) -> None:
        if made := self._made(item, key):  # else not remembered: the next look tries it again
            id_ = draft_id(self.result.feed.key, key)
            self.came.new.append(Change(id_, made.draft))
            self.came.items.append(self._row_of(item, key, id_, pending=made.again))
            self.new += 1

    def _take_edit(self, item: Item, key: str, known: KnownDraft) -> None:
        if made := self._made(item, key):
            if made.draft.revision != known.revision:
                self.came.edited.append(Change(known.id, made.draft, known))
                self.edited += 1
            self.came.revised.append(self._row_of(item, key, known.id, pending=made.again))

    def _made(self, item: Item, key: str) -> Made | None:
        """The draft of an item; None where it is refused, or where no more is taken at this look."""
        if self.downloads.budget.spent():
            self.waiting += 1
            return None
        self.downloads.budget.pay(0, items=1)
        title = item.title[:60]
        try:
            made = draft_of(item, self.result.feed, key, self.downloads)
            check_cost(made.draft)
        except DraftError as error:
            self.behind = True
            self.missing.append(_("%(name)s: %(said)s", name=title, said=error))
            return None
        self.behind = self.behind or made.again
        self.missing += [_("%(name)s: %(said)s", name=title, said=said) for said in made.missing]
        return made

    def _row_of(self, item: Item, key: str, draft: str | None, *, pending: bool = False) -> FeedItemRow:
        return FeedItemRow(
            feed=self.result.feed.key,
            guid=key,
            link=item.link,
            content_hash=item.content_hash,
            draft=draft,
            at=self.now,
            published=item.published,
            pending=pending,
        )

    def _remembered(self, message: str) -> FeedRow:
        """What to remember of the look. Where a secret holds the address, where it moved to is not written down."""
        row, result, every = self.row, self.result, self.table.every
        state, failures = result.state, (row.failures if row else 0) + 1 if self.behind else 0
        wait = dt.timedelta() if self.waiting else min(every * 2 ** min(failures, 8), max(BACK_OFF, every))
        # "not modified" would leave for ever what is to be taken yet
        whole = result.outcome is not Outcome.READ or not (self.behind or self.waiting)
        return FeedRow(
            key=result.feed.key,
            member=result.feed.whose,
            url="" if self.table.secret else state.url,
            etag=state.etag if whole else "",
            modified=state.modified if whole else "",
            baseline=state.baseline or result.outcome is Outcome.READ,
            gone=state.gone,
            failures=failures,
            last_ok=self.now if not result.error else row.last_ok if row else None,
            next_at=self.now + wait,
            message=str(message),  # for alarms, which speak the community's language
        )
