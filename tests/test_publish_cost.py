"""What one publish asks of the ledger and of the registry: no more statements for thirty deliveries than for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pipeline_bench import COMMUNITY, FAR, SITE, Bench, article
from sqlalchemy import event

from steadycast import pipeline
from steadycast.pipeline import App, posts


def series(number: int, channels: list[str]) -> str:
    return f'\n[series.s{number}]\ntitle = "S{number}"\nevery = "day at 20:00"\nchannels = {channels!r}\nlate = "3h"\n'


def far(number: int) -> str:
    return FAR.replace("channel.far", f"channel.far{number}")


def community(slots: int, channels: int) -> tuple[str, dict[str, str | bytes]]:
    """So many series with a slot at one hour, each of which goes to so many channels."""
    names = [f"far{n}" for n in range(channels)]
    settings = COMMUNITY + SITE + "".join(map(far, range(channels)))
    settings += "".join(series(n, names) for n in range(slots))
    return settings, {f"pgc/{n:02}.md": article(f"Draft {n}", f"series: s{n}") for n in range(slots)}


@contextmanager
def counted(app: App) -> Iterator[Counter[str]]:
    """The statements that the ledger runs meanwhile."""
    found: Counter[str] = Counter()

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found[" ".join(statement.split())] += 1

    event.listen(app.ledger.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(app.ledger.engine, "before_cursor_execute", note)


def published(bench: Bench, slots: int, channels: int) -> Counter[str]:
    """The statements of one publish that sends it all."""
    app = bench.set_up(*community(slots, channels))
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    bench.at(23, 20, 0)
    app = bench.open()
    with counted(app) as found:
        done = pipeline.publish(app)
    assert [s.state for s in done.sent] == ["published"] * (slots * channels)
    return found


@pytest.mark.parametrize(("slots", "channels"), [(1, 30), (30, 1)])
def test_thirty_deliveries_ask_the_ledger_no_more_often_than_one(bench: Bench, slots: Any, channels: Any) -> None:
    """Not one statement runs once a delivery; only how many receipts share a commit is up to the machine."""
    one = published(bench, 1, 1)
    bench.root = bench.root.with_name("thirty")
    thirty = published(bench, slots, channels)
    more = {sql: n - one[sql] for sql, n in thirty.items() if n - one[sql] >= 15}
    assert not more


@pytest.mark.parametrize(("slots", "channels"), [(1, 30), (30, 1)])
def test_a_draft_is_rebuilt_once_and_a_channel_made_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, slots: Any, channels: Any
) -> None:
    made: Counter[str] = Counter()

    def count(owner: object, name: str) -> None:
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args: (made.update([name]), real(*args))[1])

    count(posts, "from_content")
    count(posts, "as_shown")
    count(App, "_channel")
    published(bench, slots, channels)
    assert made == {"from_content": slots, "as_shown": slots, "_channel": channels}


def test_drafts_are_read_a_few_at_a_time() -> None:
    """So that an hour at which ten thousand go out does not hold ten thousand drafts."""
    asked: list[list[str]] = []

    def read(keys: list[str]) -> dict[str, str]:
        asked.append(keys)
        return {key: key.upper() for key in keys if key != "k7"}

    ahead = posts.ReadAhead((f"k{n}" for n in range(120)), read)
    assert [ahead[f"k{n}"] for n in range(120)] == [None if n == 7 else f"K{n}" for n in range(120)]
    assert ahead["another"] == "ANOTHER"
    assert [len(keys) for keys in asked] == [posts.TOGETHER, posts.TOGETHER, 120 - 2 * posts.TOGETHER, 1]
