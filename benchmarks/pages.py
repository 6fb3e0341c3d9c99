"""The desk's pages over a large ledger and a small one: processor time of the server, from the request to the last byte.

And of a desk that has just started, by its own command; and that had its settings saved.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from measure import Row, median, seconds
from reading import STEADYCAST, serving

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))  # how a ledger of that size is made
from many_drafts import SERIES, fill
from pipeline_bench import COMMUNITY, FILES
from sqlalchemy import insert

from steadycast import pipeline
from steadycast.desk.guard import form_token
from steadycast.desk.ready import FIRST, LATER
from steadycast.desk.server import made
from steadycast.ledger.connection import table
from steadycast.pipeline import App
from steadycast.pipeline.classes import JUDGED
from steadycast.pipeline.community_state import renew
from steadycast.schedule.slots import slots
from steadycast.testing import workspace
from steadycast.workspace import load

TARGET = 0.05  # seconds
START = 3.0  # seconds
QUIET = 2.0  # seconds
CHANNELS = [f"channel{n}" for n in range(10)]
SETTINGS = (
    COMMUNITY
    + "".join(f'[channel.{name}]\nplatform = "far"\n' for name in CHANNELS)
    + "".join(
        f'[series.{name}]\nevery = "day at 20:00"\nforms = ["article", "audio"]\nchannels = {json.dumps(CHANNELS)}\n'
        for name in SERIES
    )
)
PAGES = (
    "/", "/calendar", "/drafts", "/drafts?tag=a", "/drafts?series=notes", "/drafts?language=en", "/log", "/why",
    "/members", "/matrix", "/record", "/record?channels=all", "/record.csv", "/calendar/plan.ics",
    "/skip?series=notes&day=TOMORROW", "/classes/c16",
)  # fmt: skip
RHYTHM = {"rhythm": "day at 21:00", "forms": ["article", "audio"], "channels": CHANNELS}  # another hour: its effect
KEY = b"bench"
MEMBERS, WEEKS = 77, 52
CLASS = '[class.c16]\nevery = "week on sun at 20:00"\nstart = START\nlate = "4h"\n'
ROSTER = "id,title,class,group,joined,left,role,leave\n"


def of_a_year(app: App, now: dt.datetime) -> None:
    """A class of 77 whose hand-ins of a year are judged."""
    begin, rows = now - WEEKS * dt.timedelta(days=7), []
    for slot in slots(app.workspace.classes["c16"].rhythm, begin, now):
        rows += [
            {"the_class": "c16", "slot": slot.id, "member": f"m{n}", "due": slot.at, "by": "look", "note": "",
             "verdict": ("kept", "kept", "late", "missed")[(n + slot.at.day) % 4]} for n in range(MEMBERS)
        ]  # fmt: skip
    with app.ledger.write() as connection:
        connection.execute(insert(table("handin")), rows)
    app.ledger.set_meta(f"{JUDGED}c16", rows[-1]["due"].isoformat())  # as each hour's look keeps it


class Desk:
    """The desk of a workspace, asked without a socket."""

    def __init__(self, root: Path, deliveries: int) -> None:
        now = pipeline.now()
        start = str((now - (WEEKS + 1) * dt.timedelta(days=7)).date())
        names = "".join(f"m{n},Member {n},c16,{'AB'[n % 2]},,,{'' if n else 'leader'},\n" for n in range(MEMBERS))
        files = {**FILES, "roster.csv": ROSTER + names, **{f"content/ugc/m{n}/README.md": "" for n in range(MEMBERS)}}
        workspace(root, SETTINGS + CLASS.replace("START", start), {}, files).var.mkdir(parents=True)
        self.app = App(load(root))
        of_a_year(self.app, now)
        fill(self.app.ledger, now, drafts=deliveries // 10, deliveries=deliveries, channels=len(CHANNELS))
        pipeline.plan(self.app, now)
        self._desk, self._loop, self._cookie = made(root, KEY.decode()), asyncio.new_event_loop(), b""
        answer = self._answer(f"/?key={KEY.decode()}")
        self._cookie = b"; ".join(
            value.partition(b";")[0] for name, value in answer["headers"] if name == b"set-cookie"
        )

    def page(self, path: str, *, sent: dict[str, object] | None = None, ready: bool = True) -> float:
        """Processor time of one page after a tick, or of what a form leads to.

        With `ready` what an open page has made ready is there.
        """
        now = pipeline.now()
        self.app.ledger.ticked(now)
        path = path.replace("TOMORROW", str((now + dt.timedelta(days=1)).date()))
        with self._desk.state.opened.app() as app:
            if ready:
                renew(app, pipeline.now())
        begin = time.process_time()
        answer = self._answer(path, sent)
        took = time.process_time() - begin
        assert answer["status"] == 200, path
        return took

    def close(self) -> None:
        """Let the ledger go."""
        self.app.close()
        self._loop.close()

    def _answer(self, address: str, sent: dict[str, object] | None = None) -> dict[str, object]:
        found: dict[str, object] = {}
        path, _, query = address.partition("?")
        given = {} if sent is None else {"form_token": form_token(KEY.decode()), **sent}
        body = urlencode(given, doseq=True).encode()
        of_a_form = {"content-type": "application/x-www-form-urlencoded", "origin": "http://127.0.0.1:8420"}
        headers = {"host": "127.0.0.1:8420", "accept-encoding": "gzip", **(of_a_form if given else {})}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST" if given else "GET",
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "root_path": "", "state": {}, "server": ("127.0.0.1", 8420), "client": ("127.0.0.1", 1),
            "headers": [(b"cookie", self._cookie), *((k.encode(), v.encode()) for k, v in headers.items())],
        }  # fmt: skip
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, object]:
            for message in asked:
                return message
            await asyncio.Event().wait()
            return {}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                found.update(message)

        self._loop.run_until_complete(self._desk(scope, receive, send))
        return found


def rows(folder: Path, most: int, rounds: int) -> Iterator[Row]:
    """A row a page, and one for a record that nobody has made ready; `most` deliveries, and a hundredth of that."""
    small, large = Desk(folder / "desk-small", max(most // 100, 20)), Desk(folder / "desk-large", most)
    asked = [
        *((path, None, True) for path in PAGES),
        ("/settings/series/notes", RHYTHM, True),
        ("/record", None, False),
    ]
    for path, sent, ready in asked:
        few, many = [], []
        for n in range(1 + 2 * rounds):
            times = small.page(path, sent=sent, ready=ready), large.page(path, sent=sent, ready=ready)
            if n:
                few.append(times[0])
                many.append(times[1])
        grown = median(many) / median(few)
        what = f"desk page `{path}`" + (", the effect of a form" if sent else "" if ready else ", not made ready")
        yield Row(
            f"{what}, {most:,} deliveries, {most // 10:,} drafts",
            f"{seconds(median(many))} CPU",
            f"at {max(most // 100, 20):,} deliveries {seconds(median(few))}",
            f"{grown:.1f} x",
            f"<= {seconds(TARGET)}",
            median(many) <= TARGET,
        )
    small.close()
    large.close()
    few = [_started(folder / "desk-small") for _ in range(rounds)]
    many = [_started(folder / "desk-large") for _ in range(rounds)]
    for what in many[0]:
        target = START if what == "until it answers" else TARGET
        took, peer = median([each[what] for each in many]), median([each[what] for each in few])
        yield Row(
            f"a desk that starts, {what}, {most:,} deliveries, {most // 10:,} drafts",
            f"{seconds(took)} CPU",
            f"at {max(most // 100, 20):,} deliveries {seconds(peer)}",
            f"{took / peer:.1f} x",
            f"<= {seconds(target)}",
            took <= target,
        )


def _started(place: Path) -> dict[str, float]:
    """Processor time of a desk that starts, of its first record and its slowest first page, and after a save."""
    with serving([STEADYCAST, "desk", "--port"], place) as desk:
        found = {"until it answers": desk.cpu()}
        cookie = desk.get(f"/?key={(place / 'var' / 'desk' / 'key').read_text(encoding='utf-8').strip()}")[0]

        def took(page: str) -> float:
            before = desk.cpu()
            desk.get(page, cookie.partition(";")[0])
            return desk.cpu() - before

        time.sleep(QUIET)  # what it still makes ready would count as the page's
        found["its first `/record`"] = took("/record")
        found["the slowest of its other first pages"] = max(took(page) for page in (*FIRST, *LATER))
        settings = place / "steadycast.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("20:00", "21:00") if "20:00" in text else text.replace("21:00", "20:00"))
        found["`/record` at once after settings were saved elsewhere"] = took("/record")
    return found
