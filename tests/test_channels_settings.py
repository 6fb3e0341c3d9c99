"""A channel's settings: each of its declared type, or an error that says where it stands and what was expected."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_bench import COMMUNITY, DAILY, SITE, Bench

from steadycast.errors import SettingsError
from steadycast.pipeline.app import check_settings
from steadycast.platform import Platform, Setting
from steadycast.platform.configured import CASTS, cast, settings
from steadycast.platform.registry import platforms
from steadycast.testing import drop
from steadycast.workspace import in_force, load

SITE_ONLY = COMMUNITY + DAILY.replace(', "far"', "") + SITE
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=2)),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("type_", "given_", "made"),
    [
        ("str", "words", "words"),
        ("str", 12345, "12345"),
        ("int", 7, 7),
        ("int", "7", 7),
        ("bool", True, True),
        ("bool", "false", False),
        ("url", "https://a.example/x", "https://a.example/x"),
        ("url", "", ""),
        ("list", ["a", 2], ["a", "2"]),
        ("path", "list.txt", "list.txt"),
    ],
)
def test_a_value_comes_out_as_its_type(type_: str, given_: Any, made: Any) -> None:
    assert cast(Setting("x", type_), given_, "channel.a.x") == made


@pytest.mark.parametrize(
    ("setting", "given_", "said"),
    [
        (Setting("x", "int"), "many", "a whole number, not 'many'"),
        (Setting("x", "int"), True, "a whole number, not True"),
        (Setting("x", "int"), 1.5, "a whole number, not 1.5"),
        (Setting("x", "int", min=1), 0, "a whole number, at least 1, not 0"),
        (Setting("x", "int", max=9), 10, "a whole number, at most 9, not 10"),
        (Setting("x", "bool"), "yes", "true or false, not 'yes'"),
        (Setting("x", "bool"), 1, "true or false, not 1"),
        (Setting("x", "url"), "a.example", "a web address, as https://example.org/, not 'a.example'"),
        (Setting("x", "url"), "file:///etc/passwd", "a web address"),
        (Setting("x", "url"), "https://", "a web address"),
        (Setting("x", "url"), "https://a b", "a web address"),
        (Setting("x", "url"), "https://[::1", "a web address"),
        (Setting("x", "list"), "a@b.example", "a list, as"),
        (Setting("x", "list"), [["a"]], "a list, as"),
        (Setting("x", "str"), ["a"], "text in quotes"),
        (Setting("x", "path"), "a\0b", "the path of a file"),
        (Setting("x", choices=("tls", "none")), "ssl", "one of 'tls', 'none', not 'ssl'"),
        (Setting("x", pattern=r"#\S+", examples=("#club",)), "club", "something like #club, not 'club'"),
        (Setting("x", pattern=r"#\S+", examples=("#club",)), "#" * 10_001, "something like #club, not '###"),
        (Setting("x", "list", pattern=r"\S+@\S+", examples=("a@b",)), ["a@b", "c"], "something like a@b, not ["),
    ],
)
def test_another_type_is_named_with_what_was_expected(setting: Any, given_: Any, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        cast(setting, given_, "channel.a.x")
    assert caught.value.message.startswith(f"channel.a.x: expected {said}")


@given(st.sampled_from(sorted(CASTS)), JUNK)
def test_whatever_is_written_comes_out_as_its_type_or_is_refused_in_a_line(type_: Any, value: Any) -> None:
    kinds = {"int": int, "bool": bool, "list": list}
    try:
        made = cast(Setting("x", type_), value, "channel.a.x")
    except SettingsError as refused:
        assert len(refused.message) < 200, "what was written may be long"  # noqa: PT017  either way is right
        return
    assert type(made) is kinds.get(type_, str)
    assert type_ != "list" or all(type(item) is str for item in typing.cast("list[object]", made))


def test_a_secrets_value_is_never_repeated() -> None:
    platform = Platform("p", Path(), "P", ("article",), "blind", settings={"token": Setting("token", secret=True)})
    with pytest.raises(SettingsError) as caught:
        settings("a", platform, {"token": ["hunter2"]}, Path())
    assert "hunter2" not in str(caught.value)
    assert settings("a", platform, {"token": "TOKEN_NAME"}, Path()) == {}


def test_a_default_of_another_type_is_a_fault_of_the_platform(tmp_path: Path) -> None:
    toml = 'api = 2\ntitle = "P"\nforms = ["article"]\ndelivery = "blind"\n\n[settings.size]\ntype = "int"\ndefault = "many"\n'
    drop(tmp_path, "p/channel.toml", toml)
    with pytest.raises(SettingsError, match="expected a whole number, not 'many'") as caught:
        platforms([tmp_path])
    assert (caught.value.file, caught.value.line) == (tmp_path / "p/channel.toml", 8)


def test_a_composition_with_another_piece_is_a_fault_of_the_platform(tmp_path: Path) -> None:
    toml = 'api = 2\ntitle = "P"\nforms = ["article"]\ndelivery = "blind"\n\n[render]\ncompose = "{titel}"\n'
    drop(tmp_path, "p/channel.toml", toml)
    with pytest.raises(SettingsError, match=r"\{titel\} is no piece of it \(it is made of \{title\}") as caught:
        platforms([tmp_path])
    assert caught.value.line == 7


def test_every_platforms_own_defaults_are_of_their_types() -> None:
    for platform in platforms([Path(__file__).parent.parent / "channels"]).values():
        needed = {
            n: (*s.examples, 1 if s.type == "int" else "https://a.example/")[0]
            for n, s in platform.settings.items()
            if s.required and not s.secret
        }
        for name, value in settings("a", platform, needed, Path("/w")).items():
            kind = {"int": int, "bool": bool, "list": list}.get(platform.settings[name].type, str)
            assert value is None or isinstance(value, kind), f"{platform.name}.{name}"


def test_a_slip_in_a_channels_settings_stops_no_slot(bench: Bench) -> None:
    bench.set_up(SITE_ONLY)
    assert in_force(bench.root, check_settings)[1] is None
    drop(bench.root, "steadycast.toml", SITE_ONLY.replace("day at 20:00", "day at 21:00") + 'page_size = "many"\n')
    workspace, error = in_force(bench.root, check_settings)
    assert error
    assert "channel.site.page_size: expected a whole number" in str(error)
    assert workspace.series["daily"].every == "day at 20:00", "the settings that were read before hold"
    drop(bench.root, "steadycast.toml", SITE_ONLY + "page_size = 30\n")
    workspace, error = in_force(bench.root, check_settings)
    assert error is None
    assert workspace.channels["site"].own["page_size"] == 30
    assert load(bench.root).channels == workspace.channels
