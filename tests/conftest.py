"""What every test may use: a ledger on each database, a clock that stands still, and a promise to keep."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from pipeline_bench import MORNING, Bench
from sqlalchemy import create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from steadycast import pipeline
from steadycast.ledger import connection as ledger_connection
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.rows import METADATA
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import DeliveryRow, DraftRow, RevisionRow
from steadycast.schedule.model import Assignment, Slot
from steadycast.testing import Clock

THOROUGH = bool(os.environ.get("CI"))  # CI tries every property with all its examples, `make test` with fewer
os.environ["STEADYCAST_LANGUAGE"] = "en"  # what tests read; one of a language says which
BASE = settings.get_profile("ci" if THOROUGH else "default")  # in CI the same examples each time
settings.register_profile("ours", BASE, max_examples=100 if THOROUGH else 25, deadline=None)
settings.load_profile("ours")


def examples(most: int) -> settings:
    """How many examples a property is tried with: `most` in CI, a fifth of them elsewhere."""
    return settings(max_examples=most if THOROUGH else max(most // 5, 20), deadline=None)


pytest_plugins = ["nothing_skipped", "whose_platforms", "far_servers", "pictures", "made_once", "warm_readers"]
NOON = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.UTC)  # 20:00 in Shanghai
POSTGRES = os.environ.get("STEADYCAST_TEST_POSTGRES", "")
MISSING = "STEADYCAST_TEST_POSTGRES names no server (start one: tests/postgres.sh start DIR PORT)"


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("CI") and not POSTGRES:
        raise pytest.UsageError(MISSING)
    gc.disable()  # until the tests are collected: nothing of them goes away


def pytest_collection_finish() -> None:
    """What is there before the first test stays until the last: the garbage collector need not look at it again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # what one test leaves is little: it need not be looked for seven times in each
    gc.enable()


COMPILED: dict[Any, Any] = {}


class OneDialect(SQLiteDialect_pysqlite):
    """SQLite's dialect, any of which is as good as another: what one ledger compiled serves those of all tests."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OneDialect)

    def __hash__(self) -> int:
        return hash(OneDialect)


def engine_of_tests(url: Any, **options: Any) -> Any:
    """An engine as a ledger makes it. Each test opens a new one, which would compile every statement again."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, **options)
    made = create_engine(url.set(drivername="sqlite+one"), **options)
    made.update_execution_options(compiled_cache=COMPILED)
    return made


