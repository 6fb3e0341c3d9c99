"""The sessions of a server's one account: tokens that look signed, and that end."""

from __future__ import annotations

import base64
import itertools
import json
import time
from typing import Any

LASTING = {"access": (7200, "com.atproto.appPass"), "refresh": (7_776_000, "com.atproto.refresh")}


class Sessions:
    """`log_ins` are those that the vendor limits; `forget` ends tokens before their time."""

    def __init__(self) -> None:
        self.log_ins = self.refreshed = 0
        self.tokens: dict[str, str] = {}  # token -> access, refresh
        self._numbers = itertools.count(1)

    def kind(self, token: str) -> str:
        """What a token is good for; "" where it is not known, and "junk" where it is none."""
        return self.tokens.get(token, "junk" if token and token.count(".") != 2 else "")

    def log_in(self, *, known: bool) -> dict[str, str] | None:
        """A new pair of tokens, where the account is known by its password."""
        self.log_ins += 1
        return self._new() if known else None

    def renew(self, token: str) -> dict[str, str]:
        """A new pair; the old refresh token goes (the server keeps it for two hours more)."""
        del self.tokens[token]
        self.refreshed += 1
        return self._new()

    def forget(self, *kinds: str) -> None:
        """Tokens of these kinds are known no more."""
        self.tokens = {token: kind for token, kind in self.tokens.items() if kind not in kinds}

    def _new(self) -> dict[str, str]:
        made = {f"{kind}Jwt": self._token(kind) for kind in LASTING}
        self.tokens |= {token: name.removesuffix("Jwt") for name, token in made.items()}
        return made

    def _token(self, kind: str) -> str:
        (seconds, scope), now, number = LASTING[kind], int(time.time()), next(self._numbers)
        said: dict[str, Any] = {"scope": scope, "iat": now, "exp": now + seconds, "jti": number}
        claims = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
        return f"eyJ0eXAiOiJhdCtqd3QifQ.{claims}.c2ln{number}"
