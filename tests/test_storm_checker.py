"""The storm's judge, on histories made by hand: what is well must pass, and each broken promise be named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from storm.checker import judge, safety
from storm.history import History, Line, Story
from storm.log import Log, lines
from storm.mutants import MUTANTS, ROOT, mutated

DEADLINE, SETTLE = 1.0, 2.0


def line(t: Any, what: Any, **more: Any) -> Any:
    return Line(t, what, {"part": 1, "step": "post", "attempt": "a", **more})


def sent(t: Any, *, attempt: str = "a", part: int = 1, how: str | None = "answer", **more: Any) -> Any:
    """One attempt's request and how it ended."""
    ours = [line(t, "attempt", attempt=attempt), line(t, "invoke", attempt=attempt, part=part)]
    return ours if how is None else [*ours, line(t + 0.1, how, attempt=attempt, part=part, **more)]


def looked(began: Any, found: Any, *, sure: bool = True) -> Any:
    return line(began + 0.1, "looked", began=began, found=found, sure=sure)


def taken(t: Any, *, part: int = 1, id: str = "1") -> Any:
    return line(t, "taken", part=part, id=id)


def good(**more: Any) -> Any:
    """One request, one answer, one receipt."""
    usual: dict[str, Any] = {
        "key": "k", "kind": "read-back", "delivery": "read-back", "parts": 1, "state": "seen", "receipt": "1",
        "ours": [*sent(0), line(0.2, "receipt", id="1")], "theirs": [taken(0.05)],
        "events": ["claimed", "frozen", "sending", "published", "seen"],
    }  # fmt: skip
    return Story(**usual | more)


def rules(*stories: Any) -> Any:
    return [(f.rule, f.why) for f in judge(History(list(stories), DEADLINE, SETTLE)).findings]


TWICE = ["claimed", "sending", "unknown", "due", "claimed", "sending", "published"]
PARKED = {"state": "unknown", "receipt": None, "told": True, "events": ["claimed", "sending", "unknown"]}
GOOD = {
    "one request": good(),
    "a thread": good(
        parts=2, ours=[*sent(0), *sent(1, part=2, attempt="a")[1:]], theirs=[taken(0.05), taken(1.05, part=2, id="2")]
    ),
    "refused at once, sent again": good(ours=[*sent(0, how="fail", code="429"), *sent(1, attempt="b")], events=TWICE),
    "never left, sent again": good(ours=[*sent(0, how="fail", code=None), *sent(1, attempt="b")], events=TWICE),
    "thawed when another had sent it, and not sent": good(
        ours=[*sent(0), *sent(9, attempt="b", how="fail", code=None)], events=TWICE
    ),
    "absent after SETTLE, sent again": good(
        ours=[*sent(0, how="maybe"), looked(3.1, 0), *sent(4, attempt="b")], theirs=[taken(4.05)], events=TWICE
    ),
    "died in mid-send, absent, sent again": good(
        ours=[*sent(0, how=None), looked(3.1, 0), *sent(4, attempt="b")], theirs=[taken(4.05)], events=TWICE
    ),
    "in doubt, and found": good(ours=[*sent(0, how="maybe"), looked(3.1, 1)], events=["sending", "unknown", "seen"]),
    "blind and parked": good(delivery="blind", ours=sent(0, how="maybe"), theirs=[], **PARKED),
    "conditional, sent at once again": good(
        delivery="conditional", ours=[*sent(0, how="maybe"), *sent(0.2, attempt="b")],
        theirs=[taken(0.05), line(0.25, "again", id="1", same=True)], events=TWICE,
    ),
    "refused": good(
        ours=sent(0, how="fail", code="422") and [*sent(0)[:2], line(0.1, "fail", how="Refused", code="422")],
        theirs=[], state="refused", receipt=None, told=True,
    ),
}  # fmt: skip


def test_two_deliveries_of_a_channel_with_one_writer_that_overlap_are_named() -> None:
    """One after the other is well; so is one that begins when the other's deadline is over without an answer."""
    first = good(key="a", channel="c", alone=True, ours=sent(0))
    after = good(key="b", channel="c", alone=True, ours=sent(0.2))
    beside = good(key="b", channel="c", alone=True, ours=sent(0.05))
    elsewhere = good(key="b", channel="d", alone=True, ours=sent(0.05))
    silent = good(key="a", channel="c", alone=True, ours=sent(0, how=None))
    late = good(key="b", channel="c", alone=True, ours=sent(DEADLINE + 0.1))

    def of(*stories: Story) -> list[str]:
        return [f.rule for f in safety(History(list(stories), DEADLINE, SETTLE)) if f.rule == "together"]

    assert [of(first, after), of(first, elsewhere), of(silent, late)] == [[], [], []]
    assert [of(first, beside), of(silent, after)] == [["together"], ["together"]]


@pytest.mark.parametrize("name", GOOD)
def test_a_kept_promise_is_found_good(name: Any) -> None:
    """Nothing is found where nothing is broken."""
    assert rules(GOOD[name]) == []


