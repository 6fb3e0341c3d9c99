"""What docs/api.md shows is what happens: its examples are run against a desk."""

from __future__ import annotations

import os
import subprocess

from api_bench import person
from desk_bench import Desk
from documents import blocks, page, rows, sections
from pipeline_bench import SETTINGS, Bench

from steadycast.pipeline.permissions import Role


def test_the_examples_of_the_api_work(bench: Bench) -> None:
    bench.set_up(SETTINGS)
    with Desk(bench.root).up() as desk:
        env = {"PATH": os.environ["PATH"], "TOKEN": person(bench, "olga", Role.OWNER), "DESK": desk.url}
        script = "\n".join(blocks(page("api.md"), "sh")).replace("http://127.0.0.1:8420", desk.url)
        script = script.replace("curl -sS", "curl -sS --fail-with-body")
        done = subprocess.run(["bash", "-ec", script], env=env, capture_output=True, text=True, timeout=120)
    said = done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"community":"Test readers"' in said
    assert '"path":"pgc/A-walk.md"' in said
    assert '"let_in":true' in said
    assert '"saved":true' in said


def test_every_role_and_tool_stands_in_its_table() -> None:
    told = sections(page("api.md"))
    assert [row[0] for row in rows(told["Tokens"])] == [role.value for role in Role]
    tools = {name for row in rows(told["Assistants"]) for name in row[0].replace("`", "").split(", ")}
    from steadycast.api.tools import TOOLS  # a second, which only this test needs

    assert tools == {tool.__name__ for tool in TOOLS}
