"""A ledger of a community that has been at it for years: many drafts, and many more deliveries of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import insert

from steadycast.draft.model import Draft
from steadycast.ledger.connection import table
from steadycast.ledger.plans import BLANK
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DraftRow, RevisionRow
from steadycast.pipeline.frozen_draft import to_content
from steadycast.schedule.model import Form, Origin

HOUR = dt.timedelta(hours=1)
SERIES = ("morning", "notes", "friday")


def fill(
    ledger: Ledger, now: dt.datetime, *, drafts: int, deliveries: int, channels: int = 10, left: int | None = None
) -> None:
    """`drafts` of which most went out, over `deliveries` deliveries; some wait, some are stock, some in reserve.

    With `left` all went out but so many, the newest, however many there are.
    """
    rows, revisions = [], []
    for n in range(drafts):
        state = ("waiting", "rejected", "copy", "not-ready")[n % 4] if n % 10 == 0 and left is None else "approved"
        row = _draft(n, state, now)
        rows.append(row)
        text = Draft(
            path=PurePosixPath(row.path), origin=Origin(row.origin), member=row.member, revision=row.revision,
            title=row.title, body=f"第{n}篇\n" * 40, form=Form(row.form), series=(SERIES[n % 3],),
            tags=("上海", "a") if n % 3 else (), language="zh-CN" if n % 2 else "en",
        )  # fmt: skip
        content = to_content(text, Path())
        revisions.append(RevisionRow(hash=row.revision, draft=row.id, at=row.changed, content=content))
    ledger.put_drafts(rows, revisions)
    used = [row for n, row in enumerate(rows) if (row.state == "approved" and n % 5 if left is None else n >= left)]
    slots, sent = [], []
    for n in range(deliveries // channels):
        at, draft = now - (n + 1) * HOUR, used[n % len(used)]
        id = f"{SERIES[n % 3]}@{at:%Y-%m-%dT%H:%M}"
        slots.append({"id": id, "series": SERIES[n % 3], "at": at, "local": f"{at:%Y-%m-%dT%H:%M}", "draft": draft.id,
                      "occasion": "", "filled": False, "why": "", "excused": "", "manual": False})  # fmt: skip
        sent += [
            {**BLANK, "slot": id, "channel": f"channel{channel}", "series": slots[-1]["series"], "at": at,
             "marker": f"m{n}x{channel}", "state": "published", "draft": draft.id, "verdict": "kept",
             "origin": draft.origin, "member": draft.member, "finished": at, "url": f"https://example.org/{n}"}
            for channel in range(channels)
        ]  # fmt: skip
    with ledger.write() as connection:
        connection.execute(insert(table("slot")), slots)
        connection.execute(insert(table("delivery")), sent)


def _draft(n: int, state: str, now: dt.datetime) -> DraftRow:
    member = "" if n % 3 == 0 else f"member{n % 7}"
    more: dict[str, Any] = {}
    if state == "approved":
        more = {"approved_revision": f"r{n}", "approved_at": now - n * HOUR, "approved_by": "editor"}
    return DraftRow(
        id=f"draft{n:07}", path=f"{'ugc/' + member if member else 'pgc'}/{n}.md", origin="ugc" if member else "pgc",
        member=member, form=("article", "audio")[n % 2], title=f"弄堂里的早饭摊，第 {n} 回", revision=f"r{n}", state=state,
        first_seen=now - n * HOUR, changed=now - n * HOUR, plan={"evergreen": n % 25 == 5, "series": [SERIES[n % 3]]}, **more,
    )  # fmt: skip
