"""Crash points: each stands in the source where its name says, ends or pauses a process that is armed, and else nothing."""

from __future__ import annotations

import ast
import dis
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from steadycast.crash_safety import crashpoints

SRC = Path(crashpoints.__file__).parents[1]


def named_in_source() -> list[str]:
    """Every `crashpoints.checkpoint("...")`, and every write of the ledger that has a name, before and after its commit."""
    found = []
    for file in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.Name))):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if name == "checkpoint" and len(words) == len(node.args) == 1:
                found += words
            elif name in {"write", "_end"} and words and "ledger" in file.parts:
                found += [f"{words[-1]}-written", f"{words[-1]}-durable"]
    return found


def test_every_point_stands_once_in_the_source() -> None:
    """The list that tests arm from is the source's own: no point is missing, none is left over."""
    assert sorted(named_in_source()) == sorted(crashpoints.POINTS)


@pytest.mark.parametrize(("how", "status"), [("exit", crashpoints.EXIT), ("kill", -signal.SIGKILL)])
def test_an_armed_process_ends_at_the_hit_that_was_asked_for(how: str, status: int) -> None:
    """By the environment, so that a whole stack can be armed from outside."""
    code = "from steadycast.crash_safety import crashpoints as c\nfor n in range(4):\n print(n, flush=True); c.checkpoint('told')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "STEADYCAST_CRASH": f"told:3:{how}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()) == (status, ["0", "1", "2"])


def test_a_write_of_the_ledger_has_two_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """`intend-durable` is told as two words, so that an unarmed write makes no new string."""
    ended: list[Any] = []
    monkeypatch.setattr(crashpoints, "_end", ended.append)
    crashpoints.arm("intend-durable", 2, "kill")
    try:
        for _ in range(3):
            crashpoints.checkpoint("intend", "written")
            crashpoints.checkpoint("intend", "durable")
    finally:
        crashpoints.disarm()
    assert ended == ["kill"]


def test_an_unknown_point_is_refused() -> None:
    """A test that armed nothing would prove nothing."""
    with pytest.raises(ValueError, match="no crash point 'tolld'"):
        crashpoints.arm("tolld")


def test_unarmed_it_is_an_empty_function() -> None:
    """No environment is read, nothing compared: the call of a function whose body is a docstring."""
    assert crashpoints.checkpoint is crashpoints._pass

    def empty(point: Any, when: str = "") -> None:
        """Nothing."""

    assert [i.opname for i in dis.get_instructions(crashpoints._pass)] == [
        i.opname for i in dis.get_instructions(empty)
    ]
