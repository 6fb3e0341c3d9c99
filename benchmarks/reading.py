"""What a page of the desk costs its process, against a bare server that sends the same bytes."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from measure import Row, median, ratio, run, seconds

HERE = Path(__file__).resolve().parent
STEADYCAST = str(Path(sys.executable).with_name("steadycast"))
PAGES = ("/", "/calendar", "/drafts", "/kits", "/log", "/record", "/matrix", "/members")
ENOUGH = 0.003  # seconds of CPU: so two cores answer several hundred requests a second, beside all else
BARE = """
import sys, uvicorn
body = b"x" * int(sys.argv[2])
head = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", sys.argv[2].encode())]}
async def app(scope, receive, send):
    await send(head)
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""


def rows(folder: Path, requests: int, rounds: int) -> Iterator[Row]:
    """The same pages asked for again within their second, and each made anew."""
    place = folder / "reading"
    (place / "content" / "pgc").mkdir(parents=True)
    for n in range(20):
        (place / "content" / "pgc" / f"draft-{n}.md").write_text(f"# Draft {n}\n\nWords.\n", encoding="utf-8")
    shutil.copy(HERE / "steadycast.toml", place)
    shutil.copytree(HERE / "channels", place / "channels")
    run([STEADYCAST, "intake"], place)
    with serving([STEADYCAST, "desk", "--port"], place) as desk:
        key = (place / "var" / "desk" / "key").read_text(encoding="utf-8").strip()
        cookie = desk.get(f"/?key={key}")[0].partition(";")[0]
        size = sum(len(desk.get(page, cookie)[1]) for page in PAGES) // len(PAGES)
        with serving([sys.executable, "-c", BARE], place, str(size)) as bare:
            yield _row("asked for again within its second", desk, bare, cookie, requests, rounds, again=True)
            yield _row("made anew", desk, bare, cookie, requests, rounds, again=False)


def _row(what: str, desk: Server, bare: Server, cookie: str, count: int, rounds: int, *, again: bool) -> Row:
    def cpu(server: Server) -> float:
        before = server.cpu()
        for n in range(count):
            server.get(PAGES[n % len(PAGES)], cookie, "one" if again else f"{time.monotonic()}")
        return (server.cpu() - before) / count

    ours, peer = zip(*((cpu(desk), cpu(bare)) for _ in range(rounds)), strict=True)
    return Row(
        f"a page of the desk, {what}",
        f"{seconds(median(ours))} CPU",
        f"a bare server, the same bytes {seconds(median(peer))} CPU",
        f"{ratio(ours, peer):.1f} x",
        f"<= {seconds(ENOUGH)} CPU",
        median(ours) <= ENOUGH,
    )


class Server:
    """A server, and one connection to it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def get(self, path: str, cookie: str = "", reader: str = "") -> tuple[str, bytes]:
        """Its Set-Cookie and its body."""
        headers = {"Accept-Encoding": "gzip", "Cookie": cookie, "User-Agent": reader}
        self._connection.request("GET", path, headers=headers)
        answer = self._connection.getresponse()
        return answer.headers.get("Set-Cookie", ""), answer.read()

    def cpu(self) -> float:
        """Seconds that its process took until now, user and system."""
        return time.clock_gettime(~self._process.pid << 3 | 2)  # clock_getcpuclockid(3), as Linux numbers it

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._process.terminate()
        self._process.wait(10)


@contextmanager
def serving(command: list[str], place: Path, *more: str) -> Iterator[Server]:
    """A server of that command and a free port, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, str(port), *more], cwd=place, stdout=subprocess.DEVNULL)
    server = Server(process, port)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield server
    finally:
        server.close()
