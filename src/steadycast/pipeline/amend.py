"""What is out already, changed in its place or taken away, where a channel can; elsewhere, what a person does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from steadycast.crash_safety import ending
from steadycast.errors import DraftError, InputError, Refused
from steadycast.hints import hint
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.ledger.amendments import OPEN, TAKEN_AWAY
from steadycast.ledger.outcomes import Outcome
from steadycast.ledger.tables import DONE, AmendmentRow, DeliveryRow, DraftRow, State
from steadycast.pipeline import leaders
from steadycast.pipeline.app import App, who
from steadycast.pipeline.drafts import LONGEST_REASON, OUT, find_draft, may_go_out, read
from steadycast.pipeline.results import Row, waiting_row
from steadycast.platform import Post, registry

CANNOT = "cannot here"
# Of a draft that is taken away: nobody sends it any more.
UNSENT = (State.DUE, State.CLAIMED, State.REFUSED, State.HANDED)
SAYS = {State.DUE: "busy", State.REFUSED: "refused", State.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Amended:
    """What happened to a draft's post on one channel."""

    when: str
    channel: str
    what: str  # revised, withdrawn, cancelled, as it is; cannot here, busy, refused, unknown
    link: str = ""
    said: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing of it waits, for anybody."""
        return self.what not in (CANNOT, *SAYS.values())


def rows(amended: Sequence[Amended]) -> list[Row]:
    """One row a channel."""
    return [
        {"when": a.when, "channel": a.channel, "state": a.what, "said": a.said or a.link, "link": a.link}
        for a in amended
    ]


def revise(app: App, draft: str, channel: str | None = None, *, again: bool = False) -> tuple[Amended, ...]:
    """Sends the approved revision of a draft to every channel where it is out already; says what happened where.

    `again`: a person looked, and what is in doubt did not arrive.
    """
    from steadycast.pipeline.collect import check_taken_in
    from steadycast.pipeline.report import renew

    row = find_draft(app, draft)
    check_taken_in(app, row)
    revision = _approved(row)
    app.ledger.settle_here()
    there = _out(app, row, channel, "revise")
    told = tuple(_revised(app, d, revision, again=again) for d in there)
    leaders.note(app, "revise", {d.series for d in there}, row.path, app.clock.now())
    renew(app, app.clock.now())
    return told


def withdraw(app: App, draft: str, why: str, channel: str | None = None) -> tuple[Amended, ...]:
    """Takes a draft's posts away wherever they are; says what happened where.

    From all channels: then it is rejected first, so that nobody sends it meanwhile, and what was still to go is not.
    """
    from steadycast.pipeline.plan import plan
    from steadycast.pipeline.report import renew

    row, now = find_draft(app, draft), app.clock.now()
    app.ledger.settle_here()
    _out(app, row, channel, "withdraw")
    if channel is None:
        app.ledger.reject(row.id, row.revision, who(), now, " ".join(why.split())[:LONGEST_REASON])
    there = _out(app, row, channel, "withdraw")  # as it is now that nothing new is begun
    leaders.note(app, "withdraw", {d.series for d in there}, row.path, now)
    stopped = {d.id: d for d in there if d.state in UNSENT and app.ledger.cancel(d.id or 0, who(), now)}
    plan(app, now)
    left = [d.id or 0 for d in there if d.id not in stopped]
    told = [_stopped(app, d) for d in stopped.values()]
    told += [_withdrawn(app, d, why) for d in app.ledger.deliveries(ids=left)]  # as they are by now
    renew(app, app.clock.now())
    return tuple(told)


def _stopped(app: App, d: DeliveryRow) -> Amended:
    """What is said of a delivery that nobody sends any more; of a thread the first parts may be there."""
    steps = app.ledger.steps_of([d.id or 0]).get(d.id or 0, {})
    if parts := [name for name in steps if name.startswith("part-")]:
        said = _("nobody sends the rest of it; what may be there (%(parts)s) take away by hand", parts=listed(parts))
        return _said(app, d, CANNOT, said)
    return _said(app, d, "cancelled", _("nobody sends it any more"))


def leaving(app: App, draft: str, channel: str | None, verb: str) -> list[DeliveryRow]:
    """The posts that a revise or a withdraw would change on far sides other than folders of this machine."""
    from steadycast.pipeline.collect import check_taken_in

    row = find_draft(app, draft)
    if verb == "revise":
        check_taken_in(app, row)
    revision = _approved(row) if verb == "revise" else TAKEN_AWAY
    there = [d for d in _out(app, row, channel, verb) if d.state not in UNSENT]
    going = [d for d in there if not _why_not(app, d, verb) and _differs(app, d, revision)]
    return [d for d in going if not app.platform(d.channel).stays_here]


def resume(app: App) -> list[int]:
    """Does again what was begun and is not known to be done; the deliveries that it looked at.

    None in a copy of the workspace, which publishes nothing until a person says so.
    """
    if app.ledger.objection():
        return []
    due = app.ledger.amendments_due(app.clock.now())
    there = {d.id: d for d in app.ledger.deliveries(ids=[row.delivery for row in due])}
    for row in due:
        delivery = there[row.delivery]
        verb = "revise" if row.revision else "withdraw"
        if delivery.state not in DONE:
            continue
        why = _why_not(app, delivery, verb)
        if not why:
            _amended(app, delivery, row.revision)
        elif delivery.channel not in app.workspace.channels:
            _given_up(app, row, why)
    return [row.delivery for row in due]


def _given_up(app: App, row: AmendmentRow, why: str) -> None:
    """Ends what waits for a channel that steadycast.toml has no more: only a person can do it, and is told once."""
    now = app.clock.now()
    if claim := app.ledger.begin_amendment(row.delivery, row.revision, now, dt.timedelta()):
        app.ledger.end_amendment(claim, Outcome(claim, State.REFUSED, now, message=why), b"", now)


def unfinished(app: App) -> list[tuple[AmendmentRow, DeliveryRow]]:
    """What was begun, and has come to no good end: it waits, or a person has to look at it."""
    found = app.ledger.amendments_of(states=(*OPEN, State.REFUSED))
    there = {d.id: d for d in app.ledger.deliveries(ids=[row.delivery for row in found])}
    return [(row, there[row.delivery]) for row in found if there[row.delivery].state in DONE]


def to_look_at(app: App) -> list[tuple[AmendmentRow, DeliveryRow]]:
    """What came to no good end, so that a person has to look at it."""
    return [(row, d) for row, d in unfinished(app) if row.state in (State.REFUSED, State.UNKNOWN)]


def waiting(app: App, found: list[tuple[AmendmentRow, DeliveryRow]]) -> list[Row]:
    """What a person has to look at, as `status` shows it."""
    zone = app.workspace.community.zone
    titles = app.ledger.titles({d.draft for _, d in found if d.draft})
    return [
        waiting_row(
            d.marker, row.state, _next(app, State(row.state), row.revision, d),
            f"{d.at.astimezone(zone):%Y-%m-%d %H:%M}", slot=d.slot, channel=d.channel,
            title=titles.get(d.draft or "", ""), message=" ".join(filter(None, (row.code, row.message))), url=d.url,
        )
        for row, d in found
    ]  # fmt: skip


def _approved(row: DraftRow) -> str:
    """The revision that may go out: the newest, which somebody has approved."""
    revision = may_go_out(row)
    if revision != row.revision:
        raise InputError(
            _("%(path)s was edited, and the edit is not approved", path=row.path), hint=hint("draft", row.id)
        )
    return revision


def _out(app: App, row: DraftRow, channel: str | None, verb: str) -> list[DeliveryRow]:
    """Where a draft is out, and to be taken away also where it is about to be; an InputError where it is nowhere."""
    found = app.ledger.deliveries(draft=row.id, states={*OUT, *UNSENT} if verb == "withdraw" else OUT)
    there = [d for d in found if channel in (None, d.channel) and not (verb == "revise" and d.state == State.WITHDRAWN)]
    if not there:
        away = {d.channel for d in found if d.state == State.WITHDRAWN and channel in (None, d.channel)}
        others = listed(sorted({d.channel for d in found if d.state in OUT and d.state != State.WITHDRAWN}))
        said = _("%(path)s is not out on %(channel)s", path=row.path, channel=channel)
        if away:
            said = _("%(path)s was taken away from %(channels)s", path=row.path, channels=listed(sorted(away)))
        elif not channel:
            said = _("%(path)s is not out anywhere", path=row.path)
        raise InputError(said, hint=_("it is on %(channels)s", channels=others) if others else None)
    return there


def _why_not(app: App, d: DeliveryRow, verb: str) -> str:
    """Why a post cannot be changed or taken away by us, and what a person does then; "" where it can."""
    if d.state == State.UNKNOWN:
        return _("it is not known to be there: %(hint)s", hint=hint(d.state, d.marker))
    if d.state in (State.DUE, State.CLAIMED, State.SENDING):
        return _("it is being sent just now: run it again in a minute")
    by_hand = _("do it by hand%(at)s", at=_at(d))
    if d.channel not in app.workspace.channels:
        return _("steadycast.toml has no such channel any more; %(by_hand)s", by_hand=by_hand)
    try:
        platform = app.platform(d.channel)
        adapter = registry.load(platform)
    except InputError as error:
        return str(error)
    if not hasattr(adapter, verb):
        return _("%(platform)s cannot; %(by_hand)s", platform=platform.shown_title, by_hand=by_hand)
    return "" if d.frozen else _("what was sent is not in the ledger; %(by_hand)s", by_hand=by_hand)


def _at(d: DeliveryRow) -> str:
    """Where a person does it: a file of this machine, as a letter in an outbox, is no such place."""
    return _(", at %(url)s", url=d.url) if d.url.startswith(("https://", "http://")) else ""


def _cannot(app: App, d: DeliveryRow, verb: str) -> Amended | None:
    """What a person is told where we cannot do it; None where we can. Of a channel that is gone nothing waits then."""
    if not (why := _why_not(app, d, verb)):
        return None
    if d.channel not in app.workspace.channels:
        app.ledger.drop_amendments(d.id or 0, who(), app.clock.now())
    return _said(app, d, CANNOT, why)


def _differs(app: App, d: DeliveryRow, revision: str) -> bool:
    """Whether there is something to do: what is there is another revision, or may be."""
    if revision == TAKEN_AWAY:
        return d.state != State.WITHDRAWN
    return d.revision != revision or bool(app.ledger.amendments_of(deliveries=[d.id or 0], states=OPEN))


def _revised(app: App, d: DeliveryRow, revision: str, *, again: bool) -> Amended:
    if cannot := _cannot(app, d, "revise"):
        return cannot
    if not _differs(app, d, revision):
        return _said(app, d, _("as it is"), _("it has this revision already"))
    return _amended(app, d, revision, who(), again=again)


def _withdrawn(app: App, d: DeliveryRow, why: str) -> Amended:
    if d.state == State.WITHDRAWN:
        return _said(app, d, _("as it is"), _("it was taken away already"))
    if cannot := _cannot(app, d, "withdraw"):
        return cannot
    return _amended(app, d, TAKEN_AWAY, who(), why)


@ending.heeded()
def _amended(app: App, d: DeliveryRow, revision: str, by: str = "", why: str = "", *, again: bool = False) -> Amended:
    from steadycast.delivery import amend, amendment_lease
    from steadycast.pipeline.publish import opened, owner

    if ending.asked():  # as the desk is while its threads go on: nothing more is begun
        return _said(app, d, "busy", _("this process is ending: run it again"))
    platform = app.platform(d.channel)
    claim = app.ledger.begin_amendment(
        d.id or 0, revision, app.clock.now(), amendment_lease(platform), who=by, why=why, owner=owner(),
        again=again, alone=platform.one_writer,
    )  # fmt: skip
    make_post, adapter_for = partial(_post, app, d, revision), partial(opened, app)
    came = amend(app.ledger, claim, platform, make_post, adapter_for, clock=app.clock) if claim else None
    if came is None:
        return _said(app, d, "busy", _("another worker is at it: run it again in a minute"))
    if came.state == State.PUBLISHED:
        return _said(app, d, "revised" if revision else "withdrawn", why)
    said = " ".join(filter(None, (came.code, came.message)))
    if came.wake:
        said += _(
            "; tried again from %(time)s on", time=format(came.wake.astimezone(app.workspace.community.zone), "%H:%M")
        )
    then = _next(app, came.state, revision, d)
    return _said(app, d, SAYS[came.state], f"{said} ({then})" if then else said)


def _next(app: App, state: State, revision: str, d: DeliveryRow) -> str:
    """What a person does about what did not come to its end."""
    verb = "revise" if revision else "withdraw"
    command = f"steadycast {verb} {d.draft} --channel {d.channel}" + ("" if revision else " --why TEXT")
    if d.channel not in app.workspace.channels:
        return _("do it by hand%(at)s, then `%(command)s` closes this", at=_at(d), command=command)
    if state == State.REFUSED:
        return _("fix it, then `%(command)s`", command=command)
    again = f"{command} --again" if revision else command
    return (
        _("look at %(where)s, then `%(command)s`", where=d.url or d.channel, command=again)
        if state == State.UNKNOWN
        else ""
    )


def _post(app: App, d: DeliveryRow, revision: str) -> Post:
    """The post as it is to be: of that revision, and of its own key, hour and page; to be taken away, as it is."""
    from steadycast.draft.comments import as_shown
    from steadycast.pipeline.posts import Posts
    from steadycast.platform.post_bytes import post_from_bytes

    sent = post_from_bytes(app.ledger.frozen([d.id or 0])[d.id or 0])
    if revision == TAKEN_AWAY:
        return sent
    draft = read(app, d.draft or "", revision)
    if draft is None:
        raise Refused(_("that revision is not in the ledger any more"), channel=d.channel)
    dated = sent.published if sent.slot_at else None
    try:
        return Posts(app, converts="yes").post(as_shown(draft), d, dated)
    except DraftError as error:
        raise Refused(str(error), channel=d.channel) from None


def _said(app: App, d: DeliveryRow, what: str, said: str) -> Amended:
    when = d.at.astimezone(app.workspace.community.zone).strftime("%Y-%m-%d %H:%M")
    return Amended(when, d.channel, what, "" if what == "withdrawn" else d.url, said)
