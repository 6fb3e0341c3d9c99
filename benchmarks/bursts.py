"""Thousands of deliveries at one instant, by one process and by several on one ledger, beside bare queues in the same database."""

from __future__ import annotations

import datetime as dt
import gc
import multiprocessing
import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests
from ledgers import due_slot
from measure import Row, median, ratio
from sending import LEASE, TEXT, THREADS, far_side, opener, plain_post
from sqlalchemy.engine import make_url

from steadycast.delivery import deliver
from steadycast.ledger.connection import SQLITE_MODE
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.outgoing import HttpClient

POSTGRES = "STEADYCAST_TEST_POSTGRES"
TABLE = "CREATE TABLE bare (id INTEGER PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL)"
PICK_SQLITE = f"SELECT id, key FROM bare WHERE state = 'due' ORDER BY id LIMIT {THREADS}"
PICK = f"{PICK_SQLITE} FOR UPDATE SKIP LOCKED"
FLOORS = {"bare": "with requests", "own": "with our HTTP half"}  # each makes a connection a request, as ours do
FAR_SIDE = 0.020
CORES = 2  # that the targets are for: with more processes ours is held against itself with half as many


def rows(disk: Path, counts: Sequence[int], rounds: int) -> Iterator[Row]:
    """Each number of deliveries on SQLite by one process, on PostgreSQL by one, two and four; rates, not times."""
    with far_side(FAR_SIDE) as url:
        place = disk / "at-one-instant"
        place.mkdir()
        with _crew(str(place / "ledger.sqlite"), url, 1) as crew:
            for count in counts:
                yield from _rows(crew, count, (1,), "SQLite", rounds)
        if server := os.environ.get(POSTGRES):
            with _database(server) as where, _crew(where, url, 4) as crew:
                for count in counts:
                    yield from _rows(crew, count, (1, 2, 4), "PostgreSQL", rounds)
        else:
            yield Row(
                "deliveries at one instant on PostgreSQL", f"not measured: {POSTGRES} names no server", "", "", "", None
            )


