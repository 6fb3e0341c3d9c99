"""What is wrong at one instant, and what of it is news: pure, in the words of the community's language."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from steadycast.characters import one_line
from steadycast.language import Language, of_tag
from steadycast.ledger.recovery import Jump
from steadycast.ledger.tables import AlarmRow, FeedRow
from steadycast.schedule.days import midnight
from steadycast.typesetting import sentences

SILENT_AFTER = 2  # slots in a row with nothing published
UNKNOWN_AFTER = dt.timedelta(days=1)
JUMP_TOLD = dt.timedelta(days=1)  # for how long one is told of a tick that came too late, or of a clock that jumped
AHEAD = dt.timedelta(days=3)  # so long before a slot that nothing would carry one is told, unless the settings differ
CALM = 2  # times as far ahead it has to lie until that is over: a community that lives from day to day is told once
FEED_AFTER = dt.timedelta(days=2)
NEVER_READ_AFTER = 3  # failures in a row of a feed that never could be read
LONGEST = 300  # characters of one alarm
NEWS = ("mix",)  # kinds that tell of nothing wrong: once, and nobody fixes them


@dataclass(frozen=True, slots=True)
class Promise:
    """One series as the alarms see it."""

    name: str
    title: str
    coming: int  # slots within the horizon that owe something
    covered: int  # of them, in a row from the next one on, those with a draft
    gap: dt.datetime | None  # the first slot with nothing planned, in the community's zone
    ends: dt.datetime | None  # the first that reserve does not fill either
    stock: int
    reserve: int = 0  # 0 = none asked
    around: dt.datetime | None = None  # the likeliest first gap, if drafts come as they did
    soon: bool = False  # whether an alarm already tells when nothing is left
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
    ahead: dt.timedelta = AHEAD
    unknown: tuple[Stuck, ...] = ()
    refused: tuple[Stuck, ...] = ()
    feeds: Sequence[FeedRow] = ()
    jump: Jump | None = None
    others: tuple[Alarm, ...] = ()  # that whoever asks has judged already


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """One thing that is wrong; the same thing has the same key for as long as it lasts."""

    key: str  # kind:whom:why
    kind: str  # starvation, machinery; fair, series (its decisions); mix, which is news
    text: str  # one line, in the community's language, without a secret

    @property
    def subject(self) -> str:
        """What it is about, whatever is wrong with it: kind:whom."""
        return self.key.rpartition(":")[0]


def due_alarms(alarm_inputs: AlarmInputs) -> list[Alarm]:
    """What is wrong at this instant, sorted by key.

    Starvation has one alarm a series for its stock (`empty`: the next slot has nothing, and no reserve fills it; else
    `low`: stock is under the reserve line; else `soon`: a slot within `ahead` has nothing) and one for its output
    (`never`: its slots come up, and none ever came out; else `silent`: the last two or more did not). Once told, `soon`
    stays beside the others until such a slot lies twice as far ahead. Machinery: no tick for `quiet_after`, deliveries
    unknown for a day, refused deliveries, feeds that failed for two days.
    """
    say = of_tag(alarm_inputs.language)
    found = [each for promise in alarm_inputs.promises for each in _starving(promise, alarm_inputs, say)]
    return sorted((*found, *_machinery(alarm_inputs, say), *alarm_inputs.others))


def _starving(promise: Promise, alarm_inputs: AlarmInputs, say: Language) -> Iterator[Alarm]:
    now, ahead = alarm_inputs.now, alarm_inputs.ahead
    _, series, who = say.gettext, promise.title, tuple(_help(promise, say))
    near = promise.ends and _near(promise.ends, now, ahead * (CALM if promise.soon else 1))
    if promise.coming and not promise.covered and promise.ends == promise.gap:
        empty = _("%(series)s: nothing to publish at its next slot.", series=series)
        yield alarm("starvation", promise.name, "empty", empty, *_gap(promise, now, say), *who)
    elif promise.stock < promise.reserve:
        low = _(
            "%(series)s: stock %(stock)s is under the reserve line of %(reserve)s.",
            series=series, stock=promise.stock, reserve=promise.reserve,
        )  # fmt: skip
        yield alarm("starvation", promise.name, "low", low, *_gap(promise, now, say), *who)
    elif near and not promise.soon:
        yield _soon(promise, now, say, who)
    if near and promise.soon:  # beside the others, else it would be over, and told again with the next draft
        yield _soon(promise, now, say, who)
    if promise.silent and not promise.ever:
        never = _("%(series)s: its slots have come up, and nothing was ever published.", series=series)
        yield alarm("starvation", promise.name, "never", never, *_gap(promise, now, say), *who)
    elif promise.silent >= SILENT_AFTER:
        silent = _("%(series)s: nothing was published in the last %(n)s slots.", series=series, n=promise.silent)
        yield alarm("starvation", promise.name, "silent", silent, *_gap(promise, now, say), *who)


def _soon(promise: Promise, now: dt.datetime, say: Language, who: Sequence[str]) -> Alarm:
    assert promise.ends is not None
    days, when = _days(promise.ends, now), say.instant(promise.ends)
    soon = say.ngettext(
        "%(series)s: nothing is left for its slot of %(when)s, in %(num)s day.",
        "%(series)s: nothing is left for its slot of %(when)s, in %(num)s days.",
        days, series=promise.title, when=when,
    )  # fmt: skip
    return alarm("starvation", promise.name, "soon", soon, *_expected(promise, say), *who)


def _expected(promise: Promise, say: Language) -> Iterator[str]:
    """The likeliest day, where it is not the one that stock reaches to."""
    if promise.around and promise.around != promise.ends:
        day = say.day(promise.around.date())
        yield say.gettext("If drafts go on coming as they did, the gap is likeliest around %(day)s.", day=day)


def _gap(promise: Promise, now: dt.datetime, say: Language) -> Iterator[str]:
    """When the first gap is, until when reserve fills what is empty from there on, and which day is likeliest."""
    if promise.gap is None:
        return
    when, days = say.instant(promise.gap), _days(promise.gap, now)
    yield say.ngettext("First gap %(when)s, in %(num)s day.", "First gap %(when)s, in %(num)s days.", days, when=when)
    if promise.ends and promise.ends != promise.gap:
        when, days = say.instant(promise.ends), _days(promise.ends, now)
        yield say.ngettext(
            "The reserve fills what is empty up to %(when)s, in %(num)s day.",
            "The reserve fills what is empty up to %(when)s, in %(num)s days.",
            days,
            when=when,
        )
    yield from _expected(promise, say)


def _near(at: dt.datetime, now: dt.datetime, ahead: dt.timedelta) -> bool:
    """Whether the day that lies so long before an instant has begun; never with no time at all."""
    return bool(ahead) and now >= midnight((at - ahead).date(), at.tzinfo or dt.UTC)


def _days(at: dt.datetime, now: dt.datetime) -> int:
    return max(0, (at - now).days)


def _help(promise: Promise, say: Language) -> Iterator[str]:
    if promise.waiting:
        yield say.ngettext("%(num)s draft waits for approval.", "%(num)s drafts wait for approval.", promise.waiting)
    if promise.editors:
        yield say.gettext("Who can fix it: %(who)s.", who=say.listed(promise.editors[:5]))


def _machinery(alarm_inputs: AlarmInputs, say: Language) -> Iterator[Alarm]:
    now, _ = alarm_inputs.now, say.gettext
    if alarm_inputs.last_tick is not None and now - alarm_inputs.last_tick > alarm_inputs.quiet_after:
        when = say.instant(alarm_inputs.last_tick.astimezone(now.tzinfo))
        told = _(
            "Nobody has looked at what is due since %(when)s: nothing is published while the machinery is down.",
            when=when,
        )
        yield alarm("machinery", "tick", "quiet", told)
    if (jump := alarm_inputs.jump) and jump.at <= now <= jump.at + JUMP_TOLD:
        yield alarm("machinery", "clock", "jumped", jumped(jump, now.tzinfo, say))
    for stuck in alarm_inputs.unknown:
        if now - stuck.since > UNKNOWN_AFTER:
            told = say.ngettext(
                "%(channel)s: for more than a day it is not known whether %(num)s delivery is there.",
                "%(channel)s: for more than a day it is not known whether %(num)s deliveries are there.",
                stuck.count,
                channel=stuck.title,
            )
            yield alarm("machinery", stuck.channel, "unknown", told)
    for stuck in alarm_inputs.refused:
        code = f" ({stuck.code})" if re.fullmatch(r"[\w.-]{1,24}", stuck.code, re.ASCII) else ""
        told = say.ngettext(
            "%(channel)s: %(num)s delivery was refused%(code)s.",
            "%(channel)s: %(num)s deliveries were refused%(code)s.",
            stuck.count,
            channel=stuck.title,
            code=code,
        )
        yield alarm("machinery", stuck.channel, "refused", told)
    for feed in alarm_inputs.feeds:
        if told := _feed(feed, now, say):
            yield alarm("machinery", f"feed-{feed.key}", "failing", told)


def jumped(jump: Jump, zone: dt.tzinfo | None, say: Language) -> str:
    """What is told of slots that were called missed when nobody had seen them due."""
    since, at = (say.instant(when.astimezone(zone)) for when in (jump.since, jump.at))
    many = say.ngettext(
        "%(num)s slot is on record as missed since %(at)s, and nobody had seen it due:",
        "%(num)s slots are on record as missed since %(at)s, and nobody had seen them due:",
        jump.slots,
        at=at,
    )
    why = say.gettext(
        "the look before was at %(since)s. The machine was off, or its clock jumped. Is the clock right? "
        "What is still in time is planned again once it is.",
        since=since,
    )
    return sentences(many, why)


def _feed(feed: FeedRow, now: dt.datetime, say: Language) -> str:
    """What is wrong with a member's feed, "" where nothing is; never its address, which may carry a token."""
    if feed.last_ok is None:
        if feed.failures < NEVER_READ_AFTER:
            return ""
        return say.gettext("The feed of %(member)s could never be read.", member=feed.member)
    if not (feed.failures or feed.gone) or now - feed.last_ok <= FEED_AFTER:
        return ""
    when = say.instant(feed.last_ok.astimezone(now.tzinfo))
    return say.gettext("The feed of %(member)s could not be read since %(when)s.", member=feed.member, when=when)


def alarm(kind: str, whom: str, why: str, *parts: str) -> Alarm:
    """An alarm of these sentences, cut to the length of one."""
    text = one_line(sentences(*parts))
    return Alarm(f"{kind}:{whom}:{why}", kind, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


def reconcile(open_rows: Iterable[AlarmRow], due: Sequence[Alarm]) -> tuple[list[Alarm], list[AlarmRow]]:
    """What to send and what to close: due and never told about, and open but no longer due."""
    rows = {row.key: row for row in open_rows}
    to_send = [alarm for alarm in due if alarm.key not in rows or rows[alarm.key].sent is None]
    still = {alarm.key for alarm in due}
    return to_send, [row for key, row in sorted(rows.items()) if key not in still]
