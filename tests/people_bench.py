"""What tests of the desk's accounts stand on: a community in which each role has somebody, and its desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desk_bench import Desk
from pipeline_bench import DAILY, SETTINGS, Bench

from steadycast import pipeline
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

PASSWORD = "seven teapots"
NOTES = DAILY.replace("daily", "notes").replace("Daily", "Notes").replace("20:00", "08:00")
PUBLIC = '\n[desk]\nurl = "https://desk.example"\n'
DRAFTS = {
    "ugc/bob/one.md": "---\nseries: daily\n---\n# One\n\nWords.\n",
    "ugc/bob/two.md": "---\nseries: notes\n---\n# Two\n\nWords.\n",
    "pgc/own.md": "---\nseries: daily\n---\n# Own\n\nWords.\n",
}
PEOPLE = {"rea": Role.READER, "bob": Role.MEMBER, "edi": Role.EDITOR, "lim": Role.EDITOR, "own": Role.OWNER}


@contextmanager
def community(root: Path, empty: Path) -> Iterator[tuple[Desk, Bench]]:
    """That community below `root`, while its desk is up."""
    bench = Bench(root, empty)
    app = bench.set_up(SETTINGS + NOTES + PUBLIC, DRAFTS)
    pipeline.collect(app, pipeline.now())
    pipeline.plan(app, pipeline.now())
    for name, role in PEOPLE.items():
        series = ["notes"] if name == "lim" else []
        accounts.add_person(app, name, role, PASSWORD, pipeline.now(), series=series)
    with Desk(bench.root).up() as desk:
        yield desk, bench
    for opened in bench.opened:
        opened.close()
