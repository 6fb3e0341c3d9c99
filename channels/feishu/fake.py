"""A custom robot of a Feishu group, for tests: it looks at its signature, and its errors come with status 200."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from steadycast.testing import FakeServer, Reply, Request, Seen

PATH, SECRET = "/open-apis/bot/v2/hook/t0ken-of-the-robot", "signs-each-message"
A_MINUTE = 100
AN_HOUR = 3600


class Fake(FakeServer):
    """One group, one robot whose security is a signature. `now` are seconds since 1970, as its clock has them."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Seen] = []
        self.called: list[bool] = []  # whether each message called everybody
        self.times: list[float] = []
        self.now: float | None = None  # None: whatever time a message says is right

    def secrets(self) -> dict[str, str]:
        """Its address is a secret, and there is another to sign with."""
        return {"url": f"{self.url}{PATH}", "secret": SECRET}

    def handle(self, request: Request) -> Reply:
        """Answer as the vendor does, always with status 200."""
        if request.path != PATH:
            return _error(19001, "param invalid: incoming webhook access token invalid")
        if len(request.body) > 20_000:
            return _error(9499, "Bad Request")
        told = request.json()
        stamp = str(told.get("timestamp", ""))
        signed = base64.b64encode(hmac.new(f"{stamp}\n{SECRET}".encode(), b"", hashlib.sha256).digest()).decode()
        is_late = self.now is not None and abs(self.now - int(stamp or 0)) > AN_HOUR
        if told.get("sign") != signed or is_late:
            return _error(19021, "sign match fail or timestamp is not within one hour from current time")
        now = time.monotonic()
        self.times = [at for at in self.times if now - at < 60]
        if len(self.times) >= A_MINUTE:
            return _error(11232, "frequency limited psm")
        self.times.append(now)
        ((language, post),) = told["content"]["post"].items()
        if told["msg_type"] != "post" or language not in ("zh_cn", "en_us", "ja_jp") or not post["content"]:
            return _error(9499, "Bad Request")
        elements = [element for line in post["content"] for element in line]
        links = [element["href"] for element in elements if element["tag"] == "a"]
        lines = ("".join(e["text"] for e in line if e["tag"] == "text") for line in post["content"])
        self.called.append(any(e == {"tag": "at", "user_id": "all"} for e in elements))
        self.kept.append(Seen(str(len(self.kept) + 1), "", "\n".join(lines).strip(), post["title"], url="".join(links)))
        return Reply(200, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def posts(self) -> list[Seen]:
        """What stands in the group."""
        return self.kept


def _error(code: int, said: str) -> Reply:
    return Reply(200, {"code": code, "data": {}, "msg": said})
