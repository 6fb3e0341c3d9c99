"""Who gets a letter: the list as the settings and its file have it, and what came of each."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from steadycast.platform import Channel, Recipient, Refused

ADDRESS = r"[^\s@<>\"'(),:;\\\[\]\x00-\x1f\x7f-\U0010ffff]{1,64}@[A-Za-z0-9.-]{1,253}"
RECIPIENT = re.compile(rf"(?:[^<>\x00-\x1f\x7f]*<({ADDRESS})>|({ADDRESS}))")  # an address, or a name and <an address>


class People:
    """The recipients of one channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def listed(self) -> tuple[list[str], int]:
        """The addresses on the list, each once, and how many lines were none."""
        lines = list(self.channel.settings["to"])
        if file := self.channel.settings["recipients"]:
            try:
                lines += Path(file).read_text(encoding="utf-8-sig").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(self.channel.tell("unreadable"), channel=self.channel.name) from error
        given = [line.partition("#")[0].strip() for line in lines]
        read = [RECIPIENT.fullmatch(line) for line in given if line]
        usable = [found[1] or found[2] for found in read if found]
        return list(dict.fromkeys(usable)), len(read) - len(usable)

    def wanted(self) -> tuple[list[str], dict[str, int]]:
        """Whom the next letter is for; and how many are passed over, as they left, or as no address is to be read."""
        people, unusable = self.listed()
        of = self.channel.subscribers
        left = of.left()
        staying = [address for address in people if not left or of.mark(address) not in left]
        passed = {"left": len(people) - len(staying), "unusable": unusable}
        return staying, {why: number for why, number in passed.items() if number}

    def seen(self, steps: Mapping[str, Any]) -> Iterator[Recipient]:
        """What came of each by the steps of a delivery: the ledger has no addresses, so they are those on the list."""
        of = self.channel.subscribers
        left, returned = of.left(), {} if steps else of.returned()
        for address in self.listed()[0]:
            if (step := step_of(address)) in steps:
                state, _, why = str(steps[step] or "unknown").partition(" ")
                yield Recipient(address, state, why)
            elif gone := left.get(of.mark(address)) if left else None:
                bounced = gone.why == "bounced"
                yield Recipient(address, "bounced" if bounced else "left", gone.said if bounced else gone.why)
            else:
                yield Recipient(address, "waiting", returned.get(of.mark(address), "") if returned else "")


def step_of(address: str) -> str:
    """The name of a recipient's step: told from others, not read back."""
    return f"rcpt-{hashlib.sha256(address.lower().encode()).hexdigest()[:24]}"
