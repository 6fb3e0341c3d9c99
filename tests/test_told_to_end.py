"""A process that is told to end while it sends: what is on its way comes back, and what was not begun is given back.

The processes are real, and so is the far side: a socket that answers after a while, or never.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import row_of
from desk_bench import Desk
from far_servers import Server, answer, serve  # noqa: F401  a fixture
from prefect_server import free_port, server, wait_for
from test_flows import deliveries, make_workspace, steadycast
from up_bench import begun, heeds_ctrl_c, keyed, slow, upped

from steadycast.cli.processes import Processes
from steadycast.crash_safety import ending
from steadycast.delivery import deliver
from steadycast.errors import Refused
from steadycast.ledger.store import Ledger
from steadycast.testing import FakeChannel, a_post

pytestmark = pytest.mark.platforms("webhook")
ROOT = Path(__file__).parent.parent
SENDS = 1.0  # seconds that the far side takes
MAIN = "from steadycast.cli import main; main()"
BRIEF = f"from steadycast.crash_safety import ending; ending.GRACE = 2.0; {MAIN}"
FLOW = """
import asyncio, sys
from prefect.flows import load_flow_from_entrypoint
sys.path.insert(0, "flows")
asyncio.run(load_flow_from_entrypoint("flows/publish.py:publish", use_placeholder_flow=False)())
"""
HOOKS = """
[channel.a]
platform = "webhook"
url = "FAR_SIDE"

[channel.b]
platform = "webhook"
url = "FAR_SIDE"

[channel.c]
platform = "webhook"
url = "FAR_SIDE"

[publish]
workers = 1
"""


class FarSide:
    """A community whose slot is due on three channels that are sent to one after the other, and what hears them."""

    def __init__(self, root: Path, far: Server) -> None:
        self.root, self.far = make_workspace(root, "03:30"), far
        settings = root / "steadycast.toml"
        text = settings.read_text(encoding="utf-8").replace('["site", "mirror"]', '["a", "b", "c"]')
        settings.write_text(text + HOOKS, encoding="utf-8")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("STEADYCAST_", "PREFECT_"))}
        self.env |= {"STEADYCAST_LANGUAGE": "en", "FAR_SIDE": far.url}
        steadycast("intake", cwd=root)
        with contextlib.closing(sqlite3.connect(root / "var" / "ledger.sqlite")) as ledger, ledger:
            first = "SELECT slot FROM delivery WHERE state = 'due' ORDER BY at LIMIT 1"
            [slot] = ledger.execute(first).fetchone()
            now = int(time.time() * 1e6)
            ledger.execute("UPDATE delivery SET at = ?, wake = ? WHERE slot = ?", (now, now, slot))
            ledger.execute("UPDATE slot SET at = ? WHERE id = ?", (now, slot))
        self.slot = slot

    def states(self) -> list[str]:
        """Of the slot's deliveries, what has gone on furthest first."""
        found = [str(each["state"]) for each in deliveries(self.root) if each["slot"] == self.slot]
        return sorted(found, key=["published", "sending", "unknown", "due", "claimed"].index)

    @contextlib.contextmanager
    def sending(self, *command: str, **env: str) -> Iterator[subprocess.Popen[str]]:
        """A process in the middle of its first delivery."""
        given: Any = {"cwd": self.root, "env": self.env | env, "text": True, "preexec_fn": heeds_ctrl_c}
        process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **given
        )
        with process:
            try:
                assert wait_for(lambda: self.far.requests, 60, step=0.01), process.communicate()
                yield process
            finally:
                process.kill()

    def rest(self) -> None:
        """The next run sends what is left, and nothing twice."""
        done = subprocess.run([sys.executable, "-c", MAIN, "publish"], cwd=self.root, env=self.env, timeout=60)
        assert done.returncode == 0
        assert self.states() == ["published"] * 3
        assert len(self.far.requests) == 3


def answers_late(conn: Any, _request: bytes) -> None:
    time.sleep(SENDS)
    conn.sendall(answer(b'{"id": 1}'))


@pytest.fixture
def late(tmp_path: Path, serve: Callable[..., Any]) -> FarSide:  # noqa: F811
    return FarSide(tmp_path / "community", serve(answers_late))


