"""A server of the AT Protocol (PDS) with one account: sessions, files, and records under keys."""

from __future__ import annotations

import json
import time
from typing import Any

from steadycast.testing import FakeServer, Reply, Request, Seen

from .fake_rules import TID, cid, files_of, read, wrong
from .fake_sessions import Sessions

DID, HANDLE = "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "club.test"
FRIEND = "did:plc:44ybard66vv44zksje25o7dz"
PASSWORD = "fake-app-pass-word"  # noqa: S105 it opens nothing
POSTS = "app.bsky.feed.post"
ACCOUNT = {"did": DID, "handle": HANDLE, "active": True}
STRANGER = {"error": "AuthenticationRequired", "message": "Invalid identifier or password"}


class Fake(FakeServer):
    """It judges a record as the real one does, and keeps it under its key."""

    def __init__(self, *, largest: int = 5_242_880) -> None:
        super().__init__()
        self.largest = largest
        self.sessions = Sessions()
        self.records: dict[str, dict[str, Any]] = {}  # key -> record
        self.blobs: dict[str, int] = {}  # cid -> size
        self.handles = {HANDLE: DID, "alice.test": FRIEND}
        self.hidden: set[str] = set()  # keys of records that were taken down

    def settings(self) -> dict[str, str]:
        """As FakeServer."""
        return {"url": self.url, "account": HANDLE}

    def secrets(self) -> dict[str, str]:
        """As FakeServer."""
        return {"password": PASSWORD}

    def posts(self) -> list[Seen]:
        """Every record, by its key."""
        return [self._seen(key, self.records[key]) for key in sorted(self.records) if key not in self.hidden]

    def handle(self, request: Request) -> Reply:
        """As FakeServer, with the headers of a rate that is far off."""
        reset = str(int(time.time()) + 300)
        rate = {"RateLimit-Limit": "3000", "RateLimit-Remaining": "2999", "RateLimit-Reset": reset}
        status, body = self._judged(request)
        return Reply(status, body, headers={**rate, "RateLimit-Policy": "3000;w=300"})

    def _judged(self, request: Request) -> tuple[int, Any]:
        verb, name = request.method, request.path.removeprefix("/xrpc/com.atproto.")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        kind = self.sessions.kind(bearer)
        match (verb, name):
            case _ if name.startswith("/"):
                return 404, f"<!DOCTYPE html><html><pre>Cannot {verb} {name}</pre></html>"
            case ("GET", "server.describeServer"):
                return 200, {
                    "did": "did:web:localhost",
                    "blobUploadLimit": self.largest,
                    "availableUserDomains": [".test"],
                }
            case ("GET", "identity.resolveHandle"):
                did = self.handles.get(request.query["handle"])
                return (200, {"did": did}) if did else _error("HandleNotFound", "Unable to resolve handle")
            case ("POST", "server.createSession"):
                told = request.json()
                session = self.sessions.log_in(known=(told["identifier"], told["password"]) == (HANDLE, PASSWORD))
                return (200, {**session, **ACCOUNT}) if session else (401, STRANGER)
            case ("GET", "repo.getRecord"):
                return self._record(request.query["rkey"])
            case _ if kind == "junk":
                return _error("InvalidToken", "Token could not be verified")
            case _ if not bearer:
                return 401, {"error": "AuthMissing", "message": "Authentication Required"}
            case ("POST", "server.refreshSession") if kind == "refresh":
                return 200, {**self.sessions.renew(bearer), **ACCOUNT}
            case ("POST", "server.refreshSession"):
                return _error("ExpiredToken", "Token has been revoked")
            case _ if kind != "access":
                return _error("ExpiredToken", "Token has expired")
            case ("POST", "repo.uploadBlob"):
                return self._upload(request)
            case ("POST", "repo.putRecord"):
                return self._put(**request.json())
            case ("POST", "repo.deleteRecord"):
                gone = self.records.pop(request.json()["rkey"], None)
                return 200, {"commit": {"cid": "bafy", "rev": "3m"}} if gone else {}
        return 501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"}

    def _upload(self, request: Request) -> tuple[int, Any]:
        if len(request.body) > self.largest:
            return 413, {"error": "PayloadTooLarge", "message": "request entity too large"}
        ref, mime = cid(request.body, "bafkrei"), request.headers.get_content_type()
        self.blobs[ref] = len(request.body)
        return 200, {"blob": {"$type": "blob", "ref": {"$link": ref}, "mimeType": mime, "size": len(request.body)}}

    def _put(self, repo: str, collection: str, rkey: str, record: Any, swapRecord: str | None) -> tuple[int, Any]:  # noqa: N803
        if (repo, collection) != (DID, POSTS):
            return 403, {"error": "AccountNotFound", "message": "Account not found"}
        if not TID.fullmatch(rkey):
            said = f'Invalid record key for app.bsky.feed.post: Invalid TID string (got "{rkey}") at $'
            return _error("InvalidRequest", said)
        if fault := wrong(record, self.blobs):
            return _error(*fault)
        there, new = self._cid(rkey), cid(json.dumps(record, sort_keys=True).encode(), "bafyrei")
        done = {"uri": f"at://{DID}/{POSTS}/{rkey}", "cid": new, "validationStatus": "valid"}
        if there == new:  # asked before the swap is: the same record again is no change
            return 200, done
        if there != swapRecord:
            return _error("InvalidSwap", f"Record was at {there}")
        self.records[rkey] = record
        return 200, {**done, "commit": {"cid": new, "rev": rkey}}

    def _record(self, key: str) -> tuple[int, Any]:
        if key not in self.records or key in self.hidden:
            return _error("RecordNotFound", f"Could not locate record: at://{DID}/{POSTS}/{key}")
        return 200, {"uri": f"at://{DID}/{POSTS}/{key}", "cid": self._cid(key), "value": self.records[key]}

    def _cid(self, key: str) -> str | None:
        record = self.records.get(key)
        return cid(json.dumps(record, sort_keys=True).encode(), "bafyrei") if record else None

    def _seen(self, key: str, record: dict[str, Any]) -> Seen:
        embed, url = record.get("embed") or {}, f"https://bsky.app/profile/{DID}/post/{key}"
        files = tuple(file["ref"]["$link"] for file in files_of(embed))
        above = record.get("reply", {}).get("parent", {}).get("uri", "")
        title = embed.get("external", {}).get("title", "")
        return Seen(f"at://{DID}/{POSTS}/{key}", "", read(record), title, files, url, above)


def _error(name: str, said: str) -> tuple[int, Any]:
    return 400, {"error": name, "message": said}
