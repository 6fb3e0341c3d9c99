"""The heads and the short words of tables, in the current language; what is read by a program keeps the codes."""

from __future__ import annotations

from functools import cache

from steadycast.language import N_, Language, current
from steadycast.language import gettext as _


def shown_word(word: str) -> str:
    """How a head of a column, a state or a kind reads; any other word as it is."""
    return _words(current()).get(word, word)


def looked_at(where: str) -> str:
    """What a look was at: one of the words, or one channel's, one series'."""
    for begins, said in (("channel ", _CHANNEL), ("limits ", _LIMITS), ("holidays of ", _HOLIDAYS)):
        if where.startswith(begins):
            return _(said, name=where.removeprefix(begins))
    return shown_word(where)


_CHANNEL, _LIMITS, _HOLIDAYS = N_("channel %(name)s"), N_("limits %(name)s"), N_("holidays of %(name)s")


@cache
def _words(language: Language) -> dict[str, str]:
    pgettext = language.pgettext
    return {
        # heads of columns
        "series": pgettext("table", "series"),
        "slot": pgettext("table", "slot"),
        "becomes": pgettext("table", "becomes"),
        "draft": pgettext("table", "draft"),
        "was for": pgettext("table", "was for"),
        "goes to": pgettext("table", "goes to"),
        "rule": pgettext("table", "rule"),
        "what was seen": pgettext("table", "what was seen"),
        "where": pgettext("table", "where"),
        "what": pgettext("table", "what"),
        "by": pgettext("table", "by"),
        "state": pgettext("table", "state"),
        "path": pgettext("table", "path"),
        "id": pgettext("table", "id"),
        "form": pgettext("table", "form"),
        "title": pgettext("table", "title"),
        "said": pgettext("table", "said"),
        "hint": pgettext("table", "hint"),
        "why": pgettext("table", "why"),
        "channel": pgettext("table", "channel"),
        "rehearsal": pgettext("table", "rehearsal"),
        "platform": pgettext("table", "platform"),
        "delivery": pgettext("table", "delivery"),
        "forms": pgettext("table", "forms"),
        "from": pgettext("table", "from"),
        "channels": pgettext("table", "channels"),
        "at most": pgettext("table", "at most"),
        "ahead": pgettext("table", "ahead"),
        "streak": pgettext("table", "streak"),
        "runway": pgettext("table", "runway"),
        "first gap": pgettext("table", "first gap"),
        "gap in 30 d": pgettext("table", "gap in 30 d"),
        "gap around": pgettext("table", "gap around"),
        "share": pgettext("table", "share"),
        "decisions": pgettext("table", "decisions"),
        "of these": pgettext("table", "of these"),
        "source": pgettext("table", "source"),
        "visits": pgettext("table", "visits"),
        "joins": pgettext("table", "joins"),
        "went away": pgettext("table", "went away"),
        "counted by": pgettext("table", "counted by"),
        "ready from": pgettext("table", "ready from"),
        "circle": pgettext("table", "circle"),
        "stands": pgettext("table", "stands"),
        "leader": pgettext("table", "leader"),
        "heard": pgettext("table", "heard"),
        # what became of a slot or a delivery
        "kept": pgettext("table", "kept"),
        "late": pgettext("table", "late"),
        "filled": pgettext("table", "filled"),
        "missed": pgettext("table", "missed"),
        "excused": pgettext("table", "excused"),
        "planned": pgettext("table", "planned"),
        "gap": pgettext("table", "gap"),
        "due": pgettext("table", "due"),
        "claimed": pgettext("table", "claimed"),
        "sending": pgettext("table", "sending"),
        "published": pgettext("table", "published"),
        "seen": pgettext("table", "seen"),
        "confirmed": pgettext("table", "confirmed"),
        "handed": pgettext("table", "handed"),
        "unknown": pgettext("table", "unknown"),
        "refused": pgettext("table", "refused"),
        "revised": pgettext("table", "revised"),
        "cancelled": pgettext("table", "cancelled"),
        "withdrawn": pgettext("table", "withdrawn"),
        "busy": pgettext("table", "busy"),
        "cannot here": pgettext("table", "cannot here"),
        "there": pgettext("table", "there"),
        # why a slot has its draft
        "pin": pgettext("table", "pin"),
        "expiry": pgettext("table", "expiry"),
        "priority": pgettext("table", "priority"),
        "mix": pgettext("table", "mix"),
        "fair": pgettext("table", "fair"),
        "evergreen": pgettext("table", "evergreen"),
        "shared": pgettext("table", "shared"),
        "digest": pgettext("table", "digest"),
        # where a draft stands, and what intake found
        "waiting": pgettext("table", "waiting"),
        "asked": pgettext("table", "asked"),
        "approved": pgettext("table", "approved"),
        "rejected": pgettext("table", "rejected"),
        "stock": pgettext("table", "stock"),
        "used": pgettext("table", "used"),
        "archive": pgettext("table", "archive"),
        "copy": pgettext("table", "copy"),
        "doubtful": pgettext("table", "doubtful"),
        "not-ready": pgettext("table", "not-ready"),
        "gone": pgettext("table", "gone"),
        "new": pgettext("table", "new"),
        "later": pgettext("table", "later"),
        "moves": pgettext("table", "moves"),
        "stays": pgettext("table", "stays"),
        "edited": pgettext("table", "edited"),
        "renamed": pgettext("table", "renamed"),
        "problem": pgettext("table", "problem"),
        "note": pgettext("table", "note"),
        "feed": pgettext("table", "feed"),
        "article": pgettext("table", "article"),
        "audio": pgettext("table", "audio"),
        "video": pgettext("table", "video"),
        "event": pgettext("table", "event"),
        "text": language.gettext("text"),
        "image": language.gettext("image"),
        "cover": language.gettext("cover"),
        "summary": language.gettext("summary"),
        "attachment": language.gettext("attachment"),
        # what a platform promises of a second sending
        "conditional": pgettext("table", "conditional"),
        "read-back": pgettext("table", "read-back"),
        "blind": pgettext("table", "blind"),
        "kit": pgettext("table", "kit"),
        # how a look went, and what was looked at
        "ok": pgettext("table", "ok"),
        "warn": pgettext("table", "warn"),
        "bad": pgettext("table", "bad"),
        "broken": pgettext("table", "broken"),
        "not tried": pgettext("table", "not tried"),
        "ledger": pgettext("table", "ledger"),
        "ledger's file": pgettext("table", "ledger's file"),
        "database's clock": pgettext("table", "database's clock"),
        "durability": pgettext("table", "durability"),
        "readers": pgettext("table", "readers"),
        "restore": pgettext("table", "restore"),
        "clock": pgettext("table", "clock"),
        "disk": pgettext("table", "disk"),
        "zones": pgettext("table", "zones"),
        "holidays": pgettext("table", "holidays"),
        "settings": pgettext("table", "settings"),
        "ticks": pgettext("table", "ticks"),
        "tick": pgettext("table", "tick"),
        "slots": pgettext("table", "slots"),
        "plan": pgettext("table", "plan"),
        "starving": pgettext("table", "starving"),
        "sweep": pgettext("table", "sweep"),
        "paused": pgettext("table", "paused"),
        "frozen workers": pgettext("table", "frozen workers"),
        "sound and film": pgettext("table", "sound and film"),
        "unknown deliveries": pgettext("table", "unknown deliveries"),
        "secrets": pgettext("table", "secrets"),
        "alarms": pgettext("table", "alarms"),
        "server": pgettext("table", "server"),
        "package": pgettext("table", "package"),
        "workspace": pgettext("table", "workspace"),
        "rights": pgettext("table", "rights"),
        "service": pgettext("table", "service"),
        "Prefect's server": pgettext("table", "Prefect's server"),
        "disk of var/": pgettext("table", "disk of var/"),
        "disk of content/": pgettext("table", "disk of content/"),
        "drafts": pgettext("table", "drafts"),
    }