TICK = ("flows/serve.py", "sweep", '[0, false, ""]')


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "told", "code"),
    [
        (TICK, signal.SIGTERM, ending.ENDED),
        (("-c", MAIN, "publish"), signal.SIGTERM, ending.ENDED),
        (("-c", MAIN, "publish"), signal.SIGINT, 130),
        (("-c", MAIN, "up", "--once"), signal.SIGTERM, ending.ENDED),
    ],
)
def test_what_is_being_sent_comes_back_and_the_rest_is_given_back(
    late: FarSide, command: tuple[str, ...], told: int, code: int
) -> None:
    """A restart of the service leaves nothing in doubt, and the next run sends the rest at once."""
    with late.sending(*command) as process:
        began = time.monotonic()
        process.send_signal(told)
        if told == signal.SIGTERM:
            process.send_signal(told)  # from systemd, and from `up`
        said, _ = process.communicate(timeout=30)
        assert time.monotonic() - began < ending.GRACE / 2
    assert process.returncode == code, said
    assert late.states() == ["published", "due", "due"], said
    assert len(late.far.requests) == 1
    late.rest()


@pytest.mark.slow
def test_a_far_side_that_hangs_is_waited_for_no_longer_than_the_grace(
    tmp_path: Path,
    serve: Callable[..., Any],  # noqa: F811
) -> None:
    """It is in doubt then, as after a kill: of the others it is known that nothing was sent."""
    far = FarSide(tmp_path / "community", serve(lambda _conn, _request: time.sleep(60)))
    with far.sending("-c", BRIEF, "publish") as process:
        began = time.monotonic()
        process.terminate()
        process.wait(30)
        assert time.monotonic() - began < ending.GRACE / 2
    assert process.returncode == -signal.SIGALRM
    assert far.states() == ["sending", "due", "due"]
    with Ledger.open(far.root / "var" / "ledger.sqlite") as ledger:
        assert len(ledger.recover(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).unknown) == 1


@pytest.mark.slow
def test_who_presses_ctrl_c_twice_does_not_wait(late: FarSide) -> None:
    with late.sending("-c", MAIN, "publish") as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        process.wait(30)
    assert time.monotonic() - began < SENDS / 2
    assert process.returncode == -signal.SIGINT
    assert late.states()[0] == "sending"


@pytest.mark.slow
def test_a_program_that_publishes_in_a_thread_ends_so_too_as_the_documents_say(late: FarSide) -> None:
    """Only the main thread hears signals, so the block stands there."""
    told = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    [code] = [each for each in re.findall(r"```python\n(.*?)```", told, re.DOTALL) if "heeded" in each]
    with late.sending("-c", code) as process:
        process.terminate()
        said, _ = process.communicate(timeout=60)
    assert process.returncode == ending.ENDED, said
    assert late.states() == ["published", "due", "due"], said
    late.rest()


@pytest.mark.live
@pytest.mark.slow
def test_a_run_of_prefects_ends_so_too(late: FarSide, tmp_path: Path) -> None:
    """Its work is done in another thread than the one that hears signals, and Prefect has a handler of its own."""
    with server(tmp_path / "prefect") as env, late.sending("-c", FLOW, **env) as process:
        process.terminate()
        said, _ = process.communicate(timeout=60)
    assert process.returncode, said
    assert late.states() == ["published", "due", "due"], said
    late.rest()


@pytest.mark.slow
def test_the_desk_ends_after_what_a_form_has_begun_to_send(late: FarSide, tmp_path: Path) -> None:
    port, desk = free_port(), Desk.__new__(Desk)
    desk.url, desk.session = f"http://127.0.0.1:{port}", requests.Session()
    with Processes(tmp_path / "log") as children:
        children.start("desk", ["-c", MAIN, "desk", "--port", str(port)], late.env, late.root)
        log = tmp_path / "log" / "desk.log"
        assert wait_for(lambda: answers_at(port), 60), log.read_text()
        desk.session.get(keyed(late.root, port), timeout=30)
        form = {"form_token": desk.token("/why")}
        head = {"Sec-Fetch-Site": "same-origin", "Origin": desk.url, "Referer": f"{desk.url}/why"}
        with contextlib.suppress(requests.RequestException):  # it answers nobody, and is sending
            desk.session.post(f"{desk.url}/why/look", data=form, headers=head, timeout=0.5)
        assert wait_for(lambda: late.far.requests, 30, step=0.01), log.read_text()
        os.kill(children.running["desk"].pid, signal.SIGTERM)
        children.running["desk"].wait(30)
    assert late.states() == ["published", "due", "due"], log.read_text()
    late.rest()


def answers_at(port: int) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/static/", timeout=1).status_code > 0
    return False


