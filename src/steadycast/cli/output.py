"""How commands speak: a table for people, `--json` for scripts, one line for an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

WIDE = 200  # columns where there is no window
OK, NEEDS_A_PERSON, BAD_INPUT, LEDGER = 0, 1, 2, 3
Progress = Callable[[int, int], None]  # how many are done, of how many

COLOURS = {
    "published": "green", "seen": "green", "confirmed": "green", "kept": "green", "approved": "green", "there": "green",
    "handed": "cyan", "due": "blue", "planned": "dim", "waiting": "yellow", "late": "yellow", "filled": "cyan",
    "unknown": "bold magenta", "refused": "bold red", "missed": "bold red", "problem": "bold red", "gap": "bold red",
}  # fmt: skip


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, title: str = "", empty: str = "") -> None:
    """Prints `rows` as a table: `columns` maps a row's key to its heading; `empty` is said where there is no row."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # What is read by a program or kept in a log is not folded to a window that nobody has.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=WIDE)
    if not rows:
        if empty:
            console.print(Text(empty))
        return
    table = Table(title=Text(title) if title else None, title_justify="left", header_style="bold", pad_edge=False)
    for key, heading in columns.items():
        table.add_column(heading, overflow="fold", no_wrap=key in {"when", "state", "id"})
    for row in rows:
        # Text, never markup: a title like "[red]" is a title.
        table.add_row(*(Text(str(row.get(k, "") or ""), style=COLOURS.get(str(row.get(k, "")), "")) for k in columns))
    console.print(table)


def say(*lines: str) -> None:
    """Prints plain lines."""
    for line in lines:
        print(line)


def as_json(value: Any) -> None:
    """Prints `value` as JSON, keys in a fixed order, instants as ISO 8601."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    print()


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    return str(value)


def complain(message: str) -> None:
    """Prints one line on standard error."""
    print(f"steadycast: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def progress(words: str) -> Iterator[Progress]:
    """A progress bar on standard error while long work runs; silent where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda done, of: None  # noqa: ARG005
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*shown, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
