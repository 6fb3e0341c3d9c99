"""Members' feeds: looked at side by side, each item taken once for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import PurePosixPath

from steadycast.errors import DraftError, Problem
from steadycast.intake.download import Budget, Downloads
from steadycast.intake.feed_draft import draft_of
from steadycast.intake.feed_items import Item, SeenItem, new_items
from steadycast.intake.feeds import FeedResult, FeedSettings, FeedState, Outcome, read_all
from steadycast.intake.pictures import Made
from steadycast.intake.reconcile import Change, KnownDraft
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
AT_A_TIME = 8  # feeds that are read before the files of their items are fetched
# What one feed, and one look at all of them, may cost in seconds, bytes and new items; the rest waits for the next.
OF_A_FEED = (180.0, 256 << 20, 50)
OF_A_LOOK = (300.0, 1 << 30, 200)


@dataclass(frozen=True, slots=True)
class FeedUpdate:
    """What the feeds brought: drafts, what to remember of them once the drafts are kept, and what to say."""

    new: tuple[Change, ...] = ()
    edited: tuple[Change, ...] = ()
    items: tuple[FeedItemRow, ...] = ()  # new ones
    revised: tuple[FeedItemRow, ...] = ()
    feeds: tuple[FeedRow, ...] = ()
    looked: tuple[FeedLooked, ...] = ()
    problems: tuple[Problem, ...] = ()


def look(app: App, now: dt.datetime, *, at_once: bool = False) -> FeedUpdate:
    """Reads the feeds whose time has come, or all `at_once`; one that hangs or is broken is one problem."""
    rows = {row.key: row for row in app.ledger.feeds()}
    asked = [(settings, table) for table in app.workspace.feeds if (settings := _settings(app, table))]
    unset = [_unset(table) for table in app.workspace.feeds if table.secret and not app.find_secret(table.secret)]
    due = [(s, t) for s, t in asked if at_once or _due(rows.get(s.key), now)]
    due.sort(key=lambda each: _waits_since(rows.get(each[0].key)))  # so that each has its turn, if not at this look
    members = {key: row.member for key, row in rows.items()} | {s.key: s.member for s, _ in asked}
    fetcher, budget, quotas = Fetcher(), Budget(*OF_A_LOOK), Quotas(app)
    came, looked_at = FeedUpdate(problems=tuple(unset)), set()
    for settings, table, result in _results(due, rows, fetcher, now):
        if budget.spent():
            break  # those that are left are due still
        key = settings.key
        others = [other for other, member in members.items() if member == table.member and other != key]
        elsewhere = [row for other in others for row in app.ledger.feed_items(other)]
        elsewhere += [row for row in came.items if row.feed in others]  # of this very look
        downloads = _downloads(app, settings, fetcher, budget, quotas, at_once=at_once)
        came = _and(came, _of(_Look(app, result, table, rows.get(key), downloads, now, elsewhere)))
        looked_at.add(key)
    return _and(came, FeedUpdate(problems=tuple(_standing(app, [s for s, _ in asked if s.key not in looked_at]))))


def _results(
    due: list[tuple[FeedSettings, Feed]], rows: dict[str, FeedRow], fetcher: Fetcher, now: dt.datetime
) -> Iterator[tuple[FeedSettings, Feed, FeedResult]]:
    """Each feed read, a few ahead of what is made of them."""
    for n in range(0, len(due), AT_A_TIME):
        some = due[n : n + AT_A_TIME]
        results = read_all([(s, _state(rows.get(s.key))) for s, _ in some], fetcher, now)
        yield from ((settings, table, result) for result, (settings, table) in zip(results, some, strict=True))


def _waits_since(row: FeedRow | None) -> dt.datetime:
    return row.next_at if row and row.next_at else dt.datetime.min.replace(tzinfo=dt.UTC)


def _downloads(
    app: App, feed: FeedSettings, fetcher: Fetcher, budget: Budget, quotas: Quotas, *, at_once: bool
) -> Downloads:
    folder = app.workspace.cache / "feeds" / feed.key
    own = Budget(*OF_A_FEED, within=budget)
    return Downloads(
        folder, fetcher, own, takes_fetched(app, quotas, feed.member), feed.url if feed.allow_private else "", at_once
    )


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
    return FeedSettings(table.member, url, table.take_old, table.allow_private, table.form)


def _due(row: FeedRow | None, now: dt.datetime) -> bool:
    return row is None or (not row.gone and (row.next_at is None or row.next_at <= now))


def _state(row: FeedRow | None) -> FeedState:
    if row is None:
        return FeedState()
    return FeedState(row.url, row.etag, row.modified, row.baseline, row.gone)


def _standing(app: App, left: Iterable[FeedSettings]) -> Iterable[Problem]:
    """Problems of feeds that are not looked at this time, as they were."""
    paths = {_path(feed) for feed in left}
    kept = (row for row in app.ledger.problems() if row.path in paths)
    return (Problem(row.path, row.line, row.message, row.hint) for row in kept)


def _unset(table: Feed) -> Problem:
    said = f"the secret {table.secret} is not set: nobody can look at this feed"
    return Problem(f"feed/{table.member}/{table.secret}", None, said, "export it, or make a Secret block")


def _shown(table: Feed) -> str:
    """A feed's address for people; of one that is a secret, the secret's name."""
    return table.secret or shown_url(table.url)


def _problem(feed: FeedSettings, message: str, hint: str = "") -> Problem:
    return Problem(_path(feed), None, message, hint)


def _path(feed: FeedSettings) -> str:
    return f"feed/{feed.member}/{feed.key}"


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one feed, and what it needs to become drafts."""

    app: App
    result: FeedResult
    table: Feed
    row: FeedRow | None
    downloads: Downloads
    now: dt.datetime
    elsewhere: list[FeedItemRow]  # what the member's other feeds brought


