"""A person lets the channel in, by password or on the server's own page; then the account joins the room."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from steadycast.platform import Answer, Ask, Busy, Channel, Refused, Show

from .answers import sorted_error

BACK = "http://localhost/steadycast"  # where the server's page leads to: nobody listens there, its address is copied


def token_for(channel: Channel, show: Show, ask: Ask) -> str:
    """The token of a device of the channel's own: under it, the server takes no message of ours twice."""
    server = channel.settings["url"].rstrip("/")
    http = channel.http.using(base=f"{server}/_matrix/client/v3", errors=partial(_meant, channel))
    flows = {flow.get("type") for flow in http.request("GET", "login").json().get("flows", ())}
    grant: dict[str, object]
    if "m.login.password" in flows:
        if not (user := channel.settings["user"].strip()):
            raise Refused(channel.tell("needs-user", channel=channel.name), channel=channel.name)
        show(channel.tell("show-password"), server)
        password = ask(channel.tell("ask-password", user=user))
        identifier = {"type": "m.id.user", "user": user}
        grant = {"type": "m.login.password", "identifier": identifier, "password": password}
    elif "m.login.sso" in flows:
        page = f"{server}/_matrix/client/v3/login/sso/redirect?{urlencode({'redirectUrl': BACK})}"
        show(channel.tell("show-page"), page)
        (token,) = parse_qs(urlsplit(ask(channel.tell("ask-address"))).query).get("loginToken", [""])
        channel.state.set("token", token)  # from here on no message says it
        grant = {"type": "m.login.token", "token": token}
    else:
        raise Refused(channel.tell("no-password-login"), channel=channel.name)
    device = {"device_id": f"STEADYCAST_{channel.name}", "initial_device_display_name": f"Steadycast {channel.name}"}
    answer = http.request("POST", "login", json={**grant, **device}, repeatable=True)
    try:
        token = str(answer.json()["access_token"])
    except (KeyError, TypeError):
        raise answer.garbled(channel.tell("no-id"), answer) from None
    channel.state.set("token", token)
    known = http.using(headers={"Authorization": f"Bearer {token}"}, errors=partial(sorted_error, channel))
    known.request("POST", f"join/{quote(channel.settings['room'].strip(), safe='')}", json={}, repeatable=True)
    return token


def _meant(channel: Channel, answer: Answer) -> Busy | Refused | None:
    wrong = answer.status in (400, 401, 403) and '"M_FORBIDDEN"' in answer.text
    return Refused(channel.tell("password"), "M_FORBIDDEN") if wrong else sorted_error(channel, answer)
