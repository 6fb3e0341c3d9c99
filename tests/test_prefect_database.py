"""Whether the tables that `up` gives Prefect's server are those of the Prefect that is installed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from steadycast.ops import prefect_database


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "var" / "prefect.db"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as tables, tables:
        tables.execute("CREATE TABLE alembic_version (version_num TEXT)")
        tables.execute("INSERT INTO alembic_version VALUES ('abc')")
    return file


def test_tables_are_made_once_for_each_prefect(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another Prefect, another file in this one's place, or a damaged one: they are looked at again."""
    assert not prefect_database.is_upgraded(database, tmp_path)
    prefect_database.note_upgraded(database)
    assert prefect_database.is_upgraded(database, tmp_path)
    with monkeypatch.context() as other:
        other.setattr(prefect_database, "version", lambda _name: "3.0.0")
        assert not prefect_database.is_upgraded(database, tmp_path)
    with closing(sqlite3.connect(database)) as tables, tables:
        tables.execute("UPDATE alembic_version SET version_num = 'older'")
    assert not prefect_database.is_upgraded(database, tmp_path)
    database.write_bytes(b"damaged")
    prefect_database.note_upgraded(database)
    assert not prefect_database.is_upgraded(database, tmp_path)
    database.unlink()
    assert not prefect_database.is_upgraded(database, tmp_path)
    assert not database.exists()


def test_who_named_another_database_has_prefect_look_after_it(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the environment or in a file: nothing is known of that one here."""
    prefect_database.note_upgraded(database)
    with monkeypatch.context() as other:
        other.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://db/prefect")
        assert not prefect_database.is_upgraded(database, tmp_path)
    assert prefect_database.is_upgraded(database, tmp_path)
    (tmp_path / "prefect.toml").write_text("[server.database]\n", encoding="utf-8")
    assert not prefect_database.is_upgraded(database, tmp_path)
