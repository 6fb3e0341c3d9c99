"""What a feed holds, and which of it is new: every item once for ever, whatever its feed does to names and links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from steadycast.intake.same_item import Item, KnownItems, SeenItem, address

FLOOD = 3  # more new items than this at once, and none that was known: the feed was rebuilt, not written
FRESH = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class ItemChanges:
    """What to do with a feed's items. `keys` files a new or old item where its own key is taken by another."""

    new: tuple[Item, ...] = ()
    revised: tuple[tuple[Item, SeenItem], ...] = ()
    old: tuple[Item, ...] = ()  # to be remembered, and not taken
    again: tuple[tuple[Item, SeenItem], ...] = ()  # another feed of the member brought it: to be remembered as that
    dated: tuple[tuple[Item, SeenItem], ...] = ()  # unchanged, and its date is not on record yet
    keys: dict[Item, str] = field(default_factory=dict)


def new_items(
    items: Sequence[Item],
    seen: Iterable[SeenItem],
    *,
    baseline: bool,
    take_old: int = 0,
    now: dt.datetime,
    elsewhere: Iterable[SeenItem] = (),
) -> ItemChanges:
    """Which items are new, which are revisions, and which are old news.

    `baseline` False is the first look: only the `take_old` newest are taken. A feed of which nothing is known any more
    moved or was rebuilt, and gives only what was written since: within three days, or (of a few items) after all that
    is known. `elsewhere` is what the same member's other feeds brought: an address that was changed in the settings,
    or a second feed of one blog, brings nothing twice.
    """
    rows = list(seen)
    known = KnownItems(rows, items)
    fresh: list[Item] = []
    revised: list[tuple[Item, SeenItem]] = []
    dated: list[tuple[Item, SeenItem]] = []
    met: set[str] = set()
    for item in dict.fromkeys(items):
        match = known.find(item)
        if match is None:
            fresh.append(item)
        elif match.guid not in met:
            met.add(match.guid)
            if match.draft is not None and (match.pending or match.content_hash != item.content_hash):
                revised.append((item, match))
            elif match.published is None and item.published is not None:
                dated.append((item, match))
    fresh = _once(fresh, known)
    fresh.sort(key=lambda item: item.published or dt.datetime.min.replace(tzinfo=dt.UTC), reverse=True)
    keys = _keys(fresh, {row.guid for row in rows})
    others = KnownItems(elsewhere, items)
    again = [(item, match) for item in fresh if (match := others.find(item)) is not None]
    remembered = {item for item, _ in again}
    fresh = [item for item in fresh if item not in remembered]
    if not baseline:
        new, old = fresh[:take_old], fresh[take_old:]
    else:
        lost = bool(rows) and not met
        new = [item for item in fresh if not lost or _is_news(item, rows, now, flood=len(fresh) > FLOOD)]
        old = [item for item in fresh if item not in new]
    new.reverse()  # the oldest first, as they were written
    return ItemChanges(tuple(new), tuple(revised), tuple(old), tuple(again), tuple(dated), keys)


def _is_news(item: Item, known: Sequence[SeenItem], now: dt.datetime, *, flood: bool) -> bool:
    """Whether an item of a feed of which nothing is known any more was written since, and not moved with its blog."""
    if item.published is None:
        return not flood
    newest = max((row.published for row in known if row.published), default=None)
    since_then = not flood and newest is not None and item.published > newest
    return since_then or now - item.published <= FRESH


def _once(items: list[Item], known: KnownItems) -> list[Item]:
    """The same item listed twice in one feed, once."""
    kept: list[Item] = []
    hashes: set[tuple[str, str]] = set()
    for item in items:
        identity = (item.link if ("link", address(item.link)) in known.shared else "", item.content_hash)
        if identity not in hashes:
            hashes.add(identity)
            kept.append(item)
    return kept


def _keys(items: Iterable[Item], taken: set[str]) -> dict[Item, str]:
    keys: dict[Item, str] = {}
    for item in items:
        key = item.key
        if key in taken:
            key = f"{key}#{item.content_hash[:12]}{item.content_hash[-12:]}"
        taken.add(key)
        keys[item] = key
    return keys
