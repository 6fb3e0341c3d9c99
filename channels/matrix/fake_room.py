"""What happened in a room, and the pages on which a Synapse tells it."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

from .fake_login import USER
from .fake_rules import edits


class Room:
    """The events of a room, the oldest first; what was taken away stays as an empty one."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.events: dict[str, dict[str, Any]] = {}
        self.transactions: dict[str, str] = {}  # of the device: id -> event
        self.most = 1000  # edits on a page, whatever is asked for
        self._numbers = itertools.count(1)

    def remove(self, id: str) -> None:
        """A moderator takes a message away."""
        self._take_away(id, f"of-the-moderator-{id}", "@boss:hu.example")

    def _add(self, kind: str, content: Any, txn: str, sender: str = USER) -> str:
        n = next(self._numbers)
        id = f"${n:043d}"
        stamp = round(self.now.timestamp() * 1000) + n
        told = {"transaction_id": txn} if sender == USER else {}
        self.events[id] = {
            "event_id": id,
            "type": kind,
            "sender": sender,
            "content": content,
            "origin_server_ts": stamp,
        }
        self.events[id]["unsigned"] = told
        self.transactions[txn] = id
        return id

    def _take_away(self, id: str, txn: str, sender: str) -> str:
        made = self._add("m.room.redaction", {"redacts": id}, txn, sender)
        if id in self.events:
            self.events[id]["content"] = {}
            self.events[id]["unsigned"].setdefault("redacted_because", self.events[made])  # who was first, says Synapse
        return made

    def _relations(self, id: str, query: Any) -> dict[str, Any]:
        """The edits of a message as Synapse pages them: the newest first, five where nobody says how many."""
        every = list(reversed(edits(self.events, id)))
        start, most = int(query.get("from", 0)), min(int(query.get("limit", 5)), self.most)
        more = {"next_batch": str(start + most)} if start + most < len(every) else {}
        return {"chunk": every[start : start + most], **more}

    def _messages(self, query: Any) -> dict[str, Any]:
        wanted = json.loads(query.get("filter", "{}"))
        every = [e for e in reversed(self.events.values()) if e["type"] in wanted.get("types", [e["type"]])]
        start, most = int(query.get("from", 0)), int(query["limit"])
        end = {"end": str(start + most)} if start + most < len(every) else {}
        return {"chunk": every[start : start + most], "start": str(start), **end}
