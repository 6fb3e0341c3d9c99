"""OAuth 2.0 (RFC 6749) for adapters: a login on the vendor's page, and access tokens that renew themselves."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

from steadycast.errors import Refused
from steadycast.language import gettext as _
from steadycast.platform.contract import Ask, Channel, Show

if TYPE_CHECKING:
    from steadycast.outgoing import Answer, HttpClient

T = TypeVar("T")
LASTS = 3600  # seconds of an access token of which the vendor does not tell


def _is_401(error: Refused) -> bool:
    return error.answer is not None and error.answer.status == 401


@dataclass(frozen=True)
class OAuth:
    """One account's access tokens, from the refresh token that a login gave. All workers share one.

    `client` are the app's client_id and client_secret. `basic`: they go into a header (RFC 6749, section 2.3.1), not
    into the body. `rotates`: each refresh token is good once, and the next one comes with the access token. `made`
    reads the vendor's answer, where that is not plain RFC 6749: it gives the fields of section 5.1.
    """

    channel: Channel
    url: str  # where tokens are made
    client: Mapping[str, str] = field(repr=False)
    refresh: str = field(repr=False)
    basic: bool = False
    rotates: bool = False
    made: Callable[[Answer], Any] = lambda answer: answer.json()
    renewal: str = ""  # where a token is made from a refresh token, if not at `url`

    def token(self, *, look: bool = False) -> str:
        """An access token that outlasts a request. Raises Refused where only a new login helps.

        `look`: for `check()`, which may write nothing: what is made then is not kept, where making it costs nothing.
        """
        if look and not self.rotates:
            kept = self.channel.state.get(self._name) or self._new(None)[0]
        else:
            longest = self.channel.spec.deadline if self.channel.spec else 60.0
            kept = self.channel.state.fresh(self._name, self._new, margin=longest + 60)
        return str(kept["access_token"])

    def call(self, send: Callable[[str], T], *, look: bool = False, ended: Callable[[Refused], bool] = _is_401) -> T:
        """What `send(token)` gives; once more with a new token where an error says that the vendor `ended` this one."""
        token = self.token(look=look)
        try:
            return send(token)
        except Refused as error:
            if (look and not self.rotates) or not ended(error):
                raise
        kept = self.channel.state.get(self._name)
        if kept and kept["access_token"] == token:  # else another worker has a new one already
            self.channel.state.set(self._name, kept, expires=self.channel.now())
        return send(self.token())

    def sign(self, request: Any, *, look: bool = False) -> Any:
        """The request with an access token: for `using(auth=oauth.sign)`, of an adapter that renews none early."""
        request.headers["Authorization"] = f"Bearer {self.token(look=look)}"
        return request

    def grant(self, grant: Mapping[str, str]) -> Mapping[str, Any]:
        """What the vendor gives for a grant; nothing that is in it, or comes of it, stands in a message."""
        auth = (self.client["client_id"], self.client.get("client_secret", "")) if self.basic else None
        own = {"client_id": self.client["client_id"]} if self.basic else self.client
        url = self.renewal if self.renewal and "refresh_token" in grant else self.url
        http: HttpClient = self.channel.http.using(base=url, errors=_meant)
        answer = http.request("POST", url, data={**own, **grant}, auth=auth, repeatable=True)
        told = self.made(answer)
        if not isinstance(told, dict) or not told.get("access_token"):
            raise answer.garbled(_("the answer has no access token"), answer)
        return told

    @property
    def _name(self) -> str:
        """Of the state: another login is another account."""
        told = json.dumps([self.url, self.client.get("client_id"), self.refresh])
        return f"access-token-{hashlib.sha256(told.encode()).hexdigest()[:16]}"

    def _new(self, old: Any) -> tuple[Any, dt.datetime]:
        refresh = str((old or {}).get("refresh_token") or self.refresh)
        told = self.grant({"grant_type": "refresh_token", "refresh_token": refresh})
        kept = {"access_token": str(told["access_token"]), "refresh_token": str(told.get("refresh_token") or refresh)}
        seconds = str(told.get("expires_in"))
        lasts = dt.timedelta(seconds=min(int(seconds), 10**8) if seconds.isdecimal() else LASTS)
        return kept, self.channel.now() + lasts


def log_in(
    oauth: OAuth, page: str, wanted: Mapping[str, str], show: Show, ask: Ask, *, pkce: bool = True
) -> Mapping[str, Any]:
    """The vendor's answer to a person who let the channel in on `page`, and pasted the address that it led to.

    `wanted` are fields of the page's address, such as scope; `redirect_uri` is where it leads to, as the app's settings
    have it: nothing has to listen there. With `pkce` the code is of use to nobody else (RFC 7636).
    """
    state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    proof = {
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    shown = {
        "response_type": "code", "client_id": oauth.client["client_id"], "state": state, **wanted,
        **(proof if pkce else {}),
    }  # fmt: skip
    show(_("Open this page as the account that is to post, and agree:"), f"{page}?{urlencode(shown)}")
    pasted = ask(_("The whole address to which it leads then, also where no page opens")).strip()
    told = {name: values[0] for name, values in parse_qs(urlsplit(pasted).query).items()}
    if told.get("state", state) != state:
        raise Refused(_("this address is of another login: begin again"), channel=oauth.channel.name)
    code = told.get("code", pasted)
    secret = {"client": oauth.client.get("client_secret", ""), "code": code, "verifier": verifier}
    oauth.channel.state.set("login-secrets", secret)  # from here on no message says them
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": wanted["redirect_uri"]}
    return oauth.grant(grant | ({"code_verifier": verifier} if pkce else {}))


def _meant(answer: Answer) -> Refused | None:
    """The errors of RFC 6749, section 5.2, with what helps."""
    if answer.status not in (400, 401, 403):
        return None
    told = answer.json() if answer.text.lstrip()[:1] == "{" else None
    code = str(told.get("error") or "") if isinstance(told, dict) else ""
    if code == "invalid_client":
        return Refused(_("the app's id or its secret is wrong"), code)
    if code in ("invalid_grant", "invalid_request"):
        return Refused(_("this login has ended, or its code was used before: log in again"), code)
    return None
