"""A receiver of signed posts, for tests: it keeps one of a key, and says no to a wrong signature."""

from __future__ import annotations

import hashlib
import hmac

from steadycast.testing import FakeServer, Reply, Request, Seen

SECRET = "signs-each-request"  # noqa: S105  the fake's own


class Fake(FakeServer):
    """What a community's own receiver would do."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Seen] = {}

    def secrets(self) -> dict[str, str]:
        """Its address carries a token, as many do."""
        return {"url": f"{self.url}/in/t0ken-of-the-hook", "secret": SECRET}

    def handle(self, request: Request) -> Reply:
        """Check the signature over the stamp and the body, as the README says."""
        signed = f"{request.headers['Steadycast-Timestamp']}.".encode() + request.body
        right = f"sha256={hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()}"
        if request.headers["Steadycast-Signature"] != right:
            return Reply(401, {"error": "wrong signature"})
        told = request.json()
        url = f"https://hook.example/{len(self.kept) + 1}"
        files = tuple(media["sha256"] for media in told["media"])
        seen = Seen(f"{len(self.kept) + 1}", told["key"], told["text"], told["title"], files, url)
        kept = self.kept.setdefault(request.headers["Idempotency-Key"], seen)
        return Reply(201, {"id": kept.id, "url": kept.url})

    def posts(self) -> list[Seen]:
        """What came, once each."""
        return list(self.kept.values())
