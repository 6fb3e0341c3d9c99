"""Twenty canaries, planted wherever a secret may be, through what works and what fails, at DEBUG: found nowhere."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pipeline_bench import COMMUNITY, Bench, article
from prefect_server import server
from pytest_httpserver import HTTPServer
from werkzeug import Response

pytestmark = pytest.mark.platforms("mail")

ROOT = Path(__file__).resolve().parent.parent
CANARY = "c4n4ry{:02}s3cr3t"
COMMANDS = (
    ["check"], ["intake"], ["list", "--json"], ["plan", "--json"], ["publish", "daily"], ["publish", "daily"], ["verify"], ["status", "--json"], ["report"],
    ["preview", "pgc/a.md"], ["publish", "--draft", "pgc/b.md"], ["render", "--all"], ["backfill", "{feed}"], ["doctor"],
)  # fmt: skip
FAILURES = (401, 403, 404, 422, 429, 500, 502)


def settings(port: int, canaries: dict[str, str]) -> str:
    """A channel for each way a far side fails, each with secrets of its own; feeds and alarms whose addresses are secrets."""
    names = [f"hook-{status}" for status in FAILURES] + [
        "hook-cut",
        "hook-refused",
        "hook-tls",
        "hook-ok",
        "letters",
        "odd",
    ]
    text = (
        COMMUNITY
        + '\n[series.daily]\nevery = "day at 20:00"\nchannels = ['
        + ", ".join(f'"{n}"' for n in names)
        + "]\n"
    )
    for name in names[:-2]:
        text += f'\n[channel.{name}]\nplatform = "hook"\nurl = "{key(name, "URL")}"\nsecret = "{key(name, "SIGN")}"\n'
    text += f'\n[channel.letters]\nplatform = "mail"\nfrom = "a@b.example"\nhost = "127.0.0.1"\nport = {port}\nto = ["c@d.example"]\nuser = "u"\npassword = "MAIL_PASSWORD"\n'
    text += '\n[channel.odd]\nplatform = "odd"\ntoken = "ODD_TOKEN"\n'
    text += "".join(
        f'\n[[feed]]\nmember = "alice"\nsecret = "{n}"\nallow_private = true\n'
        for n in canaries
        if n.startswith("FEED")
    )
    return text + '\n[alarms]\nurls = ["ALARM_ONE", "ALARM_TWO"]\n'


def key(name: str, what: str) -> str:
    return f"{name.replace('-', '_').upper()}_{what}"


ODD = """
import contextlib
import logging

from steadycast.platform import Refused


class Adapter:
    def __init__(self, channel):
        self.channel = channel

    def publish(self, post):
        token = self.channel.secret("token")
        raise RuntimeError(f"could not reach https://u:{token}@odd.example/?token={token}")

    def find(self, post, known):
        raise RuntimeError(self.channel.secret("token"))
