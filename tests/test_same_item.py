"""Which item of a feed is one that is known: no two are made one, and none is made two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import feed_examples
import pytest
from feed_examples import NOW
from hypothesis import given
from hypothesis import strategies as st

from steadycast.intake.feed_items import Item, SeenItem, address, new_items


def item(n: int, **given: Any) -> Item:
    """The item of that number, a month older than the one before."""
    return feed_examples.item(n, **{"published": NOW - dt.timedelta(days=30 * n), **given})


def looked(looks: Any, *, elsewhere: Any = ()) -> Iterator[Any]:
    """What each look at a feed brings as new and as edited, with the ledger's memory between them."""
    known: dict[str, SeenItem] = {}
    for items in looks:
        found = new_items(items, list(known.values()), baseline=True, now=NOW, elsewhere=elsewhere)
        for one in (*found.new, *found.old):
            key = found.keys.get(one, one.key)
            known[key] = SeenItem(key, one.link, one.content_hash, key if one in found.new else None, one.published)
        for one, row in (*found.revised, *found.dated):
            known[row.guid] = SeenItem(row.guid, one.link, one.content_hash, row.draft, one.published)
        yield [one.body for one in found.new], [one.body for one, _ in found.revised]


DAILY = {
    "the home page as link": {"link": "https://a.example/", "title": "早安"},
    "no link": {"link": "", "title": "早安"},
    "a page that shows the newest": {"link": "https://a.example/today", "title": "早安"},
    "one day for all": {"link": "https://a.example/", "title": "早安", "published": None},
}


@pytest.mark.parametrize("share", DAILY.values(), ids=list(DAILY))
def test_a_feed_of_one_item_that_is_another_each_day_brings_each(share: Any) -> None:
    days = [[item(n, **share)] for n in range(5, 0, -1)]
    assert list(looked(days)) == [([f"Body {n}"], []) for n in range(5, 0, -1)]


def test_what_known_items_share_tells_nothing_of_the_next() -> None:
    """Without guids a daily text with one title and one address is told by its words, once two have shared them."""
    share = {"guid": "", "title": "早安", "link": "https://a.example/today"}
    known = [SeenItem(f"k{n}", share["link"], item(n, **share).content_hash, f"d{n}") for n in (1, 2)]
    found = new_items([item(3, **share, published=NOW)], known, baseline=True, now=NOW)
    assert [one.body for one in found.new] == ["Body 3"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 40])
def test_a_blog_that_moves_house_brings_nothing_twice(count: Any) -> None:
    """Guid, link and the pictures' host change; titles and dates stay."""
    before = [item(n, body=f"![](<https://old.example/{n}.png>)") for n in range(1, count + 1)]
    after = [
        replace(i, guid=f"new-{n}", link=f"https://b.example/{n}", body=i.body.replace("old.example", "new.example"))
        for n, i in enumerate(before)
    ]
    first, moved, still = looked([before, after, after])
    assert len(first[0]) == count
    assert moved[0] == []
    assert len(moved[1]) == count
    assert still == ([], [])


@pytest.mark.parametrize("count", [1, 3, 20])
def test_a_feed_of_which_nothing_is_known_and_all_is_old_brings_nothing(count: Any) -> None:
    """Even where titles changed too; but what is dated after all that is known was written since."""
    after = [
        item(n, guid=f"new-{n}", link=f"https://b.example/{n}", title=f"N {n}", body=f"B {n}")
        for n in range(1, 1 + count)
    ]
    known = [SeenItem(i.key, i.link, i.content_hash, "d", i.published) for i in (item(n) for n in range(1, 4))]
    found = new_items(after, known, baseline=True, now=NOW)
    assert (found.new, len(found.old)) == ((), count)
    assert known[0].published is not None
    written_since = replace(after[0], published=known[0].published + dt.timedelta(days=1))
    assert new_items([written_since], known, baseline=True, now=NOW).new == (written_since,)


def test_a_guid_that_is_made_anew_at_every_look_makes_no_new_item() -> None:
    """The words beside it show that guids change by themselves: one that is edited meanwhile is the same item still."""
    first = [item(1, published=None), item(2, published=None)]
    second = [replace(first[0], guid="x1"), replace(first[1], guid="x2", body="Better")]
    assert list(looked([first, second]))[1] == ([], ["Better"])


def test_a_date_that_was_not_on_record_is_put_there() -> None:
    (one,) = [item(1)]
    found = new_items([one], [SeenItem(one.key, one.link, one.content_hash, "d")], baseline=True, now=NOW)
    assert [(each, row.draft) for each, row in found.dated] == [(one, "d")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a.example/x/", "https://www.a.example/x?utm_source=rss", True),
        ("https://a.example/?p=1", "https://a.example/?p=2", False),
        ("https://a.example/#/1", "https://a.example/#/2", False),
        ("https://a.example:8000/x", "https://a.example/x", False),
        ("https://a.example/x", "https://b.example/x", False),
    ],
)
def test_an_address_is_compared_by_where_it_leads(one: Any, other: Any, same: Any) -> None:
    assert (address(one) == address(other)) is same


@pytest.mark.parametrize("home", ["https://a.example", "http://www.a.example/", "https://a.example/?utm_source=rss"])
def test_a_home_page_is_the_address_of_no_item(home: Any) -> None:
    assert address(home) == ""


@given(st.text(max_size=40))
def test_no_address_breaks_the_comparison(text: str) -> None:
    assert isinstance(address(text), str)
    assert isinstance(address(f"https://{text}"), str)


EDITS = st.fixed_dictionaries(
    {},
    optional={
        "guid": st.just("another"),
        "link": st.just("https://a.example/moved"),
        "title": st.just("Better title"),
        "body": st.just("Better body"),
    },
)


@given(EDITS, st.booleans())
def test_an_item_is_the_same_while_two_marks_are_left_and_new_words_have_no_new_guid(edit: Any, dated: bool) -> None:
    """The rule, said as a table of what changed."""
    before = [item(1, published=NOW if dated else None), item(2)]
    after = [replace(before[0], **edit), before[1]]
    left = {"guid", "link", "title", "body"} - set(edit)
    same = len(left) >= 2 and not {"guid", "body"} <= set(edit)
    same = same or (dated and "title" in left)
    assert (list(looked([before, after]))[1][0] == []) is same
