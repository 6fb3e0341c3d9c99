"""Items of a feed, as the tests of feeds make them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from steadycast.intake.feed_items import Item

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def item(n: int, **given: Any) -> Item:
    """The item of that number, dated now unless something else is given."""
    facts = {"guid": f"id-{n}", "link": f"https://a.example/{n}", "title": f"Title {n}", "body": f"Body {n}"}
    return Item(**{**facts, "published": NOW, **given})