def _rows(crew: _Crew, count: int, numbers: Sequence[int], kind: str, rounds: int) -> Iterator[Row]:
    """Each number of processes beside the floors, and the most of them beside half as many; all by turns."""
    took: dict[tuple[str, int], list[float]] = {}
    for n in range(rounds + 1):
        for processes in numbers:
            for what in ("ours", *FLOORS):
                seconds = crew.sends(count, processes) if what == "ours" else crew.bare(what, count, processes)
                if n:  # the first warms all
                    took.setdefault((what, processes), []).append(seconds)
    for processes in numbers:
        ours = took["ours", processes]
        for floor, how in FLOORS.items():
            asked = 0.9 if processes <= CORES else None
            yield _row(count, kind, processes, ours, f"a bare SKIP LOCKED queue {how}", took[floor, processes], asked)
        if half := took.get(("ours", processes // 2)):
            yield _row(count, kind, processes, ours, f"the same with {processes // 2}", half, 1.0)


def _row(
    count: int, kind: str, processes: int, ours: Sequence[float], peer: str, its: Sequence[float], asked: float | None
) -> Row:
    part = ratio(its, ours)
    return Row(
        f"{count:,} deliveries at one instant, {kind}, {processes} {'process' if processes == 1 else 'processes'}",
        f"{count / median(ours):,.0f} a second", f"{peer} {count / median(its):,.0f} a second",
        f"{part:.2f} of its rate", "" if asked is None else f">= {asked}", None if asked is None else part >= asked,
    )  # fmt: skip


class _Crew:
    """Processes that wait for their share."""

    def __init__(self, ledger: Ledger, where: str, pipes: Sequence[Any]) -> None:
        self._ledger, self._where, self._pipes = ledger, where, pipes

    def sends(self, count: int, processes: int) -> float:
        """Seconds from the first claim to the last receipt; each process claims its share of one slot."""
        at = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
        due_slot(self._ledger, at, (f"c{n}" for n in range(count)), name=f"burst{secrets.token_hex(4)}-")
        return self._all("ours", count, processes)

    def bare(self, floor: str, count: int, processes: int) -> float:
        """The same of a bare queue."""
        with closing(_bare(self._where)) as raw:
            raw.execute("DELETE FROM bare")
            for n in range(count):
                raw.execute(f"INSERT INTO bare VALUES ({n}, '{secrets.token_hex(6)}', 'due')")
            raw.commit()
        return self._all(floor, count, processes)

    def _all(self, what: str, count: int, processes: int) -> float:
        begin = time.perf_counter()
        for pipe in self._pipes[:processes]:
            pipe.send((what, -(-count // processes)))
        done = sum(pipe.recv() for pipe in self._pipes[:processes])
        took = time.perf_counter() - begin
        assert done == count, (what, done, count)
        return took


@contextmanager
def _crew(where: str, url: str, processes: int) -> Iterator[_Crew]:
    context = multiprocessing.get_context("spawn")
    with Ledger.open(where) as ledger, closing(_bare(where)) as raw:
        raw.execute(TABLE)
        raw.commit()
        pipes, workers = [], []
        try:
            for _ in range(processes):
                ours, its = context.Pipe()
                workers.append(context.Process(target=_work, args=(its, where, url), daemon=True))
                workers[-1].start()
                pipes.append(ours)
            for pipe in pipes:
                pipe.recv()
            yield _Crew(ledger, where, pipes)
        finally:
            for worker in workers:
                worker.terminate()
                worker.join()


def _work(pipe: Any, where: str, url: str) -> None:
    with Ledger.open(where) as ledger:
        work: dict[str, Callable[[int], int]] = {
            "ours": lambda share: _send(ledger, url, share),
            "bare": lambda share: _loop(where, share, partial(_by_requests, url)),
            "own": lambda share: _loop(where, share, partial(_by_our_half, HttpClient("bare"), url)),
        }
        gc.collect()
        gc.freeze()  # as `steadycast up` does before it forks: what is loaded is no matter of a burst
        pipe.send("ready")
        while True:
            what, share = pipe.recv()
            pipe.send(work[what](share))


def _send(ledger: Ledger, url: str, share: int) -> int:
    done = 0
    while claims := ledger.claim(dt.datetime.now(dt.UTC), f"bench {os.getpid()}", LEASE, limit=share):
        ended = deliver(ledger, claims, plain_post, opener(url), workers=THREADS)
        done += sum(outcome.state == State.PUBLISHED for outcome in ended)
    return done


def _by_requests(url: str, key: str) -> Any:
    return requests.post(url, data=TEXT.encode(), headers={"Idempotency-Key": key}, timeout=60).json()


def _by_our_half(far: HttpClient, url: str, key: str) -> Any:
    return far.request("POST", url, data=TEXT.encode(), headers={"Idempotency-Key": key}).json()


def _loop(where: str, share: int, post: Callable[[str], Any]) -> int:
    """The least that a queue in a database does: take some rows, make their requests, mark them as done."""
    done = 0

    def request(row: tuple[int, str]) -> int:
        assert post(row[1])["id"] == "ok"
        return row[0]

    with closing(_bare(where)) as raw, ThreadPoolExecutor(THREADS) as pool:
        while done < share and (picked := raw.execute(PICK if "://" in where else PICK_SQLITE).fetchall()):
            sent = list(pool.map(request, picked))
            raw.execute(f"UPDATE bare SET state = 'done' WHERE id IN ({', '.join(map(str, sent))})")
            raw.commit()
            done += len(sent)
    return done


def _bare(where: str) -> Any:
    """The driver's own connection, with the durability that a ledger has."""
    if "://" in where:
        import psycopg

        return psycopg.connect(where.replace("+psycopg", ""))
    raw = sqlite3.connect(where)
    for pragma in SQLITE_MODE:
        raw.execute(pragma)
    return raw


@contextmanager
def _database(server: str) -> Iterator[str]:
    """An empty database on that server, for as long as it is needed."""
    import psycopg

    name = f"steadycast_bench_{os.getpid()}"
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield make_url(server).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
