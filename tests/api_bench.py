"""What tests of the API stand on: a desk on a real socket, and who asks it by a token."""

from __future__ import annotations

import uuid
from typing import Any

import requests
from desk_bench import Desk
from pipeline_bench import Bench

from steadycast import pipeline
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Role

PASSWORD = "a few words in a row"


class Client:
    """A program that asks the API of a desk."""

    def __init__(self, desk: Desk, token: str) -> None:
        self.url = f"{desk.url}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **asked: Any) -> requests.Response:
        """What a path answers."""
        return self.session.get(self.url + path, params=asked, timeout=30)

    def post(self, path: str, key: str = "", **body: Any) -> requests.Response:
        """A change, under a key of its own unless one is given."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.session.post(self.url + path, json=body, headers=headers, timeout=60)

    def send(self, path: str, body: bytes, kind: str, key: str = "") -> requests.Response:
        """A change whose request is a file."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": kind}
        return self.session.post(self.url + path, data=body, headers=headers, timeout=60)


def person(bench: Bench, name: str, role: Role, *series: str) -> str:
    """The token of a new person."""
    app, now = bench.open(), pipeline.now()
    accounts.add_person(app, name, role, PASSWORD, now, series=series)
    return accounts.make_token(app, name, "test", role, now).text
