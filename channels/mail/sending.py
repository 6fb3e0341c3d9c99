"""A post's letters on their way, one recipient after another: nobody gets two, and nobody stops the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from steadycast.platform import Busy, Channel, Refused, Unknown

from .people import step_of
from .submission import Submission


class Sending:
    """One attempt: who was sent to before is passed over, by the steps that are saved."""

    def __init__(self, channel: Channel, letter: Callable[[str], bytes]) -> None:
        self.channel = channel
        self.letter = letter  # address -> its letter
        self.ended: list[str] = []  # a step each: sent 250, refused 550 5.1.1, unknown
        self.later: list[Busy] = []
        self.doubtful: list[Unknown] = []

    def to(self, people: list[str]) -> dict[str, int]:
        """How many were sent, refused and unknown; raises while some are still to be sent, or may have been."""
        with Submission(self.channel) as server:
            for address in people:
                try:
                    self.ended.append(self.channel.step(step_of(address), partial(self._one, server, address)))
                except Unknown as unknown:  # it was begun by a worker that ended in the middle
                    self.doubtful.append(unknown)
                    self.ended.append("unknown")
                except Busy as busy:
                    if not busy.code or not server.usable:  # the server itself: nobody else fares better
                        raise
                    self.later.append(busy)
        return self._counted()

    def _one(self, server: Submission, address: str) -> str:
        """How one recipient's letter ended, for the step that is saved; only Busy leaves nothing saved."""
        server.open()  # what fails here is no recipient's in particular
        letter = self.letter(address)  # nor is what fails here
        try:
            return server.send(address, letter)
        except Refused as refused:  # this recipient's trouble; the others' letters go on
            return f"refused {refused.code} {server.enhanced}".strip()
        except Unknown as unknown:
            self.doubtful.append(unknown)
            return "unknown"

    def _counted(self) -> dict[str, int]:
        total, tell, name = len(self.ended) + len(self.later), self.channel.tell, self.channel.name
        refused = [step for step in self.ended if step.startswith("refused")]
        if self.later:
            first = self.later[0]
            said = tell("waiting", num=len(self.later), total=total, why=first.message)
            raise Busy(said, first.code, first.channel, first.retry_after)
        if self.doubtful:
            said = tell("doubtful", num=len(self.doubtful), total=total, why=self.doubtful[0].message)
            raise Unknown(said, channel=name)
        if len(refused) == total:
            codes = refused[0].split()[1:]
            raise Refused(tell("too-large" if codes[0] == "552" else "all-refused"), codes[0], name)
        counts = Counter(step.partition(" ")[0] for step in self.ended)
        return {state: counts[state] for state in ("sent", "refused", "unknown") if counts[state]}