"""
PLATFORM = 'api = 2\ntitle = "Odd"\nforms = ["article"]\ndelivery = "blind"\n\n[settings.token]\nrequired = true\nsecret = true\n'


@pytest.fixture
def planted(bench: Bench, httpserver: HTTPServer) -> Any:
    """The workspace, and what stands in the environment: name -> the part of its value that must never be seen."""
    secrets: dict[str, str] = {}

    def plant(name: str, pattern: str) -> None:
        secrets[name] = pattern.format(CANARY.format(len(secrets)))

    for status in FAILURES:
        plant(
            key(f"hook-{status}", "URL"), httpserver.url_for("/hook/{}").replace("%7B%7D", "{}") + f"?status={status}"
        )
        plant(key(f"hook-{status}", "SIGN"), "{}")
    base = f"http://127.0.0.1:{httpserver.port}"
    plant(key("hook-cut", "URL"), base + "/cut/{}")
    plant(key("hook-refused", "URL"), "http://127.0.0.1:9/{}")
    plant(key("hook-tls", "URL"), f"https://127.0.0.1:{httpserver.port}" + "/{}")
    plant(key("hook-ok", "URL"), base + "/ok/{}")
    for name in ("cut", "refused", "tls", "ok"):
        plant(key(f"hook-{name}", "SIGN"), "{}")
    plant("MAIL_PASSWORD", "{}")
    plant("ODD_TOKEN", "{}")
    plant("FEED_WELL", base + "/feed/{}")
    plant("FEED_GONE", base + "/gone/{}")
    plant("FEED_PAGE", base + "/page/{}")
    plant("FEED_DEAD", "http://127.0.0.1:9/{}/feed")
    plant("ALARM_ONE", "json://127.0.0.1:9/{}")
    plant("ALARM_TWO", f"json://127.0.0.1:{httpserver.port}" + "/alarm/{}")
    plant("UNUSED_BUT_SET", "{}")

    def echo(request: Any) -> Any:
        """What a careless far side says: everything it was sent."""
        whole = {"path": request.full_path, "segments": request.path.split("/"), "quoted": quote(request.path, safe="")}
        packed = base64.b64encode(request.path.encode()).decode()
        said = f"{json.dumps(whole)} {packed}, cannot take {request.url} with {dict(request.headers)}"
        return Response(said, status=int(request.args.get("status", 500)))

    items = "<item><guid>1</guid><title>From a feed</title><description>x</description></item>"
    httpserver.expect_request(re.compile("/hook/.*")).respond_with_handler(echo)
    httpserver.expect_request(re.compile("/cut/.*")).respond_with_data("x", headers={"Content-Length": "99"})
    httpserver.expect_request(re.compile("/ok/.*")).respond_with_json({"id": "1", "url": "https://ok.example/1"})
    httpserver.expect_request(re.compile("/feed/.*")).respond_with_data(
        f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"
    )
    httpserver.expect_request(re.compile("/gone/.*")).respond_with_data("", status=410)
    httpserver.expect_request(re.compile("/page/.*")).respond_with_data("<html><body>x</body></html>")
    httpserver.expect_request(re.compile("/alarm/.*")).respond_with_handler(echo)
    drafts = {"pgc/a.md": article("One"), "pgc/b.md": article("Two"), "ugc/alice/c.md": article("Three")}
    bench.set_up(settings(9, secrets), drafts)
    folder = bench.root / "channels" / "odd"
    folder.mkdir(parents=True)
    (folder / "channel.toml").write_text(PLATFORM)
    (folder / "adapter.py").write_text(ODD)
    return bench, secrets


def canaries(secrets: dict[str, str]) -> list[str]:
    return [CANARY.format(n) for n in range(len(secrets))]


def told(text: bytes, secrets: dict[str, str]) -> list[str]:
    """The names of the secrets that stand in `text`, as they are or in base64."""
    names = list(secrets)
    return [names[n] for n, canary in enumerate(canaries(secrets)) if any(form in text for form in spelt(canary))]


def spelt(canary: str) -> list[bytes]:
    """A canary as it is, and the inside of its base64 at each of the three places where it may begin."""
    packed = (base64.b64encode(b"_" * before + canary.encode()) for before in range(3))
    return [canary.encode(), *(form[4:-4] for form in packed)]


@pytest.mark.parallel
@pytest.mark.slow
def test_no_secret_is_told_anywhere(planted: Any, httpserver: HTTPServer) -> None:
    """Ledger, logs, outputs, caches, what commands print at DEBUG, their tracebacks: none holds a secret."""
    bench, secrets = planted
    assert len(secrets) >= 20
    env = {
        **os.environ, **secrets, "STEADYCAST_WORKSPACE": str(bench.root), "PREFECT_LOGGING_LEVEL": "DEBUG", "PYTHONFAULTHANDLER": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip
    bench.app.close()
    said = b""
    for words in COMMANDS:
        command = [sys.executable, "-c", DEBUG, *(word.format(feed=secrets["FEED_GONE"]) for word in words)]
        done = subprocess.run(command, env=env, cwd=bench.root, capture_output=True, timeout=120)
        said += done.stdout + done.stderr
        assert b"Traceback" not in done.stderr, done.stderr[-2000:]
        assert b"Usage" not in done.stdout + done.stderr, words
    assert {r.path.split("/")[1] for r, _ in httpserver.log} >= {"hook", "ok", "feed", "gone", "page", "cut"}
    assert told(said, secrets) == [], said[-3000:]
    for file in (bench.root / "var").rglob("*"):
        if file.is_file():
            assert told(file.read_bytes(), secrets) == [], file
    with sqlite3.connect(bench.app.workspace.ledger) as ledger:
        states = dict(
            ledger.execute(
                "SELECT channel, state FROM delivery WHERE slot LIKE 'daily@%' AND state NOT IN ('planned', 'due')"
            )
        )
        dump = "\n".join(ledger.iterdump())
    ledger.close()
    assert told(dump.encode(), secrets) == []
    assert {"unknown", "refused"} <= set(states.values()), states
    assert states["hook-ok"] in ("published", "seen")


DEBUG = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
logging.captureWarnings(True)
from steadycast.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:{}@127.0.0.1:9/x",
        "postgresql://u:{}@nowhere.invalid/x",
        "mysql://u:{}@127.0.0.1/x",
        "postgresql+odd://u:{}@h/x",
        "postgresql://u:{}@127.0.0.1:port/x",
    ],
)
def test_the_ledgers_password_stands_in_no_message(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    address: Any,
) -> None:
    """No server, no host, no driver, no port: one line, without it."""
    from steadycast.cli import main

    bench.set_up(COMMUNITY)
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("STEADYCAST_WORKSPACE", str(bench.root))
    monkeypatch.setenv("STEADYCAST_LEDGER", address.format(CANARY.format(1)))
    for words in (["status"], ["list"], ["intake"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code not in (0, None)
    said = capsys.readouterr()
    assert "steadycast:" in said.err
    assert CANARY.format(1) not in said.out + said.err + caplog.text


FLOWS = """
import logging, os, sys
from prefect.blocks.system import Secret
from prefect.flows import load_flow_from_entrypoint
import asyncio

