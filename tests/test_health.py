"""Health is "the last slot was served", not "the process is up"; it is told over HTTP, and tells no secret."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from conftest import NOON, promised
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, FAR, SETTINGS, SITE, Bench, article

from steadycast import ops, pipeline
from steadycast.cli import main
from steadycast.cli.local_server import CLIENTS, FRESH, LocalServer
from steadycast.cli.ports import free_port
from steadycast.cli.stand_by import watched
from steadycast.ledger import overdue
from steadycast.ledger.overdue import Overdue
from steadycast.ledger.store import Ledger
from steadycast.ledger.tables import State
from steadycast.ops.health import Facts, Health, rate

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
FINE = Facts(NOON, NOON - MINUTE, 6 * HOUR)
LATE = Overdue("daily", "site", 2, NOON - HOUR)


REST = dict.fromkeys(("settings", "plan", "slots", "starving", "unknown"), "ok")


def checks(facts: Facts) -> dict[str, str]:
    return {check.where: check.severity for check in rate(facts)}


def test_where_nothing_is_wrong_every_check_is_ok() -> None:
    """Green means: ticks come, the last slots were served, nobody starves, nothing is in doubt for long."""
    assert checks(FINE) == {"tick": "ok", **REST}


@pytest.mark.parametrize(
    ("more", "red"),
    [
        ({"last_tick": None}, "tick"),
        ({"unread": 12}, "settings"),
        ({"last_tick": NOON - 7 * HOUR}, "tick"),
        ({"overdue": [LATE]}, "slots"),
        ({"missed": [LATE]}, "slots"),
        ({"unknown": [LATE]}, "unknown"),
        ({"starving": [("daily", "empty")]}, "starving"),
        ({"unplanned": ["daily"]}, "plan"),
    ],
)
def test_each_cause_turns_its_own_check_red_and_no_other(more: dict[str, object], red: str) -> None:
    """Who reads `checks` knows where to look."""
    told = checks(Facts(**{"now": NOON, "last_tick": NOON, "quiet_after": 6 * HOUR, **more}))  # type: ignore[arg-type]
    assert told == {"tick": "ok", **REST, red: "bad"}


@given(st.timedeltas(dt.timedelta(days=-1), dt.timedelta(days=30)))
def test_a_tick_is_missing_exactly_after_quiet_after(ago: dt.timedelta) -> None:
    """A clock that was set back makes a tick of the future, which is none too old."""
    told = checks(Facts(NOON, NOON - ago, 6 * HOUR))
    assert (told["tick"] == "bad") == (ago > 6 * HOUR)


def test_health_tells_names_and_counts() -> None:
    """Of series and channels: no title, no address, no message."""
    told = rate(Facts(NOON, NOON, HOUR, overdue=[LATE, Overdue("", "mail", 1, NOON)]))
    (slots,) = (check for check in told if check.where == "slots")
    assert slots.plain() == {
        "check": "slots", "status": "bad", "series": ["daily"], "count": 3,
        "said": "not served within its grace: by hand on mail, daily on site",
    }  # fmt: skip


# What the ledger knows


@pytest.mark.parametrize(
    ("state", "bad"),
    [
        (State.PLANNED, True), (State.DUE, True), (State.CLAIMED, True), (State.SENDING, True), (State.REFUSED, True),
        (State.UNKNOWN, False), (State.HANDED, False), (State.PUBLISHED, False), (State.CANCELLED, False),
    ],
)  # fmt: skip
def test_a_delivery_is_overdue_after_its_grace_unless_it_is_out_or_a_persons(
    ledger: Ledger, state: State, *, bad: bool
) -> None:
    """Within the grace nothing is late yet; what is in doubt has its own check, and a kit is with a person."""
    [id] = promised(ledger, "blog")
    with ledger.write() as connection:
        wake = "wake" if state in {State.PLANNED, State.DUE, State.CLAIMED, State.SENDING, State.REFUSED} else "NULL"
        connection.exec_driver_sql(f"UPDATE delivery SET state = '{state.value}', wake = {wake} WHERE id = {id}")
    assert overdue.overdue(ledger, NOON + 10 * MINUTE) == []
    found = overdue.overdue(ledger, NOON + 11 * MINUTE)
    assert found == ([Overdue("notes", "blog", 1, NOON)] if bad else [])


def test_a_missed_slot_is_bad_until_the_next_is_served(ledger: Ledger) -> None:
    """The last slot of each series on each channel counts; excused ones owe nothing, other series are not asked for."""
    promised(ledger, "blog", late=HOUR)
    ledger.recover(NOON + 2 * HOUR)
    asked = [("notes", "blog"), ("notes", "mail"), ("other", "blog")]
    assert overdue.last_missed(ledger, asked, NOON + 2 * HOUR) == [Overdue("notes", "blog", 1, NOON)]
    [id] = promised(ledger, "blog", at=NOON + 3 * HOUR, draft="d2")
    assert overdue.last_missed(ledger, asked, NOON + 3 * HOUR) == []
    with ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET verdict = 'excused' WHERE id = {id}")
    assert len(overdue.last_missed(ledger, asked, NOON + 3 * HOUR)) == 1


# The whole of it


def test_a_community_that_is_served_is_healthy_and_one_that_is_not_is_not(bench: Bench) -> None:
    """Red when a slot's grace has passed, green when it is served after all; the far side's words are not told."""
    app = bench.set_up(content={f"pgc/{n}.md": article(f"Secret title {n}") for n in range(5)})
    assert not ops.health(app, bench.clock.now()).ok, "there never was a tick"
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    pipeline.verify(app, bench.at(23, 19, 59))
    assert ops.health(app, bench.at(23, 20, 10)).ok
    bench.far("refuse")
    bench.at(23, 20, 11)
    assert red(ops.health(app, bench.clock.now())) == ["slots"]
    pipeline.publish(app)
    found = ops.health(app, bench.clock.now())
    assert red(found) == ["slots"]
    told = json.dumps(found.plain())
    assert "daily on far" in told
    assert "Secret" not in told
    assert "bad content" not in told
    row = next(d for d in app.ledger.deliveries(states=[State.REFUSED]))
    pipeline.settle(app, row.marker, url="", again=True, now=bench.clock.now())
    pipeline.publish(app)
    assert ops.health(app, bench.clock.now()).ok


def red(health: Health) -> list[str]:
    return [check.where for check in health.checks if check.severity == "bad"]


def test_whoever_serves_what_is_due_is_a_tick_and_a_person_who_publishes_one_thing_is_none(bench: Bench) -> None:
    """A cron of `steadycast publish` keeps promises as a flow does; a slot sent by hand says nothing of the next."""
    app = bench.set_up(content={f"pgc/{n}.md": article(f"Draft {n}") for n in range(5)})
    pipeline.collect(app, bench.clock.now())
    pipeline.plan(app, bench.clock.now())
    for by_hand in ({"series": "daily"}, {"draft": "pgc/4.md"}, {"slot": "daily@2026-11-24T20:00"}, {"dry_run": True}):
        pipeline.publish(app, **by_hand)
        assert red(ops.health(app, bench.clock.now())) == ["tick"], by_hand
    pipeline.publish(app)
    assert ops.health(app, bench.clock.now()).ok


def test_a_starving_series_and_an_old_doubt_are_bad_health(bench: Bench) -> None:
    """As the alarms have it, which the cadence flow opens and closes; a reserve that is low is no outage."""
    app = bench.set_up(COMMUNITY + DAILY + SITE + FAR + '[channel.post]\nplatform = "blind"\n')
    pipeline.verify(app, bench.clock.now())
    for why, starves in (("low", False), ("empty", True), ("never", True), ("silent", True)):
        app.ledger.open_alarm(f"starvation:daily:{why}", "starvation", "words", bench.clock.now())
        assert ("starving" in red(ops.health(app, bench.clock.now()))) is starves
        app.ledger.close_alarm(f"starvation:daily:{why}", bench.clock.now())
    [id] = promised(app.ledger, "post", at=bench.clock.now())
    with app.ledger.write() as connection:
        connection.exec_driver_sql(f"UPDATE delivery SET state = 'unknown', wake = NULL WHERE id = {id}")
    now = bench.clock.now()
    app.ledger.ticked(now + 25 * HOUR)
    assert red(ops.health(app, now + 24 * HOUR)) == []
    assert red(ops.health(app, now + 25 * HOUR)) == ["unknown"]


def test_a_ledger_that_cannot_be_read_is_bad_health(bench: Bench) -> None:
    """Not an error: the monitor must hear it."""
    app = bench.set_up(SETTINGS)
    app.readonly = True
    path = app.workspace.var / "ledger.sqlite"
    path.write_bytes(b"no ledger " * 1000)
    found = ops.health(app, bench.clock.now())
    assert red(found) == ["ledger"]
    assert str(path) not in json.dumps(found.plain())


# Over HTTP


class Asked:
    """How things stand, as a test sets it."""

    def __init__(self) -> None:
        self.times = 0
        self.told: dict[str, object] = {"status": "ok", "checks": []}
        self.error: Exception | None = None

    def __call__(self) -> dict[str, object]:
        self.times += 1
        if self.error:
            raise self.error
        return self.told


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def port(asked: Asked) -> Iterator[int]:
    server = LocalServer(0, asked)
    server.start()
    yield server.server_port
    server.stop()


def ask(port: int, method: str = "GET", path: str = "/health") -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.headers


@pytest.mark.parametrize(
    ("host", "code"), [("127.0.0.1:4280", 200), ("localhost", 200), ("LocalHost:4280", 200), ("evil.example", 421)]
)
def test_a_page_elsewhere_cannot_read_it_under_a_name_of_its_own(port: int, host: str, code: int) -> None:
    """A browser that was told that evil.example is this machine says whom it asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/health", headers={"Host": host})
    assert connection.getresponse().status == code
    connection.close()


