"""The desk is read by many while a slot comes due: all are answered, and the slot is not late for it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from prefect_server import free_port, wait_for
from test_flows import finished, make_workspace
from up_bench import keyed, upped

SHANGHAI = ZoneInfo("Asia/Shanghai")
PAGES = ("/", "/calendar", "/drafts", "/kits", "/log", "/health", "/static/desk.css")
READERS = 8  # each another browser, to which no other's answer is given
OFFERED = 400  # requests a second, all readers together; whoever waits for an answer asks late, and then at once
MINUTE = dt.timedelta(minutes=1)
LEFT = 15  # seconds after it, in which what a busy machine did not come to is answered


@pytest.mark.live
@pytest.mark.slow
def test_a_slot_is_in_time_while_the_desk_is_read_for_a_minute(tmp_path: Path) -> None:
    """Readers ask at their pace, whatever the desk answers, from half a minute before the slot to half a minute after it.

    Each page is made anew for each reader in each second; that, and no more, is what the desk can do this often.
    """
    port = free_port()
    slot = (dt.datetime.now(SHANGHAI) + dt.timedelta(seconds=130)).replace(second=0, microsecond=0)
    community = make_workspace(tmp_path / "community", f"{slot:%H:%M}")
    told: list[tuple[int, float, float]] = []  # of each answer: status, when it was asked for, when it was there
    ended = threading.Event()
    with upped(community, "--desk-port", str(port)) as up:
        assert dt.datetime.now(SHANGHAI) < slot - MINUTE / 2, "the machine was too slow to start in time"
        let_in = (
            requests.get(keyed(community, port), allow_redirects=False, timeout=30)
            .headers["set-cookie"]
            .partition(";")[0]
        )

        def read(reader: int) -> None:
            headers = {"Cookie": let_in, "User-Agent": f"Browser {reader}", "Accept-Encoding": "gzip"}
            begun = time.monotonic()
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as browser:
                for n in range(OFFERED * 60 // READERS):
                    if ended.wait(max(0, begun + n * READERS / OFFERED - time.monotonic())):
                        return
                    asked = time.monotonic()
                    browser.request("GET", PAGES[(reader + n) % len(PAGES)], headers=headers)
                    answer = browser.getresponse()
                    answer.read()
                    told.append((answer.status, asked, time.monotonic()))

        readers = [threading.Thread(target=read, args=(n,), daemon=True) for n in range(READERS)]
        wait_for(lambda: dt.datetime.now(SHANGHAI) >= slot - MINUTE / 2, 90)
        all_begun = time.monotonic()
        for reader in readers:
            reader.start()
        wait_for(lambda: dt.datetime.now(SHANGHAI) >= slot + MINUTE / 2, 90)
        out = finished(community)
        wait_for(lambda: not any(reader.is_alive() for reader in readers), LEFT)
        took = time.monotonic() - all_begun
        ended.set()
        for reader in readers:
            reader.join(30)
        assert up.poll() is None
    waited = sorted(there - asked for _, asked, there in told)
    in_a_second = Counter(int(there - all_begun) for _, _, there in told)
    print(
        f"{len(told)} answers to {OFFERED * 60} requests in {took:.0f} s, {min(in_a_second[n] for n in range(60))} "
        f"to {max(in_a_second.values())} a second, half of them within {waited[len(waited) // 2] * 1000:.1f} ms, 99 % "
        f"within {waited[len(waited) * 99 // 100] * 1000:.0f} ms; out after {[d['finished'] - d['at'] for d in out]}"
    )
    assert Counter(status for status, _, _ in told) == {200: OFFERED * 60}
    assert {(d["channel"], d["verdict"]) for d in out} == {("site", "kept"), ("mirror", "kept")}
    # Its process waits for the second; only a look every minute, where that one failed, would be later than this.
    assert all(d["finished"] - d["at"] < MINUTE / 2 for d in out)
