"""`channel add` and `channel test`: settings asked for as channel.toml declares them, secrets kept, a folder held against the contract."""

from __future__ import annotations

import json
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from test_contract_rules import ADAPTER, FAKE, TOML

from steadycast import cli
from steadycast.cli import channels
from steadycast.errors import InputError
from steadycast.ops import channel_add
from steadycast.pipeline.app import App
from steadycast.pipeline.secrets import find
from steadycast.platform import registry
from steadycast.testing import workspace
from steadycast.workspace import Workspace, load
from steadycast.workspace.settings import Upload

SETTINGS = """\
# the desk of a small circle
[community]
name = "Circle"
timezone = "Asia/Shanghai"
language = "en"

[channel.old]   # stays as it is
platform = "board"
url = "http://127.0.0.1:9/"
token = "OLD_TOKEN"

[alarms]
urls = []
"""
MORE = (
    TOML
    + """
[settings.many]
type = "int"
default = 20
min = 1
help = "how many"

[settings.words]
type = "list"
default = []
help = "some words"

[settings.loud]
type = "bool"
default = false
help = "whether it is loud"
"""
)
SECRET = "t0ken-of-the-board"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    files = {"channels/board/channel.toml": MORE, "channels/board/adapter.py": ADAPTER, "channels/board/fake.py": FAKE}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLD_TOKEN", "x")
    return workspace(tmp_path, SETTINGS, files=files)


