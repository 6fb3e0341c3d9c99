"""What a person can do on the desk, a program can do by the API: each form of the desk, and the operation that does the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from api_bench import Client
from desk_bench import Desk
from fastapi.routing import APIRoute
from pipeline_bench import SETTINGS, Bench

from steadycast import pipeline
from steadycast.api.authorization import act_of
from steadycast.api.server import ROUTERS
from steadycast.desk.acts import Declared
from steadycast.desk.server import PAGES
from steadycast.pipeline import accounts
from steadycast.pipeline.permissions import Act, Person, Role, may_somewhere

PASSWORD = "seven teapots"
# A form of the desk, and the operations that do the same. A text says why a program has no use for it.
FORMS: dict[str, str | tuple[str, ...]] = {
    # Drafts
    "/drafts/decide": ("POST /drafts/{id}/approve", "POST /drafts/{id}/reject", "POST /drafts/{id}/take-back"),
    "/drafts/{id}/amend": ("POST /drafts/{id}/revise", "POST /drafts/{id}/withdraw"),
    "/drafts/title": "a program sends a sound or film with its title",
    "/drafts/fix": "a file that cannot be taken in is no draft: a program writes it anew into the folder",
    "/write": ("POST /drafts", "POST /drafts/text", "POST /drafts/{id}/text"),
    "/write/preview": ("POST /drafts/preview",),
    "/write/paste": "it turns what a browser has in its clipboard into Markdown, and changes nothing",
    "/write/media": ("POST /drafts/{id}/media",),
    # Slots
    "/slots/move": ("POST /slots/{id}/pin",),
    "/slots/unpin": ("POST /drafts/{id}/unpin",),
    "/slots/undo": ("POST /drafts/{id}/pin", "POST /slots/{id}/fill"),
    "/slots/{id}/fill": ("POST /slots/{id}/fill",),
    "/slots/{id}/empty": ("POST /slots/{id}/empty",),
    "/slots/{id}/publish": ("POST /slots/{id}/publish",),
    "/skip": ("POST /slots/{id}/skip",),
    "/slots/{id}/ask": ("POST /slots/{id}/ask",),
    "/asks/{id}/withdraw": ("POST /asks/{id}/withdraw",),
    "/asks/{id}/restore": ("POST /asks/{id}/restore",),
    "/asks/{id}/sent": ("POST /asks/{id}/sent",),
    "/publish-requests/{id}": ("POST /publish-requests/{id}/answer",),
    # Deliveries and kits
    "/deliveries/{marker}/settle": ("POST /deliveries/{id}/settle",),
    "/deliveries/{marker}/confirm": ("POST /deliveries/{id}/confirm",),
    "/kits/{marker}/confirm": ("POST /deliveries/{id}/confirm",),
    "/channels/{name}/test": ("POST /channels/{name}/test",),
    "/channels/{name}/recipients": ("POST /channels/{name}/recipients",),
    "/leave/{channel}/{token}": "a reader's own: the token in the address opens it, and a program has none",
    "/leave/{channel}/{token}/back": "a reader's own: the token in the address opens it, and a program has none",
    "/channels/{name}/rebuild": "it writes into folders of the desk's own machine: `steadycast rebuild` does it there",
    # Who came
    "/arrivals": ("POST /arrivals",),
    "/arrivals/pull": ("POST /arrivals/pull",),
    # Circles, and what a hub asks
    "/circles/look": ("POST /circles/look",),
    "/hub-asks/{id}": ("POST /hub-asks/{id}/done",),
    # Why nothing happens
    "/why/look": "the schedules do it every minute, and a program can run them: `steadycast publish`",
    "/why/schedules": "it writes prefect.yaml on the desk's own machine",
    "/why/here": "only a person knows whether another copy of this workspace publishes",
    # A member's own page
    "/m/{token}": ("POST /drafts",),
    "/m/{token}/asks/{id}": ("POST /asks/{id}/answer",),
    "/m/{token}/comments": ("POST /classes/{name}/comments",),
    # Classes
    "/classes/{name}/decide": ("POST /classes/{name}/decide",),
    "/classes/{name}/leave": ("POST /classes/{name}/leave",),
    "/classes/{name}/round": ("POST /classes/{name}/comments/settle",),
    "/classes/{name}/turns": ("POST /classes/{name}/turns",),
    # Settings
    "/settings/community": ("POST /settings/community",),
    "/settings/slots": ("GET /settings/rhythm",),
    "/settings/series": ("POST /settings/series",),
    "/settings/series/{name}": ("POST /settings/series/{name}",),
    "/settings/new-channel/{platform}": ("POST /settings/channels",),
    "/settings/channels/{name}": ("POST /settings/channels/{name}",),
    "/settings/channels/{name}/upload": ("POST /settings/channels/{name}",),
    "/settings/channels/{name}/secrets": ("POST /settings/channels/{name}/secrets",),
    "/settings/channels/{name}/test": ("POST /channels/{name}/test",),
    "/settings/channels/{name}/login": "a person lets the channel in on a page of the far side",
    "/settings/channels/{name}/login/code": "and pastes what that page shows",
    "/settings/members": ("POST /settings/members",),
    "/settings/members/{name}/feeds": ("POST /settings/members/{name}/feeds",),
    "/settings/members/{name}/feeds/{number}/remove": ("POST /settings/feeds/{number}/remove",),
    "/settings/rituals": ("POST /settings/rituals",),
    "/settings/rituals/asks": ("POST /settings/reminders",),
    "/settings/rituals/{number}/remove": ("POST /settings/rituals/{number}/remove",),
    "/settings/fair": ("POST /settings/fair",),
    "/settings/alarms": ("POST /settings/alarms",),
    "/settings/alarms/add": ("POST /settings/alarms/add",),
    "/settings/alarms/test": ("POST /settings/alarms/test",),
    "/settings/file": ("POST /settings/file",),
    # People
    "/settings/people": ("POST /people",),
    "/settings/people/{name}/role": ("POST /people/{name}/role",),
    "/settings/people/{name}/password": ("POST /people/{name}/password",),
    "/settings/people/{name}/end": ("POST /people/{name}/end",),
    "/settings/people/{name}/tokens": ("POST /people/{name}/tokens",),
    "/settings/people/{name}/tokens/revoke": ("POST /people/{name}/tokens/revoke",),
    "/members/invite": ("POST /members/{name}/invites",),
    "/members/{name}/revoke": ("POST /members/{name}/invites/revoke",),
    # A browser's session
    "/log-in": "a program has a token, and no session",
    "/log-in/again": "a program has a token, and no session",
    "/log-out": "a token is revoked",
    "/me/password": "a token must not change the password that its person logs in with",
    "/me/sessions": "a token must not log its person out",
    "/calendar/link": "a program reads the slots by its token",
    "/calendar/link/end": "a program reads the slots by its token",
    "/language": "a program says its language in Accept-Language",
    # The first run
    "/start": "there is no workspace yet, and nobody to have a token",
    "/start/slots": "there is no workspace yet, and nobody to have a token",
    "/start/series": "there is no workspace yet, and nobody to have a token",
    "/start/channels": "there is no workspace yet, and nobody to have a token",
    "/start/channels/{platform}": "there is no workspace yet, and nobody to have a token",
    "/start/text": "there is no workspace yet, and nobody to have a token",
}


# What a person at the desk just does, a program may ask a person for.
OF_PROGRAMS = {"POST /slots/{id}/ask-to-publish", "POST /publish-requests/{id}/withdraw"}


def forms() -> dict[str, Act]:
    """Every form of the desk, with the act that it declares."""
    found: dict[str, Act] = {}
    for page in PAGES:
        for route in page.router.routes:
            if isinstance(route, APIRoute) and "POST" in (route.methods or ()):
                asked: list[Any] = [each.dependency for each in route.dependencies]
                (found[route.path],) = (each.act for each in asked if isinstance(each, Declared))
    return found


def operations() -> dict[str, Any]:
    """Every operation of the API, with its route."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {f"{method} {route.path}": route for route in routes for method in route.methods or ()}


