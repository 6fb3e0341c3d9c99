"""A table of counts (CSV), as people write it or another tool exports it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from steadycast.arrival import KINDS, VISIT, Arrival
from steadycast.arrivals.bounds import number, words
from steadycast.draft.decoding import decode
from steadycast.errors import DraftError, InputError, did_you_mean
from steadycast.language import gettext as _
from steadycast.language import listed, quoted

BYTES, ROWS = 5_000_000, 50_000
COLUMNS: Mapping[str, str] = {
    "day": "day date 日期 日",
    "source": "source utm_source 来源 來源",
    "medium": "medium utm_medium 媒介",
    "campaign": "campaign utm_campaign series 栏目 欄目",
    "content": "content utm_content",
    "slot": "slot 档期 檔期",
    "kind": "kind 类型 類型",
    "n": "n count 人数 人數 次数 次數",
    "visits": "visits visitors 访问 訪問 访客 訪客",
    "joins": "joins 加入 关注 關注",
    "leaves": "leaves 离开 離開 取关 取關",
}
COUNTS = {"n": "", "visits": "visit", "joins": "join", "leaves": "leave"}  # a column -> the kind that it counts
NAMES = {alias: name for name, aliases in COLUMNS.items() for alias in aliases.split()}
KIND_NAMES = {
    **{kind: kind for kind in KINDS},
    "访问": "visit", "訪問": "visit", "加入": "join", "关注": "join", "關注": "join", "离开": "leave", "離開": "leave",
    "取关": "leave", "取關": "leave",
}  # fmt: skip
YEARS = range(2000, 2200)
DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]0?0:00(?::00(?:\.0+)?)?)?|(\d\d)(\d\d))")
THOUSANDS = re.compile(r",(?=\d{3}(?:,|\.0\Z|\Z))")


def read_table(raw: bytes, name: str) -> list[Arrival]:
    """The rows of a table; InputError with the line of the first that cannot be read: then none is taken.

    Its first line names the columns: day, source and n, or of n visits, joins, leaves; and what there is of medium,
    campaign, content, slot, kind.
    UTF-8 or GBK, with commas, semicolons or tabs.
    """
    if len(raw) > BYTES:
        raise InputError(_("it is larger than %(most)s MB", most=BYTES // 10**6), file=name)
    try:
        text = decode(raw)
    except DraftError as error:
        raise InputError(error.message, file=name, line=error.line, hint=error.hint) from None
    head = text.lstrip().partition("\n")[0]
    apart = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=None), delimiter=apart, strict=True)
    try:
        return list(_rows(((lines.line_num, cells) for cells in lines), name))
    except csv.Error:
        raise InputError(_("that is no table"), file=name, line=lines.line_num, hint=_("save it as CSV")) from None


def _rows(lines: Iterator[tuple[int, Sequence[str]]], name: str) -> Iterator[Arrival]:
    columns: list[str] = []
    for n, (line, cells) in enumerate(lines):
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _columns(cells, name, line)
        elif n > ROWS:
            raise InputError(_("it has more than %(most)s rows", most=ROWS), file=name, line=line)
        else:
            yield from _row(dict(zip(columns, (cell.strip() for cell in cells), strict=False)), name, line)
    if not columns:
        raise InputError(_("it is empty"), file=name)


def _columns(cells: Sequence[str], name: str, line: int) -> list[str]:
    found = [NAMES.get(cell.strip().lower(), "") for cell in cells]
    for twice in (name for name in COLUMNS if found.count(name) > 1):
        raise InputError(_("two columns say %(column)s", column=twice), file=name, line=line)
    counts = any(each in COUNTS for each in found)
    for wanted in ("day", "source", "n"):
        if wanted not in found and not (wanted == "n" and counts):
            said = _("the column %(column)s is missing", column=wanted)
            hint = did_you_mean(wanted, [c.strip() for c in cells], _("columns are %(names)s", names=listed(COLUMNS)))
            raise InputError(said, file=name, line=line, hint=hint)
    return found


def _row(cells: Mapping[str, str], name: str, line: int) -> Iterator[Arrival]:
    def wrong(said: str, hint: str) -> InputError:
        return InputError(said, file=name, line=line, hint=hint)

    day = _day(cells.get("day", ""))
    if day is None or day.year not in YEARS:
        said = _("%(value)s is no day", value=quoted(cells.get("day", "")[:40]))
        raise wrong(said, _("write 2026-11-27"))
    told = KIND_NAMES.get(cells.get("kind", "").lower() or VISIT, "")
    if not told:
        raise wrong(_("%(value)s is no kind", value=quoted(cells["kind"][:40])), listed(KINDS))
    campaign, _at, at = cells.get("slot", "").partition("@")
    for column, kind in COUNTS.items():
        cell = cells.get(column)
        if cell is None or (kind and not cell):  # of several columns most are empty
            continue
        try:
            n = number(THOUSANDS.sub("", cell).removesuffix(".0"))
        except ValueError:
            raise wrong(_("%(value)s is no number", value=quoted(cell[:40])), _("write 12")) from None
        yield Arrival(
            day, words(cells.get("source")), words(cells.get("medium")), words(campaign or cells.get("campaign")),
            words(at.replace(":", "") or cells.get("content")), kind or told, n,
        )  # fmt: skip


def _day(text: str) -> dt.date | None:
    if (found := DAY.fullmatch(text)) is None:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups() if part))
    except ValueError:  # the 31st of February
        return None
