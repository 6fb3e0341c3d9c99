"""prefect.yaml and steadycast.toml never disagree, and Prefect itself loads what stands there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from steadycast.cli.setup import deploy
from steadycast.errors import SettingsError
from steadycast.language import speaking
from steadycast.ops.deployments import deployments, differences, prefect_yaml, write
from steadycast.ops.kept_comments import with_comments
from steadycast.ops.promise_change import follow
from steadycast.workspace import Workspace, load

ROOT = Path(__file__).parent.parent

SETTINGS = """\
[community]
name = "Test"
timezone = "Asia/Shanghai"

[series.morning]
title = "早安"
every = "day at 06:20"
channels = ["site"]

[series.notes]
every = "week on fri at 20:00"
channels = ["site"]

[series.odd]
every = "month on last fri at 19:30"
channels = ["site"]

[series.club]
every = "month on 1 at 14:00"
announce = ["7d", "1d"]
channels = ["site"]

[channel.site]
platform = "pages"
url = "https://example.org/"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "steadycast.toml").write_text(SETTINGS, encoding="utf-8")
    return load(tmp_path)


def entries(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return {e["name"]: e for e in deployments(workspace)["deployments"]}


def test_each_series_that_cron_can_say_wakes_a_minute_ahead_of_its_hour(workspace: Workspace) -> None:
    """The flow renders in that minute and sends at the slot's second."""
    made = entries(workspace)
    assert made["publish-morning"]["schedules"][0]["cron"] == "19 6 * * *"
    assert made["publish-morning"]["schedules"][0]["timezone"] == "Asia/Shanghai"
    assert made["publish-morning"]["parameters"] == {"series": "morning", "ahead": True}
    assert made["publish-notes"]["schedules"][0]["cron"].startswith("59 19 * * ")


def test_what_cron_cannot_say_is_left_to_the_sweep(workspace: Workspace) -> None:
    """A wrong cron line would fire on a wrong day; the sweep looks every minute anyway."""
    made = entries(workspace)
    assert "publish-odd" not in made
    assert "publish-club" not in made
    assert made["sweep"]["schedules"][0]["cron"] == "* * * * *"
    assert made["sweep"]["parameters"] == {"ahead": True}, "it holds what falls due in its minute for its second"
    assert made["sweep"]["concurrency_limit"]["limit"] == 2, (
        "one that holds a slot keeps the next minute's from nothing"
    )


def test_what_is_written_agrees_with_the_settings(workspace: Workspace) -> None:
    """`steadycast deploy` and `steadycast deploy --check` are two halves of one promise."""
    assert [*map(str, differences(workspace))] == ["there is no prefect.yaml"]
    workspace.prefect_yaml.write_text(prefect_yaml(workspace), encoding="utf-8")
    assert differences(workspace) == []
    assert yaml.safe_load(prefect_yaml(workspace)) == deployments(workspace)
    assert "&id" not in prefect_yaml(workspace)


def test_what_a_deployment_is_for_is_said_in_the_communitys_language(tmp_path: Path, workspace: Workspace) -> None:
    """Whoever writes the file; and other words alone are no difference of what runs."""
    assert entries(workspace)["cadence"]["description"] == "排期，写报告，发出和解除告警。"
    assert prefect_yaml(workspace).startswith("# 什么时候跑什么。")
    workspace.prefect_yaml.write_text(prefect_yaml(workspace), encoding="utf-8")
    english = SETTINGS.replace("[community]", '[community]\nlanguage = "en"')
    (tmp_path / "steadycast.toml").write_text(english, encoding="utf-8")
    theirs = load(tmp_path)
    with speaking("zh_Hans"):
        assert entries(theirs)["cadence"]["description"].startswith("Plan ahead")
        assert prefect_yaml(theirs).startswith("# What runs when.")
    assert differences(theirs) == []


def test_another_language_alone_has_the_file_written_anew(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not where a person begins it with words of their own; and it is no difference of what runs."""
    file, english = workspace.prefect_yaml, SETTINGS.replace("[community]", '[community]\nlanguage = "en"')
    file.write_text(prefect_yaml(workspace), encoding="utf-8")
    (tmp_path / "steadycast.toml").write_text(english, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert deploy(check=True) == 0
    assert file.read_text(encoding="utf-8") == prefect_yaml(workspace), "a look writes nothing"
    with speaking("en"):
        capsys.readouterr()
        assert deploy() == 0
    assert capsys.readouterr().out == "wrote prefect.yaml\n  its words are in the community's language now\n"
    assert file.read_text(encoding="utf-8") == prefect_yaml(load(tmp_path))
    own = "# Ours.\n" + prefect_yaml(workspace)
    file.write_text(own, encoding="utf-8")
    assert deploy() == 0
    assert file.read_text(encoding="utf-8") == own


def test_a_changed_language_is_followed_as_a_changed_hour_is(tmp_path: Path, workspace: Workspace) -> None:
    workspace.prefect_yaml.write_text(prefect_yaml(workspace), encoding="utf-8")
    english = SETTINGS.replace("[community]", '[community]\nlanguage = "en"')
    (tmp_path / "steadycast.toml").write_text(english, encoding="utf-8")
    assert follow(workspace, load(tmp_path))
    assert workspace.prefect_yaml.read_text(encoding="utf-8").startswith("# What runs when.")
    assert not follow(load(tmp_path), load(tmp_path))


def test_a_changed_hour_and_a_lost_series_are_told(workspace: Workspace) -> None:
    """Whoever edits one file and not the other is told before the slot."""
    text = prefect_yaml(workspace).replace("19 6 * * *", "19 7 * * *").replace("publish-notes", "publish-others")
    workspace.prefect_yaml.write_text(text, encoding="utf-8")
    assert [*map(str, differences(workspace))] == [
        "publish/publish-morning: schedules differs",
        "publish/publish-notes is missing",
        "publish/publish-others is not asked for",
    ]
    assert [each.corrected for each in differences(workspace)] == [
        "publish/publish-morning: schedules corrected",
        "publish/publish-notes added",
        "publish/publish-others taken out",
    ]


def test_what_a_person_added_stays_where_the_file_is_written_anew(tmp_path: Path, workspace: Workspace) -> None:
    """Keys of the file and of a deployment, with their comments; what Steadycast writes itself is as it is asked for."""
    file = workspace.prefect_yaml
    text = prefect_yaml(workspace).replace("pull:\n", "prefect-version: 3.4.0  # as `prefect init` says it\npull:\n", 1)
    text = text.replace("- name: sweep\n", "- name: sweep\n  enforce_parameter_schema: false\n  triggers: []\n")
    file.write_text(text.replace("19 6 * * *", "19 7 * * *"), encoding="utf-8")
    write(workspace)
    found = yaml.safe_load(file.read_text(encoding="utf-8"))
    (sweep,) = (each for each in found["deployments"] if each["name"] == "sweep")
    assert sweep.pop("enforce_parameter_schema") is False
    assert found.pop("prefect-version") == "3.4.0"
    assert found == deployments(workspace)
    assert "prefect-version: 3.4.0  # as `prefect init` says it\n" in (written := file.read_text(encoding="utf-8"))
    write(workspace)
    assert file.read_text(encoding="utf-8") == written


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "a: &x [*x]", "deployments: 5", "deployments: [5, {}, {name: [x]}]", "{"]
)
def test_whatever_the_file_says_it_is_written_whole(workspace: Workspace, text: str) -> None:
    workspace.prefect_yaml.write_text(text, encoding="utf-8")
    if text != "{":
        assert differences(workspace)
    write(workspace)
    assert differences(workspace) == []


def test_a_broken_prefect_yaml_is_an_error_with_a_hint(workspace: Workspace) -> None:
    """Not a traceback."""
    workspace.prefect_yaml.write_text("deployments: [", encoding="utf-8")
    with pytest.raises(SettingsError, match="steadycast deploy"):
        differences(workspace)


def test_another_lead_moves_the_schedules(tmp_path: Path) -> None:
    """`lead` is a setting."""
    (tmp_path / "steadycast.toml").write_text(SETTINGS + '\n[publish]\nlead = "10m"\n', encoding="utf-8")
    workspace = load(tmp_path)
    assert workspace.publish.lead == dt.timedelta(minutes=10)
    assert entries(workspace)["publish-morning"]["schedules"][0]["cron"] == "10 6 * * *"


def test_the_repository_s_own_file_agrees() -> None:
    """The workspace at the root is one of the users."""
    from pathlib import Path

    workspace = load(Path(__file__).resolve().parent.parent)
    assert differences(workspace) == []
    assert workspace.prefect_yaml.read_text(encoding="utf-8") == prefect_yaml(workspace)


@pytest.mark.slow
@pytest.mark.parallel
@pytest.mark.parametrize("name", ["publish", "intake"])
def test_prefects_page_asks_for_plain_words_and_says_what_they_are(name: str) -> None:
    """A parameter that may be a string or nothing is a choice of types there, before there is a box to type in."""
    from prefect.flows import load_flow_from_entrypoint

    asked = load_flow_from_entrypoint(f"{ROOT / 'flows' / name}.py:{name}").parameters.properties
    assert {word["type"] for word in asked.values()} <= {"string", "boolean"}
    assert all(word["description"] for word in asked.values())


COMMENTS = {  # of a person: the line that each stands above, or on
    "name: steadycast": "# Ours: asked for by Olga.",
    "- name: feeds": "# Feeds of three members.",
    "  description: ": "  # words for Prefect's page",
    "  - cron: '*/5 * * * *'": "  # often enough, it's #1",
}


@pytest.mark.parametrize("change", ["language", "rhythm", "series"])
def test_a_persons_comments_stay_where_the_file_is_written_anew(
    tmp_path: Path, workspace: Workspace, change: str
) -> None:
    """Each above the line that it was above, or on it; where that is gone, above its entry or all of them."""
    lines = prefect_yaml(workspace).splitlines()
    for line, said in COMMENTS.items():
        n = next(n for n, each in enumerate(lines) if each.startswith(line))
        lines[n : n + 1] = [f"{lines[n]}{said}"] if line.startswith(" ") else [said, lines[n]]
    n = next(n for n, each in enumerate(lines) if "publish-notes" in each)
    workspace.prefect_yaml.write_text("\n".join([*lines[:n], "# Fridays", *lines[n:], "# the end", ""]))
    told = {
        "language": SETTINGS.replace("[community]", '[community]\nlanguage = "en"'),
        "rhythm": SETTINGS.replace("06:20", "07:20"),
        "series": SETTINGS.replace("[series.notes]", "[series.letters]"),
    }[change]
    (tmp_path / "steadycast.toml").write_text(told)
    after = load(tmp_path)
    assert follow(workspace, after)
    text = after.prefect_yaml.read_text(encoding="utf-8")
    assert yaml.safe_load(text) == deployments(after)
    assert "# Ours: asked for by Olga.\nname: steadycast\n" in text
    assert "# Feeds of three members.\n- name: feeds\n" in text
    assert "  - cron: '*/5 * * * *'  # often enough, it's #1\n" in text
    assert text.endswith("\n# the end\n")
    [above] = [text.splitlines()[n + 1] for n, line in enumerate(text.splitlines()) if line == "# Fridays"]
    assert above == ("- name: intake" if change == "series" else "- name: publish-notes")
    assert text.count("# words for Prefect's page") == 1
    plain = [line for line in text.splitlines() if line.startswith("# ")]
    assert plain[:2] == prefect_yaml(after).splitlines()[:2]
    again = text.encode()
    write(after)
    assert after.prefect_yaml.read_bytes() == again


def test_what_only_looks_like_a_comment_is_none() -> None:
    text = "# ours\na: |\n  # of the text\n  b\n# mine\nc: 'x # y'  # and this\nd: x#y\n"
    new = "# new\nc: 'x # y'\nd: x#y\n"
    assert with_comments(text, new, {"# ours"}) == "# new\n# mine\nc: 'x # y'  # and this\nd: x#y\n"
    assert with_comments('a: "\n# mine', new, ()) == new
