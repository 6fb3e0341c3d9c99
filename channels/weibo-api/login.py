"""The account lets the app in, on the vendor's own page (OAuth 2.0)."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

from steadycast.platform import Ask, Channel, Refused, Show

from .answers import meant


def token_for(channel: Channel, show: Show, ask: Ask) -> str:
    """The account's token for the app. The app's secret is asked for, and not kept."""
    app, back = channel.settings["app"].strip(), channel.settings["back"]
    if not app:
        raise Refused(channel.tell("needs-app"), channel=channel.name)
    http = channel.http.using(base=channel.settings["url"], errors=partial(meant, channel.tell))
    show(channel.tell("show-app"), f"https://open.weibo.com/apps/{app}/info/basic")
    grant = {"client_id": app, "client_secret": ask(channel.tell("ask-secret")).strip()}
    channel.state.set("app", grant)  # from here on no message says its secret
    page = urlencode({"client_id": app, "redirect_uri": back})
    show(channel.tell("show-page"), f"{channel.settings['url'].rstrip('/')}/oauth2/authorize?{page}")
    pasted = ask(channel.tell("ask-code")).strip()
    (code,) = parse_qs(urlsplit(pasted).query).get("code", [pasted])[:1]
    channel.state.set("token", code)
    asked = {**grant, "grant_type": "authorization_code", "redirect_uri": back, "code": code}
    answer = http.request("POST", "oauth2/access_token", data=asked, repeatable=True)
    told = answer.json()
    if not isinstance(told, dict) or not told.get("access_token"):
        raise answer.garbled(channel.tell("no-token"), answer)
    return str(told["access_token"])
