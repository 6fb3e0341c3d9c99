"""`channel login`: a person lets a channel in on the far side's page; what comes of it is kept, and shown nowhere."""

from __future__ import annotations

import html
import re
import stat
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from desk_bench import Desk
from platform_bench import PLATFORMS

from steadycast import cli
from steadycast.errors import InputError, Refused
from steadycast.ops import channel_login
from steadycast.pipeline.app import App
from steadycast.platform.registry import load as adapter_of
from steadycast.testing import workspace
from steadycast.workspace import load

pytestmark = pytest.mark.platforms("site")

PACKAGE = (
    adapter_of(PLATFORMS["mastodon"]).__module__.rpartition(".")[0] or adapter_of(PLATFORMS["mastodon"]).__module__
)
FAKE: Any = import_module(f"{PACKAGE}.fake")
SETTINGS = """\
# the desk of a small circle
[community]
name = "Circle"
timezone = "Asia/Shanghai"
language = "en"

[channel.toot]
platform = "mastodon"   # ours
url = "{url}"
token = "TOOT"

[channel.pages]
platform = "site"
url = "https://circle.example.net"

[alarms]
urls = []
"""


@pytest.fixture
def fake() -> Iterator[Any]:
    with FAKE.Fake() as running:
        yield running
        assert not running.broken


