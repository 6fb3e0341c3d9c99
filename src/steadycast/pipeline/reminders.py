"""Reminders of what members are asked for: one post a day to the group's own channel, ahead of the days; opt-in.

It is a post as any other, in a slot of its own, so it goes out once and no more. It says who is asked for which slot
and by when. It never says that a day is over, or what somebody did not do.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from steadycast.errors import InputError, Problem, SteadycastError
from steadycast.language import gettext as _
from steadycast.language import of_tag
from steadycast.ledger.plans import PlannedDelivery
from steadycast.ledger.tables import DraftRow, RevisionRow
from steadycast.pipeline.app import App
from steadycast.schedule.model import Assignment, Form, Slot
from steadycast.schedule.slots import instant
from steadycast.workspace.settings import BY_HAND

if TYPE_CHECKING:
    from steadycast.draft import Draft
    from steadycast.pipeline.asking import Asked

TEMPLATE = SOURCE = "reminder"
LATE = dt.timedelta(hours=6)  # a reminder that could not be sent for longer is none any more
MOST = 50  # asks in one post


def write(app: App, now: dt.datetime) -> list[str]:
    """Puts the reminder whose hour has come into a slot of its own, due now, and says that slot; else nothing.

    Asked again it does nothing. Who was asked after the hour of their reminder is not reminded: they were just asked.
    """
    from steadycast.pipeline import asking
    from steadycast.pipeline.frozen_draft import draft_id

    channel = app.workspace.asks.channel
    if not channel or app.workspace.channels[channel].paused:
        return []
    found = []
    for at, asks in due(app, asking.coming(app, now), now).items():
        id_ = draft_id(f"{SOURCE}:", f"{at.date()}")
        slot = f"{BY_HAND}@{id_}"
        if app.ledger.slot(slot) is not None:
            continue
        try:
            draft = _post(app, at, asks, now)
        except SteadycastError as error:  # of the community's own template: no plan waits for it
            logging.getLogger(__name__).warning("%s", error)
            continue
        _keep(app, id_, slot, draft, now)
        own = Slot(at.astimezone(dt.UTC), slot, BY_HAND, at.replace(tzinfo=None), slot)
        planned = PlannedDelivery(slot, channel, grace=LATE, late=LATE)
        app.ledger.save_plan([own], [Assignment(slot, id_, why="hand")], [planned], now, manual=True)
        found.append(slot)
    return found


def problems(app: App, now: dt.datetime) -> list[Problem]:
    """What would keep a reminder from its group: a channel that takes no article, a template that cannot be used."""
    from steadycast.pipeline.house_texts import template_file

    channel, w = app.workspace.asks.channel, app.workspace
    if not channel:
        return []
    found, platform = [], app.usable(channel)
    if platform and Form.ARTICLE not in (w.channels[channel].forms or platform.forms):
        said = _("asks.channel: %(channel)s takes no article", channel=channel)
        hint = _("name a channel of the group that takes words")
        found.append(Problem(str(w.settings_file), w.line(("asks", "channel")), said, hint))
    try:
        _post(app, now, [], now)
    except SteadycastError as error:
        where = str(getattr(error, "file", None) or template_file(app, TEMPLATE))
        found.append(error.problem(where) if isinstance(error, InputError) else Problem(where, None, str(error)))
    return found


def due(app: App, asks: Sequence[Asked], now: dt.datetime) -> Mapping[dt.datetime, list[Asked]]:
    """The reminders whose hour has come and is not long past, with what each is of; in the community's zone."""
    from steadycast.pipeline.asking import Asked, Standing

    settings, zone = app.workspace.asks, app.workspace.community.zone
    found = defaultdict[dt.datetime, list[Asked]](list)
    for each in asks:
        at = instant(dt.datetime.combine(each.due - settings.before, settings.hour), zone).astimezone(zone)
        waits = each.standing in (Standing.OPEN, Standing.TAKEN) and each.empty
        if waits and each.asked < at <= now < at + LATE and now < each.at:
            found[at].append(each)
    return found


def _post(app: App, at: dt.datetime, asks: Sequence[Asked], now: dt.datetime) -> Draft:
    """The text, from its template."""
    from steadycast.draft import revision_of
    from steadycast.pipeline.house_texts import house_text

    say = of_tag(app.workspace.community.language)
    told = [
        {"name": each.title, "series": each.series, "slot": say.day(each.at.date()), "due": say.day(each.due)}
        for each in asks[:MOST]
    ]
    raw = house_text(app, TEMPLATE, {"asks": told, "community": app.workspace.community.name})
    read = app.reader.draft(raw, PurePosixPath("pgc", "reminder.md"), now)
    path, language = PurePosixPath(SOURCE, f"{at.date()}.md"), app.workspace.community.language
    draft = replace(read, path=path, language=language, date=now)
    return replace(draft, revision=revision_of(draft, {"date"}))


def _keep(app: App, id_: str, slot: str, draft: Draft, now: dt.datetime) -> None:
    """Writes the post as a draft of the house, which goes into that slot alone."""
    from steadycast.pipeline.frozen_draft import to_content, to_plan

    row = DraftRow(
        id=id_, path=str(draft.path), source=SOURCE, origin=draft.origin, form=draft.form, title=draft.title,
        revision=draft.revision, state="approved", first_seen=now, changed=now, approved_revision=draft.revision,
        approved_at=now, approved_by="on arrival",
        plan=to_plan(draft, app.workspace.community.zone) | {"slot": slot},
    )  # fmt: skip
    content = to_content(draft, app.workspace.content)
    app.ledger.put_drafts([row], [RevisionRow(hash=draft.revision, draft=id_, at=now, content=content)])