@pytest.mark.live
@pytest.mark.slow
def test_up_says_what_it_waits_for_and_ends_once_that_has_come_back(tmp_path: Path) -> None:
    """Longer than it waits for who sends nothing."""
    root = slow(tmp_path / "community", 6.0)
    with upped(root, told=b"The first posts are shown at once") as up:
        assert wait_for(lambda: begun(root), 60)
        up.send_signal(signal.SIGTERM)
        up.wait(30)
    said = (root / "up.log").read_text(encoding="utf-8")
    assert said.count("Waiting for 2 deliveries that are being sent.\n") == 1
    assert said.endswith("Stopped.\n")
    first = {each["channel"]: each["state"] for each in deliveries(root) if each["finished"]}
    assert first == {"site": "published", "mirror": "published"}


@pytest.mark.parametrize("main", [True, False])
def test_nothing_more_is_begun_and_only_the_main_thread_is_ended(
    ledger: Ledger, promise: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, *, main: bool
) -> None:
    """What waits for the next wave is given back, too; whoever has a thread of the desk is told what has ended."""
    fake, told = FakeChannel("blind", clock), ending._Told()
    monkeypatch.setattr(ending, "_told", told)
    ids, before = promise("pages", "links", "more"), signal.getsignal(signal.SIGTERM)

    def taken(post: Any, part: int) -> object:
        told.number = signal.SIGTERM
        return fake._accept(post, part)

    def work() -> list[Any]:
        claims = ledger.claim(clock.now(), "worker", dt.timedelta(minutes=5))
        more: Any = {"workers": 1, "wave": lambda claim: int(claim.channel == "more")}
        return deliver(ledger, claims, a_post, fake.open, clock=clock, **more)

    fake._verbs.append(taken)
    with ThreadPoolExecutor() as pool, contextlib.nullcontext() if not main else pytest.raises(ending.EndSoon):
        assert len(work() if main else pool.submit(work).result(30)) == 2, "sent, and given back"
    assert [str(row_of(ledger, id).state) for id in ids] == ["published", "due", "due"]
    assert not ending.at_work()
    assert signal.getsignal(signal.SIGTERM) == before


def test_no_draft_is_refused_for_what_fails_while_the_process_ends(
    ledger: Ledger, promise: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal to a whole group ends the programs that render, too: that is no fault of what they rendered."""
    fake, told = FakeChannel("blind", clock), ending._Told()
    monkeypatch.setattr(ending, "_told", told)
    ids = promise("pages", "links")

    def ended_too(_claim: object) -> Any:
        told.number = signal.SIGTERM
        raise Refused("image p.png broke the program that reads it")

    claims = ledger.claim(clock.now(), "worker", dt.timedelta(minutes=5))
    with pytest.raises(ending.EndSoon):
        deliver(ledger, claims, ended_too, fake.open, clock=clock)
    assert [str(row_of(ledger, id).state) for id in ids] == ["due", "due"]


DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def test_a_second_ctrl_c_ends_all_that_up_waits_for(tmp_path: Path) -> None:
    """It does not leave them behind, without anybody who would start or end them."""

    def pressed(_groups: object) -> bool:
        raise KeyboardInterrupt

    children = Processes(tmp_path / "log", send=pressed)
    for name in ("one", "two"):
        children.start(name, ["-c", DEAF], {}, tmp_path)
    assert wait_for(lambda: all((tmp_path / "log" / f"{name}.log").stat().st_size for name in children.running), 30)
    with pytest.raises(KeyboardInterrupt):
        children.stop()
    assert [child.returncode for child in children.running.values()] == [-signal.SIGKILL] * 2


@pytest.mark.parametrize(
    ("told", "code"),
    [("SIGINT", -signal.SIGINT), ("SIGTERM", 7)],
)
def test_who_keeps_the_main_thread_ends_at_once_when_ctrl_c_is_pressed_twice(told: str, code: int) -> None:
    """As the desk, whose shutdown waits for its threads. SIGTERM comes twice as it is."""
    asks = f"from steadycast.crash_safety import ending; import signal, sys; ending.ask(signal.{told})"
    done = subprocess.run([sys.executable, "-c", f"{asks}; ending.ask(signal.{told}); sys.exit(7)"], timeout=60)
    assert done.returncode == code


def test_whoever_catches_a_ctrl_c_goes_on(request: pytest.FixtureRequest) -> None:
    """A shell of Python's, or a notebook: no timer ends it later, and it may send again."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # who was started in the background ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    with pytest.raises(KeyboardInterrupt), ending.heeded():
        signal.raise_signal(signal.SIGINT)
        assert ending.asked()
        assert signal.getitimer(signal.ITIMER_REAL)[0]
    assert not ending.asked()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
