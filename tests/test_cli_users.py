"""`steadycast desk user`: who may log in, said on the command line."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from command_line import BAD_INPUT, OK, SITE_ONLY
from pipeline_bench import Bench

from steadycast import pipeline
from steadycast.desk import server

PASSWORD = "seven teapots"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password is sent in, as a script does; each command reads it anew."""

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False, readline=lambda: f"{PASSWORD}\n"))


def test_a_person_is_added_listed_and_ended(bench: Bench, run: Run, told: Callable[..., Any]) -> None:
    app = bench.set_up(SITE_ONLY)
    run("desk", "user", "add", "lin", "--role", "owner", code=OK)
    run("desk", "user", "add", "wang", "--role", "editor", "--series", "daily", code=OK)
    assert [(row["name"], row["role"], row["series"]) for row in told("desk", "user", "list")] == [
        ("lin", "owner", []), ("wang", "editor", ["daily"]),
    ]  # fmt: skip
    assert pipeline.accounts.log_in(app, "wang", PASSWORD, pipeline.now())
    run("desk", "user", "password", "wang", code=OK)
    run("desk", "user", "end", "wang", code=OK)
    assert pipeline.accounts.log_in(app, "wang", PASSWORD, pipeline.now()) is None
    assert told("desk", "user", "list")[1]["ended"]
    assert [(row.via, row.subject, row.detail) for row in pipeline.accounts.audited(app)] == [
        ("cli", "person wang", "user end"), ("cli", "person wang", "user password"),
        ("cli", "person wang", "user add editor"), ("cli", "person lin", "user add owner"),
    ]  # fmt: skip
    assert "is the only owner" in run("desk", "user", "end", "lin", code=BAD_INPUT)[2]
    assert "nobody" in run("desk", "user", "password", "nobody", code=BAD_INPUT)[2]
    assert PASSWORD not in "".join(run("desk", "user", "list", code=OK)[1:])


def test_the_desk_listens_elsewhere_only_for_people_who_log_in(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[Any, ...]] = []
    monkeypatch.setattr(server, "serve", lambda *given: served.append(given))
    bench.set_up(SITE_ONLY)
    assert "nobody logs in yet" in run("desk", "--host", "0.0.0.0", code=BAD_INPUT)[2]
    run("desk", "user", "add", "lin", "--role", "owner", code=OK)
    assert "[desk] has no url" in run("desk", "--host", "0.0.0.0", code=BAD_INPUT)[2]
    bench.settings(SITE_ONLY + '\n[desk]\nurl = "https://desk.example"\n')
    run("desk", "--host", "0.0.0.0", code=OK)
    run("desk", code=OK)
    assert [given[3] for given in served] == ["0.0.0.0", "127.0.0.1"]
