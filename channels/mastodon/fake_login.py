"""How a Mastodon server lets an application in: it registers, a person agrees, and a code becomes a token."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Answer = tuple[int, dict[str, str]]  # status, and JSON
OOB = "urn:ietf:wg:oauth:2.0:oob"
KNOWN = re.compile(r"(read|write)(:(accounts|statuses|media))?|profile|follow|push")
GRANT = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI"


class Door:
    """The applications that registered, and the codes that were shown and are not used yet."""

    def __init__(self) -> None:
        self.apps: dict[str, tuple[str, str]] = {}  # id -> its secret, and the scopes it may ask for
        self.codes: dict[str, tuple[str, str]] = {}  # code -> the application's id, and the scopes agreed to
        self._numbers = itertools.count(1)

    def register(self, form: Mapping[str, Any]) -> Answer:
        """POST /api/v1/apps."""
        if not form.get("client_name") or form.get("redirect_uris") != OOB:
            return 422, {"error": "Validation failed: Redirect URI must be an absolute URI."}
        if not all(KNOWN.fullmatch(scope) for scope in form.get("scopes", "read").split()):
            return 422, {"error": "Validation failed: Scopes doesn't match configured on the server."}
        n = next(self._numbers)
        secret = f"secret-of-the-application-{n}"
        self.apps[f"app-{n}"] = secret, form.get("scopes", "read")
        return 200, {"id": str(n), "client_id": f"app-{n}", "client_secret": secret}

    def agree(self, address: str) -> str:
        """What a person does at /oauth/authorize: logs in, agrees, and copies the code that is shown."""
        page = urlsplit(address)
        asked = dict(parse_qsl(page.query))
        assert page.path == "/oauth/authorize", address
        assert (asked["response_type"], asked["redirect_uri"]) == ("code", OOB)
        assert set(asked["scope"].split()) <= set(self.apps[asked["client_id"]][1].split()), "invalid_scope"
        code = f"code-of-the-page-{next(self._numbers)}"
        self.codes[code] = asked["client_id"], asked["scope"]
        return code

    def token(self, form: Mapping[str, Any]) -> str | Answer:
        """POST /oauth/token: the scopes of the token, or why there is none."""
        id = form.get("client_id", "")
        if self.apps.get(id, ("",))[0] != form.get("client_secret"):
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed."}
        if form.get("grant_type") != "authorization_code" or form.get("redirect_uri") != OOB:
            return 400, {"error": "unsupported_grant_type"}
        owner, scopes = self.codes.pop(form.get("code", ""), ("", ""))
        return scopes if owner == id else (400, {"error": "invalid_grant", "error_description": GRANT})