# Passwords are hashed with a thousandth of the memory: no test waits for that, and one holds what is so in earnest.
PASSWORDS_IN_EARNEST = pipeline.accounts.PROFILE
pipeline.accounts.PROFILE = {"iterations": 1, "lanes": 1, "memory_cost": 64}
registry.register("sqlite.one", __name__, OneDialect.__name__)
ledger_connection.create_engine = engine_of_tests


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that takes a ledger's address runs on SQLite, and on PostgreSQL where there is one."""
    if "database" in metafunc.fixturenames:
        postgres = [pytest.param("postgres", marks=pytest.mark.postgres)] if POSTGRES else []
        metafunc.parametrize("database", ["sqlite", *postgres], indirect=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not POSTGRES:
        terminalreporter.write_line(f"The PostgreSQL half of the ledger's tests did not run: {MISSING}")


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new SQLite ledger's file, made once: a copy is quicker than the migrations."""
    path = tmp_path_factory.mktemp("empty") / "ledger.sqlite"
    Ledger.open(path).close()
    return path


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[str]:
    """The address of a schema of this test process's own, with a ledger's tables in it."""
    from sqlalchemy import create_engine, make_url

    if not POSTGRES:
        pytest.skip(MISSING)
    name = f"steadycast_{os.getpid()}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    url = make_url(POSTGRES).update_query_dict({"options": f"-c search_path={name}"})
    address = url.render_as_string(hide_password=False)
    Ledger.open(address).close()
    yield address
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    server.dispose()


def emptied(address: str) -> None:
    """Leave nothing in a ledger, not even its installation's secret or what it knows of a restore."""
    with Ledger.open(address) as ledger, ledger.write() as connection:
        for table in reversed(METADATA.sorted_tables):  # quicker than TRUNCATE, which makes new files
            connection.execute(table.delete())


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a durable commit costs nothing there."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="steadycast-test-") as folder:
        yield Path(folder)


@pytest.fixture
def database(request: pytest.FixtureRequest, quick_path: Path) -> str:
    """The address of an empty, up-to-date ledger."""
    if request.param == "sqlite":
        path = quick_path / "ledger.sqlite"
        shutil.copyfile(request.getfixturevalue("empty_sqlite"), path)
        return str(path)
    address: str = request.getfixturevalue("postgres_schema")
    emptied(address)
    return address


@pytest.fixture
def ledger(database: str) -> Iterator[Ledger]:
    """An empty ledger, on SQLite and on PostgreSQL."""
    with Ledger.open(database) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    """It is Friday, 2026-11-27, noon in Greenwich, and stays so."""
    return Clock(NOON)


@pytest.fixture
def make_ledger(empty_sqlite: Path, quick_path: Path) -> Iterator[Callable[[], tuple[Ledger, Promise]]]:
    """Empty SQLite ledgers, one a call, each with its `promise`: for tests that go through many."""
    made: list[Ledger] = []

    def make() -> tuple[Ledger, Promise]:
        path = quick_path / f"ledger-{len(made)}.sqlite"
        shutil.copyfile(empty_sqlite, path)
        made.append(Ledger.open(path))
        return made[-1], partial(promised, made[-1])

    yield make
    for ledger in made:
        ledger.close()


Promise = Callable[..., list[int]]


@pytest.fixture
def promise(ledger: Ledger) -> Promise:
    """Make a slot that is due at noon on some channels, with a draft; the ids of its deliveries by channel."""
    return partial(promised, ledger)


def promised(
    ledger: Ledger,
    *channels: str,
    at: dt.datetime = NOON,
    draft: str | None = "d1",
    filled: bool = False,
    late: dt.timedelta = dt.timedelta(hours=12),
) -> list[int]:
    if draft and ledger.draft(draft) is None:
        row = DraftRow(
            id=draft, path=f"ugc/alice/{draft}.md", origin="ugc", member="alice", form="article", title="今天",
            revision="r1", state="approved", first_seen=at, changed=at, approved_revision="r1",
        )  # fmt: skip
        ledger.put_drafts([row], [RevisionRow(hash="r1", draft=draft, at=at, content={})])
    slot = Slot(at, f"notes@{at:%Y-%m-%dT%H:%M}", "notes", at.replace(tzinfo=None))
    chosen = [Assignment(slot.id, draft, filled=filled)] if draft else []
    asked = [PlannedDelivery(slot.id, channel, late=late) for channel in channels or ("blog",)]
    ledger.save_plan([slot], chosen, asked, at)
    rows = {row.channel: row.id or 0 for row in ledger.deliveries(slots=[slot.id])}
    return [rows[a.channel] for a in asked]


@pytest.fixture
def bench(quick_path: Path, empty_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A small community whose workspace, clock and far sides a test may change."""
    for name in ("STEADYCAST_VAR", "STEADYCAST_LEDGER", "STEADYCAST_WORKSPACE", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Bench(quick_path / "workspace", empty_sqlite)
    yield made
    for app in made.opened:
        app.close()


@pytest.fixture
def run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs one command in the bench's workspace: (exit code, standard output, standard error)."""
    from steadycast.cli import main

    def run(*words: object, code: int | None = None) -> tuple[int, str, str]:
        monkeypatch.chdir(bench.root)
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert isinstance(ended.value.code, int), ended.value.code
        assert code in (None, ended.value.code), out + err
        return ended.value.code, out, err

    return run


@pytest.fixture
def told(run: Callable[..., tuple[int, str, str]]) -> Callable[..., Any]:
    """What a command tells as JSON; its exit code may be any but an error's."""

    def told(*words: Any) -> Any:
        code, out, err = run(*words, "--json")
        assert code in (0, 1), err
        return json.loads(out)

    return told


@pytest.fixture
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run on the morning of the bench's Monday."""
    monkeypatch.setattr(pipeline, "now", lambda: MORNING)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port where nobody ever takes a call: connecting there gets no answer, not even a no."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):  # its queue is full with these
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for name.example, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "name.example")])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1)
    )
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("name.example")]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "name.pem"
    own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM) + own)
    return path


def row_of(ledger: Ledger, id: int | None) -> DeliveryRow:
    """The row of a delivery that is there."""
    row = ledger.delivery(id or 0)
    assert row is not None, id
    return row


def draft_of(ledger: Ledger, id_or_path: str) -> DraftRow:
    """The row of a draft that is there."""
    row = ledger.draft(id_or_path)
    assert row is not None, id_or_path
    return row


def content_of(ledger: Ledger, revision: str, draft: str | None = None) -> dict[str, Any]:
    """What is kept of a revision that is there."""
    row = ledger.revision(revision, draft)
    assert row is not None, revision
    return row.content


def decided(ledger: Ledger) -> list[DeliveryRow]:
    """Every delivery with a verdict, in order of time."""
    return sorted((d for d in ledger.deliveries() if d.verdict), key=lambda d: (d.at, d.channel, d.slot))