def test_each_form_of_the_desk_has_its_operation_or_a_reason_why_not() -> None:
    assert set(FORMS) == set(forms())


def test_an_operation_is_of_the_same_act_as_its_form() -> None:
    acts, known = forms(), operations()
    for form, same in FORMS.items():
        for each in same if isinstance(same, tuple) else ():
            assert act_of(known[each]) is acts[form], (form, each)


def test_each_change_of_the_api_is_on_the_desk_too() -> None:
    shared = {each for same in FORMS.values() if isinstance(same, tuple) for each in same}
    assert {name for name in operations() if name.startswith("POST")} - shared == OF_PROGRAMS


@pytest.mark.slow
@pytest.mark.parallel
def test_a_role_is_refused_the_same_by_a_form_and_by_its_operation(bench: Bench) -> None:
    """Each role, each form that has an operation: both are refused, or neither is. Nothing is there to be changed."""
    app, now = bench.set_up(SETTINGS), pipeline.now()
    acts, allowed = forms(), set()
    for role in Role:
        accounts.add_person(app, role.value, role, PASSWORD, now)
    with Desk(bench.root).up() as desk:
        for role in Role:
            page = desk.logged_in(role.value, PASSWORD)
            program = Client(desk, accounts.make_token(app, role.value, "", role, now).text)
            token = page.token("/")
            headers = {"Sec-Fetch-Site": "same-origin", "Origin": desk.url, "X-Form-Token": token}
            for form, same in FORMS.items():
                if not isinstance(same, tuple) or form.startswith("/m/"):
                    continue
                to, data = re.sub(r"{\w+}", "0", desk.url + form), {"form_token": token}
                answer = page.session.post(to, data=data, headers=headers, timeout=30, allow_redirects=False)
                may = may_somewhere(Person(role.value, role), acts[form])
                assert (answer.status_code != 403) == may, (role, form, answer.text)
                for method, path in (re.sub(r"{\w+}", "0", each).split() for each in same):
                    asked = program.get(path) if method == "GET" else program.post(path)
                    assert (asked.status_code != 403) == may, (role, path, asked.text)
                    assert asked.status_code < 500, (role, path, asked.text)
                allowed |= {role} if may else set()
    assert allowed == {Role.MEMBER, Role.EDITOR, Role.OWNER}
