"""`steadycast --help`: all commands with a line each, as Cyclopts would show them, which is not loaded for that."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.box import ROUNDED
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from steadycast.cli.commands import ABOUT, GROUPS, NAME, first_line
from steadycast.cli.help_page import TITLE, HelpPage, translated
from steadycast.language import N_

FLAGS = {"--help (-h)": N_("Display this message and exit."), "--version": N_("Display application version.")}


def show() -> None:
    """Prints the page, in the current language."""
    console, page = Console(), HelpPage()
    page.render_usage(console, console.options, f"{NAME} COMMAND")
    page.render_description(console, console.options, ABOUT)
    _panel(console, TITLE, FLAGS)
    for title, verbs in GROUPS.items():
        _panel(console, title, {name: first_line(verbs[name]) for name in sorted(verbs)})


def _panel(console: Console, title: str, lines: Mapping[str, str]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="cyan", max_width=math.ceil(console.width * 0.35))
    table.add_column(overflow="fold")
    for name, line in lines.items():
        table.add_row(name, Text(translated(line)))
    console.print(Panel(table, title=translated(title), title_align="left", box=ROUNDED, border_style="none"))
