"""Prefect's server, asked by its REST API: by plain requests where it is the one that `steadycast up` started."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from prefect.settings import get_current_settings
from prefect.settings.models.root import Settings
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

AGAIN = Retry(
    5, connect=0, backoff_factor=1, status_forcelist=(408, 429, 502, 503), allowed_methods=None
)  # as Prefect's client


@contextmanager
def prefect() -> Iterator[Any]:
    """What gives the answer to `(method, path, body)`. An answer that is a fault is raised."""
    settings = get_current_settings()
    if not (settings.api.url or "").startswith("http://127.0.0.1:") or settings.client.custom_headers:
        from prefect.client.orchestration import get_client  # loaded in a fork, it is 10 MB of it

        with get_client(sync_client=True) as client:
            yield lambda method, path, body=None: client.request(method, path, json=body).json()
        return
    with _ours(settings) as session:

        def ask(method: str, path: str, body: object = None) -> Any:
            answer = session.request(
                method, f"{settings.api.url}{path}", json=body, timeout=settings.api.request_timeout
            )
            answer.raise_for_status()
            return answer.json() if answer.content else None

        yield ask


def _ours(settings: Settings) -> requests.Session:
    """Requests as Prefect's own client makes them: with its password, and a token against forged ones."""
    session = requests.Session()
    session.trust_env = False  # this machine is behind no proxy
    session.mount("http://", HTTPAdapter(max_retries=AGAIN))
    login, key, client = settings.api.auth_string, settings.api.key, uuid.uuid4().hex
    if login:
        session.headers["Authorization"] = "Basic " + base64.b64encode(login.get_secret_value().encode()).decode()
    elif key:
        session.headers["Authorization"] = f"Bearer {key.get_secret_value()}"
    token = session.get(
        f"{settings.api.url}/csrf-token", params={"client": client}, timeout=settings.api.request_timeout
    )
    if token.status_code != 422:  # it wants none
        token.raise_for_status()
        session.headers.update({"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": token.json()["token"]})
    return session
