"""An official account as far as the adapter asks: 200 on every error, tokens that end, slow publishing."""

from __future__ import annotations

import itertools
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from .fake_drafts import Drafts
from .fake_rules import OURS, done, page, summary, words, wrong

APPID, SECRET = "wx0123456789abcdef", "fake-app-secret-0123"


class Fake(Drafts, FakeServer):
    """One account. `certified`: it may publish; `drafts`: make them; `lists`: list what is out, though not certified.

    `polls`: how often it says that it is still at it.
    """

    def __init__(self, *, certified: bool = True, drafts: bool = True, lists: bool = False, polls: int = 0) -> None:
        super().__init__()
        self.lists = lists
        self.certified, self.drafts_allowed, self.polls = certified, drafts, polls
        self.status, self.quota = 0, 1  # how publishing ends; mass sendings of today
        self.token = ""
        self.covers: set[str] = set()
        self.drafts: dict[str, Any] = {}
        self.jobs: dict[str, Any] = {}
        self.articles: dict[str, Any] = {}
        self.masses: dict[str, tuple[str, Any]] = {}
        self.followers: list[dict[str, Any]] = []  # rows of a day and way
        self._ids = itertools.count(1)

    def settings(self) -> dict[str, str]:
        return {"url": self.url, "appid": APPID}

    def secrets(self) -> dict[str, str]:
        return {"secret": SECRET}

    def expire(self) -> None:
        """The token ends before its time."""
        self.token = ""

    def posts(self) -> list[Seen]:
        """What a reader sees: articles that are out, and what was sent to all."""
        out = [(id, row["news"], row["url"]) for id, row in self.articles.items() if not row["deleted"]]
        out += [(id, news, "") for id, news in self.masses.values()]
        return [Seen(id, *words(news), url) for id, news, url in out]

    def handle(self, request: Request) -> Reply:
        path = request.path.removeprefix("/cgi-bin").lstrip("/")
        if path == "stable_token":
            return Reply(200, self._token(request.json()))
        if not self.token or request.query.get("access_token") != self.token:
            return Reply(200, wrong(42001 if not self.token else 40001))
        if path in ("media/uploadimg", "material/add_material"):
            return Reply(200, self._upload(path, request))
        if b"\\u" in request.body:
            return Reply(200, wrong(40033))
        return Reply(200, getattr(self, "_" + path.replace("/", "_"))(request.json()))

    def _token(self, asked: Any) -> dict[str, Any]:
        if asked["appid"] != APPID:
            return wrong(40013)
        if asked["secret"] != SECRET:
            return wrong(40125)
        if asked["force_refresh"] or not self.token:
            self.token = f"fake_token_{next(self._ids)}_abcdefghijklmnop"
        return {"access_token": self.token, "expires_in": 7200}

    def _upload(self, path: str, request: Request) -> dict[str, Any]:
        file = request.form()["media"]
        if not file.name.endswith((".jpg", ".png")):
            return wrong(40137)
        if len(file.data) >= 1_000_000:
            return wrong(40009)
        if path == "media/uploadimg":
            return {"url": f"{OURS}mmbiz_png/{next(self._ids)}/0", "errcode": 0, "errmsg": "ok"}
        self.covers.add(id := f"MEDIA_{next(self._ids)}")
        return {"media_id": id, "url": f"{OURS}{id}"}

    def publish_by_hand(self, media_id: str) -> str:
        """What a person does in the back office; the article's address."""
        news, id = self.drafts.pop(media_id), str(next(self._ids))
        url = f"https://mp.weixin.qq.com/s/{id}"
        self.articles[f"ARTICLE_{id}"] = {"news": news, "url": url, "deleted": False}
        return url

    def _freepublish_submit(self, asked: Any) -> dict[str, Any]:
        if not self.certified:
            return wrong(48001)
        if (news := self.drafts.pop(asked["media_id"], None)) is None:
            return wrong(40007)
        self.jobs[id := str(100_000 + next(self._ids))] = {
            "left": self.polls,
            "news": news,
            "article": f"ARTICLE_{next(self._ids)}",
        }
        if not self.status:
            self.articles[self.jobs[id]["article"]] = {
                "news": news,
                "url": f"https://mp.weixin.qq.com/s/{id}",
                "deleted": False,
            }
        return {"errcode": 0, "errmsg": "ok", "publish_id": int(id), "msg_data_id": 1}

    def _freepublish_get(self, asked: Any) -> dict[str, Any]:
        job = self.jobs[str(asked["publish_id"])]
        if job["left"] > 0:
            job["left"] -= 1
            return {"publish_id": asked["publish_id"], "publish_status": 1}
        if status := self.status or 5 * self.articles[job["article"]]["deleted"]:
            return {"publish_id": asked["publish_id"], "publish_status": status, "fail_idx": [1]}
        return done(asked["publish_id"], job["article"], self.articles[job["article"]]["url"])

    def _freepublish_batchget(self, asked: Any) -> dict[str, Any]:
        if not (self.certified or self.lists):
            return wrong(48001)
        rows = [
            {
                "article_id": id,
                "content": {"news_item": [row["news"] | {"url": row["url"], "is_deleted": row["deleted"]}]},
            }
            for id, row in reversed(self.articles.items())
        ]
        return page(rows, asked)

    def _freepublish_delete(self, asked: Any) -> dict[str, Any]:
        if not self.certified:
            return wrong(48001)
        if asked["article_id"] in self.articles:
            self.articles[asked["article_id"]]["deleted"] = True
        return {"errcode": 0, "errmsg": "ok"}

    def _datacube_getusersummary(self, asked: Any) -> dict[str, Any]:
        return summary(self.followers, asked) if self.certified else wrong(48001)

    def _message_mass_sendall(self, asked: Any) -> dict[str, Any]:
        if not self.certified:
            return wrong(48001)
        if asked["clientmsgid"] in self.masses:
            return wrong(45065, msg_id=int(self.masses[asked["clientmsgid"]][0]))
        if len(self.masses) >= self.quota:
            return wrong(45028)
        self.masses[asked["clientmsgid"]] = (id := str(next(self._ids)), self.drafts.pop(asked["mpnews"]["media_id"]))
        return {"errcode": 0, "errmsg": "send job submission success", "msg_id": int(id), "msg_data_id": 2}