def test_clients_beyond_the_places_are_hung_up_on_and_the_next_is_served(port: int) -> None:
    """Who opens connections and says nothing costs a bounded number of threads."""
    before = threading.active_count()
    idle = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(3 * CLIENTS)]
    closed = 0
    for each in idle[CLIENTS:]:
        with contextlib.suppress(ConnectionError):
            closed += each.recv(1) == b""
    assert threading.active_count() - before <= CLIENTS
    assert closed >= CLIENTS
    for each in idle:
        each.close()
    time.sleep(0.5)  # they have hung up; their places are free in a moment
    assert ask(port)[0] == 200


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("bad", 503)])
def test_a_monitor_reads_the_status_code(asked: Asked, port: int, status: str, code: int) -> None:
    """200 or 503, with the same JSON as `steadycast health --json`; HEAD has no body; nothing is cached."""
    asked.told = {"status": status, "checks": [{"check": "slots", "status": status}]}
    got, body, headers = ask(port)
    assert (got, json.loads(body)) == (code, asked.told)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"].startswith("application/json")
    assert "Python" not in headers["Server"]
    got, body, headers = ask(port, "HEAD")
    assert (got, body) == (code, b"")
    assert int(headers["Content-Length"]) > 10


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_changed_through_it(port: int, method: str) -> None:
    """GET and HEAD, and no other path."""
    assert ask(port, method)[0] == 501
    assert ask(port, path="/")[0] == 404
    assert ask(port, path="/health/../../etc/passwd")[0] == 404


