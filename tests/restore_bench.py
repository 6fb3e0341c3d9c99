"""A community with one slot out a day, for the tests of backups and of what is restored."""

from __future__ import annotations

import datetime as dt

from pipeline_bench import COMMUNITY, FAR, SITE, Bench, article

from steadycast import pipeline

DAILY = """
[series.daily]
title = "Daily"
every = "day at 20:00"
channels = ["site", "far", "post"]
late = "20h"
"""
BLIND = '\n[channel.post]\nplatform = "blind"\n'
SETTINGS = COMMUNITY + DAILY + SITE + FAR + BLIND
DRAFTS = {f"pgc/{n}.md": article(f"Piece {n}", f"date: 2026-11-0{n}") for n in range(1, 5)}
HOUR = dt.timedelta(hours=1)


def publish_day(bench: Bench, day: int) -> None:
    pipeline.plan(bench.app, bench.at(day, 19, 59))
    bench.at(day, 20)
    assert pipeline.publish(bench.app).sent
