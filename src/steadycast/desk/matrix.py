"""The matrix: each series on each channel; and a channel's page: what it takes, how it does, whether it lets us in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from steadycast import pipeline
from steadycast.desk.acts import form_of, may_here
from steadycast.desk.log import HAPPENED, names
from steadycast.desk.pages import Here, done, page
from steadycast.errors import OK, WARN, InputError, with_hint
from steadycast.language import current
from steadycast.ledger.delivery_log import failures, log
from steadycast.ops import channel_test
from steadycast.ops.doctor import NOTHING
from steadycast.pipeline import App, incoming_mail, recipients
from steadycast.pipeline.community_state import Standing, health_of, standing
from steadycast.pipeline.permissions import Act
from steadycast.pipeline.rebuild import local_channels
from steadycast.platform import Platform
from steadycast.typesetting import sentences

router = APIRouter()
RECENT = 10  # deliveries shown


@router.get("/matrix")
def matrix(request: Request, app: Here) -> HTMLResponse:
    """Every series and every channel."""
    stands = standing(app, pipeline.now())
    broken = {name for name in app.workspace.channels if app.usable(name) is None}
    cells = {
        (series.name, channel): _cell(app, stands, series.name, channel)
        for series in stands.report.series
        for channel in series.channels
        if channel in app.workspace.channels
    }
    return page(request, app, "matrix_page", "record", r=stands.report, cells=cells, broken=broken)


def _cell(app: App, stands: Standing, series: str, channel: str) -> dict[str, Any]:
    """How one series stands on one channel."""
    known, waits = stands.cells.get((series, channel)), stands.waiting.get((series, channel), {})
    return {"health": health_of(app, stands, series, channel), "cell": known, "waits": waits}


@router.get("/channels/{name}")
def channel(request: Request, app: Here, name: str) -> HTMLResponse:
    """One channel: what it takes and promises, what went there, what went wrong, whether its secrets are set."""
    now, given = pipeline.now(), app.known_channel(name)
    try:
        platform, wrong = app.platform(name), ""
    except InputError as error:
        platform, wrong = None, str(error)
    early = log(app.ledger, states=HAPPENED, channel=name, after=now, size=RECENT).rows  # out before their hour
    recent = (*early, *log(app.ledger, states=HAPPENED, channel=name, until=now, size=RECENT).rows)[:RECENT]
    return page(
        request, app, "channel", "record", channel=name, given=given, platform=platform, wrong=app.redact(wrong),
        recent=recent, titles=app.ledger.titles({row.draft for row in recent if row.draft}), names=names(app),
        failures=failures(app.ledger, name, now), secrets=list(_secrets(app, name, platform)),
        series=[each for each in app.workspace.series.values() if name in each.channels],
        row=next((row for row in standing(app, now).report.channels if row.name == name), None),
        heard=incoming_mail.heard(app, name),
        told=app.far_limits(name).get("at", ""), is_folder=name in local_channels(app),
        recipients=recipients.of_channel(app, name, named=may_here(request, "settings")) if platform else None,
    )  # fmt: skip


def _secrets(app: App, name: str, platform: Platform | None) -> Iterator[tuple[str, str, bool, bool]]:
    """Each secret of a channel: setting, the name it is kept under, whether it is needed, whether it is set."""
    own = app.workspace.channels[name].own
    for setting in platform.settings.values() if platform else ():
        if setting.secret:
            kept_as = str(own.get(setting.name) or setting.default or "")
            yield setting.name, kept_as, setting.required, bool(kept_as) and app.has_secret(kept_as)


@router.post("/channels/{name}/recipients", dependencies=[form_of(Act.SETTINGS)])
def recipient(app: Here, name: str, who: Annotated[str, Form()], act: Annotated[str, Form()]) -> RedirectResponse:
    """Somebody who asked a person for it is sent nothing any more, or is sent to again."""
    change = recipients.leave if act == "leave" else recipients.back
    return done(f"/channels/{name}", change(app, name, who.strip()[:320]))


@router.post("/channels/{name}/test", dependencies=[form_of(Act.SETTINGS)])
def test(app: Here, name: str) -> RedirectResponse:
    """Asks the far side whether it would let this channel in; publishes nothing, and waits some seconds at most."""
    say, found = current(), channel_test.tried(app, name, pipeline.now())
    to = f"/channels/{name}"
    if found is None:
        said = say.gettext("It has not answered within %(num)s seconds.", num=int(channel_test.WITHIN))
        return done(to, said, refused=True)
    told = sentences(*(with_hint(row.message, row.hint) for row in found))
    if any(row.severity not in (OK, WARN) for row in found):
        return done(to, say.gettext("It would not be let in: %(why)s", why=told), refused=True)
    if all(row.severity == WARN for row in found):  # nothing was refused, and nothing was shown either
        return done(to, told)
    if [row.message for row in found] == [say.gettext(NOTHING)]:
        return done(to, say.gettext("There is nothing to test here: only a post shows whether it arrives."))
    return done(to, say.gettext("The test is passed: %(what)s", what=told))


@router.post("/channels/{name}/rebuild", dependencies=[form_of(Act.SETTINGS)])
def make_again(app: Here, name: str) -> RedirectResponse:
    """Makes what went out into this channel's folder again, from what the ledger kept. Nothing is sent anywhere."""
    say, made = current(), pipeline.rebuild(app, name)
    posts, problems = sum(each.posts for each in made), [said for each in made for said in each.problems]
    told = [say.ngettext("One post is made again.", "%(num)s posts are made again.", posts), *problems[:5]]
    return done(f"/channels/{name}", sentences(*told), refused=bool(problems))