@pytest.fixture
def root(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOOT", raising=False)
    workspace(tmp_path, SETTINGS.replace("{url}", fake.url))
    return tmp_path


@pytest.fixture
def sits(fake: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Somebody sits at a terminal, and answers: of a page's address by its code."""

    def at(*answers: str, code: Callable[[str], str] = fake.code) -> None:
        shown, left = [""], iter(answers)

        def show(*words: object, **_: object) -> None:
            shown[:] = [line.strip() for word in words for line in str(word).split("\n") if "://" in line] or shown

        def answer(words: str = "") -> str:
            return code(shown[-1]) if "code" in words else next(left)

        monkeypatch.setattr("builtins.input", answer)
        monkeypatch.setattr("getpass.getpass", answer)

        def say(*lines: object) -> None:
            show(*lines)
            print(*lines, sep="\n")

        monkeypatch.setattr("steadycast.cli.channels.say", say)
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    return at


def steadycast(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_a_login_is_kept_where_it_is_looked_for(
    root: Path, fake: Any, sits: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = (root / "steadycast.toml").read_bytes()
    sits()
    assert steadycast("channel", "login", "toot") == 0
    seen = capsys.readouterr()
    assert f"{fake.url}/oauth/authorize?" in seen.out
    assert "@club" in seen.out
    assert f"kept the secret TOOT in {root}/var/secrets/TOOT" in seen.out
    assert (root / "steadycast.toml").read_bytes() == before
    kept = root / "var" / "secrets" / "TOOT"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (FAKE.TOKEN, 0o600)
    assert fake.scopes == ["read:accounts", "write:statuses", "write:media", "read:statuses"]
    assert not fake.posts()
    for secret in (FAKE.TOKEN, *(secret for secret, _ in fake.door.apps.values())):
        assert secret not in seen.out + seen.err


def test_a_secret_that_has_no_name_yet_gets_one(root: Path, sits: Callable[..., None]) -> None:
    file = root / "steadycast.toml"
    before = file.read_text().replace('token = "TOOT"\n', "")
    file.write_text(before)
    sits()
    assert steadycast("channel", "login", "toot") == 0
    assert file.read_text() == before.replace("# ours\n", '# ours\ntoken = "TOOT_TOKEN"\n')
    with App(load(root)) as app:
        assert app.secret("toot", "token") == FAKE.TOKEN


@pytest.mark.parallel
@pytest.mark.slow  # the whole contract runs
def test_channel_add_offers_it_in_the_place_of_a_pasted_token(
    root: Path, fake: Any, sits: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    sits(fake.url, "", "", "")  # the token's question is answered by Enter
    assert steadycast("channel", "add", "mastodon", "--name", "second") == 0
    assert "@club" in capsys.readouterr().out
    assert (root / "var" / "secrets" / "SECOND_TOKEN").read_text() == FAKE.TOKEN
    assert FAKE.TOKEN not in (root / "steadycast.toml").read_text()


@pytest.mark.parallel
@pytest.mark.slow  # the whole contract runs
def test_a_channel_whose_login_failed_is_there_all_the_same(
    root: Path, fake: Any, sits: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    sits(fake.url, "", "", "", code=lambda address: "nonsense")
    assert steadycast("channel", "add", "mastodon", "--name", "second") == 1
    seen = capsys.readouterr()
    assert "second: 400 the server does not take this code" in seen.err
    assert "`steadycast channel login second` tries it again." in seen.out
    assert load(root).channels["second"].own["token"] == "SECOND_TOKEN"
    sits()
    assert steadycast("channel", "login", "second") == 0


@pytest.mark.parametrize(("pasted", "error"), [("mistyped", Refused), ("  ", InputError)])
def test_a_wrong_code_keeps_nothing(root: Path, fake: Any, pasted: str, error: type[Exception]) -> None:
    with App(load(root)) as app, pytest.raises(error) as caught:
        channel_login.login(app, "toot", lambda *_: None, lambda _: pasted)
    assert not (root / "var" / "secrets" / "TOOT").exists()
    assert pasted.strip() not in str(caught.value) or not pasted.strip()
    assert not fake.posts()


def test_a_code_is_good_once(root: Path, fake: Any) -> None:
    codes: list[str] = []

    def again(_: str) -> str:
        return codes[0]

    with App(load(root)) as app:
        channel_login.login(app, "toot", lambda _, page: codes.append(fake.code(page)), again)
        with pytest.raises(Refused, match="used before"):
            channel_login.login(app, "toot", lambda *_: None, again)


def test_what_cannot_be_is_said_in_a_line(
    root: Path,
    fake: Any,
    sits: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert steadycast("channel", "login", "pages") == 2
    assert "pages: Static site has no login (it needs none)" in (said := capsys.readouterr().err)
    assert said.count("\n") == 1
    assert steadycast("channel", "login", "toot") == 2
    assert "run it in a terminal" in capsys.readouterr().err
    assert steadycast("channel", "login", "toots") == 2
    assert "did you mean 'toot'" in capsys.readouterr().err
    monkeypatch.setenv("TOOT", "another")
    sits()
    steadycast("channel", "login", "toot")
    assert "TOOT is set in the environment too" in capsys.readouterr().out
    fake.close()
    assert steadycast("channel", "login", "toot") == 1
    assert "toot: " in capsys.readouterr().err


def test_a_login_that_breaks_is_the_platforms_fault(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(adapter_of(PLATFORMS["mastodon"]), "login", breaks, raising=False)
    with App(load(root)) as app:
        monkeypatch.setattr(adapter_of(app.platform("toot")), "login", breaks)
        with pytest.raises(Refused, match="its login failed: KeyError"):
            channel_login.login(app, "toot", lambda *_: None, lambda _: "x")


def test_the_desk_logs_in_with_two_forms(root: Path, fake: Any) -> None:
    """The page of the far side is shown by one, and its code brought by the other; the secret stands on no page."""
    form, kept = "/settings/channels/toot", root / "var" / "secrets" / "TOOT"
    with Desk(root).up() as desk:
        assert "Log in there" in desk.get(form).text
        assert "Log in there" not in desk.get("/settings/channels/pages").text

        def begun() -> str:
            shown = desk.post(f"{form}/login", form).text
            return html.unescape(re.search(r'href="([^"]+/oauth/authorize[^"]+)"', shown)[1])  # type: ignore[index]

        begun()
        answer = desk.post(f"{form}/login/code", form, code="mistyped")
        assert "the server does not take this code" in answer.text
        assert not kept.exists()
        assert "This login is over" in desk.post(f"{form}/login/code", form, code="mistyped").text
        begun()
        code = fake.code(begun())  # the page that was shown last counts
        answer = desk.post(f"{form}/login/code", form, code=code)
        assert "The channel is logged in." in answer.text
        assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (FAKE.TOKEN, 0o600)
        assert FAKE.TOKEN not in answer.text
        assert "@club" in desk.post(f"{form}/test", form).text
