"""The first run: four short pages that make a workspace in a folder where none is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from steadycast import pipeline
from steadycast.desk.acts import form_of
from steadycast.desk.pages import CHOSEN, FIRST_RUN, done, problem, rendered
from steadycast.desk.zones import zone_called, zones_named
from steadycast.errors import SteadycastError
from steadycast.language import Language, chosen
from steadycast.ops import first_run as verbs
from steadycast.ops import settings_forms, starter
from steadycast.ops.first_run import ACCOUNT, Answers
from steadycast.pipeline.permissions import Act
from steadycast.workspace.paths import Paths
from steadycast.workspace.values import zone

router = APIRouter(prefix=FIRST_RUN)
STEPS = ("", "/series", "/channels", "/text")
FORMS = ("article", "audio", "video", "event")
TAGS = {"zh_Hans": "zh-CN", "zh_Hant": "zh-TW", "en": "en"}  # how a community writes the desk's languages
RHYTHMS = {  # to begin with; the parser reads more
    "zh": ("每天 20:00", "工作日 07:30", "每周五 20:00", "每月1日、15日 09:00"),
    "en": ("every day at 20:00", "every weekday at 7:30", "week on fri at 20:00", "month on 1,15 at 09:00"),
}
READING = 1_000  # fields of a form that are looked at


def beginning(request: Request) -> Answers:
    """What was answered so far; where a workspace is already, the desk itself is shown."""
    if request.app.state.opened.is_there:
        raise HTTPException(303, headers={"Location": "/"})
    return verbs.read(request.app.state.opened.root)


async def fields(request: Request) -> FormData:
    """The fields of a form whose names the desk does not know beforehand."""
    return await request.form(max_files=0, max_fields=READING)


So_far = Annotated[Answers, Depends(beginning)]
Fields = Annotated[FormData, Depends(fields)]


def language_so_far(root: Path) -> str:
    """The language of the community that is being made, as a tag; "" where it was not asked for yet."""
    return verbs.read(root).language


def _say(request: Request, answers: Answers) -> Language:
    cookie, accepted = request.cookies.get(CHOSEN, ""), request.headers.get("accept-language", "")
    return chosen(cookie, accepted, answers.language)


def _page(request: Request, answers: Answers, step: int, name: str, **values: Any) -> HTMLResponse:
    wrong = values.get("wrong")
    say = _say(request, answers)
    given = {"a": answers, "step": step, "steps": STEPS, "root": request.app.state.opened.root, "wrong": None}
    text = rendered(request, say, f"start_{name}", **given | values)
    return HTMLResponse(text, 422 if wrong else 200)


def _next(step: int) -> RedirectResponse:
    return RedirectResponse(FIRST_RUN + STEPS[step], 303)


@router.get("")
def community(request: Request, answers: So_far) -> Response:
    """Page 1: name, zone, language."""
    return _community(request, answers)


def _community(request: Request, answers: Answers, wrong: SteadycastError | None = None) -> HTMLResponse:
    say = _say(request, answers)
    guessed = replace(
        answers, timezone=answers.timezone or verbs.zone_of_machine(),
        language=answers.language or TAGS[say.name],
    )  # fmt: skip
    asked = {"zones": zones_named(say.name), "tags": TAGS, "wrong": wrong}
    return _page(request, guessed, 0, "community", guess=not answers.timezone, **asked)


@router.post("", dependencies=[form_of(Act.SETTINGS)])
def answer_community(
    request: Request,
    answers: So_far,
    *,
    name: Annotated[str, Form()] = "",
    timezone: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "",
) -> Response:
    """Keeps page 1, where a workspace could be made of it."""
    root = request.app.state.opened.root
    answered = replace(answers, name=name.strip(), timezone=zone_called(timezone.strip()), language=language.strip())
    try:
        starter.refuse_taken(root)
        verbs.drafted(root, answered)
    except SteadycastError as error:
        return _community(request, answered, error)
    verbs.remember(root, answered)
    return _next(1)


@router.get("/series")
def series(request: Request, answers: So_far) -> Response:
    """Page 2: the first series, in words."""
    return _series(request, answers)


def _series(request: Request, answers: Answers, wrong: SteadycastError | None = None) -> HTMLResponse:
    if not answers.name:
        return _next(0)  # type: ignore[return-value]
    examples = _examples(request, answers)
    shown = replace(answers, rhythm=answers.rhythm or examples[0])
    return _page(request, shown, 1, "series", forms=FORMS, examples=examples, wrong=wrong, **_slots(shown))


def _examples(request: Request, answers: Answers) -> tuple[str, ...]:
    return rhythms_in(_say(request, answers))


def rhythms_in(say: Language) -> tuple[str, ...]:
    """Rhythms to begin with, in the words of that language."""
    return RHYTHMS["zh" if say.tag.startswith("zh") else "en"]


def _slots(answers: Answers) -> dict[str, Any]:
    """What a rhythm promises: the next ten slots, or why it cannot be read."""
    seen = settings_forms.rhythm_seen(answers.rhythm, zone(answers.timezone or "UTC"), pipeline.now())
    return {"seen": seen, "rhythm": answers.rhythm}


@router.post("/slots", dependencies=[form_of(Act.SETTINGS, changes=False)])
def slots(request: Request, answers: So_far, rhythm: Annotated[str, Form()] = "") -> HTMLResponse:
    """The next ten slots of a rhythm as it is typed: a part of page 2."""
    return _page(request, answers, 1, "slots", **_slots(replace(answers, rhythm=rhythm)))


@router.post("/series", dependencies=[form_of(Act.SETTINGS)])
def answer_series(
    request: Request,
    answers: So_far,
    *,
    title: Annotated[str, Form()] = "",
    rhythm: Annotated[str, Form()] = "",
    forms: Annotated[list[str] | None, Form()] = None,
    look: Annotated[str, Form()] = "",
    example: Annotated[str, Form()] = "",
) -> Response:
    """Keeps page 2; or shows it again with the slots of what is written there, without JavaScript too."""
    taken = tuple(form for form in FORMS if form in (forms or ())) or ("article",)
    answered = replace(answers, title=title.strip(), rhythm=example or rhythm.strip(), forms=taken)
    if look or example:
        return _series(request, answered)
    root = request.app.state.opened.root
    try:
        settings_forms.check_rhythm(answered.rhythm)
        verbs.drafted(root, answered)
    except SteadycastError as error:
        return _series(request, answered, error)
    verbs.remember(root, answered)
    return _next(2)


@router.get("/channels")
def channels(request: Request, answers: So_far) -> Response:
    """Page 3: where it goes, as cards."""
    return _channels(request, answers)


def _channels(request: Request, answers: Answers, wrong: str = "") -> HTMLResponse:
    if not answers.rhythm:
        return _next(1)  # type: ignore[return-value]
    offers = verbs.offers(_folders(request), answers.forms)
    ticked = answers.ticked
    if ticked is None:
        ticked = tuple(o.platform.name for o in offers if o.is_first and o.fits and o.kind != ACCOUNT)
    return _page(request, answers, 2, "channels", offers=offers, ticked=ticked, wrong=wrong)


def _folders(request: Request) -> tuple[Any, ...]:
    return Paths(request.app.state.opened.root).platform_folders


@router.post("/channels", dependencies=[form_of(Act.SETTINGS)])
def answer_channels(
    request: Request,
    answers: So_far,
    ticked: Annotated[list[str] | None, Form()] = None,
    add: Annotated[str, Form()] = "",
    remove: Annotated[str, Form()] = "",
) -> Response:
    """Keeps page 3, and goes on: to the form of an account, back without one, or to page 4."""
    root = request.app.state.opened.root
    known = {o.platform.name for o in verbs.offers(_folders(request), ()) if o.kind != ACCOUNT}
    answered = replace(answers, ticked=tuple(name for name in ticked or () if name in known))
    if remove:
        answered = verbs.without_account(root, answered, remove)
    verbs.remember(root, answered)
    if add:
        return RedirectResponse(f"{FIRST_RUN}/channels/{quote(add, safe='')}", 303)
    if remove:
        return _next(2)
    if not answered.ticked and not answered.accounts:
        return _channels(request, answered, _say(request, answers).gettext("Choose at least one channel."))
    return _next(3)


@router.get("/channels/{platform}")
def account(request: Request, answers: So_far, platform: str) -> Response:
    """An account on a platform that asks for settings: its form, as channel.toml declares it."""
    return _account(request, answers, platform, {})


def _account(
    request: Request, answers: Answers, platform: str, given: Mapping[str, str], wrong: SteadycastError | None = None
) -> HTMLResponse:
    offers = {o.platform.name: o.platform for o in verbs.offers(_folders(request), ())}
    if platform not in offers:
        return problem(request, _say(request, answers).gettext("There is no such platform."), 404)  # type: ignore[return-value]
    name = given.get("channel_name") or settings_forms.free_name(platform, answers.accounts)
    asked = {"platform": offers[platform], "given": given, "channel": name, "wrong": wrong}
    return _page(request, answers, 2, "account", **asked)


@router.post("/channels/{platform}", dependencies=[form_of(Act.SETTINGS)])
def answer_account(request: Request, answers: So_far, fields: Fields, platform: str) -> Response:
    """Keeps an account; its secrets go where they will be looked for, and back to no page."""
    root = request.app.state.opened.root
    spec = {o.platform.name: o.platform for o in verbs.offers(_folders(request), ())}.get(platform)
    if spec is None:
        return _account(request, answers, platform, {})
    given, secrets = settings_forms.channel_fields(spec, fields)
    name = str(fields.get("channel_name", "")).strip() or platform
    try:
        answered = verbs.with_account(root, answers, platform, name, given=given, secrets=secrets)
    except SteadycastError as error:
        return _account(request, answers, platform, {**given, "channel_name": name}, error)
    verbs.remember(root, answered)
    return _next(2)


@router.get("/text")
def text(request: Request, answers: So_far) -> Response:
    """Page 4: the first text."""
    if not answers.rhythm:
        return _next(1)
    return _page(request, answers, 3, "text", **_slots(answers))


@router.post("/text", dependencies=[form_of(Act.SETTINGS)])
def finish(
    request: Request,
    answers: So_far,
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    later: Annotated[str, Form()] = "",
) -> Response:
    """Writes the workspace, and shows the calendar with its first promise."""
    root = request.app.state.opened.root
    answered = replace(answers, text_title="" if later else title, text="" if later else text)
    try:
        came = verbs.finish(root, answered, pipeline.now())
    except SteadycastError as error:
        return _page(request, replace(answers, text_title=title, text=text), 3, "text", wrong=error, **_slots(answers))
    say = _say(request, answers)
    if came.problems:
        return done("/calendar", str(came.problems[0]), refused=True)
    if answered.text_title:
        return done("/calendar", say.gettext("The promise stands, and the first slot has its text."))
    return done("/calendar", say.gettext("The promise stands. The first slot waits for a text."))
