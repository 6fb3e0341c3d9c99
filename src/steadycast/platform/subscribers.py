"""Those whom a channel sends to one by one: who wants nothing any more, and the address by which they say so.

Whoever left stands in the channel's state by a mark, apart from any list: a list that is put in again brings nobody
back. It stands in a file besides, so that an older ledger that is put in again brings nobody back either. The mark and
the address are made with the installation's secret: from the one nobody reads who it is, and the other nobody can
guess.
"""

from __future__ import annotations

import datetime as dt
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from steadycast.platform.state import State
from steadycast.platform.unsubscribed import BACK, Left, UnsubscribedFile

PATH = "/leave/"  # of the desk
RETURNED = "returned "  # and a mark: what came back of what was sent to them
REMEMBERED = 20  # of the newest that came back, so that none is counted twice
LEFT = "left "  # and a mark: a key of the channel's state
MARK, SEAL = 24, 32  # hexadecimal digits
TOKEN = re.compile(rf"[0-9a-f]{{{MARK + SEAL}}}")
OWN = ("link", "message")  # ways of leaving by which one may come back in the same way


class Subscribers:
    """Those of one channel. `sign` makes of a text what nobody else can make of it, in hexadecimal."""

    def __init__(
        self,
        channel: str,
        state: State,
        sign: Callable[[str], str],
        desk: str,
        now: Callable[[], dt.datetime],
        *,
        file: UnsubscribedFile | None = None,
    ) -> None:
        self._channel, self._state, self._sign, self._now, self._file = channel, state, sign, now, file
        self._desk = desk.rstrip("/")

    def mark(self, name: str) -> str:
        """Whom a name means, for the ledger: the same for ever, and no name."""
        return self._sign(f"subscriber|{name.strip().lower()}")[:MARK]

    def token(self, name: str) -> str:
        """By which this one leaves, and nobody else."""
        mark = self.mark(name)
        return mark + self._seal(mark)

    def mark_of(self, token: str) -> str:
        """The mark of a token; "" of what is none."""
        if not TOKEN.fullmatch(token):
            return ""
        mark, seal = token[:MARK], token[MARK:]
        return mark if hmac.compare_digest(seal, self._seal(mark)) else ""

    def address(self, name: str) -> str:
        """Where this one leaves by a click; "" where the desk has no address that others reach."""
        return f"{self._desk}{PATH}{quote(self._channel, safe='')}/{self.token(name)}" if self._desk else ""

    def left(self) -> dict[str, Left]:
        """Whoever is sent nothing any more, by their mark."""
        return self._with_file({key.removeprefix(LEFT): _read(v) for key, v in self._state.all(LEFT).items()})

    def has_left(self, mark: str) -> Left | None:
        """That one of these is sent nothing any more."""
        kept = self._state.get(LEFT + mark)
        return self._with_file({mark: _read(kept)} if kept else {}).get(mark)

    def leave(self, mark: str, why: str, said: str = "") -> None:
        """From now on this one is sent nothing; who left before stays as they left."""
        if self.has_left(mark) is not None:
            return
        new = Left(why, self._now(), " ".join(said.split()))
        if self._file:
            earlier = {} if self._file.of(self._channel) else self.left()  # who left before there was a file
            self._file.add(self._channel, earlier | {mark: new})
        self._state.set(LEFT + mark, {"why": why, "at": new.at.isoformat(), "said": said})

    def came_back(self, mark: str, said: str, *, hard: bool, once: str, most: int) -> None:
        """What was sent to them came back, with the far side's code; `once` names what came, so that it counts once.

        With `hard` the address is none for ever: after so many of these they are sent nothing any more.
        """
        kept = self._state.get(RETURNED + mark) or {"hard": 0, "soft": 0, "seen": []}
        if once in kept["seen"]:
            return
        kind = "hard" if hard else "soft"
        kept |= {kind: kept[kind] + 1, "said": said, "seen": [*kept["seen"], once][-REMEMBERED:]}
        self._state.set(RETURNED + mark, kept)
        if hard and kept["hard"] >= most:
            self.leave(mark, "bounced", said)

    def returned(self) -> dict[str, str]:
        """Of each mark of whom something came back: the last code, and how often."""
        kept = self._state.all(RETURNED)
        return {key.removeprefix(RETURNED): f"{v['said']} ×{v['hard'] + v['soft']}" for key, v in kept.items()}

    def back(self, mark: str) -> None:
        """This one is sent to again, as long as they are on the list; what came back is forgotten."""
        self._state.set(RETURNED + mark, None)
        self._state.set(LEFT + mark, None)
        if self._file:
            self._file.add(self._channel, {mark: Left(BACK, self._now())})

    def _with_file(self, known: dict[str, Left]) -> dict[str, Left]:
        """What the ledger knows, and what the file knows besides: the ledger may be an older copy."""
        for mark, last in self._file.of(self._channel).items() if self._file else ():
            if last.why != BACK:
                known.setdefault(mark, last)
            elif mark in known and known[mark].at <= last.at:
                del known[mark]
        return known

    def _seal(self, mark: str) -> str:
        return self._sign(f"leave|{mark}")[:SEAL]


def _read(value: Mapping[str, Any]) -> Left:
    return Left(str(value["why"]), dt.datetime.fromisoformat(value["at"]), str(value.get("said", "")))
