"""Rules about a login: what it gives lets the channel in, and what goes wrong in it tells no secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from steadycast.errors import Refused
from steadycast.language import gettext as _
from steadycast.language import listed
from steadycast.platform.state import secrets_in
from steadycast.testing.bench import Bench, Delivery, outcome
from steadycast.testing.broken import hold, named, needs
from steadycast.testing.fake_server import FakeServer, Request
from steadycast.testing.rules_of_delivery import changing, of


@needs("fake", "login")
def a_login_gives_what_lets_in(bench: Bench) -> None:
    """What `login` gives, with no secret to begin with, lets the channel in; nothing is published."""
    with bench.far() as fake:
        assert fake
        given = _login(bench.delivery(bench.post(), fake, secrets={}), fake.code)
        hold(given, _("login() gave nothing"), _("return the settings by name"), "login")
        strange = sorted({*given} - {*bench.spec.settings})
        hold(
            not strange,
            _("login() gave %(strange)s, which is no setting", strange=listed(strange)),
            _("see channel.toml"),
            "login",
        )
        hold(not fake.posts(), _("login() published something"), verb="login")
        delivery = bench.delivery(bench.post(), fake, secrets=given)
        answer = outcome(delivery.publish)
        hold(
            of(fake, delivery.post),
            _("with what login() gave, publish came to %(answer)s", answer=named(answer)),
            "",
            "login",
            answer,
        )


@needs("fake", "login")
def a_wrong_code_is_refused_and_tells_no_secret(bench: Bench) -> None:
    """A code that is wrong, and a far side that repeats all that it was told: a refusal without a secret in it."""
    with bench.far() as fake:
        assert fake
        _refused(fake, bench.delivery(bench.post(), fake, secrets={}), lambda address: f"x{fake.code(address)}")
        steps = changing(fake)
    with bench.far() as fake:
        assert fake
        fake.echo(401, "POST", after=steps - 1)
        _refused(fake, bench.delivery(bench.post(), fake, secrets={}), fake.code)


def _refused(fake: FakeServer, delivery: Delivery, pasted: Callable[[str], str]) -> None:
    """A login that fails: the right error, and nothing in it that a request carried under a secret's name."""
    answer = outcome(lambda: _login(delivery, pasted))
    hold(
        isinstance(answer, Refused),
        _("a wrong code gave %(answer)s", answer=named(answer)),
        _("raise Refused"),
        "login",
        answer,
    )
    hold(not fake.posts(), _("a login that was refused published something"), verb="login")
    told = [value for request in fake.requests for value in secrets_in(_told(request), secret=False)]
    hint = _("keep it in channel.state under a name such as token or secret, before the request that carries it")
    for value in {*told, *delivery.learnt}:
        hold(
            len(value) < 4 or value not in str(answer),
            _("a secret is in the error: %(answer)s", answer=answer),
            hint,
            "login",
            answer,
        )


def _login(delivery: Delivery, pasted: Callable[[str], str]) -> Mapping[str, str]:
    """What a login gives to a person who pastes that of the page's address."""
    shown = [""]

    def ask(_words: str) -> str:
        delivery.learnt.add(code := pasted(shown[-1]))
        return code

    adapter: Any = delivery.adapter()
    given: Mapping[str, str] = adapter.login(lambda _words, address: shown.append(address), ask)
    return given


def _told(request: Request) -> dict[str, Any]:
    """The fields of a request's body, whichever way they were written."""
    return dict(request.json()) if request.headers.get_content_subtype() == "json" else request.form()


RULES = (a_login_gives_what_lets_in, a_wrong_code_is_refused_and_tells_no_secret)
