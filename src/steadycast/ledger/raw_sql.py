"""Statements that every burst runs: their text goes to the driver as it is, and their values as tuples.

Building and compiling an expression for each row costs ten times what a database does with it. Values are what the
database holds: instants as `micros`, states as words.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

import orjson
from sqlalchemy import ClauseElement, ColumnElement, Connection, SelectBase, True_

from steadycast.ledger.rows import EPOCH

Thing = TypeVar("Thing")
Values = tuple[Any, ...]
MICROSECOND = dt.timedelta(microseconds=1)


def micros(instant: dt.datetime) -> int:
    """An instant as the database holds it."""
    return (instant - EPOCH) // MICROSECOND


def instant(micros: int) -> dt.datetime:
    """An instant as the program holds it."""
    return EPOCH + micros * MICROSECOND


def run(connection: Connection, sql: str, rows: Sequence[Values]) -> int:
    """Run a statement once for each row of values, `?` for each; returns how many rows it changed in all.

    No two rows may change the same: PostgreSQL is told of all of them in one statement, which costs it and us a
    quarter of one for each. SQLite has no way between, and bytes are sent row by row: a thousand posts are many.
    """
    if len(rows) < 2 or connection.dialect.name == "sqlite" or any(isinstance(value, bytes) for value in rows[0]):
        return connection.exec_driver_sql(_written(connection, sql), list(rows)).rowcount if rows else 0
    batches = (rows[n : n + AT_ONCE] for n in range(0, len(rows), AT_ONCE))
    return sum(connection.exec_driver_sql(*_together(connection, sql, batch)).rowcount for batch in batches)


def _together(connection: Connection, sql: str, rows: Sequence[Values]) -> tuple[str, Values]:
    """One statement for all the rows, which it takes as JSON."""
    columns = {f"c{n}": _kind(values) for n, values in enumerate(zip(*rows, strict=True))}
    names = iter([f"CAST(v.{name} AS {kind})" if kind else "NULL" for name, kind in columns.items()])
    given = ", ".join(f"{name} {'text' if kind == 'json' else kind}" for name, kind in columns.items() if kind)
    told = f"FROM json_to_recordset(?) AS v({given})"
    if sql.startswith("INSERT"):
        into, _, values = sql.partition(" VALUES (")
        values, _, conflict = values.partition(")")
        parts = (f"{into} SELECT {values} ", conflict)
    else:
        change, _, here = sql.rpartition("WHERE ")
        parts = (change, f" WHERE {here}")
    text = told.join(re.sub(r"\?", lambda _: next(names), part) for part in parts)
    return _written(connection, text), (orjson.dumps([dict(zip(columns, row, strict=True)) for row in rows]).decode(),)


def _kind(values: Values) -> str:
    """What PostgreSQL calls the type of a column's values; nothing where all of them are NULL."""
    value = next((value for value in values if value is not None), None)
    return "" if value is None else next(kind for of, kind in KINDS.items() if isinstance(value, of))


class Json(str):
    """A text that a column of JSON takes."""

    __slots__ = ()


KINDS = {bool: "boolean", int: "bigint", float: "double precision", Json: "json", str: "text"}
AT_ONCE = 2000  # rows in one statement


def fetch(connection: Connection, sql: str, values: Values) -> list[Values]:
    """The rows that a statement returns, as the driver makes them."""
    cursor = connection.exec_driver_sql(_written(connection, sql), values).cursor
    assert cursor is not None
    return list(cursor.fetchall())


def stream(connection: Connection, sql: str, values: Values) -> Iterator[Values]:
    """The rows that a statement returns, some at a time: they need not fit into memory.

    The driver's own cursor makes nothing of a row but a tuple; PostgreSQL's, with a name, keeps the rows at the server.
    """
    driver = connection.connection.driver_connection
    assert driver
    with closing(driver.cursor() if connection.dialect.name == "sqlite" else driver.cursor("rows")) as cursor:
        cursor.execute(_written(connection, sql), values)
        while rows := cursor.fetchmany(2_000):
            yield from rows


def taken(
    connection: Connection, things: Sequence[Thing], change: Callable[[Thing], tuple[str, Values]]
) -> list[Thing]:
    """The things whose one row took its change: as a rule all, by one executemany a statement; else one by one."""
    changes: dict[str, list[Values]] = {}
    for thing in things:
        sql, values = change(thing)
        changes.setdefault(sql, []).append(values)
    if len(things) > len(changes):
        point = connection.begin_nested()
        if sum(run(connection, sql, rows) for sql, rows in changes.items()) == len(things):
            point.commit()
            return list(things)
        point.rollback()
    return [thing for thing in things for sql, values in [change(thing)] if run(connection, sql, [values]) == 1]


def text(connection: Connection, clause: ColumnElement[Any]) -> str:
    """A clause with its values in it, as a statement's text takes it."""
    return "(1 = 1)" if isinstance(clause, True_) else f"({_with_values(connection, clause)})"


def fetched(connection: Connection, query: SelectBase, values: Values = ()) -> list[Values]:
    """The rows of a query that was made once for all: its text is kept, and `values` are those of its `?`."""
    key = query, connection.dialect.name
    if (sql := _texts.get(key)) is None:
        sql = _texts[key] = _with_values(connection, query)
    return fetch(connection, sql, values)


_texts: dict[tuple[SelectBase, str], str] = {}


def _with_values(connection: Connection, clause: ClauseElement) -> str:
    return str(clause.compile(connection, compile_kwargs={"literal_binds": True}))


def numbers(ids: Iterable[int]) -> str:
    """Row ids as SQL."""
    return ", ".join(str(int(id)) for id in ids)


def _written(connection: Connection, sql: str) -> str:
    return sql if connection.dialect.name == "sqlite" else sql.replace("%", "%%").replace("?", "%s")
