"""What a command loads before it does anything: a person at a keyboard waits for it, and so does every script."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from cyclopts import CycloptsError
from pipeline_bench import COMMUNITY, FAR, Bench, article
from rich.console import Console

from steadycast.bulk_render.run import render_all
from steadycast.cli import first_page, plain_arguments, shared_forks
from steadycast.cli.command_line import app
from steadycast.cli.commands import GROUPS
from steadycast.language import LOCALES, speaking

# What no command of these needs to load that has nothing to send, to render or to fetch.
NEVER = {
    "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "alembic", "prefect", "fastapi", "requests", "urllib3",
    "cyclopts", "jinja2", "tomlkit", "icalendar", "cryptography", "nh3", "PIL", "apprise", "feedparser", "babel",
    "steadycast.pipeline.posts", "steadycast.pipeline.collect", "steadycast.render.compose", "steadycast.outgoing.fetcher",
}  # fmt: skip
MOST = 2400  # modules that the processes of `up` share, with some room
NO_DRAFT_READ = {"yaml", "comrak", "steadycast.draft.reading"}
RENDERED = {"steadycast.pipeline.posts", "steadycast.render.compose", "nh3"}
# What is loaded in all, with some room: a command that grows past it says what it needs that for.
COMMANDS = {
    "--help": (NEVER | NO_DRAFT_READ | {"sqlalchemy", "pydantic", "orjson", "asyncio", "cyclopts"}, 200),
    "status": (NEVER | NO_DRAFT_READ, 605),
    "list": (NEVER | NO_DRAFT_READ, 600),
    "plan": (NEVER | NO_DRAFT_READ, 605),
    "publish": (NEVER | NO_DRAFT_READ, 580),
    "check": (NEVER - RENDERED | {"steadycast.alarms", "steadycast.upload"}, 640),
    # Nothing has changed since the last one.
    "render --all": (NEVER | NO_DRAFT_READ | {"sqlalchemy", "pydantic", "rich", "steadycast.intake.folder"}, 160),
}
# Each in a fork of a process that has loaded nothing of ours yet: what a command loads is its own.
ASK = """
import json, os, sys
from io import StringIO

found = {}
for words in sys.argv[1:]:
    reads, writes = os.pipe()
    if not (child := os.fork()):
        sys.stdout = StringIO()
        from steadycast.cli import main
        try:
            main(words.split())
        except SystemExit as ended:
            code = ended.code
        with os.fdopen(writes, "w") as told:
            json.dump([code, sorted(sys.modules)], told)
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        found[words] = json.load(told)
    os.waitpid(child, 0)
print(json.dumps(found))
"""


def test_a_command_loads_what_it_needs_and_little_more(bench: Bench) -> None:
    """The libraries that each does without, and how many modules it loads in all."""
    series = '[series.notes]\nevery = "day at 20:00"\nchannels = ["far"]\n'
    bench.set_up(COMMUNITY + FAR + series, {"pgc/one.md": article("One")})
    render_all(root=bench.root)
    env = {**os.environ, "STEADYCAST_LANGUAGE": "en", "STEADYCAST_WORKSPACE": str(bench.root)}
    command = [sys.executable, "-c", ASK, *COMMANDS]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True, cwd=bench.root)
    found = json.loads(done.stdout)
    loaded = {words: set(modules) for words, (_, modules) in found.items()}
    assert {code for code, _ in found.values()} <= {0, 1}, done.stderr  # 1: a slot has no draft
    needless = {words: sorted(loaded[words] & never) for words, (never, _) in COMMANDS.items()}
    assert {words: names for words, names in needless.items() if names} == {}
    assert {words: len(loaded[words]) for words, (_, most) in COMMANDS.items() if len(loaded[words]) > most} == {}


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("columns", ["60", "100"])
def test_the_first_page_is_the_one_that_the_whole_command_line_would_show(
    language: str, columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which commands there are is told in a list, and what each does is read from its file: neither may differ."""
    monkeypatch.setenv("COLUMNS", columns)
    assert all(app[name] for name in app)  # loads each, so that Cyclopts knows what it says of itself
    with speaking(language):
        first_page.show()
        shown = capsys.readouterr().out
        app.help_print([], console=Console())
    assert shown == capsys.readouterr().out


@pytest.mark.parametrize("verb", [verb for verbs in GROUPS.values() for verb in verbs])
def test_what_is_read_without_cyclopts_is_what_it_would_read(verb: str) -> None:
    """Each command alone, with each of its options as a flag, with all flags, and with what is no flag of it."""
    default = app[verb].default_command
    names = list(inspect.signature(default).parameters) if default else []
    options = [f"--{name.replace('_', '-')}" for name in names]
    flags = [each for each in options if plain_arguments.call([verb, each])]
    others = (["--no-json"], ["--json", "--json"], ["--json=yes"], ["--help"], ["-h"], ["--dry_run"], ["--"], [""])
    for words in ([], flags, *([each] for each in options), *others):
        read = plain_arguments.call([verb, *words])
        if read is None:
            continue
        assert isinstance(read, partial)
        try:
            command, bound, _ = app.parse_args([verb, *words], exit_on_error=False, print_error=False)
        except CycloptsError:
            command, bound = None, None
        assert (read.func, read.args, read.keywords) == (command, bound and bound.args, bound and bound.kwargs), words


@pytest.mark.skipif(not shared_forks.POSSIBLE, reason="nothing is shared there")
def test_what_all_processes_of_up_share_is_little_and_leaves_no_thread() -> None:
    """What one of them uses alone would be held twice, and beside a thread no fork is safe."""
    code = """
import json, sys
from steadycast.cli import shared_forks
from steadycast.crash_safety import forks
shared_forks.load([*shared_forks.SHARED, *shared_forks.OF_PREFECT])
print(json.dumps([forks.are_safe(), sorted(sys.modules)]))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    safe, loaded = json.loads(done.stdout)
    assert safe
    alone = ("prefect.server.", "steadycast.desk.", "steadycast.api.", "alembic.", "mcp.")
    assert [name for name in loaded if name.startswith(alone)] == []
    assert len(loaded) < MOST


def test_the_desk_loads_the_api_when_somebody_asks_for_it(tmp_path: Path) -> None:
    """It is 8 MB and half a second, and most desks are asked by no program."""
    code = """
import sys
from pathlib import Path
from pathlib import Path
from steadycast.desk.server import made
made(Path(sys.argv[1]), "key")
print([name for name in sys.modules if name.startswith("steadycast.api.")])
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "['steadycast.api.problems']"
