"""Counts of who came, read from those who count: a table, Shlink, GoatCounter, Plausible.

bounds       what is kept of words that came from outside, and of how many rows
table        a CSV that people write or other tools export
shlink       visits of short links, by their visited address
goatcounter  visits of a site, by source
plausible    visits and goals of a site, by all four utm parameters
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from steadycast.arrival import Arrival
from steadycast.arrivals import goatcounter, plausible, shlink
from steadycast.arrivals.bounds import Asked, bounded
from steadycast.arrivals.table import BYTES, read_table

READERS: dict[str, Callable[[Asked], Iterator[Arrival]]] = {
    "shlink": shlink.read,
    "goatcounter": goatcounter.read,
    "plausible": plausible.read,
}

__all__ = ["BYTES", "READERS", "Asked", "bounded", "read_table"]
