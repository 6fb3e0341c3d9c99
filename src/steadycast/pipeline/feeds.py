"""Members' feeds: looked at side by side, each item taken once for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

from steadycast.errors import DraftError, FeedError
from steadycast.intake.feeds import FeedResult, FeedSettings, FeedState, Outcome, draft_of, read_all
from steadycast.intake.items import new_items
from steadycast.intake.reconcile import Change, Known
from steadycast.intake.same_item import Item, SeenItem
from steadycast.ledger.tables import FeedItemRow, FeedRow
from steadycast.pipeline.desk import Desk
from steadycast.pipeline.drafts import with_media_kept
from steadycast.pipeline.frozen_draft import draft_id
from steadycast.pipeline.results import FeedLooked, Problem
from steadycast.web import Fetcher, shown_url
from steadycast.workspace import Feed

BACK_OFF = dt.timedelta(hours=12)  # at most, between two looks at a feed that fails


@dataclass(frozen=True, slots=True)
class Came:
    """What the feeds brought: drafts, what to remember of them once the drafts are kept, and what to say."""

    new: tuple[Change, ...] = ()
    edited: tuple[Change, ...] = ()
    items: tuple[FeedItemRow, ...] = ()  # new ones
    revised: tuple[FeedItemRow, ...] = ()
    feeds: tuple[FeedRow, ...] = ()
    looked: tuple[FeedLooked, ...] = ()
    problems: tuple[Problem, ...] = ()


def look(desk: Desk, now: dt.datetime, *, at_once: bool = False) -> Came:
    """Reads the feeds whose time has come, or all `at_once`; one that hangs or is broken is one problem."""
    rows = {row.key: row for row in desk.ledger.feeds()}
    asked = [(settings, table) for table in desk.workspace.feeds if (settings := _settings(desk, table))]
    unset = [_unset(table) for table in desk.workspace.feeds if table.secret and not desk.find_secret(table.secret)]
    due = [(s, t) for s, t in asked if at_once or _due(rows.get(s.key), now)]
    fetcher = Fetcher()
    came = Came(problems=(*unset, *_standing(rows, asked, {s.key for s, _ in due})))
    states = ((s, _state(rows.get(s.key))) for s, _ in due)
    members = {key: row.member for key, row in rows.items()} | {s.key: s.member for s, _ in asked}
    for result, (_, table) in zip(read_all(states, fetcher, now), due, strict=True):
        others = [key for key, member in members.items() if member == table.member and key != result.feed.key]
        elsewhere = [row for key in others for row in desk.ledger.feed_items(key)]
        elsewhere += [row for row in came.items if row.feed in others]  # of this very look
        came = _and(came, _of(_Look(desk, result, table, rows.get(result.feed.key), fetcher, now, elsewhere)))
    return came


def keep(desk: Desk, came: Came) -> None:
    """Remembers what was seen; called once the drafts are in the ledger, so that a crash between asks again."""
    desk.ledger.put_feed_items(came.items)
    for item in came.revised:
        desk.ledger.update_feed_item(item)
    desk.ledger.put_feeds(came.feeds)


def _settings(desk: Desk, table: Feed) -> FeedSettings | None:
    url = table.url or desk.find_secret(table.secret)
    if not url:
        return None
    if table.secret:
        desk.redact.learn(url)
    return FeedSettings(table.member, url, table.take_old, table.allow_private, table.form)


def _due(row: FeedRow | None, now: dt.datetime) -> bool:
    return row is None or (not row.gone and (row.next_at is None or row.next_at <= now))


def _state(row: FeedRow | None) -> FeedState:
    if row is None:
        return FeedState()
    return FeedState(row.url, row.etag, row.modified, row.baseline, row.gone)


def _standing(
    rows: dict[str, FeedRow], asked: Iterable[tuple[FeedSettings, Feed]], looked_at: set[str]
) -> Iterable[Problem]:
    """Problems of feeds that are not looked at this time, as they were."""
    for settings, _ in asked:
        row = rows.get(settings.key)
        if row and row.message and settings.key not in looked_at:
            yield _problem(settings, row.message)


def _unset(table: Feed) -> Problem:
    said = f"the secret {table.secret} is not set: nobody can look at this feed"
    return Problem(f"feed/{table.member}/{table.secret}", None, said, "export it, or make a Secret block")


def _shown(table: Feed) -> str:
    """A feed's address for people; of one that is a secret, the secret's name."""
    return table.secret or shown_url(table.url)


def _problem(feed: FeedSettings, message: str, mend: str = "") -> Problem:
    return Problem(f"feed/{feed.member}/{feed.key}", None, message, mend)


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one feed, and what it needs to become drafts."""

    desk: Desk
    result: FeedResult
    table: Feed
    row: FeedRow | None
    fetcher: Fetcher
    now: dt.datetime
    elsewhere: list[FeedItemRow]  # what the member's other feeds brought


