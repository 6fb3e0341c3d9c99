"""A far side that counts: posts by key on a real socket, answers that can be held back, and a log of what it did."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

CHANNEL_TOML = """\
api = 2
title = "Stage"
forms = ["article"]
delivery = "read-back"
read_back = true
deadline = 20
settle = 1

[settings.url]
type = "url"
required = true
"""

ADAPTER = """\
from steadycast.platform import Channel, Known, Post, Receipt


class Adapter:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.url = channel.settings["url"]

    def publish(self, post: Post) -> Receipt:
        answer = self.channel.http.request("POST", self.url, json={"key": post.key, "title": post.title}).json()
        return Receipt(answer["id"], f"{self.url}/{answer['id']}")

    def find(self, post: Post, known: Known) -> Receipt | None:
        found = self.channel.http.request("GET", f"{self.url}?key={post.key}").json()["ids"]
        return Receipt(found[0], f"{self.url}/{found[0]}", seen="read-back") if found else None
"""


class Stage:
    """Every POST makes a post, as most platforms do: what is sent twice is there twice."""

    def __init__(self) -> None:
        self.posts: list[str] = []  # keys, in the order they were applied
        self.arrived = threading.Event()
        self.answer = threading.Event()
        self.answer.set()
        stage = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                key = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["key"]
                stage.posts.append(key)
                stage.arrived.set()
                stage.answer.wait(60)
                self.say({"id": str(len(stage.posts))})

            def do_GET(self) -> None:
                key = parse_qs(urlsplit(self.path).query)["key"][0]
                self.say({"ids": [str(n) for n, k in enumerate(stage.posts, 1) if k == key]})

            def say(self, body: object) -> None:
                data = json.dumps(body).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    pass  # whoever asked is gone

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/posts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.answer.set()
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def write_platform(root: Path) -> None:
        folder = root / "channels" / "stage"
        folder.mkdir(parents=True)
        (folder / "channel.toml").write_text(CHANNEL_TOML, encoding="utf-8")
        (folder / "adapter.py").write_text(ADAPTER, encoding="utf-8")