def _of(look: _Look) -> FeedUpdate:
    """One feed's result as changes, memory and words."""
    app, result, table, row, now = look.app, look.result, look.table, look.row, look.now
    feed = result.feed
    if result.outcome in (Outcome.FAILED, Outcome.GONE):
        said = str(result.error.message if result.error else "it failed")
        hint = (result.error.hint or "") if result.error else ""
        problem = _problem(feed, app.redact(said), hint)
        return FeedUpdate(
            feeds=(_row(result, table, row, now, app.redact(said)),),
            looked=(FeedLooked(feed.member, _shown(table), said=app.redact(said)),),
            problems=(problem,),
        )
    if result.outcome is Outcome.UNMODIFIED:
        return FeedUpdate(
            feeds=(_row(result, table, row, now),),
            looked=(FeedLooked(feed.member, _shown(table), said="not modified"),),
        )
    return _read(look)


@dataclass(slots=True)
class _Taken:
    """What became of the items of one feed."""

    new: list[Change] = field(default_factory=list)
    edited: list[Change] = field(default_factory=list)
    items: list[FeedItemRow] = field(default_factory=list)
    revised: list[FeedItemRow] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    failed: bool = False  # something could not be had: the feed is asked less often
    waiting: int = 0  # items that are left for the next look


def _read(look: _Look) -> FeedUpdate:
    result, now = look.result, look.now
    changes = new_items(
        result.items,
        _seen(look.app.ledger.feed_items(result.feed.key)),
        baseline=result.state.baseline,
        take_old=look.table.take_old,
        now=now,
        elsewhere=_seen(look.elsewhere),
    )
    taken = _Taken()
    for item in changes.new:
        _take_new(look, taken, item, changes.keys.get(item, item.key))
    known = {row.id: row for row in look.app.ledger.drafts()} if changes.revised else {}
    for item, before in changes.revised:
        if there := known.get(before.draft or ""):
            _take_edit(look, taken, item, before, KnownDraft(there.id, PurePosixPath(there.path), there.revision))
    taken.items += [_item_row(look, item, changes.keys.get(item, item.key), None) for item in changes.old]
    taken.items += [_item_row(look, i, changes.keys.get(i, i.key), other.draft) for i, other in changes.again]
    taken.revised += [_item_row(look, item, before.guid, before.draft) for item, before in changes.dated]
    return _told(look, taken, len(changes.old))