def test_whoever_asks_often_gets_the_same_answer(asked: Asked, port: int) -> None:
    """A hundred monitors cost one look at the ledger."""
    for _ in range(20):
        ask(port)
    assert asked.times == 1
    assert FRESH <= 10


def test_an_error_of_our_own_is_bad_health_and_tells_no_words(asked: Asked, port: int) -> None:
    """Its words may hold a path or a secret."""
    asked.error = RuntimeError("secret s3cr3t")
    code, body, _ = ask(port)
    assert code == 503
    assert b"RuntimeError" in body
    assert b"s3cr3t" not in body


def test_a_client_that_says_nothing_keeps_nobody_waiting(asked: Asked, port: int) -> None:
    """Twenty of them hang on the line; the next is answered all the same."""
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    try:
        assert ask(port)[0] == 200
    finally:
        for one in idle:
            one.close()


def test_it_listens_on_this_machine_only(asked: Asked) -> None:
    """Whoever wants it elsewhere puts a proxy in front."""
    before = threading.active_count()  # other tests' servers may still be ending
    server = LocalServer(0, asked)
    try:
        assert server.server_address[0] == "127.0.0.1"
        assert threading.active_count() <= before, "no thread is made before somebody asks"
    finally:
        server.server_close()


def test_up_answers_while_it_is_up(bench: Bench) -> None:
    """Read anew from the ledger; gone when `up` is; 0 leaves it out."""
    app = bench.set_up(SETTINGS)
    app.ledger.ticked(dt.datetime.now(dt.UTC))
    wanted = free_port(14280)
    with watched(app.workspace, wanted):
        code, body, _ = ask(wanted)
        assert (code, json.loads(body)["status"]) == (200, "ok")
    with pytest.raises(OSError, match="refused"):
        ask(wanted)
    with watched(app.workspace, 0), pytest.raises(OSError, match="refused"):
        ask(wanted)


def test_the_command_exits_by_health(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 or 1, for a timer; `--json` says what /health says."""
    app = bench.set_up(SETTINGS)
    monkeypatch.chdir(bench.root)
    codes = []
    for ticked in (False, True):
        if ticked:
            app.ledger.ticked(dt.datetime.now(dt.UTC))
        with pytest.raises(SystemExit) as ended:
            main(["health", "--json"])
        codes.append(ended.value.code)
        assert {"status", "at", "checks"} == set(json.loads(capsys.readouterr().out))
    assert codes == [1, 0]