def steadycast(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_a_channel_is_written_below_all_that_was_there(app: Workspace, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(f"{SECRET}\n")
    before = (tmp_path / "steadycast.toml").read_text()
    code = steadycast(
        "channel", "add", "board", "--name", "new", "--set", "url=http://127.0.0.1:9/", "--set", "words=a, 侬好",
        "--set", "loud=yes", "--secret-file", f"token={token}",
    )  # fmt: skip
    assert code == 1  # it is there, and its far side is not
    after = (tmp_path / "steadycast.toml").read_text()
    assert after.startswith(before.rstrip())
    assert tomllib.loads(after)["channel"]["new"] == {
        "platform": "board", "url": "http://127.0.0.1:9/", "token": "NEW_TOKEN", "words": ["a", "侬好"], "loud": True,
    }  # fmt: skip
    assert SECRET not in after
    kept = tmp_path / "var" / "secrets" / "NEW_TOKEN"
    assert kept.read_text() == SECRET
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    with App(load(tmp_path)) as opened:
        assert opened.secret("new", "token") == SECRET
        assert opened.redact(f"say {SECRET}") == "say ***"


def test_where_a_folder_is_brought_to_is_given_with_the_channel(app: Workspace, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(SECRET)
    add = ("channel", "add", "pages", "--name", "web", "--set")
    assert steadycast(*add, "upload.to=ftp://h/") == 2
    assert steadycast(*add, "upload.to=sftp://h.example/~/www", "--secret-file", f"upload.password={password}") == 1
    assert load(tmp_path).channels["web"].upload == Upload(to="sftp://h.example/~/www", password="WEB_UPLOAD_PASSWORD")
    assert SECRET not in (tmp_path / "steadycast.toml").read_text()
    assert steadycast("channel", "add", "board", "--name", "two", "--set", "upload.to=sftp://h.example/") == 2


def test_no_secret_is_shown(
    app: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text(SECRET)
    steadycast(
        "channel",
        "add",
        "board",
        "--name",
        "new",
        "--set",
        "url=http://127.0.0.1:9/",
        "--secret-file",
        f"token={token}",
    )
    seen = capsys.readouterr()
    assert SECRET not in seen.out + seen.err
    assert "kept the secret NEW_TOKEN in" in seen.out
    assert "cannot be reached" in seen.out
    assert SECRET not in repr(
        channel_add.wanted(app, "board", "x", given={"url": "http://h/"}, secrets={"token": SECRET})
    )


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel_add.keep(tmp_path, "A_TOKEN", "of the file")
    assert find("A_TOKEN", tmp_path) == "of the file"
    monkeypatch.setenv("A_TOKEN", "of the environment")
    assert find("A_TOKEN", tmp_path) == "of the environment"
    assert find("../steadycast.toml", tmp_path) is None


@pytest.mark.parametrize(
    ("given", "secrets", "said"),
    [
        ({}, {}, "board needs url (where it is); token (lets us in)"),
        ({"url": "nonsense"}, {"token": "x"}, "expected a web address"),
        ({"url": "http://h/", "many": "lots"}, {"token": "x"}, "many: expected a whole number, at least 1, not 'lots'"),
        ({"url": "http://h/", "many": "0"}, {"token": "x"}, "at least 1"),
        ({"url": "http://h/", "loud": "maybe"}, {"token": "x"}, "loud: expected"),
        ({"url": "http://h/", "token": "NOT_SET"}, {}, "the secret NOT_SET is not set"),
        ({"url": "http://h/", "manny": "1"}, {"token": "x"}, "manny"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(
    app: Workspace, tmp_path: Path, given: dict[str, str], secrets: dict[str, str], said: str
) -> None:
    before = (tmp_path / "steadycast.toml").read_bytes()
    with pytest.raises(InputError) as caught:
        channel_add.wanted(app, "board", "new", given=given, secrets=secrets)
    assert said in str(caught.value)
    assert (tmp_path / "steadycast.toml").read_bytes() == before
    assert not (tmp_path / "var" / "secrets").exists()


@pytest.mark.parametrize(("name", "said"), [("old", "already"), ("Ä", "cannot be"), ("../x", "cannot be")])
def test_a_name_must_be_free_and_a_name(app: Workspace, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        channel_add.wanted(app, "board", name, given={"url": "http://h/"}, secrets={"token": "x"})


def test_a_platform_that_is_not_there_is_told_with_the_one_that_was_meant(app: Workspace) -> None:
    with pytest.raises(InputError, match="board"):
        channel_add.wanted(app, "bord")


def test_a_secret_that_is_set_already_is_named(app: Workspace) -> None:
    made = channel_add.wanted(app, "board", "new", given={"url": "http://h/", "token": "OLD_TOKEN"})
    assert (made.values["token"], made.secrets) == ("OLD_TOKEN", {})


def test_a_person_is_asked_with_help_and_default_until_it_is_right(
    app: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["nonsense", "http://h/", "lots", "7", "", "yes"])
    monkeypatch.setattr("builtins.input", lambda words: print(words) or next(answers))
    monkeypatch.setattr("getpass.getpass", lambda words: SECRET)
    made = channel_add.wanted(app, "board", "new", ask=channels._asked)
    assert made.values == {"platform": "board", "url": "http://h/", "token": "NEW_TOKEN", "many": 7, "loud": True}
    assert made.secrets == {"NEW_TOKEN": SECRET}
    seen = capsys.readouterr()
    assert "many: how many" in seen.out
    assert "number [20]:" in seen.out
    assert "expected a web address" in seen.err
    assert SECRET not in seen.out + seen.err


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_settings_keep_their_line_ends(tmp_path: Path, app: Workspace, end: str) -> None:
    text = SETTINGS.rstrip("\n").replace("\n", end or "\n") + end
    (tmp_path / "steadycast.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    now = load(tmp_path)
    channel_add.add(now, channel_add.wanted(now, "board", "new", given={"url": "http://h/"}, secrets={"token": "x"}))
    raw = (tmp_path / "steadycast.toml").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in raw) == (end == "\r\n")
    assert raw.count(b"\r\n") in (0, raw.count(b"\n"))
    assert load(tmp_path).channels["new"].platform == "board"


def test_an_inline_table_is_left_to_a_person(tmp_path: Path, app: Workspace) -> None:
    head = SETTINGS.partition("[channel.old]")[0]
    (tmp_path / "steadycast.toml").write_text(
        'channel = { old = { platform = "board", url = "http://h/", token = "OLD_TOKEN" } }\n' + head
    )
    now = load(tmp_path)
    with pytest.raises(InputError, match="by hand"):
        channel_add.add(
            now, channel_add.wanted(now, "board", "new", given={"url": "http://h/"}, secrets={"token": "x"})
        )
    assert not (tmp_path / "var" / "secrets").exists()


def test_a_folder_of_ones_own_is_tested(app: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert steadycast("channel", "test", "board", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in rows} == {"kept", "not tried"}
    adapter = tmp_path / "channels" / "board" / "adapter.py"
    adapter.write_text(ADAPTER.replace('"parent": above or ""}', '"parent": above or ""}, repeatable=True'))
    registry._forget("steadycast_channel_board")  # as in another process
    assert steadycast("channel", "test", "board", "--json") == 1
    [row] = [r for r in json.loads(capsys.readouterr().out) if r["rule"] == "a_lost_answer_doubles_nothing"]
    assert row["where"].startswith(f"{adapter}:")
    assert steadycast("channel", "test", "bored") == 2
    assert "did you mean 'board'" in capsys.readouterr().err


def test_a_channels_credentials_are_tried(app: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert steadycast("channel", "test", "old", "--json") == 1
    row = json.loads(capsys.readouterr().out)[-1]
    assert (row["rule"], row["state"]) == ("credentials", "bad")
    assert "cannot be reached" in row["said"]


def test_a_backup_holds_no_secret(app: Workspace, tmp_path: Path) -> None:
    channel_add.keep(app.secrets, "NEW_TOKEN", SECRET)
    assert steadycast("backup", str(tmp_path.parent / f"{tmp_path.name}.tar")) == 0
    listed = subprocess.run(
        ["tar", "tf", str(tmp_path.parent / f"{tmp_path.name}.tar")], capture_output=True, text=True, check=True
    )
    assert "secrets" not in listed.stdout
    assert SECRET.encode() not in (tmp_path.parent / f"{tmp_path.name}.tar").read_bytes()
