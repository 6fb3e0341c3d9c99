"""Which items of a feed are new: every item once for ever, whatever its feed does to names and links."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from feed_examples import NOW, item

from steadycast.intake.feed_items import SeenItem, new_items


def remembered(*items: Any, draft: str | None = "d") -> Any:
    return [SeenItem(i.key, i.link, i.content_hash, draft, i.published) for i in items]


def changes(items: Any, seen: Any, **more: Any) -> Any:
    return new_items(items, seen, **{"baseline": True, "now": NOW, **more})


def test_the_first_look_takes_none_of_the_old_items_unless_asked_to() -> None:
    items = [item(n, published=NOW - dt.timedelta(days=n)) for n in range(5)]
    first = changes(items, [], baseline=False)
    assert (first.new, len(first.old)) == ((), 5)
    taken = changes(items, [], baseline=False, take_old=2)
    assert [i.guid for i in taken.new] == ["id-1", "id-0"]
    assert len(taken.old) == 3


def test_a_second_look_at_the_same_items_changes_nothing() -> None:
    items = [item(n) for n in range(5)]
    again = changes(items, remembered(*items))
    assert not (again.new)
    assert not (again.revised)
    assert not (again.old)


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({"guid": "other"}, id="guid"),
        pytest.param({"link": "https://b.example/x"}, id="link"),
        pytest.param({"guid": "other", "link": "https://b.example/x"}, id="guid and link"),
    ],
)
def test_an_item_with_a_new_guid_or_address_is_the_same_item(edit: Any) -> None:
    known = remembered(item(1), item(2))
    after = changes([item(1, **edit), item(2)], known)
    assert not (after.new)
    assert not (after.revised)


def test_an_edit_is_a_revision() -> None:
    known = remembered(item(1), item(2))
    edited = item(1, body="Better")
    after = changes([edited, item(2)], known)
    assert after.revised == ((edited, known[0]),)
    assert not after.new


def test_an_edit_of_what_was_old_at_the_baseline_is_no_news() -> None:
    assert not changes([item(1, body="Better")], remembered(item(1), draft=None)).revised


def test_a_guid_used_again_for_something_else_is_a_new_item_with_a_key_of_its_own() -> None:
    other = item(2, guid="id-1")
    after = changes([other], remembered(item(1)))
    assert after.new == (other,)
    assert after.keys[other] != "id-1"
    assert not changes(
        [other], [*remembered(item(1)), SeenItem(after.keys[other], other.link, other.content_hash, "d")]
    ).new


def test_what_all_items_share_tells_nothing() -> None:
    """A constant guid, a link to the home page and the title of every day: the texts alone are different."""
    share = {"guid": "same", "link": "https://a.example/", "title": "早安"}
    known = remembered(item(1, **share))
    after = changes([item(3, **share), item(2, **share), item(1, **share)], known)
    assert {i.body for i in after.new} == {"Body 2", "Body 3"}


def test_a_rebuilt_feed_does_not_flood() -> None:
    known = remembered(*(item(n) for n in range(3)))
    rebuilt = [
        item(
            n,
            guid=f"new-{n}",
            title=f"N {n}",
            body=f"B {n}",
            link=f"https://b.example/{n}",
            published=NOW - dt.timedelta(days=n),
        )
        for n in range(50)
    ]
    after = changes(rebuilt, known)
    assert (len(after.new), len(after.old)) == (4, 46)


def test_a_feed_that_shrank_to_nothing_takes_nothing_away() -> None:
    after = changes([], remembered(item(1)))
    assert not (after.new)
    assert not (after.revised)
    assert not (after.old)
