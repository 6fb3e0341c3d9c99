"""Settings of channels: add one, change it, replace its secrets, try whether it would be let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import Here, done
from steadycast.desk.settings import Fields, decided, shown
from steadycast.errors import InputError, Problem, SteadycastError, unknown_name
from steadycast.language import current
from steadycast.language import gettext as _
from steadycast.ops import (
    channel_add,
    channel_login,
    first_run,
    settings_edits,
    settings_effect,
    settings_forms,
    upload_forms,
)
from steadycast.ops.channel_visit import Visit
from steadycast.ops.doctor import channel as tried
from steadycast.pipeline import App
from steadycast.pipeline.permissions import Act
from steadycast.typesetting import sentences
from steadycast.workspace import Workspace

router = APIRouter(prefix="/settings")


@router.get("/channels")
def platforms(request: Request, app: Here) -> HTMLResponse:
    """What a channel can be made of."""
    offers = first_run.offers(app.workspace.platform_folders, ())
    return shown(request, app, "platforms", offers=offers)


@router.get("/new-channel/{platform}")
def new_channel(request: Request, app: Here, platform: str) -> HTMLResponse:
    """The form of a channel that is not there yet, as channel.toml declares it."""
    return _new(request, app, platform, {})


def _new(
    request: Request, app: App, platform: str, given: Mapping[str, str], wrong: SteadycastError | None = None
) -> HTMLResponse:
    if platform not in app.platforms:
        raise unknown_name("platform", platform, app.platforms)
    name = given.get("channel_name") or settings_forms.free_name(platform, app.workspace.channels)
    return shown(
        request, app, "new_channel", platform=app.platforms[platform], given=given, channel=name, wrong=wrong,
        ways=upload_forms.ways(),
    )  # fmt: skip


@router.post("/new-channel/{platform}", dependencies=[form_of(Act.SETTINGS)])
def add_channel(request: Request, app: Here, given: Fields, platform: str) -> Response:
    """Adds it at once: nothing goes there before a series names it. Its secrets stand on no page."""
    name, way = str(given.get("channel_name", "")).strip(), str(given.get("way", ""))
    spec = app.platforms.get(platform)
    values, secrets = settings_forms.channel_fields(spec, given) if spec else ({}, {})
    try:
        settings_effect.whole(app)
        wanted = channel_add.wanted(app.workspace, platform, name, given=values, secrets=secrets)
        channel_add.add(app.workspace, wanted)
    except SteadycastError as error:
        return _new(request, app, platform, {**values, "way": way, "channel_name": name}, error)
    said = current().gettext("The channel is added. Choose which series go there.")
    if wanted.platform.can_upload and way in upload_forms.WAYS:
        said = current().gettext("The channel is added. Say where its folder is brought to.")
        return done(f"/settings/channels/{name}/upload?way={quote(way)}", said)
    return done(f"/settings/channels/{name}", said)


@router.get("/channels/{name}")
def channel(request: Request, app: Here, name: str) -> HTMLResponse:
    """The form of one channel."""
    return _as_it_is(request, app, name)


def _as_it_is(
    request: Request, app: App, name: str, tests: Sequence[Problem] = (), visit: Visit | None = None
) -> HTMLResponse:
    known = app.known_channel(name)
    series = [each for each, promise in app.workspace.promises.items() if name in promise.channels]
    given = {f"setting_{key}": value for key, value in known.own.items()}
    given |= {name: getattr(known, name) for name in settings_edits.CHANNEL}
    return _channel(request, app, name, given, series, tests=tests, visit=visit)


def _channel(
    request: Request, app: App, name: str, given: Mapping[str, Any], series: Sequence[str], *,
    wrong: SteadycastError | None = None, tests: Sequence[Problem] = (), visit: Visit | None = None,
) -> HTMLResponse:  # fmt: skip
    platform = app.platform(name)
    secrets = channel_add.secrets_of(app.workspace, platform, name)
    kept = {key for key, (_setting, known) in secrets.items() if known and app.has_secret(known)}
    upload = app.known_channel(name).upload
    return shown(
        request, app, "channel", channel=name, platform=platform, given=given, within=series, kept=kept,
        wrong=wrong, tests=tests, w=app.workspace, visit=visit, has_login=channel_login.has_login(platform),
        secrets=[setting for setting, _known in secrets.values()], upload=upload, ways=upload_forms.ways(),
        trusted=channel_login.trusted(app, name),
    )  # fmt: skip


@router.post("/channels/{name}", dependencies=[form_of(Act.SETTINGS)])
def change_channel(request: Request, app: Here, given: Fields, name: str) -> Response:
    """Changes its settings, and which series go there."""
    platform = app.platform(name)
    asked = {key: str(given[f"setting_{key}"]) for key in platform.settings if f"setting_{key}" in given}
    series = [str(value) for value in given.getlist("series")]
    texts = {key: str(given.get(key, "")) for key in ("title", "read_back_feed")}
    ticks = {key: bool(given.get(key)) for key in ("paused", "read_back_private")}
    filled = {**{f"setting_{key}": value for key, value in asked.items()}, **texts, **ticks}
    return decided(
        request, app, given,
        lambda: settings_edits.channel(app.workspace, platform, name, asked, series, common={**texts, **ticks}),
        to="/settings", again=lambda error: _channel(request, app, name, filled, series, wrong=error),
    )  # fmt: skip


@router.post("/channels/{name}/secrets", dependencies=[form_of(Act.SETTINGS)])
def replace_secrets(app: Here, given: Fields, name: str) -> Response:
    """Keeps new secrets in the place of those that were."""
    settings_effect.whole(app)
    platform, say = app.platform(name), current()
    possible = channel_add.secrets_of(app.workspace, platform, name)
    secrets = {key: text for key in possible if (text := str(given.get(f"setting_{key}", "")).strip())}
    kept = channel_add.replace_secrets(app.workspace, platform, name, secrets)
    app.forget(name)
    said = say.ngettext("One secret is replaced.", "%(num)s secrets are replaced.", len(kept))
    return done(f"/settings/channels/{name}", said if kept else say.gettext("No secret was given."))


@router.get("/channels/{name}/upload")
def upload(request: Request, app: Here, name: str, way: str = "") -> HTMLResponse:
    """The form of where its folder is brought to, by one way."""
    there = app.known_channel(name).upload
    known = there if there and way in ("", there.target.scheme) else None
    return _upload(request, app, name, way, upload_forms.filled(known) if known else {})


def _upload(
    request: Request, app: App, name: str, way: str, given: Mapping[str, Any], *, wrong: SteadycastError | None = None
) -> HTMLResponse:
    platform, there = app.platform(name), app.known_channel(name).upload
    if not platform.can_upload:
        raise InputError(_("%(platform)s writes no folder for a web host", platform=platform.shown_title))
    ways = upload_forms.ways()
    chosen = way or (there.target.scheme if there else ways[0].scheme)
    return shown(
        request, app, "upload", channel=name, platform=platform, ways=ways, chosen=chosen, there=there,
        fields=upload_forms.fields(chosen), given={f"setting_{key}": value for key, value in given.items()},
        wrong=wrong,
    )  # fmt: skip


@router.post("/channels/{name}/upload", dependencies=[form_of(Act.SETTINGS)])
def change_upload(request: Request, app: Here, given: Fields, name: str) -> Response:
    """Changes where its folder is brought to, or leaves it here."""
    app.known_channel(name)
    way, own = str(given.get("way", "")), len("setting_")
    asked = {key[own:]: str(value) for key, value in given.items() if key.startswith("setting_")}

    def edited() -> Workspace:
        said = {"to": ""} if given.get("stays") else upload_forms.asked(way, asked)
        return settings_edits.upload(app.workspace, name, said)

    after = _(
        "After saving, the channel's page takes the key and shows the host's own: what is missing is filled in there."
    )
    then = "" if given.get("stays") or way == "git+file" else after
    return decided(
        request, app, given, edited, to=f"/settings/channels/{name}", then=then,
        again=lambda error: _upload(request, app, name, way if way in upload_forms.WAYS else "", asked, wrong=error),
    )  # fmt: skip


@router.post("/channels/{name}/test", dependencies=[form_of(Act.SETTINGS)])
def test_channel(request: Request, app: Here, name: str) -> HTMLResponse:
    """Whether its far side would let it in. Publishes nothing."""
    app.known_channel(name)
    return _as_it_is(request, app, name, list(tried(app, name, pipeline.now())))


@router.post("/channels/{name}/login", dependencies=[form_of(Act.SETTINGS)])
def begin_login(request: Request, app: Here, name: str) -> Response:
    """Shows the page on which a person lets this channel in, and asks for the code that it shows."""
    settings_effect.whole(app)
    visits: dict[str, Visit] = request.app.state.visits
    if before := visits.pop(app.known_channel(name).name, None):
        before.end()
    visit = Visit.begin(app, name)
    if not visit.asks:
        return done(f"/settings/channels/{name}", sentences(*visit.told))
    visits[name] = visit
    return _as_it_is(request, app, name, visit=visit)


@router.post("/channels/{name}/login/code", dependencies=[form_of(Act.SETTINGS)])
def end_login(request: Request, app: Here, given: Fields, name: str) -> Response:
    """Goes on with the code; what comes of it is kept as a secret, and stands on no page."""
    visits: dict[str, Visit] = request.app.state.visits
    if (visit := visits.pop(name, None)) is None:
        raise InputError(_("This login is over: begin it again."))
    if visit.answer(str(given.get("code", ""))).asks:
        visits[name] = visit
        return _as_it_is(request, app, name, visit=visit)
    app.forget(name)
    said = _("The channel is logged in. “Test now” shows as whom.")
    if app.known_channel(name).upload:
        said = _("The host is trusted. “Test now” shows whether it lets this channel in.")
    return done(f"/settings/channels/{name}", said)
