"""What drafts are, and whose: the two words that drafts and slots share."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """What kind of thing a draft is."""

    ARTICLE = "article"
    AUDIO = "audio"
    VIDEO = "video"
    EVENT = "event"


class Origin(StrEnum):
    """Who made it: the house or a member."""

    PGC = "pgc"
    UGC = "ugc"
