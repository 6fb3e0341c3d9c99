"""What the tests of commands share: exit codes, and communities with some stock."""

from __future__ import annotations

from typing import Any

from pipeline_bench import COMMUNITY, DAILY, SITE, Bench, article

OK, A_PERSON, BAD_INPUT, LEDGER = 0, 1, 2, 3
SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE
KIT = COMMUNITY + DAILY.replace('"far"', '"hand"') + SITE + '[channel.hand]\nplatform = "paste"\n'


def stocked(bench: Bench, settings: Any = SITE_ONLY, drafts: int = 20) -> Any:
    return bench.set_up(settings, {f"pgc/{n}.md": article(f"Draft {n}") for n in range(drafts)})
