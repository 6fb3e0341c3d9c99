"""What is wrong at one instant, and what of it is news: pure, in the words of the community's language."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from steadycast.characters import one_line
from steadycast.ledger.recovery import Jump
from steadycast.ledger.tables import AlarmRow, FeedRow
from steadycast.report.words import Words, words

SILENT_AFTER = 2  # slots in a row with nothing published
UNKNOWN_AFTER = dt.timedelta(days=1)
JUMP_TOLD = dt.timedelta(days=1)  # for how long one is told of a tick that came too late, or of a clock that jumped
FEED_AFTER = dt.timedelta(days=2)
NEVER_READ_AFTER = 3  # failures in a row of a feed that never could be read
LONGEST = 300  # characters of one alarm


@dataclass(frozen=True, slots=True)
class Promise:
    """One series as the alarms see it."""

    name: str
    title: str
    coming: int  # slots within the horizon that owe something
    covered: int  # of them, in a row from the next one on, those with a draft
    gap: dt.datetime | None  # the first empty slot, in the community's zone
    stock: int
    reserve: int = 0  # 0 = none asked
    silent: int = 0  # the latest slots in a row that nothing came out of
    ever: bool = True  # whether anything ever came out of any
    waiting: int = 0  # drafts that wait for approval
    editors: tuple[str, ...] = ()  # who can write or approve, by their names for people


@dataclass(frozen=True, slots=True)
class Stuck:
    """Deliveries of one channel that a person has to look at."""

    channel: str
    title: str
    count: int
    since: dt.datetime  # of the oldest
    code: str = ""


@dataclass(frozen=True, slots=True)
class AlarmInputs:
    """All that alarms are decided by, at one instant."""

    now: dt.datetime
    language: str = "en"
    promises: tuple[Promise, ...] = ()
    last_tick: dt.datetime | None = None  # None: there never was one, which is no alarm
    quiet_after: dt.timedelta = dt.timedelta(hours=6)
    unknown: tuple[Stuck, ...] = ()
    refused: tuple[Stuck, ...] = ()
    feeds: Sequence[FeedRow] = ()
    jump: Jump | None = None


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """One thing that is wrong; the same thing has the same key for as long as it lasts."""

    key: str  # kind:whom:why
    kind: str  # starvation, machinery
    text: str  # one line, in the community's language, without a secret

    @property
    def subject(self) -> str:
        """What it is about, whatever is wrong with it: kind:whom."""
        return self.key.rpartition(":")[0]


def due_alarms(alarm_inputs: AlarmInputs) -> list[Alarm]:
    """What is wrong at this instant, sorted by key.

    Starvation has at most two alarms a series: one for its stock (`empty`: the next slot has nothing; else `low`:
    stock is under the reserve line) and one for its output (`never`: its slots come up, and none ever came out; else
    `silent`: the last two or more did not). Machinery: no tick for `quiet_after`, deliveries unknown
    for a day, refused deliveries, feeds that failed for two days.
    """
    say = words(alarm_inputs.language)
    found = [alarm for promise in alarm_inputs.promises for alarm in _starving(promise, alarm_inputs.now, say)]
    return sorted((*found, *_machinery(alarm_inputs, say)))


def _starving(promise: Promise, now: dt.datetime, say: Words) -> Iterator[Alarm]:
    help_ = _help(promise, say)
    gap = "" if promise.gap is None else say("a_gap", when=say.instant(promise.gap), n=max(0, (promise.gap - now).days))
    if promise.coming and not promise.covered:
        yield _alarm("starvation", promise.name, "empty", say("a_empty", series=promise.title), gap, help_)
    elif promise.stock < promise.reserve:
        low = say("a_low", series=promise.title, stock=promise.stock, reserve=promise.reserve)
        yield _alarm("starvation", promise.name, "low", low, gap, help_)
    if promise.silent and not promise.ever:
        yield _alarm("starvation", promise.name, "never", say("a_never", series=promise.title), gap, help_)
    elif promise.silent >= SILENT_AFTER:
        silent = say("a_silent", series=promise.title, n=promise.silent)
        yield _alarm("starvation", promise.name, "silent", silent, gap, help_)


def _help(promise: Promise, say: Words) -> str:
    parts = []
    if promise.waiting:
        parts.append(say("a_approve", n=promise.waiting))
    if promise.editors:
        parts.append(say("a_who_fixes", who=("、" if say.chinese else ", ").join(promise.editors[:5])))
    return " ".join(parts)


def _machinery(alarm_inputs: AlarmInputs, say: Words) -> Iterator[Alarm]:
    now = alarm_inputs.now
    if alarm_inputs.last_tick is not None and now - alarm_inputs.last_tick > alarm_inputs.quiet_after:
        when = say.instant(alarm_inputs.last_tick.astimezone(now.tzinfo))
        yield _alarm("machinery", "tick", "quiet", say("a_quiet", when=when))
    if (jump := alarm_inputs.jump) and jump.at <= now <= jump.at + JUMP_TOLD:
        since, at = (say.instant(when.astimezone(now.tzinfo)) for when in (jump.since, jump.at))
        told = say("a_jumped", n=jump.slots, at=at, why=say("a_jumped_why", since=since))
        yield _alarm("machinery", "clock", "jumped", told)
    for stuck in alarm_inputs.unknown:
        if now - stuck.since > UNKNOWN_AFTER:
            yield _alarm("machinery", stuck.channel, "unknown", say("a_unknown", channel=stuck.title, n=stuck.count))
    for stuck in alarm_inputs.refused:
        code = f" ({stuck.code})" if re.fullmatch(r"[\w.-]{1,24}", stuck.code, re.ASCII) else ""
        told = say("a_refused", channel=stuck.title, n=stuck.count, code=code)
        yield _alarm("machinery", stuck.channel, "refused", told)
    for feed in alarm_inputs.feeds:
        if told := _feed(feed, now, say):
            yield _alarm("machinery", f"feed-{feed.key}", "failing", told)


def _feed(feed: FeedRow, now: dt.datetime, say: Words) -> str:
    """What is wrong with a member's feed, "" where nothing is; never its address, which may carry a token."""
    if feed.last_ok is None:
        return say("a_feed_never", member=feed.member) if feed.failures >= NEVER_READ_AFTER else ""
    if not (feed.failures or feed.gone) or now - feed.last_ok <= FEED_AFTER:
        return ""
    return say("a_feed", member=feed.member, when=say.instant(feed.last_ok.astimezone(now.tzinfo)))


def _alarm(kind: str, whom: str, why: str, *parts: str) -> Alarm:
    text = one_line(" ".join(parts))
    return Alarm(f"{kind}:{whom}:{why}", kind, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def reconcile(open_rows: Iterable[AlarmRow], due: Sequence[Alarm]) -> tuple[list[Alarm], list[AlarmRow]]:
    """What to send and what to close: due and never told about, and open but no longer due."""
    rows = {row.key: row for row in open_rows}
    to_send = [alarm for alarm in due if alarm.key not in rows or rows[alarm.key].sent is None]
    still = {alarm.key for alarm in due}
    return to_send, [row for key, row in sorted(rows.items()) if key not in still]
