"""A vendor's OAuth 2.0 (RFC 6749) for a platform's fake.py: one app, and one account that lets it in."""

from __future__ import annotations

import base64
import hashlib
import itertools
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from steadycast.testing.http_messages import Reply, Request


class FakeOAuth:
    """`basic`: the app's credentials have to come in a header. `rotates`: a refresh token is good once."""

    def __init__(self, client: str, secret: str, refresh: str, *, basic: bool = False, rotates: bool = False) -> None:
        self.client, self.secret, self.refresh = client, secret, refresh
        self.basic, self.rotates = basic, rotates
        self.code = f"code-of-{client}"
        self.challenge = ""
        self.renewed = 0
        self._tokens: set[str] = set()
        self._numbers = itertools.count(1)

    def page(self, address: str) -> str:
        """The address to which the page of a login leads a person who agrees."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["response_type"]) == (self.client, "code"), asked
        self.challenge = asked.get("code_challenge", "")
        return f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'code': self.code})}"

    def end(self) -> None:
        """Every access token ends before its time."""
        self._tokens.clear()

    def lets_in(self, request: Request) -> bool:
        """Whether a request carries an access token that has not ended."""
        return self.knows(request.headers.get("Authorization", "").removeprefix("Bearer "))

    def knows(self, token: str) -> bool:
        """Whether this is an access token that has not ended."""
        return token in self._tokens

    def token(self, request: Request) -> Reply:
        """The answer of the place where tokens are made."""
        form = request.form()
        if not self._is_the_app(request, form):
            return Reply(401, {"error": "invalid_client", "error_description": "Unauthorized"})
        kind = form.get("grant_type")
        if kind == "authorization_code" and form.get("code") == self.code and self._proven(form):
            return Reply(200, self.granted())
        if kind == "refresh_token" and form.get("refresh_token") == self.refresh:
            self.renewed += 1
            return Reply(200, self.granted(new=self.rotates))
        return Reply(400, {"error": "invalid_grant", "error_description": "Bad Request"})

    def granted(self, *, new: bool = False) -> dict[str, Any]:
        """A new access token, with the refresh token that goes with it from now on."""
        number = next(self._numbers)
        self.refresh += f".{number}" if new else ""
        self._tokens.add(token := f"fake-access-{number}-{hashlib.sha256(self.client.encode()).hexdigest()[:8]}")
        return {"access_token": token, "expires_in": 3600, "token_type": "bearer", "refresh_token": self.refresh}

    def _is_the_app(self, request: Request, form: dict[str, Any]) -> bool:
        said = (form.get("client_id", ""), form.get("client_secret", ""))
        if self.basic:
            told = request.headers.get("Authorization", "").removeprefix("Basic ")
            said = tuple(base64.b64decode(told).decode().split(":", 1)) if told else ("", "")  # type: ignore[assignment]
        return said == (self.client, self.secret)

    def _proven(self, form: dict[str, Any]) -> bool:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        return not self.challenge or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self.challenge
