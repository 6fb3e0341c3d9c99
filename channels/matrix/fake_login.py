"""How a Matrix server lets a device in: by a password, or by what its own page gives to the browser."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .fake_rules import Answer, error

USER, PASSWORD, TOKEN = "@news:hu.example", "password-of-the-account", "syt_token_of_the_account"


def after(address: str) -> str:
    """The account's password; or where its browser is after it logged in on the server's page."""
    back = parse_qs(urlsplit(address).query).get("redirectUrl")
    return f"{back[0]}?loginToken={PASSWORD}" if back else PASSWORD


class Door:
    """One account's tokens, and which device asked last. `flows` are the ways to log in."""

    def __init__(self) -> None:
        self.flows = ["m.login.password"]
        self.device, self.tokens = "STEADYCAST_out", {TOKEN}
        self._numbers = itertools.count(1)

    def login(self, method: str, told: dict[str, Any]) -> Answer:
        """GET and POST /login. What a device was given before goes on to be valid."""
        if method == "GET":
            return 200, {"flows": [{"type": flow} for flow in self.flows]}
        if PASSWORD not in (told.get("password"), told.get("token")):
            return error(403, "M_FORBIDDEN", "Invalid username or password")
        self.device = told["device_id"]
        self.tokens.add(token := f"{TOKEN}_{next(self._numbers)}")
        return 200, {"user_id": USER, "access_token": token, "device_id": self.device}
