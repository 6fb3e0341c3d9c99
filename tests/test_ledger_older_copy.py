"""A ledger that was restored from an older copy sends nothing again."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import NOON, promised
from ledger_rows import DAY, LEASE

from steadycast.ledger.store import Ledger


def a_copy(database: Any, ledger: Any, to: Any) -> None:
    ledger.engine.dispose()
    shutil.copyfile(database, to)


def send(ledger: Any, id: Any) -> Any:
    claims = ledger.claim(NOON, "w", LEASE, ids=[id])
    ledger.freeze([(c, b"x") for c in claims], NOON)
    return ledger.intend(claims, NOON, LEASE)


@pytest.mark.parametrize("lost", ["older copy", "everything"])
def test_a_restored_ledger_sends_nothing_again(make_ledger: Callable[..., Any], tmp_path: Path, lost: Any) -> None:
    """What the lost part had sent is believed due by the copy: it is a person's now; later slots go out as ever."""
    ledger, promise = make_ledger()
    [id] = promise("blog")
    path = ledger.name
    a_copy(path, ledger, tmp_path / "backup")
    assert len(send(ledger, id)) == 1
    ledger.close()
    Path(path).unlink()
    if lost == "older copy":
        shutil.copyfile(tmp_path / "backup", path)
    with Ledger.open(path) as restored:
        promised(restored, "blog")  # the planner makes the same slot again where it is lost
        [row] = restored.deliveries()
        assert restored.claim(NOON, "w", LEASE, ids=[row.id]) == []
        assert restored.recover(NOON).unknown == (row.id,)
        assert "older copy" in restored.waiting()[0].message
        [later] = promised(restored, "blog", at=NOON + DAY)
        assert len(restored.claim(NOON + DAY, "w", LEASE, ids=[later])) == 1
    with Ledger.open(path) as again:
        assert again.recover(NOON).unknown == ()
        assert again.send_again(row.id, "editor", NOON)
        assert len(send(again, row.id)) == 1


def test_an_up_to_date_ledger_is_not_taken_for_a_copy(make_ledger: Callable[..., Any]) -> None:
    """Opened again and again, with intents between; a torn mark says nothing."""
    ledger, promise = make_ledger()
    for n in range(3):
        [id] = promise("blog", at=NOON - n * dt.timedelta(hours=1))
        assert len(send(ledger, id)) == 1
        with Ledger.open(ledger.name) as again:
            assert again.restored_until is None
    intents, until, ahead, ended, installation = ledger.beside.read_text().split()
    assert (intents, until, ahead) == ("3", NOON.isoformat(), NOON.isoformat())
    assert ended == (NOON + LEASE).isoformat()
    assert len(installation) == 16
    ledger.beside.write_text("3")
    with Ledger.open(ledger.name) as again:
        assert again.restored_until is None
