"""The registry: platform folders are found, validated and imported, and nothing else is touched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from steadycast.errors import InputError, SettingsError
from steadycast.platform import registry
from steadycast.platform.registry import fake, load, meant, own, platforms, some
from steadycast.testing import drop

PLAIN = 'api = 2\ntitle = "Plain"\nforms = ["article"]\ndelivery = "blind"\n'
ADAPTER = """
class Adapter:
    def __init__(self, channel): self.channel = channel
    def publish(self, post): return post
    def find(self, post, known): return None
"""


def folder(root: Path, name: str, toml: str = PLAIN, adapter: str | None = ADAPTER) -> Path:
    place = root / name
    place.mkdir(parents=True)
    (place / "channel.toml").write_text(toml, encoding="utf-8")
    if adapter is not None:
        (place / "adapter.py").write_text(adapter, encoding="utf-8")
    return place


def refusal(root: Path, toml: str) -> SettingsError:
    folder(root, "bad", toml)
    with pytest.raises(SettingsError) as caught:
        platforms([root])
    return caught.value


def test_a_sub_folder_with_a_channel_toml_is_a_platform_and_nothing_else_is(tmp_path: Path) -> None:
    folder(tmp_path, "plain")
    (tmp_path / "samples").mkdir()
    (tmp_path / "README.md").write_text("words")
    folder(tmp_path, "Not A Name")
    found = platforms([tmp_path, tmp_path / "missing"])
    assert list(found) == ["plain"]
    assert found["plain"].folder == tmp_path / "plain"
    assert found["plain"].forms == ("article",)


def test_the_workspace_hides_the_bundle_folder_by_folder(tmp_path: Path) -> None:
    folder(tmp_path / "ws", "mail", PLAIN.replace("Plain", "Ours"))
    folder(tmp_path / "bundle", "mail")
    folder(tmp_path / "bundle", "site")
    found = platforms([tmp_path / "ws", tmp_path / "bundle"])
    assert {n: p.title for n, p in found.items()} == {"mail": "Ours", "site": "Plain"}


@pytest.mark.parametrize(
    ("toml", "line", "says"),
    [
        (PLAIN + 'delivry = "x"\n', 5, "did you mean 'delivery'"),
        (PLAIN + "[limits.title]\nmax = 3\ncuont = 'bytes'\n", 7, "did you mean 'count'"),
        (PLAIN + "[limits.titel]\nmax = 3\n", 5, "did you mean 'title'"),
        (PLAIN + "[media.covers]\n", 5, "did you mean 'cover'"),
        (PLAIN + "[settings.url]\nrequird = true\n", 6, "did you mean 'required'"),
        (PLAIN + "[settings.url]\nname = 'other'\n", 6, "unknown key 'name'"),
        (PLAIN + "[render]\n\nlink = 'text'\n", 7, "did you mean 'links'"),
        (PLAIN + "[render]\nlinks = 'gone'\n", 6, "keep, footnotes, text"),
        (PLAIN + "[limits.title]\nmax = 'many'\n", 6, "limits.title.max"),
        (PLAIN + "[settings.token]\nsecret = true\ndefault = 'hunter2'\n", 7, "has a default"),
        (PLAIN + "[settings.room]\npattern = '('\n", 6, "missing )"),
        (PLAIN + "[settings.room]\npattern = '#.*'\nexamples = ['club']\n", 6, "does not fit its pattern"),
        (PLAIN + "[settings.room]\npattern = '#.*'\n", 6, "a pattern needs examples"),
        (PLAIN + "[settings.title]\nhelp = 'x'\n", 5, "every channel has a 'title' already"),
        (PLAIN + "base = 'kti'\n", 5, "no platform here"),
        (PLAIN + "base = 'bad'\n", 5, "leads back to itself"),
        (PLAIN + "limits = 3\n", 5, "not a table"),
        (PLAIN.replace("blind", "sure"), 4, "conditional, read-back, blind, kit"),
        (PLAIN.replace("article", "poem"), 3, "article, audio, video, event"),
        (PLAIN.replace("api = 2", "api = 1"), 1, "api is 1: this Steadycast speaks api = 2"),
        (PLAIN.replace('title = "Plain"\n', ""), None, "title is missing"),
        (PLAIN + "name = 'good'\n", 5, "not the folder's"),
        (PLAIN + "[settings\n", 5, "is not TOML"),
    ],
)
def test_a_mistake_in_channel_toml_is_named_with_file_line_and_hint(
    tmp_path: Path, toml: Any, line: Any, says: Any
) -> None:
    error = refusal(tmp_path, toml)
    assert error.file == tmp_path / "bad" / "channel.toml"
    assert error.line == line
    assert says in str(error)


def test_a_secret_default_is_refused_without_being_shown(tmp_path: Path) -> None:
    assert "hunter2" not in str(refusal(tmp_path, PLAIN + "[settings.t]\nsecret = true\ndefault = 'hunter2'\n"))


def test_a_folder_with_a_base_shares_its_adapter_and_merges_what_it_declares(tmp_path: Path) -> None:
    base = PLAIN + (
        "[limits.title]\nmax = 10\ncount = 'bytes'\n[limits.text]\nmax = 99\n[media.cover]\nformats = ['png']\n"
        "[render]\nlinks = 'text'\n[settings.due]\ntype = 'int'\ndefault = 1\n[data]\nsteps = ['a']\n[data.page]\nurl = 'u'\nx = 1\n"
    )
    child = "api = 2\nbase = 'kit'\ntitle = 'Child'\n[limits.title]\nmax = 5\n[render]\nclasses = false\n[data.page]\nurl = 'v'\n"
    folder(tmp_path, "kit", base)
    folder(tmp_path, "child", child, adapter=None)
    found = platforms([tmp_path])
    kid = found["child"]
    assert kid.base == found["kit"]
    assert (kid.title, kid.forms, kid.delivery) == ("Child", ("article",), "blind")
    assert (kid.limits["title"].max, kid.limits["title"].count, kid.limits["text"].max) == (5, "bytes", 99)
    assert (kid.render.links, kid.render.classes) == ("text", False)
    assert kid.settings["due"].default == 1
    assert kid.media["cover"].formats == ("png",)
    assert kid.data == {"steps": ["a"], "page": {"url": "v", "x": 1}}
    assert load(kid) is load(found["kit"])


def test_a_broken_platform_harms_only_those_that_are_asked_for(tmp_path: Path) -> None:
    folder(tmp_path, "plain", PLAIN)
    folder(tmp_path, "odd", PLAIN + "api = 2\n")
    broken: dict[str, SettingsError] = {}
    assert [*some([tmp_path], ["plain"], broken)] == ["plain"]
    assert broken == {}
    assert [*some([tmp_path], ["plain", "odd"], broken)] == ["plain"]
    assert [*broken] == ["odd"]
    assert own([tmp_path, tmp_path / "bundled"]) == ["odd", "plain"]


def test_whether_it_is_experimental_is_each_folders_own_word(tmp_path: Path) -> None:
    for name, more in (
        ("below", 'title = "B"\nforms = ["article"]\ndelivery = "kit"\nexperimental = true\n'),
        ("mine", 'base = "below"\n'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "channel.toml").write_text(f"api = 2\n{more}", encoding="utf-8")
    assert {name: platform.experimental for name, platform in platforms([tmp_path]).items()} == {
        "below": True,
        "mine": False,
    }


def test_bases_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    folder(tmp_path, "one", PLAIN + "base = 'two'\n")
    folder(tmp_path, "two", PLAIN + "base = 'one'\n")
    with pytest.raises(SettingsError, match="leads back"):
        platforms([tmp_path])


def test_an_adapter_may_import_from_its_own_folder_and_leaves_no_trace_on_the_path(tmp_path: Path) -> None:
    place = folder(tmp_path, "pair", adapter="from .words import WORD\n" + ADAPTER + "    word = WORD\n")
    (place / "words.py").write_text("WORD = 'tide'\n")
    path = list(sys.path)
    adapter = load(platforms([tmp_path])["pair"])
    assert vars(adapter)["word"] == "tide"
    assert sys.path == path
    assert adapter.__module__ == "steadycast_channel_pair"
    assert not list(tmp_path.rglob("__pycache__"))


def test_two_workspaces_with_a_folder_of_one_name_each_get_their_own(tmp_path: Path) -> None:
    for which in ("a", "b"):
        place = folder(tmp_path / which, "pair", adapter="from .words import WORD\n" + ADAPTER + "    word = WORD\n")
        (place / "words.py").write_text(f"WORD = '{which}'\n")
    words = [load(platforms([tmp_path / which])["pair"]).__dict__["word"] for which in ("a", "b", "a")]
    assert words == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        ("import nothing_of_this_name\n", "adapter.py:1: cannot be imported: ModuleNotFoundError"),
        ("x = 1\ndef broken(:\n", "adapter.py:2: cannot be imported: SyntaxError"),
        ("x = 1\n", "has no class Adapter"),
        ("class Adapter:\n    def publish(self, post): ...\n", "has no find"),
        (None, "has no adapter.py"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_named(tmp_path: Path, adapter: Any, says: Any) -> None:
    folder(tmp_path, "bad", adapter=adapter)
    with pytest.raises(SettingsError, match=says.replace(".", r"\.")):
        load(platforms([tmp_path])["bad"])


def test_a_setting_of_the_base_can_be_left_out_and_its_fake_knows_for_whom_it_stands(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/channel.toml").write_text(
        'api = 2\ntitle = "B"\nforms = ["article"]\ndelivery = "blind"\n'
        '[settings.url]\nrequired = true\nhelp = "Where"\n[settings.more]\nhelp = "More"\n',
        encoding="utf-8",
    )
    (tmp_path / "below/fake.py").write_text(
        "from steadycast.testing import FakeServer\nclass Fake(FakeServer): ...\n", encoding="utf-8"
    )
    (tmp_path / "mine").mkdir()
    mine = tmp_path / "mine/channel.toml"
    mine.write_text('api = 2\nbase = "below"\n[settings]\nurl = false\n', encoding="utf-8")
    found = platforms([tmp_path])
    assert [*found["mine"].settings] == ["more"]
    assert [*found["below"].settings] == ["url", "more"]
    made: Any = fake(found["mine"])
    assert made.platform == found["mine"]
    mine.write_text('api = 2\nbase = "below"\n[settings]\nurll = false\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="urll"):
        platforms([tmp_path])


def test_a_platform_chooses_the_class_of_its_bases_adapter(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below/channel.toml").write_text(
        'api = 2\ntitle = "B"\nforms = ["article"]\ndelivery = "blind"\n', encoding="utf-8"
    )
    (tmp_path / "below/adapter.py").write_text(
        "class Adapter:\n    def publish(self): ...\n    def find(self): ...\n    def revise(self): ...\n"
        "class Other:\n    def publish(self): ...\n    def find(self): ...\n",
        encoding="utf-8",
    )
    for name, wanted in (("mine", "Other"), ("lost", "Nothing")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "channel.toml").write_text(
            f'api = 2\nbase = "below"\nadapter = "{wanted}"\n', encoding="utf-8"
        )
    found = platforms([tmp_path])
    assert hasattr(load(found["below"]), "revise")
    assert not hasattr(load(found["mine"]), "revise")
    with pytest.raises(SettingsError, match="has no class Nothing"):
        load(found["lost"])


def test_a_platform_is_meant_by_its_title_in_any_language_or_a_part_of_one(tmp_path: Path) -> None:
    drop(
        tmp_path, "board/channel.toml", PLAIN.replace('"Plain"', '"Notice Board"') + "titles = { zh-Hans = '公告栏' }\n"
    )
    drop(tmp_path, "wall/channel.toml", PLAIN.replace('"Plain"', '"Wall"') + "titles = { zh-Hans = '公告栏（墙）' }\n")
    known = platforms([tmp_path])
    for said in ("board", "notice  board", "ＮＯＴＩＣＥ Board", "公告栏"):
        assert meant(said, known) == "board"
    assert meant("（墙）", known) == "wall"
    assert [meant(said, known) for said in ("", " ", "告", "notice")] == ["", " ", "告", "notice"]
    with pytest.raises(InputError, match="several platforms") as caught:
        meant("公告", known)
    assert caught.value.hint == "board (Notice Board), wall (Wall)"


def test_a_few_platforms_are_read_with_what_they_are_built_on_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with another one harms them as little; what is wrong with these is said as by who reads all."""
    folder(tmp_path, "plain")
    folder(tmp_path, "mail", 'api = 2\nbase = "plain"\ntitle = "Mail"\n')
    folder(tmp_path, "odd", 'api = 2\n"base" = "plain"\ntitle = "Odd"\n')
    folder(tmp_path, "other")
    read: list[str] = []
    sheet = registry.Sheet

    def counted(path: Path, text: bytes) -> Any:
        read.append(path.parent.name)
        return sheet(path, text)

    monkeypatch.setattr(registry, "Sheet", counted)
    assert some([tmp_path], ["mail"]) == {name: platforms([tmp_path])[name] for name in ("mail", "plain")}
    assert read[:2] == ["mail", "plain"]
    assert some([tmp_path], ["odd"])["odd"] == platforms([tmp_path])["odd"]
    assert list(some([tmp_path], ["nowhere"])) == ["mail", "odd", "other", "plain"]
    (tmp_path / "other" / "channel.toml").write_text("api = 9")
    assert list(some([tmp_path], ["plain"])) == ["plain"]
    with pytest.raises(SettingsError, match="api is 9"):
        some([tmp_path], ["other"])
