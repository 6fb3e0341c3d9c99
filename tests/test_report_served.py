"""The report as `up` shows it: under a key, with the kits and previews it links to, and nothing else of var/."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from steadycast.cli.local_server import LocalServer

PAGES = {
    "out/report/index.html": '<!doctype html><html lang="zh"><meta charset="utf-8"><a href="../kit/a/">物料包</a>',
    "out/kit/a/index.html": """<!doctype html><html lang="zh"><meta charset="utf-8"><title>kit</title>
<button onclick="document.execCommand('copy')">复制</button><img src="cover.svg" alt="">
<script>addEventListener("copy", (e) => { e.clipboardData.setData("text/plain", "标题"); e.preventDefault();
  document.title = "copied"; });
fetch("/").then(() => { document.title = "fetched"; }).catch(() => {});</script>""",
    "out/kit/a/cover.svg": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "preview/b/index.html": "<!doctype html><title>preview</title>",
    "ledger.sqlite": "private",
    "secrets/token": "private",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalServer]:
    for name, text in PAGES.items():
        file = tmp_path / "var" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "var/out/kit/leak.html").symlink_to(tmp_path / "var/ledger.sqlite")
    served = LocalServer(0, lambda: {"status": "ok", "checks": []}, tmp_path / "var")
    served.start()
    yield served
    served.stop()


def get(server: LocalServer, path: str, host: str = "localhost") -> tuple[int, bytes, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.headers


def key(server: LocalServer) -> str:
    return urlsplit(server.report).path.split("/")[1]


def test_the_report_and_what_it_links_to_are_shown(server: LocalServer) -> None:
    """Each with its type, never kept by a browser, and fenced off from every other page."""
    status, body, headers = get(server, urlsplit(server.report).path)
    assert (status, body.decode()) == (200, PAGES["out/report/index.html"])
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("sandbox ")
    assert "allow-same-origin" not in headers["Content-Security-Policy"]
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert get(server, f"/{key(server)}/preview/b/index.html")[0] == 200
    assert get(server, f"/{key(server)}/out/kit/a/cover.svg")[2]["Content-Type"] == "image/svg+xml"
    assert get(server, f"/{key(server)}/out/kit/a/?x=1")[0] == 200, "a folder is its index.html"


@pytest.mark.parametrize(
    "name",
    [
        "ledger.sqlite", "secrets/token", "out/../ledger.sqlite", "out/%2e%2e/secrets/token", "out//etc/passwd",
        "/etc/passwd", "out", "out/kit", "out/kit/leak.html", "out/kit/a/none.html", "out/%00", "out/" + 300 * "a", "",
    ],
)  # fmt: skip
def test_nothing_else_is(server: LocalServer, name: str) -> None:
    """No other folder of var/, no way up, no list of a folder, no link that leads away."""
    assert get(server, f"/{key(server)}/{name}")[0] == 404


def test_without_the_key_or_under_another_name_nothing_is(server: LocalServer) -> None:
    """Other users of this machine, and pages whose name was turned to it."""
    for wrong in ("", "x", key(server)[:-1], key(server) + "x", "%ff"):
        assert get(server, f"/{wrong}/out/report/index.html")[0] == 404
    assert get(server, urlsplit(server.report).path, host="evil.example")[0] == 421


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.live
def test_in_chromium_a_kit_copies_and_calls_nobody(server: LocalServer) -> None:
    """Its buttons work behind the fence; what a member smuggled in could ask nothing of this server."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(server.report)
        page.click("a")
        page.wait_for_load_state("networkidle")
        assert page.title() == "kit"
        page.click("button")
        assert page.title() == "copied"
        browser.close()
