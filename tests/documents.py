"""The documents as tests read them: pages, sections, rows of tables, fenced blocks."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from steadycast.platform.registry import platforms

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(
    [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "channels").rglob("README.md"), ROOT / "flows" / "README.md"]
)
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
FOUND = platforms((ROOT / "channels",))
_spec = importlib.util.spec_from_file_location("lists", DOCS / "lists.py")
lists = importlib.util.module_from_spec(_spec)  # type: ignore[arg-type]
_spec.loader.exec_module(lists)  # type: ignore[union-attr]


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def sections(text: str, level: str = "##") -> dict[str, str]:
    """Each heading of that level, and what stands under it; fenced blocks open no section."""
    found: dict[str, list[str]] = {}
    title, fenced = "", False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith(f"{level} "):
            title = line.removeprefix(f"{level} ").strip()
        found.setdefault(title, []).append(line)
    return {title: "\n".join(lines) for title, lines in found.items()}


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without headings and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [
        row for n, row in enumerate(cells) if not is_rule(row) and not (n + 1 < len(cells) and is_rule(cells[n + 1]))
    ]


def is_rule(row: list[str]) -> bool:
    return all(set(cell) <= set("-: ") for cell in row)


def code(cell: str) -> str:
    return cell.split("`")[1] if "`" in cell else cell


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
