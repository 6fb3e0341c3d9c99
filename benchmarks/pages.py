"""The desk's pages over a large ledger and a small one: processor time of the server, from the request to the last byte."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Row, median, seconds

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))  # how a ledger of that size is made
from many_drafts import SERIES, fill
from pipeline_bench import COMMUNITY, FILES

from steadycast import pipeline
from steadycast.desk.server import made
from steadycast.pipeline import App
from steadycast.pipeline.standing import renew
from steadycast.testing import workspace
from steadycast.workspace import load

TARGET = 0.05  # seconds
CHANNELS = [f"channel{n}" for n in range(10)]
SETTINGS = (
    COMMUNITY
    + "".join(f'[channel.{name}]\nplatform = "far"\n' for name in CHANNELS)
    + "".join(
        f'[series.{name}]\nevery = "day at 20:00"\nforms = ["article", "audio"]\nchannels = {json.dumps(CHANNELS)}\n'
        for name in SERIES
    )
)
PAGES = ("/", "/calendar", "/drafts", "/log", "/why", "/members", "/matrix", "/record", "/record.csv")
KEY = b"bench"


class Desk:
    """The desk of a workspace, asked without a socket."""

    def __init__(self, root: Path, deliveries: int) -> None:
        workspace(root, SETTINGS, {}, FILES).var.mkdir(parents=True)
        now = pipeline.now()
        self.app = App(load(root))
        fill(self.app.ledger, now, drafts=deliveries // 10, deliveries=deliveries, channels=len(CHANNELS))
        pipeline.plan(self.app, now)
        self._desk, self._loop, self._cookie = made(root, KEY.decode()), asyncio.new_event_loop(), b""
        answer = self._answer("/", b"key=" + KEY)
        self._cookie = b"; ".join(
            value.partition(b";")[0] for name, value in answer["headers"] if name == b"set-cookie"
        )

    def page(self, path: str, *, ready: bool = True) -> float:
        """Processor time of one page after a tick; with `ready` what an open page has made ready is there."""
        self.app.ledger.ticked(pipeline.now())
        with self._desk.state.opened.app() as app:
            if ready:
                renew(app, pipeline.now())
        begin = time.process_time()
        answer = self._answer(path)
        took = time.process_time() - begin
        assert answer["status"] == 200, path
        return took

    def close(self) -> None:
        """Let the ledger go."""
        self.app.close()
        self._loop.close()

    def _answer(self, path: str, query: bytes = b"") -> dict[str, object]:
        found: dict[str, object] = {}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "", "state": {},
            "headers": [(b"host", b"127.0.0.1:8420"), (b"cookie", self._cookie), (b"accept-encoding", b"gzip")],
            "server": ("127.0.0.1", 8420), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

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
    for path, ready in (*((path, True) for path in PAGES), ("/record", False)):
        few, many = [], []
        for n in range(1 + 2 * rounds):
            times = small.page(path, ready=ready), large.page(path, ready=ready)
            if n:
                few.append(times[0])
                many.append(times[1])
        grown = median(many) / median(few)
        what = f"desk page `{path}`" + ("" if ready else ", not made ready")
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
