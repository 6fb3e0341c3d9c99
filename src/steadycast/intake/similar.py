"""How much of one draft's text another one has, and which of many have the most of it: pure, and never quadratic."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import TypeVar

from steadycast.on_demand import lazy_pattern

HALF = 0.5  # Git's measure of a rename
# A Chinese paragraph is one line: an edit of one sentence must not change the whole of it.
_SPAN = lazy_pattern(r"[^\n。！？；!?;.]+(?:[。！？；!?;]+|\.(?=\s|\Z))?|\.")
_LONGEST = 200_000  # characters of a text that are compared
_MEDIA = {"audio": 400, "video": 400}  # letters that a file counts as: a sound is the draft, its text a note on it
_PICTURE = 20
_COMMON = 50  # a sentence that more drafts than this have tells nothing about any of them
_RARE = 64  # sentences of a draft that are looked up, the rarest first
_BEST = 5  # drafts that are compared in full

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Text:
    """A draft's sentences, each by its hash: how often it has them, and how long they are."""

    counts: Mapping[int, int]
    lengths: Mapping[int, int]

    @classmethod
    def of(cls, title: str, body: str, media: Iterable[tuple[str, str]] = ()) -> Text:
        """The text of a draft; its title where it has no other words. `media` are (role, SHA-256) of its files."""
        spans = Counter[int]()
        lengths: dict[int, int] = {}

        def add(what: object, length: int) -> None:
            spans[hash(what)] += 1
            lengths[hash(what)] = length

        for match in _SPAN.finditer(body[:_LONGEST] if body.strip() else title):
            if words := " ".join(match.group().split()):
                add(words, len(words))
        for role, name in media:
            add((role, name), _MEDIA.get(role, _PICTURE))
        return cls(spans, lengths)

    def weight(self, *, letters: bool) -> int:
        """How many letters it has, or how many sentences."""
        return sum(n * (self.lengths[span] if letters else 1) for span, n in self.counts.items())


def likeness(one: Text, other: Text) -> float:
    """From 0 to 1: the share of the longer text that both have, by letters or by sentences, whichever is more."""
    few, many = sorted((one, other), key=lambda text: len(text.counts))
    both = {span: min(n, many.counts[span]) for span, n in few.counts.items() if span in many.counts}
    shares = [0.0]
    for letters in (True, False):
        shared = sum(n * (few.lengths[span] if letters else 1) for span, n in both.items())
        longer = max(one.weight(letters=letters), other.weight(letters=letters))
        shares.append(shared / longer if longer else 0.0)
    return max(shares)


def pairs(texts: Mapping[Key, Text], among: Mapping[str, Text]) -> Iterator[tuple[float, Key, str]]:
    """(likeness, key, other's key) of each text with the few of `among` that are at least half like it.

    Those few are found by the rarest sentences they share, so thousands are paired with thousands in one pass.
    """
    having: dict[int, list[str]] = defaultdict(list)
    for other, text in among.items():
        for span in text.counts:
            if len(having[span]) <= _COMMON:
                having[span].append(other)
    for key, text in texts.items():
        rare = nsmallest(
            _RARE, (span for span in text.counts if span in having), key=lambda span: (len(having[span]), span)
        )
        hits = Counter(other for span in rare for other in having[span])
        for other, _ in hits.most_common(_BEST):
            if (share := likeness(text, among[other])) >= HALF:
                yield share, key, other
