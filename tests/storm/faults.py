"""What the far side does with a request: drawn from the seed and the request's own name, so that a seed replays it."""

from __future__ import annotations

import random
from dataclasses import dataclass

# kind: (weight, taken before the answer?). Together more than a third of all answers.
SENDS: dict[str, tuple[float, bool]] = {
    "accept": (56, True),
    "slow": (6, True),  # an honest answer that takes most of the deadline
    "cut-after": (3, True),
    "error-after": (3, True),
    "error-before": (3, False),
    "reset-before": (2, False),
    "reset-after": (2, True),
    "late": (4, False),  # answered, cut or left hanging now; taken later, within SETTLE
    "garbled-after": (1.5, True),
    "garbled-before": (1.5, False),
    "empty": (1.5, True),
    "truncated": (1.5, True),  # fewer bytes than announced
    "truncated-json": (1.5, True),
    "html": (1.5, True),
    "html-before": (1.5, False),  # a login page, with 200
    "wrong-id": (1.5, True),  # another post's answer
    "no-id": (1.5, True),  # an answer that no adapter thought of: it fails while it reads it
    "no-content": (1.5, True),  # 204
    "created-empty": (1.5, True),  # 201 without a body
    "too-many": (2.5, False),  # 429, surely not taken
    "drip": (1, True),  # one byte now and then, past the deadline
    "hang": (1, False),
    "refuse": (0.5, False),  # 422
}
LOOKS: dict[str, float] = {
    "honest": 80,
    "error": 4,
    "cut": 3,
    "garbled": 2,
    "html": 2,
    "stale": 3,  # a cache's copy, some time old
    "newest-missing": 3,
    "other-account": 1,  # somebody else's list
    "same-text": 2,  # another author wrote the same words
    "moderated": 0.05,  # taken down for good
}
RETRY_AFTER = ("1", "0", "-5", "1000000000", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "0.2")


@dataclass(frozen=True)
class Fault:
    """One request's fate."""

    kind: str
    taken: bool = False
    wait: float = 0.0  # share of the longest time in which a late request may act
    how: str = ""  # a late request's answer; a 429's Retry-After; an error's status


def send(seed: int, key: str, what: str, nth: int, *, calm: bool) -> Fault:
    """What becomes of the nth request of that kind for that post."""
    draw = random.Random(f"{seed}|send|{key}|{what}|{nth}")
    kind = "accept" if calm else draw.choices(list(SENDS), [weight for weight, _ in SENDS.values()])[0]
    how = {
        "late": draw.choice(["error", "cut", "hang"]),
        "too-many": draw.choice(RETRY_AFTER),
        "error-after": draw.choice(["500", "502", "503", "504", "408"]),
        "error-before": draw.choice(["500", "502", "503", "504", "409"]),
    }.get(kind, "")
    return Fault(kind, SENDS[kind][1], draw.random(), how)


def look(seed: int, key: str, nth: int, *, calm: bool) -> Fault:
    """What the nth look for that post is told."""
    draw = random.Random(f"{seed}|look|{key}|{nth}")
    return Fault("honest" if calm else draw.choices(list(LOOKS), list(LOOKS.values()))[0], wait=draw.random())