def _of(look: _Look) -> Came:
    """One feed's result as changes, memory and words."""
    desk, result, table, row, now = look.desk, look.result, look.table, look.row, look.now
    feed = result.feed
    if result.outcome in (Outcome.FAILED, Outcome.GONE):
        said = str(result.error.message if result.error else "it failed")
        mend = (result.error.mend or "") if result.error else ""
        problem = _problem(feed, desk.redact(said), mend)
        return Came(
            feeds=(_row(result, table, row, now, desk.redact(said)),),
            looked=(FeedLooked(feed.member, _shown(table), said=desk.redact(said)),),
            problems=(problem,),
        )
    if result.outcome is Outcome.UNMODIFIED:
        return Came(
            feeds=(_row(result, table, row, now),),
            looked=(FeedLooked(feed.member, _shown(table), said="not modified"),),
        )
    return _read(look)


def _read(look: _Look) -> Came:
    desk, result, table, row, fetcher, now = look.desk, look.result, look.table, look.row, look.fetcher, look.now
    feed = result.feed
    seen, elsewhere = _seen(desk.ledger.feed_items(feed.key)), _seen(look.elsewhere)
    changes = new_items(
        result.items,
        seen,
        baseline=result.state.baseline,
        take_old=table.take_old,
        now=now,
        elsewhere=elsewhere,
    )
    known = {r.id: r for r in desk.ledger.drafts()} if changes.revised else {}
    new, edited, items, revised, problems = [], [], [], [], []

    def item_row(item: Item, key: str, draft: str | None) -> FeedItemRow:
        return FeedItemRow(
            feed=feed.key,
            guid=key,
            link=item.link,
            content_hash=item.content_hash,
            draft=draft,
            at=now,
            published=item.published,
        )

    for item in changes.new:
        key = changes.keys.get(item, item.key)
        try:
            draft = with_media_kept(desk, draft_of(item, feed, key, desk.workspace.cache / "feeds", fetcher))
        except (FeedError, DraftError) as error:  # not remembered: the next look tries it again
            problems.append(_problem(feed, f"{item.title[:60]}: {desk.redact(error.message)}", error.mend or ""))
            continue
        id_ = draft_id(feed.key, key)
        new.append(Change(id_, draft))
        items.append(item_row(item, key, id_))
    for item, before in changes.revised:
        there = known.get(before.draft or "")
        if there is None:
            continue
        try:
            draft = with_media_kept(desk, draft_of(item, feed, before.guid, desk.workspace.cache / "feeds", fetcher))
        except (FeedError, DraftError) as error:
            problems.append(_problem(feed, f"{item.title[:60]}: {desk.redact(error.message)}", error.mend or ""))
            continue
        edited.append(Change(there.id, draft, Known(there.id, PurePosixPath(there.path), there.revision)))
        revised.append(item_row(item, before.guid, there.id))
    items += [item_row(item, changes.keys.get(item, item.key), None) for item in changes.old]
    items += [item_row(item, changes.keys.get(item, item.key), other.draft) for item, other in changes.again]
    revised += [item_row(item, before.guid, before.draft) for item, before in changes.dated]
    said = "" if result.state.baseline else f"baseline set, {len(changes.old)} old items left"
    return Came(
        tuple(new),
        tuple(edited),
        tuple(items),
        tuple(revised),
        (_row(result, table, row, now),),
        (FeedLooked(feed.member, _shown(table), len(new), len(edited), said),),
        tuple(problems),
    )


def _seen(rows: Iterable[FeedItemRow]) -> list[SeenItem]:
    return [SeenItem(row.guid, row.link, row.content_hash, row.draft, row.published) for row in rows]


def _row(result: FeedResult, table: Feed, row: FeedRow | None, now: dt.datetime, failed: str = "") -> FeedRow:
    """What to remember of a look. Where a secret holds the address, where it moved to is not written down."""
    failures = (row.failures if row else 0) + 1 if failed else 0
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
        message=failed,
    )


def _and(one: Came, other: Came) -> Came:
    return Came(*((*getattr(one, f.name), *getattr(other, f.name)) for f in fields(Came)))
