"""The only judge: from the logs of both sides to what was doubled, lost, silent, or sent on no evidence. Pure.

The rules are S1 to S5 of docs/guarantees.md. `safety` may be asked at any moment, `judge` once all is quiet.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from storm.history import History, Line, Story

DONE = {"published", "seen", "confirmed"}
OPEN = {"planned", "due", "claimed", "sending", "handed"}
NOT_TAKEN = {"400", "401", "403", "404", "413", "422", "429"}  # answers that are documented to say so
SETTLED = 0.99  # of a read-back platform's doubts, at least so many end without a person


@dataclass(frozen=True)
class Finding:
    """One broken promise."""

    rule: str  # doubled, lost, silent, unproven, unintended, parked, together
    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.key}: {self.why}"


@dataclass
class Tally:
    """One class's line of the table."""

    slots: int = 0
    published: int = 0
    refused: int = 0
    unknown: int = 0  # at the end
    doubted: int = 0  # ever
    settled: int = 0  # of those, ended without a person
    found: Counter[str] = field(default_factory=Counter)


@dataclass
class Verdict:
    """What the logs say."""

    findings: list[Finding]
    tallies: dict[str, Tally]


def safety(history: History) -> list[Finding]:
    """What is broken already, however the story goes on: doubled, unproven, unintended."""
    found = []
    for story in history.stories:
        found += [Finding("doubled", story.key, why) for why in _doubled(story)]
        found += [Finding("unproven", story.key, why) for why in _unproven(story, history)]
        found += [Finding("unintended", story.key, why) for why in _unintended(story)]
    return found + [Finding("together", key, why) for key, why in _together(history)]


def judge(history: History) -> Verdict:
    """The whole verdict, once everything is quiet."""
    findings = safety(history)
    for story in history.stories:
        findings += [Finding("lost", story.key, why) for why in _lost(story)]
        findings += [Finding("silent", story.key, why) for why in _silent(story)]
        findings += [Finding("parked", story.key, why) for why in _parked(story)]
    tallies = _tallies(history.stories, findings)
    for name, tally in tallies.items():
        left = tally.doubted - tally.settled
        if name == "read-back" and left > max(1, tally.doubted * (1 - SETTLED)):
            findings.append(Finding("parked", "read-back", f"{left} of {tally.doubted} doubts wait for a person"))
    return Verdict(findings, tallies)


# Doubled: the far side took the same thing twice.


def _doubled(story: Story) -> Iterator[str]:
    for part, count in Counter(line.part for line in story.theirs if line.what == "taken").items():
        if count > 1:
            yield f"part {part} is there {count} times"
    for line in story.theirs:
        if line.what == "again" and not line.same:
            yield f"part {line.part} was sent again with other words"


# Unproven: a second sending without evidence that the first did not and cannot take effect (S2).


def _unproven(story: Story, history: History) -> Iterator[str]:
    if story.delivery == "conditional":
        return
    before: dict[int, Line] = {}  # part -> its last request that may have been taken
    ended = {(line.attempt, line.part): line for line in story.ours if line.what == "fail"}
    for line in sorted((line for line in story.ours if line.what == "invoke"), key=lambda line: line.t):
        last, failed = before.get(line.part), ended.get((line.attempt, line.part))
        if failed is not None and _never_left(line, failed, story):
            continue
        if last is not None and not _surely_not(last, line, story, history):
            yield f"part {line.part} was sent again {line.t - last.t:.2f} s later without evidence"
        if failed is None or failed.code not in NOT_TAKEN:
            before[line.part] = line


def _never_left(line: Line, failed: Line, story: Story) -> bool:
    """It failed without an answer, and the far side saw nothing of it: no request was made."""
    arrivals = [a for a in story.theirs if a.what == "arrived" and a.part == line.part]
    return failed.code is None and not any(line.t <= a.t <= failed.t for a in arrivals)


