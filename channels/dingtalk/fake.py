"""A custom robot of a DingTalk group, for tests: it looks at its signature, and its errors come with status 200."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from steadycast.testing import FakeServer, Reply, Request, Seen

PATH, TOKEN, SECRET = "/robot/send", "t0ken-of-the-robot", "SEC-signs-each-request"
A_MINUTE = 20
AN_HOUR = 3_600_000  # milliseconds


class Fake(FakeServer):
    """One group, one robot whose security is a signature. `now` are seconds since 1970, as its clock has them."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Seen] = []
        self.called: list[bool] = []  # whether each message called everybody
        self.times: list[float] = []
        self.now: float | None = None  # None: whatever time a request says is right

    def secrets(self) -> dict[str, str]:
        """Its address is a secret, and there is another to sign with."""
        return {"url": f"{self.url}{PATH}?access_token={TOKEN}", "secret": SECRET}

    def handle(self, request: Request) -> Reply:
        """Answer as the vendor does, always with status 200."""
        if request.query.get("access_token") != TOKEN:
            return _error(300005, "token is not exist")
        stamp = request.query.get("timestamp", "")
        signed = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if request.query.get("sign") != base64.b64encode(signed).decode():
            return _error(310000, "sign not match")
        if self.now is not None and abs(self.now * 1000 - int(stamp)) > AN_HOUR:
            return _error(310000, "invalid timestamp")
        if len(request.body) > 20_000:
            return _error(400105, "message too long, exceed 20000 bytes")
        now = time.monotonic()
        self.times = [at for at in self.times if now - at < 60]
        if len(self.times) >= A_MINUTE:
            return _error(130101, "send too fast, exceed 20 times per minute")
        self.times.append(now)
        return self._keep(request)

    def _keep(self, request: Request) -> Reply:
        told, n = request.json(), str(len(self.kept) + 1)
        if told["msgtype"] == "text" and told["text"]["content"].strip():
            self.called.append(told["at"]["isAtAll"])
            self.kept.append(Seen(n, "", told["text"]["content"]))
        elif told["msgtype"] == "link" and told["link"]["title"] and told["link"]["messageUrl"]:
            card = told["link"]
            pictures = (card["picUrl"],) if card["picUrl"] else ()
            self.kept.append(Seen(n, "", card["text"], card["title"], pictures, card["messageUrl"]))
        else:
            return _error(40035, "invalid parameter")
        return _error(0, "ok")

    def posts(self) -> list[Seen]:
        """What stands in the group."""
        return self.kept


def _error(code: int, said: str) -> Reply:
    return Reply(200, {"errcode": code, "errmsg": said})