def _take_new(look: _Look, taken: _Taken, item: Item, key: str) -> None:
    made = _made(look, taken, item, key)
    if made is None:  # not remembered: the next look tries it again
        return
    id_ = draft_id(look.result.feed.key, key)
    taken.new.append(Change(id_, made.draft))
    taken.items.append(_item_row(look, item, key, id_, pending=made.again))


def _take_edit(look: _Look, taken: _Taken, item: Item, before: SeenItem, known: KnownDraft) -> None:
    made = _made(look, taken, item, before.guid)
    if made is None:
        return
    if made.draft.revision != known.revision:
        taken.edited.append(Change(known.id, made.draft, known))
    taken.revised.append(_item_row(look, item, before.guid, known.id, pending=made.again))


def _made(look: _Look, taken: _Taken, item: Item, key: str) -> Made | None:
    """The draft of an item; None where it is refused, or where no more is taken at this look."""
    if look.downloads.budget.spent():
        taken.waiting += 1
        return None
    look.downloads.budget.pay(0, items=1)
    title = item.title[:60]
    try:
        made = draft_of(item, look.result.feed, key, look.downloads)
        check_cost(made.draft)
    except DraftError as error:
        taken.failed = True
        taken.missing.append(f"{title}: {error}")
        return None
    taken.failed = taken.failed or made.again
    taken.missing += [f"{title}: {said}" for said in made.missing]
    return made


def _item_row(look: _Look, item: Item, key: str, draft: str | None, *, pending: bool = False) -> FeedItemRow:
    return FeedItemRow(
        feed=look.result.feed.key,
        guid=key,
        link=item.link,
        content_hash=item.content_hash,
        draft=draft,
        at=look.now,
        published=item.published,
        pending=pending,
    )


def _told(look: _Look, taken: _Taken, old: int) -> FeedUpdate:
    app, result, table, now = look.app, look.result, look.table, look.now
    missing = app.redact("; ".join(taken.missing[:TOLD]))
    if len(taken.missing) > TOLD:
        missing += f"; and {len(taken.missing) - TOLD} more"
    if taken.failed or taken.waiting:  # "not modified" would leave for ever what is to be taken yet
        result = replace(result, state=replace(result.state, etag="", modified=""))
    row = _row(result, table, look.row, now, missing=missing if taken.missing else "", behind=taken.failed)
    if taken.waiting:
        row.next_at = now
    said = [] if result.state.baseline else [f"baseline set, {old} old items left"]
    said += [f"{taken.waiting} wait for the next look"] if taken.waiting else []
    looked = FeedLooked(result.feed.member, _shown(table), len(taken.new), len(taken.edited), ", ".join(said))
    return FeedUpdate(
        new=tuple(taken.new),
        edited=tuple(taken.edited),
        items=tuple(taken.items),
        revised=tuple(taken.revised),
        feeds=(row,),
        looked=(looked,),
        problems=(_problem(result.feed, missing, "it is tried again"),) if missing else (),
    )


def _seen(rows: Iterable[FeedItemRow]) -> list[SeenItem]:
    return [SeenItem(row.guid, row.link, row.content_hash, row.draft, row.published, row.pending) for row in rows]


def _row(
    result: FeedResult,
    table: Feed,
    row: FeedRow | None,
    now: dt.datetime,
    failed: str = "",
    *,
    missing: str = "",
    behind: bool = False,
) -> FeedRow:
    """What to remember of a look. Where a secret holds the address, where it moved to is not written down.

    `missing` is what a feed that was read could not give; `behind`: some of that is tried again, ever less often.
    """
    failures = (row.failures if row else 0) + 1 if failed or behind else 0
    state = result.state
    return FeedRow(
        key=result.feed.key,
        member=result.feed.member,
        url="" if table.secret else state.url,
        etag=state.etag,
        modified=state.modified,
        baseline=state.baseline or result.outcome is Outcome.READ,
        gone=state.gone,
        failures=failures,
        last_ok=row.last_ok if failed and row else None if failed else now,
        next_at=now + min(table.every * 2 ** min(failures, 8), max(BACK_OFF, table.every)),
        message=failed or missing,
    )


def _and(one: FeedUpdate, other: FeedUpdate) -> FeedUpdate:
    return FeedUpdate(*((*getattr(one, f.name), *getattr(other, f.name)) for f in fields(FeedUpdate)))
