"""The record as a table for a spreadsheet: a row a day, series, channel and outcome."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from steadycast.report.model import Report, SeriesYear
from steadycast.report.page import clean

COLUMNS = ("date", "series", "series_title", "channel", "channel_title", "outcome", "deliveries")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes what begins so
MARK = "\ufeff"  # without it, spreadsheets read UTF-8 as something else


def to_csv(report: Report, years: Iterable[SeriesYear]) -> str:
    """Every day of the year that has a slot; outcomes are named as in the JSON."""
    titles = {series.name: series.title for series in report.series}
    out = io.StringIO()
    out.write(MARK)
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for year in years:
        for channel in year.channels:
            names = [*map(plain, (year.name, titles.get(year.name, year.name), channel.name, channel.title))]
            for square in channel.squares:
                for mark, count in square.counts.items():
                    table.writerow([square.date, *names, mark, count])
    return out.getvalue()


def plain(text: str) -> str:
    """A cell that no spreadsheet computes, without what XML refuses."""
    return f"'{clean(text)}" if clean(text).startswith(FORMULA) else clean(text)
