"""Proof of a delivery: the same from the adapter's answer to the ledger, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of a delivery. `handed` means: a kit lies ready, a person has yet to post it and confirm with the URL.

    Of one that is not a kit in a folder, `detail` says what is left to do: `steps`, a list of sentences, and `creator`,
    the page where it is done.
    """

    remote_id: str
    url: str = ""
    at: dt.datetime | None = None  # the far side's own time, if it tells
    seen: str = "answer"  # how it was seen: answer, read-back, file, person, feed
    handed: bool = False
    parts: tuple[Any, ...] = ()  # a thread's parts that are there, each as its step's value
    page: str = ""  # the file below `channel.out` that a person opens
    detail: Mapping[str, Any] = field(default_factory=dict)


def receipt_of(remote_id: str, url: str, at: dt.datetime | None, seen: str, detail: Mapping[str, Any]) -> Receipt:
    """A receipt as it is kept: its parts and its page stand in its detail."""
    parts, page = tuple(detail.get("parts") or ()), str(detail.get("page") or "")
    return Receipt(remote_id, url, at, seen, parts=parts, page=page, detail=detail)