BAD = {
    "there twice": ("doubled", good(theirs=[taken(0.05), taken(0.06, id="2")])),
    "a part twice": ("doubled", good(parts=2, theirs=[taken(0), taken(1, part=2, id="2"), taken(2, part=2, id="3")])),
    "other words the second time": (
        "doubled",
        good(delivery="conditional", theirs=[taken(0.05), line(1, "again", id="1", same=False)]),
    ),
    "sent again after a 500": (
        "unproven",
        good(ours=[*sent(0, how="fail", code="500"), *sent(1, attempt="b")], theirs=[taken(1.1)], events=TWICE),
    ),
    "it is said that nothing left, but something arrived": (
        "unproven",
        good(ours=[*sent(0, how="fail", code=None), *sent(1, attempt="b")], events=TWICE,
             theirs=[line(0.05, "arrived"), taken(1.1)]),
    ),
    "sent again after a time-out": (
        "unproven",
        good(ours=[*sent(0, how="maybe"), *sent(9, attempt="b")], theirs=[taken(9.1)], events=TWICE),
    ),
    "sent again after an answer": ("unproven", good(ours=[*sent(0), *sent(9, attempt="b")], events=TWICE)),
    "the look began before SETTLE": (
        "unproven",
        good(ours=[*sent(0, how="maybe"), looked(2.9, 0), *sent(4, attempt="b")], theirs=[taken(4.1)], events=TWICE),
    ),
    "the look could not tell": (
        "unproven",
        good(ours=[*sent(0, how="maybe"), looked(3.1, None, sure=False), *sent(4, attempt="b")], events=TWICE),
    ),
    "the look found it": (
        "unproven",
        good(ours=[*sent(0, how="maybe"), looked(3.1, 1), *sent(4, attempt="b")], events=TWICE),
    ),
    "the look ended after the second sending": (
        "unproven",
        good(ours=[*sent(0, how="maybe"), *sent(3.15, attempt="b"), looked(3.1, 0)], events=TWICE),
    ),
    "a blind one sent again": (
        "unproven",
        good(delivery="blind", ours=[*sent(0, how="maybe"), looked(9, 0), *sent(10, attempt="b"),
                                     line(11, "receipt", id="1")], events=TWICE),
    ),
    "sent without an intent": ("unintended", good(events=["claimed", "published"])),
    "published and not there": ("lost", good(theirs=[])),
    "half a thread": ("lost", good(parts=2)),
    "another's receipt": ("lost", good(receipt="2")),
    "missed in time": ("lost", good(state="missed", receipt=None, theirs=[])),
    "refused by nobody": ("lost", good(state="refused", receipt=None, theirs=[], told=True)),
    "blind, and called published by a guess": (
        "lost", good(delivery="blind", ours=sent(0, how="maybe"), theirs=[taken(0.05)])
    ),
    "left in sending": ("silent", good(state="sending", receipt=None)),
    "due for ever": ("silent", good(state="due", receipt=None, theirs=[], ours=[], events=[])),
    "no receipt": ("silent", good(receipt=None)),
    "nobody is told": ("silent", good(**PARKED | {"told": False})),
    "a doubt whose look never came": ("silent", good(**PARKED, wakes=True)),
    "conditional and parked": ("parked", good(delivery="conditional", **PARKED)),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_broken_promise_is_named(name: Any) -> None:
    """Each rule by a history that breaks it, and that one first."""
    rule, story = BAD[name]
    assert rule in {found for found, _ in rules(story)}


def test_safety_may_be_asked_in_the_middle() -> None:
    """What is still on its way is not lost yet; what is doubled is doubled already."""
    waiting = good(state="sending", receipt=None)
    twice = good(theirs=[taken(0.05), taken(0.06, id="2")])
    assert safety(History([waiting], DEADLINE, SETTLE)) == []
    assert [f.rule for f in safety(History([waiting, twice], DEADLINE, SETTLE))] == ["doubled"]


@pytest.mark.parametrize(("parked", "broken"), [(1, False), (2, False), (3, True)])
def test_one_doubt_in_a_hundred_may_wait_for_a_person(parked: int, broken: bool) -> None:
    """On a read-back platform: of 200 doubts two may be parked, three may not."""
    doubt = ["sending", "unknown"]
    stories = [good(key=str(n), **PARKED) for n in range(parked)]
    stories += [good(key=str(n), events=[*doubt, "seen"]) for n in range(parked, 200)]
    assert bool(rules(*stories)) is broken


def test_the_tally_counts_what_the_table_shows() -> None:
    """Slots, published, in doubt at the end and ever, settled."""
    stories = [good(key="1"), good(key="2", events=["sending", "unknown", "seen"]), good(key="3", **PARKED)]
    tally = judge(History(stories, DEADLINE, SETTLE)).tallies["read-back"]
    assert (tally.slots, tally.published, tally.unknown, tally.doubted, tally.settled) == (3, 2, 1, 2, 1)


def test_a_torn_line_hides_no_other(tmp_path: Path) -> None:
    """A writer was killed where its line crossed a page; the next writer's line stands right behind it."""
    log = Log(tmp_path / "a.log", now=lambda: 1.5)
    log("attempt", key="k", why='{"error": "later"}')
    with (tmp_path / "a.log").open("ab") as torn:
        torn.write(b'{"t": 1.6, "pid": 7, "what": "loo')
    log("looked", key="k")
    with (tmp_path / "a.log").open("ab") as torn:
        torn.write(b'{"t": 1.7')
    assert [(line["t"], line["what"]) for line in lines(tmp_path / "a.log")] == [(1.5, "attempt"), (1.5, "looked")]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_still_changes_the_source(mutant: Any) -> None:
    """A passage that was rewritten is noticed at once, and not by the storms an hour later."""
    for path, text in mutated(mutant).items():
        compile(text, path, "exec")


def test_the_document_lists_the_same_mutants() -> None:
    section = (ROOT / "tests" / "storm" / "RESULTS.md").read_text(encoding="utf-8").partition("## Mutants")[2]
    listed = re.findall(r"^\| \d+ +\| (.*?) +\| ", section, re.MULTILINE)
    assert listed == [mutant.name for mutant in MUTANTS]
