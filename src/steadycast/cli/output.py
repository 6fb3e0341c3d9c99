"""How commands speak: a table for people, `--json` for scripts, one line for an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from steadycast.characters import CONTROLS, TURNING
from steadycast.cli.words import shown_word
from steadycast.language import N_
from steadycast.language import gettext as _
from steadycast.on_demand import lazy_pattern
from steadycast.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

NAMES, NAME = {"by", "member"}, 40  # columns of names, and how much of one they show: its path and --json have it whole
WIDE = 200  # columns where there is no window
NARROW = 9  # a window with fewer for each of a table's columns would fold dates and words letter by letter
OK, NEEDS_A_PERSON, BAD_INPUT, LEDGER = 0, 1, 2, 3
# Columns whose words are codes.
CODES = {"state", "status", "change", "what", "check", "form", "was", "from", "delivery", "why"}
NOTHING_YET = N_("No draft has been taken in yet: run `steadycast intake`.")
# What a terminal obeys instead of showing it, the marks that turn the direction of text, and what cannot be written
# at all: half a surrogate pair, as in a file's name that is not UTF-8.
_OBEYED = lazy_pattern(rf"[{CONTROLS}{TURNING}\t\n\r\u061c\u2028\u2029\u200e\u200f]")
# Marks on a letter beyond what any language writes: they climb over the lines above.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = lazy_pattern(f"(?<={_MARK * 4}){_MARK}+")

COLOURS = {
    "published": "green", "seen": "green", "confirmed": "green", "kept": "green", "approved": "green", "there": "green",
    "revised": "green", "withdrawn": "cyan", "busy": "yellow", "cannot here": "yellow",
    "handed": "cyan", "due": "blue", "planned": "dim", "waiting": "yellow", "late": "yellow", "filled": "cyan",
    "passed": "green", "not passed": "bold red", "not counted": "yellow",
    "ok": "green", "warn": "yellow", "bad": "bold red",
    "unknown": "bold magenta", "refused": "bold red", "missed": "bold red", "problem": "bold red", "gap": "bold red",
}  # fmt: skip


def show(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, title: str = "", empty: str = "") -> None:
    """Prints `rows` as a table: `columns` maps a row's key to its heading; `empty` is said where there is no row."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # What is read by a program or kept in a log is not folded to a window that nobody has.
    console = Console(highlight=False) if sys.stdout.isatty() else Console(highlight=False, width=WIDE)
    if not rows:
        if empty:
            console.print(Text(empty))
        return
    if console.width < NARROW * len(columns):
        _show_in_lines(console, rows, columns, title)
        return
    table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold",
                  header_style="bold", pad_edge=False, box=box.SIMPLE_HEAD)  # fmt: skip
    for key, heading in columns.items():
        table.add_column(shown_word(heading), overflow="fold", no_wrap=key in {"when", "state", "id"})
    for row in rows:
        table.add_row(*_cells(row, columns))
    console.print(table)


def _cells(row: Mapping[str, Any], columns: Iterable[str]) -> list[Text]:
    """A row's cells. Text, never markup: a title like "[red]" is a title."""
    from rich.text import Text

    cells = {key: shown("" if row.get(key) is None else str(row[key])) for key in columns}
    cells |= {key: cut(cells[key]) for key in cells.keys() & NAMES}
    title = row.get("series_title")
    if "series" in cells and title == "":
        cells["series"] = _("by hand")
    elif "series" in cells and title and title != row["series"]:
        cells["series"] = shown(f"{title} ({row['series']})")  # the title is for people; the id is what one types
    name = row.get("member_title")
    if "member" in cells and name and name != row["member"]:
        cells["member"] = shown(f"{name} ({row['member']})")
    cells |= {"link": "\n".join(map(shown, str(row["link"]).split("\n")))} if "link" in cells else {}
    said = {key: shown_word(cell) if key in CODES else cell for key, cell in cells.items()}
    return [Text(said[key], style=COLOURS.get(cells[key], "")) for key in columns]