async def main():
    await Secret(value=sys.stdin.readline().strip()).save("odd-token", overwrite=True)
    for name, asked in (("intake", {}), ("publish", {"series": "daily"}), ("verify", {}), ("publish", {"series": "nothing"})):
        flow = load_flow_from_entrypoint(f"flows/{name}.py:{name}")
        try:
            await flow(**asked, return_state=True)
        except Exception:
            logging.getLogger("prefect").exception("it failed")

logging.basicConfig(level=logging.DEBUG)
asyncio.run(main())
"""


@pytest.mark.parallel
@pytest.mark.live
def test_prefects_own_database_holds_no_secret(planted: Any, tmp_path: Path) -> None:
    """Runs at DEBUG with every log sent to the server, a secret in a Secret block, and a run that fails."""
    bench, secrets = planted
    bench.app.close()
    shutil.copytree(ROOT / "flows", bench.root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    blocked = secrets["ODD_TOKEN"]
    given = {name: value for name, value in secrets.items() if name != "ODD_TOKEN"}
    with server(tmp_path / "prefect") as env:
        debug = {
            "PREFECT_LOGGING_LEVEL": "DEBUG",
            "PREFECT_LOGGING_EXTRA_LOGGERS": "steadycast,urllib3,requests,apprise,httpx",
        }
        whole = {
            **os.environ,
            **given,
            **env,
            **debug,
            "STEADYCAST_WORKSPACE": str(bench.root),
            "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        }
        done = subprocess.run(
            [sys.executable, "-c", FLOWS],
            input=blocked.encode(),
            env=whole,
            cwd=bench.root,
            capture_output=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr.decode()[-3000:]
        assert b"publish" in done.stderr + done.stdout
        assert told(done.stdout + done.stderr, secrets) == []
    with contextlib.closing(sqlite3.connect(bench.app.workspace.ledger)) as ledger:
        (tried,) = ledger.execute("SELECT message FROM delivery WHERE channel = 'odd' AND message <> ''").fetchone()
        assert told("\n".join(ledger.iterdump()).encode(), secrets) == []
    assert "***" in tried  # the block was read, and what it held was taken out
    kept = [
        file for folder in (tmp_path / "prefect", bench.root / "var") for file in folder.rglob("*") if file.is_file()
    ]
    assert any(file.name == "prefect.db" for file in kept)
    for file in kept:
        assert told(file.read_bytes(), secrets) == [], file
