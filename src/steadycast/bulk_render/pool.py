"""Many orders made by several processes."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator, Sequence

from steadycast.bulk_render.render_draft import Done, Maker, Order

WORTH_A_PROCESS = 120  # orders: starting one costs as much as making so many
CHUNK = 40  # orders that are handed over together

_maker: Maker


def make_all(maker: Maker, orders: Sequence[Order], jobs: int) -> Iterator[Done]:
    """What became of each order, in their order; by up to `jobs` processes where there is enough to do."""
    jobs = min(jobs, len(orders) // WORTH_A_PROCESS)
    if jobs < 2:
        yield from map(maker.make, orders)
        return
    maker.warm()  # once, for all that are forked from here
    # A fork shares what is loaded already, but must not happen beside threads, whose locks it would copy.
    context = multiprocessing.get_context("fork" if threading.active_count() == 1 else "spawn")
    chunks = [orders[at : at + CHUNK] for at in range(0, len(orders), CHUNK)]
    with context.Pool(jobs, _begin, (maker,)) as pool:
        for done in pool.imap(_make, chunks):
            yield from done


def _begin(maker: Maker) -> None:
    global _maker  # noqa: PLW0603  one for each process of the pool
    _maker = maker


def _make(orders: Sequence[Order]) -> list[Done]:
    return [_maker.make(order) for order in orders]