def _show_in_lines(console: Console, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], title: str) -> None:
    """The same where the window is too narrow for so many columns: each row as a name, and its values below it."""
    from rich.padding import Padding
    from rich.text import Text

    if title:
        console.print(Text(title, style="bold"))
    for row in rows:
        name, *cells = _cells(row, columns)
        console.print(Text.assemble((name.plain, "bold")))
        headings = [shown_word(heading) for heading in list(columns.values())[1:]]
        said = [Text.assemble(f"{head}\u00a0", cell) for head, cell in zip(headings, cells, strict=True) if cell.plain]
        console.print(Padding(Text("  ").join(said), (0, 0, 0, 2)))


def say_outcome(row: Mapping[str, Any]) -> None:
    """Prints what became of one delivery, as soon as it is known: one line, and one for each place where it is."""
    from rich.cells import set_cell_size
    from rich.console import Console
    from rich.text import Text

    [row] = linked([row])
    what = shown(
        _(
            "%(series)s on %(channel)s: %(title)s",
            series=row["series_title"] or _("by hand"),
            channel=row["channel"],
            title=row["title"],
        )
    )
    state = set_cell_size(shown_word(row["state"]), 9)
    line = Text.assemble(f"{row['when']}  ", (state, COLOURS.get(row["state"], "")), f"  {what}")
    console = Console(highlight=False, soft_wrap=True)
    console.print(line)
    for where in filter(None, row["link"].split("\n")):
        console.print(Text(f"  {shown(where)}"))


def cut(name: str) -> str:
    """A name as a table has room for: a folder's may have two hundred characters, and squeeze all other columns."""
    return name if len(name) <= NAME else f"{name[: NAME - 1]}…"


def linked(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`rows` whose link also says where the file lies on this machine, where there is one."""
    return [{**row, "link": "\n".join(dict.fromkeys(filter(None, (row["link"], row["file"]))))} for row in rows]


def say(*lines: str) -> None:
    """Prints plain lines."""
    for line in lines:
        print(*(shown(piece) for piece in line.split("\n")), sep="\n")


def shown(text: str) -> str:
    """`text` with its control characters written out: neither a title nor a file's name gives a terminal orders."""
    return _OBEYED.sub(lambda m: f"\\u{ord(m[0]):04x}", _PILED.sub("", text))


def as_json(value: Any) -> None:
    """Prints `value` as JSON, keys in a fixed order, instants as ISO 8601."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    print(*(shown(line) for line in text.split("\n")), sep="\n")


def stream_json(values: Iterable[Any]) -> None:
    """Prints what `as_json` prints of a list of these values, one after another as they come."""
    begun = False
    for value in values:
        text = json.dumps([value], ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
        lines = text.removeprefix("[\n").removesuffix("\n]").split("\n")
        print(",\n" if begun else "[\n", "\n".join(map(shown, lines)), sep="", end="")
        begun = True
    print("\n]" if begun else "[]")


def stream(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Prints each row on a line of its own as it comes, its cells with tabs between: for thousands of them."""
    for row in rows:
        cells = [shown("" if row.get(key) is None else str(row[key])) for key in columns]
        print(*(shown_word(cell) if key in CODES else cell for key, cell in zip(columns, cells, strict=True)), sep="\t")


def in_order(wrong: int, *, told: bool = False) -> str:
    """What a look found in all: how much is to fix; `told`: something that needs no fixing is said besides."""
    if wrong:
        return _("%(num)s to fix.", num=wrong)
    return _("Nothing has to be fixed. Please read the notes.") if told else _("Everything is in order.")


def tell(json: bool, value: Any, *lines: str) -> None:
    """Says what a command has to say: `value` to a script that asked for JSON, `lines` to people."""
    if json:
        as_json(value)
    else:
        say(*lines)


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "total_seconds"):
        return value.total_seconds()
    return str(value)


def complain(*messages: str) -> None:
    """Prints each message that says anything on standard error, as one line."""
    for message in filter(None, messages):
        print(f"steadycast: {shown(' '.join(message.split()))}", file=sys.stderr)


def at_a_terminal() -> bool:
    """Whether a person reads what this prints, and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def asks_first(*, yes: bool, json: bool) -> bool:
    """Whether a command asks before it does something: a person at a terminal, who gave neither --yes nor --json.

    A script, a cron's line or a program has said so by calling: it would wait for ever for an answer.
    """
    return not (yes or json) and at_a_terminal()


def agreed(what: Sequence[str], question: str) -> bool:
    """Whether the person at the terminal says yes to `what`."""
    say(*(f"  {line}" for line in what))
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes", "是")


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