def _surely_not(last: Line, again: Line, story: Story, history: History) -> bool:
    """Whether a look tells: whole and fresh, begun SETTLE after the deadline, over before the second sending."""
    if story.delivery == "blind":
        return False
    counts = last.t + history.deadline + history.settle
    return any(
        line.what == "looked" and line.sure and line.began >= counts and line.t <= again.t and line.found < last.part
        for line in story.ours
    )


# Unintended: a request that the ledger knew nothing of when it was made.


def _unintended(story: Story) -> Iterator[str]:
    attempts = sum(line.what == "attempt" for line in story.ours)
    intents = story.events.count("sending")
    if attempts > intents:
        yield f"sent {attempts} times, the ledger meant to {intents} times"


# Lost: the ledger says that it is there, or that it cannot be, and that is not so.


def _together(history: History) -> Iterator[tuple[str, str]]:
    """Two deliveries of a channel with one writer that were sent at once.

    A request lasts until its answer, and no longer than its deadline: of one that was frozen or died nobody hears.
    """
    sent = sorted(
        (
            story.channel,
            begun.t,
            min([begun.t + history.deadline, *(e.t for e in story.ours if _ends(e, begun))]),
            story.key,
        )
        for story in history.stories
        if story.alone
        for begun in story.ours
        if begun.what == "invoke"
    )
    for (channel, _, end, key), (same, begin, _, other) in itertools.pairwise(sent):
        if channel == same and key != other and begin < end:
            yield other, f"sent to {channel} {end - begin:.2f} s before the answer to {key}"


def _ends(line: Line, begun: Line) -> bool:
    same = all(line.more.get(name) == begun.more.get(name) for name in ("attempt", "part", "step"))
    return same and line.t >= begun.t and line.what in {"answer", "fail", "maybe"}


def _lost(story: Story) -> Iterator[str]:
    there = {line.part: line.id for line in story.theirs if line.what == "taken"}
    missing = [part for part in range(1, story.parts + 1) if part not in there]
    if story.state in DONE and missing:
        yield f"{story.state}, but part {missing[0]} is not there"
    if story.state in DONE and story.receipt and story.receipt not in there.values():
        yield f"its receipt is for {story.receipt}, which is not it"
    if story.state in {"missed", "excused", "cancelled"}:
        yield f"{story.state}, though it was in time"
    if story.state == "refused" and not any(line.what == "fail" and line.how == "Refused" for line in story.ours):
        yield "refused, though the far side did not"
    if story.state == "refused" and not missing:
        yield "refused, but it is there"
    if story.state in DONE and story.delivery == "blind" and not any(line.what == "receipt" for line in story.ours):
        yield f"{story.state}, though no answer said so"


# Silent: nobody knows, or nobody is told.


def _silent(story: Story) -> Iterator[str]:
    if story.state in OPEN:
        yield f"left {story.state}"
    if story.state in DONE and not story.receipt:
        yield f"{story.state} without a receipt"
    if story.state in {"unknown", "refused"} and not story.told:
        yield f"{story.state}, and nobody is told"
    if story.state == "unknown" and story.wakes:
        yield "in doubt, and its next look did not come"


def _parked(story: Story) -> Iterator[str]:
    if story.delivery == "conditional" and story.state == "unknown":
        yield "left in doubt on a platform where a second sending is harmless"


def _tallies(stories: Iterable[Story], findings: Iterable[Finding]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    names = {}
    for story in stories:
        tally = tallies.setdefault(story.delivery, Tally())
        names[story.key] = story.delivery
        tally.slots += 1
        tally.published += story.state in DONE
        tally.refused += story.state == "refused"
        tally.unknown += story.state == "unknown"
        doubted = "unknown" in story.events
        tally.doubted += doubted
        tally.settled += doubted and story.state != "unknown"
    for finding in findings:
        tallies[names[finding.key]].found[finding.rule] += 1
    return tallies
